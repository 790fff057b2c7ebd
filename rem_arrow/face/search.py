"""Search by meaning and by words: the verbs of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.index_descriptions import with_text_index, with_vector_index
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.errors import InputError
from rem_arrow.face.find import as_text
from rem_arrow.face.search_text import (
    CANDIDATES_MIN,
    CANDIDATES_PER_ROW,
    Mode,
    check_search,
    fused,
    rowids_query,
    search_query,
    similar_query,
    summed,
    word_columns,
)
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.predicates import Predicate
from rem_arrow.source import Metric, Ranking
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.embeddings import Provider


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
        mode: Mode = "vector",
        column: str | None = None,
        metric: Metric = "cosine",
    ) -> pl.DataFrame:
        """Return the k rows of a table that answer best to a text or a vector, best first: its columns and `_score`.

        Args:
            where: a condition on the columns of the table, in SQL or as a predicate such as Eq("status", "open");
                the k best of the rows that meet it come back.
            parameters: values for the $names of `where`.
            mode: "vector" compares meanings, "text" ranks by words (BM25), "hybrid" fuses the best of both by their
                ranks (RRF).
            column: what is searched: for vectors `embedding` unless another is named, `embedding_alt`, or a column
                of vectors; for words
                the columns that are embedded, unless a column of texts is named.
            metric: of vectors: "cosine" and "inner_product" (higher is better), or "l2" (lower is better).

        Raises:
            InputError: no such table or mode; k is not at least 1; `where` is not one condition.
            BindError: no such column, or nothing embeds texts for it.
            UnsupportedError: search by words without the extra `fulltext`.
        """
        access = self._access()
        tv = access.table(table)
        where, parameters = as_text(tv.table, where, parameters)
        check_search(mode, query, k, where, parameters)
        if mode == "vector":
            return self._search_vectors(access, tv, query, k, where, parameters, column or "embedding", metric)
        words = str(query)
        columns = word_columns(tv.table, column)
        allowed = self._allowed(tv, where, parameters)
        source = StoredTable(access, tv)
        wanted = k if mode == "text" else max(CANDIDATES_MIN, k * CANDIDATES_PER_ROW)
        ranked = [
            summed(
                [source.search_text(c, words, wanted if len(columns) == 1 else None, allowed) for c in columns], wanted
            )
        ]
        if mode == "hybrid":
            spec = source.vectors.get("embedding")
            if spec is None or not spec.provider:
                raise InputError(
                    f"nothing embeds the texts of {tv.table.name}, so there is no hybrid search; use mode='text'"
                )
            vector = _vector(self._instance.embeddings.vector(spec.provider, words))
            ranked.append(source.search("embedding", vector, metric, wanted, allowed))
        found = ranked[0] if mode == "text" else fused(ranked, k)
        return source.rows(found["rowid"].to_list(), found["score"])

    def _search_vectors(
        self,
        access: Access,
        tv: TableVersion,
        query: str | Sequence[float],
        k: int,
        where: str | None,
        parameters: Mapping[str, Any] | None,
        column: str,
        metric: Metric,
    ) -> pl.DataFrame:
        text, values = search_query(tv.table.name, column, metric, query, k, where, parameters)
        source = StoredTable(access, tv)
        spec = source.vectors.get(column) if where is None and tv.table.kind != "view" else None
        if spec is None or (isinstance(query, str) and not spec.provider):
            return self.sql(text, values)
        # The same as the SQL, without planning it.
        vector = _vector(self._instance.embeddings.vector(spec.provider, query) if isinstance(query, str) else query)
        if vector.shape != (spec.dimension,) or not np.isfinite(vector).all():
            return self.sql(text, values)
        found = source.search(column, vector, metric, k, None)
        return source.rows(found["rowid"].to_list(), found["score"])

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
        """Return the k entities nearest to another one, which is not among them: the table's columns and `_score`."""
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
        """Keep an index over a column of vectors (HNSW), or with the metric "bm25" of texts, made and grown in the
        background; `wait` waits for it.

        Small tables are searched exactly, which is as fast; see `stats` for the rows that an index holds. A column of
        texts without an index gets one in memory at its first search. Returns the name of the index.

        Args:
            metric: "cosine", "inner_product" or "l2" for vectors; "bm25" for the words of texts.
            dimension: of the vectors of a list column; an array has its own.
            m: links of a row: recall, memory and time rise with it.
            ef_construction: candidates looked at for the links of a new row.

        Raises:
            InputError: the column holds no vectors or texts, or has an index of that metric.
        """
        self._instance.writable()

        def compute(access: Access) -> tuple[Changes, str]:
            tv, changes = access.table(table), Changes()
            if metric == "bm25":
                described = with_text_index(tv.table, column)
                name = described.text_indexes[-1].name
            else:
                tables = access.version.tables
                described, index = with_vector_index(tv, tables, column, metric, dimension, m, ef_construction)
                name = index.name
            changes.tables[described.number] = described
            return changes, name

        return self._instance.writes.run(compute, rewriting=True)

    def reembed(
        self, table: str, provider: Provider | None = None, *, column: str = "embedding", progress: bool | None = None
    ) -> int:
        """Compute the embeddings that a table lacks; with another provider, all of them anew. Returns how many.

        A call that was broken off is taken up by the next one.

        Args:
            progress: show a bar; default is when it takes more than a second, in a terminal or notebook.
        """
        instance = self._instance
        store = instance.writable()
        tv = instance.access(store.version).table(table)
        if tv.table.embedding(column) is None:
            raise InputError(f"{tv.table.name} has no {column}; declare embedding_fields in its model, and register it")
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
    """Return a query as a vector. Raises InputError for what is none."""
    if query is None or isinstance(query, (bytes, int, float)):
        raise InputError(f"a search takes a text or a vector, not {type(query).__name__}")
    try:
        return np.asarray(query, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"a vector is a list of numbers: {error}") from error
