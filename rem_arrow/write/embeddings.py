"""Embeddings of entities: what is embedded, by whom, and the filling in of vectors that are missing.

A row is stored first, and its vectors by a commit of their own, dropped if the row's text changed meanwhile. What is
missing is seen from the tables themselves (a live row with a text and no vector), so nothing can be lost by a provider
that fails or a process that is killed.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from rem_arrow.embed.embedder import Embedder, embed_texts
from rem_arrow.embed.providers import embedder
from rem_arrow.errors import InputError, RemError, suggest
from rem_arrow.running.progress import progress_bar
from rem_arrow.schema import Embedding, Field, Table, VectorIndex
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion, Version

Provider: TypeAlias = "str | Callable[[list[str]], Any] | Embedder"

COLUMNS = ("embedding", "embedding_alt")
_FIELDS_DEFAULT = ("content", "description")
_BATCH_ROWS = 4_096
_ASKED_MAX = 1_024


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
        self._asked: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self.failure: RemError | None = None

    def provider(self, spec: Provider) -> Embedder:
        """Return the provider of a description; one that is given itself is remembered by its name."""
        if not isinstance(spec, str):
            given = embedder(spec)
            with self._lock:
                self._providers[given.name] = given
            return given
        with self._lock:
            known = self._providers.get(spec)
            if known is None:
                default = self._default
                known = self._providers[spec] = (
                    embedder(default)
                    if not isinstance(default, str) and embedder(default).name == spec
                    else embedder(spec)
                )
            return known

    def of(self, embedding: Embedding) -> Embedder:
        """Return the provider of a column's vectors. Raises InputError if it gives others by now."""
        found = self.provider(embedding.provider)
        if found.dimension != embedding.dimension:
            raise InputError(
                f"{embedding.provider} gives {found.dimension} dimensions, and the vectors of {embedding.column} have "
                f"{embedding.dimension}; reembed the table"
            )
        return found

    def vector(self, provider: str, text: str) -> list[float]:
        """Return the vector of a text that is searched for; the last ones are remembered."""
        key = (provider, text)
        with self._lock:
            known = self._asked.get(key)
        if known is None:
            known = embed_texts(self.provider(provider), [text])[0].tolist()
            with self._lock:
                self._asked[key] = known
                while len(self._asked) > _ASKED_MAX:
                    self._asked.popitem(last=False)
        return known

    # --- what a table has

    def described(self, table: Table, reserve: Callable[[], int]) -> dict[int, Table]:
        """Return the table of a model with its embeddings, and the tables of vectors that they need, by number.

        A table that has an embedding keeps it, whatever the default is now. REQUIRES: the store's lock, if `reserve`
        does.
        """
        options = table.model if isinstance(table.model, dict) else {}
        fields = embedded_fields(table, options)
        wanted: dict[str, Provider] = {}
        if fields:
            wanted["embedding"] = cast(str, options.get("embedding_provider")) or self._default
            if options.get("embedding_provider_alt"):
                wanted["embedding_alt"] = cast(str, options["embedding_provider_alt"])
        found, made = [], dict[int, Table]()
        for column, spec in wanted.items():
            known = table.embedding(column)
            if known is not None:
                found.append(replace(known, fields=fields))
                continue
            provider = self.provider(spec)
            embedding = Embedding(column, reserve(), provider.name, provider.dimension, fields)
            found.append(embedding)
            made[embedding.table] = vector_table(table, embedding)
        return {**made, table.number: replace(table, embeddings=tuple(found), vector_indexes=_indexes(table, found))}

    def moved(self, version: Version, number: int, column: str, spec: Provider, reserve: Callable[[], int]) -> Changes:
        """Return what gives a table empty embeddings by another provider; nothing when it has that one. REQUIRES: the
        lock."""
        table = version.tables[number].table
        old, provider, changes = table.embedding(column), self.provider(spec), Changes()
        assert old is not None, "the caller looked"
        if provider.name == old.provider and provider.dimension == old.dimension:
            return changes
        fresh = replace(old, table=reserve(), provider=provider.name, dimension=provider.dimension)
        embeddings = [fresh if e.column == column else e for e in table.embeddings]
        kept = replace(table, vector_indexes=tuple(i for i in table.vector_indexes if i.column != column))
        changes.tables = {
            fresh.table: vector_table(table, fresh),
            old.table: None,
            number: replace(table, embeddings=tuple(embeddings), vector_indexes=_indexes(kept, embeddings)),
        }
        return changes

    # --- filling in

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
        """Compute the vectors that rows of a table lack, of these rows or of all. Returns how many.

        A provider that fails leaves the rows as they are, for the next call; that is kept in `failure`, and warned of.
        """
        tv = self._store.version.tables.get(number)
        if tv is None:
            return 0
        count = 0
        for embedding in tv.table.embeddings:
            wanted = list(rowids) if rowids is not None else self.pending(self._store.pin(), number, embedding)
            with progress_bar(f"embedding {tv.table.name}", len(wanted), progress) as advance:
                for start in range(0, len(wanted), _BATCH_ROWS):
                    if stopping():
                        return count
                    batch = wanted[start : start + _BATCH_ROWS]
                    try:
                        count += self._filled(number, embedding, batch)
                    except RemError as error:
                        self.failure = error
                        text = (
                            f"rows of {tv.table.name} are stored, and not embedded yet: {error}; "
                            f"db.reembed({tv.table.name!r}) tries again"
                        )
                        warnings.warn(text, EmbeddingWarning, stacklevel=2)
                        break
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
        found = embed_texts(provider, list(texts.values()))
        with self._store.lock:
            now = self._store.version
            tv, vectors = now.tables.get(number), now.tables.get(embedding.table)
            if tv is None or vectors is None:
                return 0
            same = texts if now is version else _texts(tv, embedding.fields, list(texts))
            keep = [i for i, (r, t) in enumerate(texts.items()) if same.get(r) == t and vectors.place(r) is None]
            if not keep:
                return 0
            kept, listed = [list(texts)[i] for i in keep], list(texts.values())
            changes = Changes()
            changes.append(
                embedding.table, Append(kept, None, vector_frame(embedding, found[keep], [listed[i] for i in keep]))
            )
            self._store.commit(changes)
        return len(keep)


