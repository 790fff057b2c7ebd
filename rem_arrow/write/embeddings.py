"""Embeddings of entities: which fields are embedded, by which provider, and the computation of missing vectors.

A row is stored first. Its vectors follow in a commit of their own, and are dropped if the row's text has changed in the
meantime. Missing vectors are derived from the tables (a live row with a text and no vector), so a provider that fails
or a process that is killed loses nothing.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from rem_arrow.access.vector_columns import undeleted_rowids
from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.schema import Embedding, Table, VectorIndex
from rem_arrow.base.telemetry import logger, span
from rem_arrow.embed.embedder import Embedder, Vectors, embed_texts
from rem_arrow.embed.providers import default_embedder
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage import compaction
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import Version
from rem_arrow.write.embedded_fields import are_others, embedded_fields
from rem_arrow.write.known_embedders import KnownEmbedders, Provider
from rem_arrow.write.vector_rows import row_texts, vector_frame, vector_table

COLUMNS = ("embedding", "embedding_alt")
_BATCH_ROWS = 4_096
_QUERY_VECTORS_MAX = 1_024


class EmbeddingWarning(UserWarning):
    """Rows were stored, and their vectors could not be computed."""


class Embeddings:
    """The embeddings of one store.

    Args:
        default: embeds the tables whose model names no provider.
    """

    def __init__(self, store: Store, default: Provider) -> None:
        self._store, self._default = store, default
        self._known = KnownEmbedders(store, default)
        self._query_vectors: LruCache[tuple[str, str], list[float]] = LruCache(_QUERY_VECTORS_MAX)
        self.failure: RemError | None = None

    def advise(self) -> None:
        """Warn whoever opens a database whose embeddings know less than those of a new one would."""
        if self._store.read_only or self._default != "hash" or default_embedder() == "hash":
            return
        text = (
            f"the embedder of {self._store.path} is hash, which compares the spelling of words and not their meaning; "
            f"db.reembed(provider={default_embedder()!r}) computes all embeddings anew, and connect(embedder='hash') "
            "keeps them as they are"
        )
        # The caller of connect.
        warnings.warn(text, EmbeddingWarning, stacklevel=3)

    def of(self, embedding: Embedding) -> Embedder:
        """Return the provider of a column's vectors. Raises InputError if its dimension is not the column's."""
        provider = self._known.of(embedding.provider)
        if provider.dimension != embedding.dimension:
            raise InputError(
                f"{embedding.provider} gives {provider.dimension} dimensions, and the vectors of {embedding.column} "
                f"have {embedding.dimension}; reembed the table"
            )
        return provider

    def vector(self, provider: str, text: str) -> list[float]:
        """Return the vector of a query text; recent ones are cached."""
        key = (provider, text)
        vector = self._query_vectors.get(key)
        if vector is None:
            vector = self.vectors(provider, [text])[0].tolist()
            self._query_vectors.put(key, vector)
        return vector

    def vectors(self, provider: str, texts: Sequence[str]) -> Vectors:
        """Return the vectors of many query texts, which are embedded together."""
        return self._embedded(self._known.of(provider), texts)

    def _embedded(self, provider: Embedder, texts: Sequence[str]) -> Vectors:
        """Embed texts, and tell how many."""
        started = time.perf_counter()
        with span("embed", {"embedder": provider.name, "texts": len(texts)}):
            vectors = embed_texts(provider, texts)
        self._store.activity.add(embedded_texts=len(texts))
        logger("embed").debug("%s: %d texts, %.3f s", provider.name, len(texts), time.perf_counter() - started)
        return vectors

    # --- descriptions of tables

    def tables_of(
        self, table: Table, reserve: Callable[[], int], before: Table | None = None
    ) -> dict[int, Table | None]:
        """Return the table of a model with its embeddings, and the tables of their vectors, by number; None for those
        that go.

        A table that has an embedding keeps its provider, whatever the present default, and its vectors, unless other
        texts are embedded than `before`. REQUIRES: the store's lock, if `reserve` does.
        """
        options = table.model if isinstance(table.model, dict) else {}
        fields = embedded_fields(table, options)
        specs: dict[str, Provider] = {}
        if fields:
            specs["embedding"] = cast(str, options.get("embedding_provider")) or self._default
            if options.get("embedding_provider_alt"):
                specs["embedding_alt"] = cast(str, options["embedding_provider_alt"])
        embeddings: list[Embedding] = []
        tables: dict[int, Table | None] = {e.table: None for e in table.embeddings if e.column not in specs}
        for column, spec in specs.items():
            existing = table.embedding(column)
            if existing is None:
                provider = self._known.of(spec)
                embedding = Embedding(column, reserve(), provider.name, provider.dimension, fields)
            elif before is not None and are_others(before, column, table, fields):
                tables[existing.table] = None
                embedding = replace(existing, table=reserve(), fields=fields)
            else:
                embeddings.append(replace(existing, fields=fields))
                continue
            embeddings.append(embedding)
            tables[embedding.table] = vector_table(table, embedding)
        kept = [i for i in table.vector_indexes if i.column in specs or table.embedding(i.column) is None]
        indexed = replace(table, vector_indexes=tuple(kept))
        tables[table.number] = replace(
            table, embeddings=tuple(embeddings), vector_indexes=_indexes(indexed, embeddings)
        )
        return tables

    def moved(self, version: Version, number: int, column: str, spec: Provider, reserve: Callable[[], int]) -> Changes:
        """Return the changes that give a column empty embeddings by another provider; none if it has that provider.
        REQUIRES: the lock."""
        table = version.tables[number].table
        old, provider, changes = table.embedding(column), self._known.of(spec), Changes()
        assert old is not None, "the caller has checked that the column exists"
        if provider.name == old.provider and provider.dimension == old.dimension:
            return changes
        fresh = replace(old, table=reserve(), provider=provider.name, dimension=provider.dimension)
        embeddings = [fresh if e.column == column else e for e in table.embeddings]
        without_index = replace(table, vector_indexes=tuple(i for i in table.vector_indexes if i.column != column))
        changes.tables = {
            fresh.table: vector_table(table, fresh),
            old.table: None,
            number: replace(table, embeddings=tuple(embeddings), vector_indexes=_indexes(without_index, embeddings)),
        }
        return changes

    # --- missing vectors

    def pending(self, version: Version, number: int, embedding: Embedding) -> list[int]:
        """Return the rowids of live rows, not deleted, without a vector, in order; some may have no text."""
        # A vector dies with its row.
        if version.tables[embedding.table].rows >= version.tables[number].rows:
            return []
        rowids = undeleted_rowids(version.tables[number])
        missing = np.setdiff1d(rowids, version.tables[embedding.table].live_rowids(), assume_unique=True)
        return cast("list[int]", missing.tolist())

    def fill(
        self,
        number: int,
        rowids: Sequence[int] | None = None,
        *,
        rows_max: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
        progress: bool | None = False,
    ) -> int:
        """Compute the missing vectors of these rows of a table, or of all its rows; of the first `rows_max`. Returns
        how many.

        If a provider fails, the rows stay without vectors until the next call; the error is kept in `failure`, and
        issued as a warning.
        """
        tv = self._store.version.tables.get(number)
        if tv is None:
            return 0
        count = 0
        for embedding in tv.table.embeddings:
            pending = list(rowids) if rowids is not None else self.pending(self._store.pin(), number, embedding)
            pending = pending[:rows_max]
            with progress_bar(f"embedding {tv.table.name}", len(pending), progress) as advance:
                for start in range(0, len(pending), _BATCH_ROWS):
                    if stopping():
                        return count
                    batch = pending[start : start + _BATCH_ROWS]
                    try:
                        count += self._filled(number, embedding, batch)
                    except RemError as error:
                        if self._store.closed:
                            raise
                        self.failure = error
                        text = (
                            f"rows of {tv.table.name} are stored, and not embedded yet: {error}; "
                            f"db.reembed({tv.table.name!r}) tries again"
                        )
                        warnings.warn(text, EmbeddingWarning, stacklevel=2)
                        break
                    compaction.make_room(self._store, embedding.table, stopping)
                    advance(len(batch))
                else:
                    self.failure = None
        return count

    def _filled(self, number: int, embedding: Embedding, rowids: list[int]) -> int:
        version = self._store.pin()
        tv = version.tables.get(number)
        vectors = version.tables.get(embedding.table)
        if tv is None or vectors is None:
            return 0
        missing = [r for r in rowids if vectors.place(r) is None]
        texts = {r: t for r, t in row_texts(tv, embedding.fields, missing).items() if t}
        if not texts:
            return 0
        provider = self.of(embedding)
        matrix = self._embedded(provider, list(texts.values()))
        with self._store.lock:
            self._store.recover()
            current = self._store.version
            tv, vectors = current.tables.get(number), current.tables.get(embedding.table)
            if tv is None or vectors is None:
                return 0
            same = texts if current is version else row_texts(tv, embedding.fields, list(texts))
            keep = [i for i, (r, t) in enumerate(texts.items()) if same.get(r) == t and vectors.place(r) is None]
            if not keep:
                return 0
            current_rowids, text_list = [list(texts)[i] for i in keep], list(texts.values())
            changes = Changes()
            changes.append(
                embedding.table,
                Append(current_rowids, None, vector_frame(embedding, matrix[keep], [text_list[i] for i in keep])),
            )
            version = self._store.commit(changes, settles=True)
        self._store.syncs.settle(version.commit)
        return len(keep)


def split_vectors(table: Table, rows: Sequence[object]) -> tuple[list[object], dict[str, dict[int, Any]]]:
    """Split vectors from the rows that bring them: return the rows without them, and by column the vector of each
    place."""
    names = {e.column for e in table.embeddings}
    vectors: dict[str, dict[int, Any]] = {}
    bare: list[object] = []
    for place, row in enumerate(rows):
        vector_names = names.intersection(row) if isinstance(row, Mapping) else set()
        bare.append(
            {k: v for k, v in row.items() if k not in vector_names}
            if vector_names and isinstance(row, Mapping)
            else row
        )
        for name in vector_names:
            if isinstance(row, Mapping) and row[name] is not None:
                vectors.setdefault(name, {})[place] = row[name]
    return bare, vectors


def add_vectors(changes: Changes, table: Table, by_column: Mapping[str, Mapping[int, Any]]) -> None:
    """Add the vectors that rows bring to the rows' own commit. REQUIRES: the rows are the last that `changes` appends.
    Raises InputError."""
    for name, by_place in by_column.items():
        embedding = table.embedding(name)
        assert embedding is not None, "split_vectors takes the table's embeddings only"
        vectors = np.stack([_checked(v, embedding, place) for place, v in by_place.items()])
        append = changes.appends[table.number][-1]
        assert append.rows is not None, "rows with vectors are appended as tuples, not as a frame"
        rowids = [append.rowids[place] for place in by_place]
        dead = set(changes.killed.get(embedding.table, ()))
        changes.kill(embedding.table, [r for r in rowids if r not in dead])
        changes.append(embedding.table, Append(rowids, None, vector_frame(embedding, vectors, None)))


def _checked(value: Any, embedding: Embedding, place: int) -> npt.NDArray[np.float32]:
    try:
        vector = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f'row {place}, field "{embedding.column}": a vector is a list of numbers: {error}') from error
    if vector.shape != (embedding.dimension,):
        raise InputError(
            f'row {place}, field "{embedding.column}": a vector of {embedding.dimension} numbers belongs here, not of '
            f"shape {vector.shape}"
        )
    if not np.isfinite(vector).all():
        raise InputError(f'row {place}, field "{embedding.column}": a vector holds finite numbers only')
    return vector


def _indexes(table: Table, embeddings: Sequence[Embedding]) -> tuple[VectorIndex, ...]:
    """Return the vector indexes of a table, with one by cosine for every embedding."""
    indexed = {(i.column, i.metric) for i in table.vector_indexes}
    fresh = [
        VectorIndex(f"{table.name}_{e.column}_cosine", e.column, "cosine", e.dimension)
        for e in embeddings
        if (e.column, "cosine") not in indexed
    ]
    return (*table.vector_indexes, *fresh)
