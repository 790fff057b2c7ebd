"""Embeddings of entities: which fields are embedded, by which provider, and the computation of missing vectors.

A row is stored first. Its vectors follow in a commit of their own, and are dropped if the row's text has changed in the
meantime. Missing vectors are derived from the tables (a live row with a text and no vector), so a provider that fails
or a process that is killed loses nothing.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from rem_arrow.base.errors import InputError, RemError, suggest
from rem_arrow.base.schema import Embedding, Table, VectorIndex
from rem_arrow.embed.embedder import Embedder, embed_texts
from rem_arrow.embed.providers import embedder
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage import compaction
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.vector_rows import text_of, vector_frame, vector_table

Provider: TypeAlias = "str | Callable[[list[str]], Any] | Embedder"

COLUMNS = ("embedding", "embedding_alt")
_FIELDS_DEFAULT = ("content", "description")
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
        self._providers: dict[str, Embedder] = {}
        self._query_vectors: LruCache[tuple[str, str], list[float]] = LruCache(_QUERY_VECTORS_MAX)
        self._lock = threading.Lock()
        self.failure: RemError | None = None

    def provider(self, spec: Provider) -> Embedder:
        """Return the provider that `spec` names; a function or an embedder is registered under its name."""
        if not isinstance(spec, str):
            custom = embedder(spec)
            with self._lock:
                self._providers[custom.name] = custom
            return custom
        with self._lock:
            cached = self._providers.get(spec)
            if cached is None:
                default = self._default
                cached = self._providers[spec] = (
                    embedder(default)
                    if not isinstance(default, str) and embedder(default).name == spec
                    else embedder(spec)
                )
            return cached

    def of(self, embedding: Embedding) -> Embedder:
        """Return the provider of a column's vectors. Raises InputError if its dimension is not the column's."""
        provider = self.provider(embedding.provider)
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
            vector = embed_texts(self.provider(provider), [text])[0].tolist()
            self._query_vectors.put(key, vector)
        return vector

    # --- descriptions of tables

    def tables_of(self, table: Table, reserve: Callable[[], int]) -> dict[int, Table]:
        """Return the table of a model with its embeddings, and the tables of their vectors, by number.

        A table that has an embedding keeps it, whatever the present default. REQUIRES: the store's lock, if `reserve`
        does.
        """
        options = table.model if isinstance(table.model, dict) else {}
        fields = embedded_fields(table, options)
        specs: dict[str, Provider] = {}
        if fields:
            specs["embedding"] = cast(str, options.get("embedding_provider")) or self._default
            if options.get("embedding_provider_alt"):
                specs["embedding_alt"] = cast(str, options["embedding_provider_alt"])
        embeddings, vector_tables = [], dict[int, Table]()
        for column, spec in specs.items():
            existing = table.embedding(column)
            if existing is not None:
                embeddings.append(replace(existing, fields=fields))
                continue
            provider = self.provider(spec)
            embedding = Embedding(column, reserve(), provider.name, provider.dimension, fields)
            embeddings.append(embedding)
            vector_tables[embedding.table] = vector_table(table, embedding)
        return {
            **vector_tables,
            table.number: replace(table, embeddings=tuple(embeddings), vector_indexes=_indexes(table, embeddings)),
        }

    def moved(self, version: Version, number: int, column: str, spec: Provider, reserve: Callable[[], int]) -> Changes:
        """Return the changes that give a column empty embeddings by another provider; none if it has that provider.
        REQUIRES: the lock."""
        table = version.tables[number].table
        old, provider, changes = table.embedding(column), self.provider(spec), Changes()
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
        """Return the rowids of live rows without a vector, in order; some may have no text."""
        tv = version.tables[number]
        missing = np.setdiff1d(tv.live_rowids(), version.tables[embedding.table].live_rowids(), assume_unique=True)
        return cast("list[int]", missing.tolist())

    def fill(
        self,
        number: int,
        rowids: Sequence[int] | None = None,
        *,
        stopping: Callable[[], bool] = lambda: False,
        progress: bool | None = False,
    ) -> int:
        """Compute the missing vectors of these rows of a table, or of all its rows. Returns how many.

        If a provider fails, the rows stay without vectors until the next call; the error is kept in `failure`, and
        issued as a warning.
        """
        tv = self._store.version.tables.get(number)
        if tv is None:
            return 0
        count = 0
        for embedding in tv.table.embeddings:
            pending = list(rowids) if rowids is not None else self.pending(self._store.pin(), number, embedding)
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
        texts = {r: t for r, t in _texts(tv, embedding.fields, rowids).items() if t and vectors.place(r) is None}
        if not texts:
            return 0
        provider = self.of(embedding)
        matrix = embed_texts(provider, list(texts.values()))
        with self._store.lock:
            self._store.recover()
            current = self._store.version
            tv, vectors = current.tables.get(number), current.tables.get(embedding.table)
            if tv is None or vectors is None:
                return 0
            same = texts if current is version else _texts(tv, embedding.fields, list(texts))
            keep = [i for i, (r, t) in enumerate(texts.items()) if same.get(r) == t and vectors.place(r) is None]
            if not keep:
                return 0
            current_rowids, text_list = [list(texts)[i] for i in keep], list(texts.values())
            changes = Changes()
            changes.append(
                embedding.table,
                Append(current_rowids, None, vector_frame(embedding, matrix[keep], [text_list[i] for i in keep])),
            )
            self._store.commit(changes)
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
        columns = [table.names.index(f) for f in embedding.fields]
        texts = [text_of([append.rows[place][c] for c in columns]) for place in by_place]
        dead = set(changes.killed.get(embedding.table, ()))
        changes.kill(embedding.table, [r for r in rowids if r not in dead])
        changes.append(embedding.table, Append(rowids, None, vector_frame(embedding, vectors, texts)))


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


def embedded_fields(table: Table, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the embedded fields: those that the model names, else content, else description. Raises InputError."""
    texts = [
        f.name
        for f in table.fields
        if isinstance(f.dtype, pl.String) and f.encoding == "plain" and f.name not in table.key
    ]
    names = options.get("embedding_fields")
    if names is None:
        return next(((name,) for name in _FIELDS_DEFAULT if name in texts), ())
    for name in names:
        if name not in texts:
            raise InputError(
                f"{table.name} embeds {name!r}, which is not a text field. {suggest(str(name), texts, 'Texts')}"
            )
    return tuple(names)


