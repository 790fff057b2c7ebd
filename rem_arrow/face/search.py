"""Search by meaning and by words: the verbs of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.index_descriptions import checked_metric, with_text_index, with_vector_index
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.source import Metric, Ranking, Reranker
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.embed.reranker import Rerank
from rem_arrow.face.find import as_text
from rem_arrow.face.search_text import Mode, check_search, rowids_query, search_query, similar_query, word_columns
from rem_arrow.face.verbs import Verbs
from rem_arrow.lower.best_rows import Asked, Question, best_rows
from rem_arrow.model.predicates import Predicate
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.known_embedders import Provider


class SearchVerbs(Verbs):
    """Search by meaning and by words, and the indexes for it."""

    def search(
        self,
        table: str,
        query: str | Sequence[float],
        *,
        k: int = 10,
        where: str | Predicate | None = None,
        parameters: Mapping[str, Any] | None = None,
        mode: Mode | None = None,
        column: str | None = None,
        metric: Metric = "cosine",
        min_score: float | None = None,
        rerank: str | Rerank | None = None,
    ) -> pl.DataFrame:
        """Return the rows of a table that match a text or a vector best, best first.

        Args:
            table: an entity or plain table.
            query: a text, which is embedded as the column is, or a vector of as many numbers as the column has
                dimensions.
            k: the most rows, at least 1. The condition is applied first, so k rows come where k exist.
            where: a condition on the columns of the table, in SQL or as a predicate such as `Eq("status", "open")`.
            parameters: values of the $names in `where`.
            mode: "vector" compares vectors, "text" ranks by words (BM25; the extra `fulltext`), "hybrid" fuses both
                rankings by standard scores. Default is "hybrid" for a text, where its table is embedded and its words
                can be ranked (of more than 200,000 rows by indexes that are kept), else "vector".
            column: the column to search; default for vectors is `embedding`, for words the columns that are embedded.
            metric: of vectors: "cosine" or "inner_product" (higher is better), or "l2", the Euclidean distance (lower
                is better).
            min_score: rows whose `_score` is worse are left out: lower, for "l2" higher.
            rerank: orders the best rows of the mode (4 k, at least 50) anew: a function of the query and a list of
                texts that gives a number for each, the greatest for the best; or the name of one (`add_reranker`) or
                of a model, "sentence-transformers:MODEL" or "fastembed:MODEL". It reads the texts that are embedded.

        Returns:
            The columns of the table, and `_score` Float64: the metric of the vectors, BM25, the sum of both in standard
            deviations above the last candidate, or what the reranker gave. By vectors a row without one is not found,
            by words one without any.

        Raises:
            InputError: there is no such table, mode, text column or reranker, k is not at least 1, or `where` is not
                one condition.
            BindError: there is no such column, or no embedder for it.
            LanguageError: the embedder or the reranker failed.
            UnsupportedError: a search by words without tantivy.

        Example:
            >>> db.search("issues", "wrong password", k=1)["id"].to_list()
            ['login']
            >>> db.search("issues", "small cache", where=rem.Eq("status", "open"), k=1)["status"].to_list()
            ['open']
            >>> db.search("issues", "login", rerank=lambda query, texts: [len(t) for t in texts], k=1)["id"].item()
            'login'
        """
        access = self._access()
        tv = access.table(table)
        where, parameters = as_text(tv.table, where, parameters)
        check_search(mode, query, k, where, parameters)
        least = None if min_score is None else checks.number(min_score, "min_score")
        reranker = None if rerank is None else access.indexes.rerankers.of(rerank)
        source = StoredTable(access, tv)
        asked = self._asked(source, query, k, mode, column, metric, least, reranker)
        if asked is None:
            # A view, or what SQL has an error for.
            if reranker is not None:
                raise InputError(f"nothing of {tv.table.name} is embedded from texts, and a reranker reads texts")
            name = column or "embedding"
            return self.sql(*search_query(tv.table.name, name, metric, query, k, where, parameters, least))
        hits = best_rows(source, *asked, self._allowed(tv, where, parameters))
        return source.rows(hits["rowid"].to_list(), hits["score"])

    def _asked(
        self,
        source: StoredTable,
        query: str | Sequence[float],
        k: int,
        mode: Mode | None,
        column: str | None,
        metric: Metric,
        least: float | None,
        reranker: Reranker | None,
    ) -> tuple[Asked, list[Question]] | None:
        """Return what is searched, and what for; None where the vectors of the column do not fit the query."""
        table, words = source.table, query if isinstance(query, str) else ""
        checked_metric(metric)
        if column is not None:
            checks.text(column, "the name of a column")
        if mode == "text":
            asked = Asked("text", "bm25", k, None, tuple(word_columns(table, column)), least, reranker)
            return asked, [Question(words)]
        name = "embedding" if mode == "hybrid" or column is None else column
        spec = None if table.kind == "view" else source.vectors.get(name)
        embeds = spec is not None and bool(spec.provider)
        if mode is None:
            fuses = isinstance(query, str) and column is None and spec is not None and embeds and spec.is_hybrid
            mode = "hybrid" if fuses else "vector"
        if mode == "hybrid" and not embeds:
            raise InputError(f"nothing embeds the texts of {table.name}, so there is no hybrid search; use mode='text'")
        if spec is None or (isinstance(query, str) and not embeds):
            return None
        vector = _vector(self._instance.embeddings.vector(spec.provider, query) if isinstance(query, str) else query)
        if vector.shape != (spec.dimension,) or not np.isfinite(vector).all():
            return None
        columns = tuple(word_columns(table, column)) if mode == "hybrid" else spec.words
        if reranker is not None and not (words and columns):
            raise InputError("a reranker reads texts: search for a text, in a column that is embedded from texts")
        return Asked(mode, metric, k, name, columns, least, reranker), [Question(words, vector)]

    def add_reranker(self, name: str, function: Rerank) -> None:
        """Let a name stand for a function that orders the rows that searches have found.

        It lasts as long as the connection, and is what `rerank=` of `search`, and `rerank => 'name'` of SQL, mean.

        Args:
            name: its name, in place of one that was added before.
            function: takes the query and a list of texts, and gives a number for each text, the greatest for the best.

        Raises:
            InputError: the name is no text, or the function is none.

        Example:
            >>> db.add_reranker("long first", lambda query, texts: [len(text) for text in texts])
            >>> db.sql("SELECT id FROM SEARCH(issues, 'login', k => 1, rerank => 'long first')")["id"].item()
            'login'
        """
        self._instance.indexes.rerankers.add(name, function)

    def _allowed(
        self, tv: TableVersion, where: str | None, parameters: Mapping[str, Any] | None
    ) -> npt.NDArray[np.int64] | None:
        """Return the rowids of the rows that meet a condition, ascending; None without one."""
        if where is None:
            return None
        return np.sort(self.sql(rowids_query(tv.table.name, where), parameters).to_series().to_numpy())

    def similar(
        self, table: str, id: object, *, k: int = 10, column: str = "embedding", metric: Metric = "cosine"
    ) -> pl.DataFrame:
        """Return the entities nearest to another one, which is not among them, best first.

        Args:
            table: an entity table.
            id: the entity to compare with.
            k: the most rows, at least 1.
            column: an embedding, or a column of vectors.
            metric: "cosine", "inner_product" or "l2", as in `search`.

        Returns:
            The columns of the table, and `_score` Float64.

        Raises:
            InputError: there is no such table, or k is not at least 1.
            BindError: the table has no ids, or no such column of vectors.

        Example:
            >>> db.similar("issues", "login", k=2).height
            2
        """
        name = self._access().table(table).table.name
        return self.sql(*similar_query(name, column, metric, id, k))

    def create_index(
        self,
        table: str,
        column: str,
        *,
        metric: Ranking = "cosine",
        dimension: int | None = None,
        m: int = 16,
        ef_construction: int = 200,
    ) -> str:
        """Create an index over a column of vectors (HNSW) or of texts, built and kept current in the background.

        `wait` waits for it, and `stats` shows the rows it holds. Small tables are searched exactly, which is as fast. A
        text column without an index gets one in memory at its first search.

        Args:
            table: an entity or plain table.
            column: a column of vectors or of texts.
            metric: "cosine", "inner_product" or "l2" for vectors; "bm25" for the words of texts.
            dimension: of the vectors in a column of lists; an array type has its own.
            m: links of each row in the graph; recall, memory and build time rise with it.
            ef_construction: candidates considered for the links of a new row.

        Returns:
            The name of the index.

        Raises:
            InputError: the column holds no vectors or texts, or has an index of that metric.

        Source:
            Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
            Small World graphs" (2018).

        Example:
            >>> db.create_index("issues", "embedding", metric="l2")
            'issues_embedding_l2'
        """
        self._instance.writable()

        def compute(access: Access) -> tuple[Changes, str]:
            tv, changes = access.table(table), Changes()
            if metric == "bm25":
                definition = with_text_index(tv.table, column)
                name = definition.text_indexes[-1].name
            else:
                tables = access.version.tables
                definition, index = with_vector_index(tv, tables, column, metric, dimension, m, ef_construction)
                name = index.name
            changes.tables[definition.number] = definition
            return changes, name

        return self._instance.writes.run(compute, rewriting=True)

    def reembed(
        self,
        table: str | None = None,
        provider: Provider | None = None,
        *,
        column: str = "embedding",
        progress: bool | None = None,
    ) -> int:
        """Compute the embeddings that tables lack, or with another embedder all of them.

        A call that was interrupted is continued by the next one.

        Args:
            table: a table with embeddings; without one, every table that has them.
            provider: the tables' new embedder: a name as in `connect`, or a function; None keeps the present one.
            column: `embedding` or `embedding_alt`.
            progress: show a progress bar, as in `load`.

        Returns:
            The number of embeddings computed.

        Raises:
            InputError: the table has no such embedding, or there is no such embedder.
            LanguageError: the embedder failed; what was computed before is stored.

        Example:
            >>> db.reembed("issues", lambda texts: [[float(len(text)), 1.0] for text in texts])
            3
        """
        store = self._instance.writable()
        if table is None:
            tables = [tv for tv in store.version.tables.values() if tv.table.embedding(column) is not None]
            return sum(self._reembed(tv, provider, column, progress) for tv in tables)
        tv = self._instance.access(store.version).table(table)
        if tv.table.embedding(column) is None:
            raise InputError(f"{tv.table.name} has no {column}; declare embedding_fields in its model, and register it")
        return self._reembed(tv, provider, column, progress)

    def _reembed(self, tv: TableVersion, provider: Provider | None, column: str, progress: bool | None) -> int:
        instance, store = self._instance, self._instance.store
        if provider is not None:

            def compute(access: Access) -> tuple[Changes, None]:
                number, reserve = tv.table.number, store.reserve_table
                return instance.embeddings.moved(access.version, number, column, provider, reserve), None

            instance.writes.run(compute, rewriting=True)
        count = instance.embeddings.fill(tv.table.number, progress=progress)
        instance.follow_up.vectorize(tv.table.number, [])
        if instance.embeddings.failure is not None:
            raise instance.embeddings.failure
        return count


def _vector(query: Any) -> npt.NDArray[np.float32]:
    """Return a query as a vector. Raises InputError if it is not one."""
    if query is None or isinstance(query, (bytes, int, float)):
        raise InputError(f"a search takes a text or a vector, not {type(query).__name__}")
    try:
        return np.asarray(query, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"a vector is a list of numbers: {error}") from error