def split_vectors(table: Table, rows: Sequence[object]) -> tuple[list[object], dict[str, dict[int, Any]]]:
    """Split rows that are dicts from the vectors that come with them: the rows, and by embedding the vector of each
    place."""
    names = {e.column for e in table.embeddings}
    given: dict[str, dict[int, Any]] = {}
    left: list[object] = []
    for place, row in enumerate(rows):
        own = names.intersection(row) if isinstance(row, Mapping) else set()
        left.append({k: v for k, v in row.items() if k not in own} if own and isinstance(row, Mapping) else row)
        for name in own:
            if isinstance(row, Mapping) and row[name] is not None:
                given.setdefault(name, {})[place] = row[name]
    return left, given


def add_vectors(changes: Changes, table: Table, given: Mapping[str, Mapping[int, Any]]) -> None:
    """Store vectors that were given with rows, in the rows' own commit. REQUIRES: the rows are the last that `changes`
    appends. Raises InputError."""
    for name, by_place in given.items():
        embedding = table.embedding(name)
        assert embedding is not None, "the caller parted them by the table's embeddings"
        vectors = np.stack([_checked(v, embedding, place) for place, v in by_place.items()])
        append = changes.appends[table.number][-1]
        assert append.rows is not None, "rows come as rows"
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
    """Return the fields whose texts are embedded: those that the model names, else content, else description. Raises
    InputError."""
    texts = [
        f.name
        for f in table.fields
        if isinstance(f.dtype, pl.String) and f.encoding == "plain" and f.name not in table.key
    ]
    listed = options.get("embedding_fields")
    if listed is None:
        return next(((name,) for name in _FIELDS_DEFAULT if name in texts), ())
    for name in listed:
        if name not in texts:
            raise InputError(
                f"{table.name} embeds {name!r}, which is not a text field. {suggest(str(name), texts, 'Texts')}"
            )
    return tuple(listed)


def _indexes(table: Table, embeddings: Sequence[Embedding]) -> tuple[VectorIndex, ...]:
    """Return the vector indexes of a table: every embedding has one by cosine."""
    known = {(i.column, i.metric) for i in table.vector_indexes}
    fresh = [
        VectorIndex(f"{table.name}_{e.column}_cosine", e.column, "cosine", e.dimension)
        for e in embeddings
        if (e.column, "cosine") not in known
    ]
    return (*table.vector_indexes, *fresh)


def vector_table(table: Table, embedding: Embedding) -> Table:
    """Return the description of the table that holds the vectors of an embedding."""
    fields = (Field("vector", embedding.dtype, 0, nullable=False), Field("source", pl.UInt64(), 1, nullable=False))
    return Table(
        embedding.table,
        f"{table.name}.{embedding.column}",
        "vectors",
        fields,
        next_column=len(fields),
        category="system",
    )


def vector_frame(
    embedding: Embedding, vectors: np.ndarray[Any, np.dtype[np.float32]], texts: Sequence[str]
) -> pl.DataFrame:
    """Return rows of a table of vectors."""
    column = pl.Series("vector", np.ascontiguousarray(vectors, dtype=np.float32), dtype=embedding.dtype)
    return pl.DataFrame(
        [column, pl.Series("source", [source_hash(embedding.provider, t) for t in texts], dtype=pl.UInt64)]
    )


def source_hash(provider: str, text: str) -> int:
    """Return 64 bits that tell which text by which provider a vector is of."""
    digest = hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"),
        digest_size=8,
        person=hashlib.blake2b(provider.encode(), digest_size=8).digest(),
    ).digest()
    return int.from_bytes(digest, "little")


def text_of(values: Sequence[object]) -> str:
    """Return what is embedded of a row: its texts that are not empty, each on its line."""
    return "\n".join(str(v) for v in values if v)


def _texts(tv: TableVersion, fields: tuple[str, ...], rowids: Sequence[int]) -> dict[int, str]:
    """Return the texts of live rows that are not deleted, by rowid."""
    table = tv.table
    columns = [*(table.field(f) for f in fields), table.field(table.soft_delete)]
    found: dict[int, str] = {}
    if len(rowids) <= 16:
        for rowid in rowids:
            place = tv.place(rowid)
            row = None if place is None else place.view.part.row(place.offset, columns)
            if row is not None and row[-1] is None:
                found[rowid] = text_of(row[:-1])
        return found
    by_part = tv.places(rowids)
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets:
            frame = view.part.frame(columns, view.length)[offsets]
            ids = view.part.rowid_array(view.length)[offsets].tolist()
            found.update(
                (r, text_of(row[:-1])) for r, row in zip(ids, frame.iter_rows(), strict=True) if row[-1] is None
            )
    return {r: found[r] for r in rowids if r in found}