def _indexes(table: Table, embeddings: Sequence[Embedding]) -> tuple[VectorIndex, ...]:
    """Return the vector indexes of a table, with one by cosine for every embedding."""
    indexed = {(i.column, i.metric) for i in table.vector_indexes}
    fresh = [
        VectorIndex(f"{table.name}_{e.column}_cosine", e.column, "cosine", e.dimension)
        for e in embeddings
        if (e.column, "cosine") not in indexed
    ]
    return (*table.vector_indexes, *fresh)


def _texts(tv: TableVersion, fields: tuple[str, ...], rowids: Sequence[int]) -> dict[int, str]:
    """Return the texts of live rows that are not deleted, by rowid."""
    table = tv.table
    columns = [*(table.field(f) for f in fields), table.field(table.soft_delete)]
    texts: dict[int, str] = {}
    if len(rowids) <= 16:
        for rowid in rowids:
            place = tv.place(rowid)
            row = None if place is None else place.view.part.row(place.offset, columns)
            if row is not None and row[-1] is None:
                texts[rowid] = text_of(row[:-1])
        return texts
    by_part = tv.places(rowids)
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets:
            frame = view.part.frame(columns, view.length)[offsets]
            ids = view.part.rowid_array(view.length)[offsets].tolist()
            texts.update(
                (r, text_of(row[:-1])) for r, row in zip(ids, frame.iter_rows(), strict=True) if row[-1] is None
            )
    return {r: texts[r] for r in rowids if r in texts}
