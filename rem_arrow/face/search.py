"""Search by meaning on a database: the verbs, and what follows for vectors when rows are stored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rem_arrow.access.index_descriptions import with_text_index, with_vector_index
from rem_arrow.catalog.snapshot import StoredTable
from rem_arrow.errors import InputError
from rem_arrow.face.find import as_text
from rem_arrow.face.graph import Walking
from rem_arrow.face.search_text import (
    CANDIDATES_MIN,
    CANDIDATES_PER_ROW,
    Mode,
    check_search,
    rowids_query,
    search_query,
    similar_query,
    summed,
    word_columns,
)
from rem_arrow.model.predicates import Predicate
from rem_arrow.plan.rank_fusion import shares
from rem_arrow.schema import Table
from rem_arrow.source import Metric, Ranking
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.embeddings import Provider
from rem_arrow.write.writer import find_table


class Meaning(Walking):
    """The part of a database that searches by meaning."""

    _store: Store
    _embeds_later: bool

    @abstractmethod
    def _writable(self) -> Store:
        """Return the store to write to. Raises InputError where it may not be."""

    @abstractmethod
    def _next_table(self) -> int:
        """Return a fresh table number. REQUIRES: the lock."""

    @abstractmethod
    def _store_descriptions(self, tables: Mapping[int, Table]) -> None:
        """Store descriptions of tables by a commit of their own. REQUIRES: the lock."""

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
        version = self._version()
        tv = find_table(version, table)
        where, parameters = as_text(tv.table, where, parameters)
        check_search(mode, query, k, where, parameters)
        if mode == "vector":
            return self._search_vectors(version, tv, query, k, where, parameters, column or "embedding", metric)
        words = str(query)
        columns = word_columns(tv.table, column)
        allowed = self._allowed(tv, where, parameters)
        source = StoredTable(self._store.kv, self._shared.writer.hints, version, tv)
        wanted = k if mode == "text" else max(CANDIDATES_MIN, k * CANDIDATES_PER_ROW)
        hits = summed(
            [source.search_text(c, words, wanted if len(columns) == 1 else None, allowed) for c in columns], wanted
        )
        if mode == "hybrid":
            spec = source.vectors.get("embedding")
            if spec is None or not spec.provider:
                raise InputError(
                    f"nothing embeds the texts of {tv.table.name}, so there is no hybrid search; use mode='text'"
                )
            vector = _vector(self._shared.embeddings.vector(spec.provider, words))
            near = source.search("embedding", vector, metric, wanted, allowed)
            hits = summed([shares(hits, "bm25"), shares(near, metric)], k)
        return source.rows(hits["rowid"].to_list(), hits["score"])

    def _search_vectors(
        self,
        version: Version,
        tv: TableVersion,
        query: str | Sequence[float],
        k: int,
        where: str | None,
        parameters: Mapping[str, Any] | None,
        column: str,
        metric: Metric,
    ) -> pl.DataFrame:
        text, values = search_query(tv.table.name, column, metric, query, k, where, parameters)
        source = StoredTable(self._store.kv, self._shared.writer.hints, version, tv)
        spec = source.vectors.get(column) if where is None and tv.table.kind != "view" else None
        if spec is None or (isinstance(query, str) and not spec.provider):
            return self.sql(text, values)
        # The same as the SQL, without planning it.
        vector = _vector(self._shared.embeddings.vector(spec.provider, query) if isinstance(query, str) else query)
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
        name = find_table(self._version(), table).table.name
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
        store = self._writable()
        with store.rewriting, store.lock:
            tv = find_table(store.version, table)
            if metric == "bm25":
                described = with_text_index(tv.table, column)
                name = described.text_indexes[-1].name
            else:
                described, index = with_vector_index(
                    tv, store.version.tables, column, metric, dimension, m, ef_construction
                )
                name = index.name
            self._store_descriptions({described.number: described})
        if metric == "bm25":
            self._shared.texts.forget(described.number)
        self._vectorize(described.number, [])
        return name

    def reembed(
        self, table: str, provider: Provider | None = None, *, column: str = "embedding", progress: bool | None = None
    ) -> int:
        """Compute the embeddings that a table lacks; with another provider, all of them anew. Returns how many.

        A call that was broken off is taken up by the next one.

        Args:
            progress: show a bar; default is when it takes more than a second, in a terminal or notebook.
        """
        store = self._writable()
        tv = find_table(store.version, table)
        if tv.table.embedding(column) is None:
            raise InputError(f"{tv.table.name} has no {column}; declare embedding_fields in its model, and register it")
        if provider is not None:
            with store.rewriting, store.lock:
                changes = self._shared.embeddings.moved(
                    store.version, tv.table.number, column, provider, self._next_table
                )
                if changes:
                    store.commit(changes)
                    self._shared.vectors.forget(tv.table.number)
        count = self._shared.embeddings.fill(tv.table.number, progress=progress)
        self._vectorize(tv.table.number, [])
        if self._shared.embeddings.failure is not None:
            raise self._shared.embeddings.failure
        return count

    # --- what follows a write

    def _follow(self, changes: Changes) -> None:
        """Do for rows that were stored what follows of it: embeddings, vector indexes."""
        in_segments = {number for number, _, _ in changes.manifests}
        for number in in_segments | set(changes.appends):
            self._vectorize(
                number,
                None if number in in_segments else [r for append in changes.appends[number] for r in append.rowids],
            )

    def _vectorize(self, number: int, rowids: list[int] | None, *, progress: bool | None = False) -> None:
        """Compute the vectors that rows of a table lack, and bring its vector indexes up to date if they are far
        behind."""
        tv, background = self._store.version.tables.get(number), self._store.background
        if tv is None:
            return
        if background is not None and tv.table.text_indexes and self._shared.texts.behind(number):
            background.run(lambda stopping: self._shared.texts.update(number))
        if not (tv.table.embeddings or tv.table.vector_indexes):
            return
        if tv.table.embeddings and self._embeds_later and background is not None:
            background.run(lambda stopping: self._fill_and_index(number, stopping))
            return
        if tv.table.embeddings:
            self._shared.embeddings.fill(number, rowids, progress=progress)
        if background is not None and self._shared.vectors.behind(number):
            background.run(lambda stopping: self._shared.vectors.update(number, stopping=stopping))

    def _fill_and_index(self, number: int, stopping: Callable[[], bool]) -> None:
        self._shared.embeddings.fill(number, stopping=stopping)
        if self._shared.vectors.behind(number):
            self._shared.vectors.update(number, stopping=stopping)


def _vector(query: Any) -> npt.NDArray[np.float32]:
    """Return a query as a vector. Raises InputError for what is none."""
    if query is None or isinstance(query, (bytes, int, float)):
        raise InputError(f"a search takes a text or a vector, not {type(query).__name__}")
    try:
        return np.asarray(query, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"a vector is a list of numbers: {error}") from error
