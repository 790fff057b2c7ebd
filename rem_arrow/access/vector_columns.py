"""Search by vector over one column at one version: exact over the rows that may be found, or an HNSW index beside an
exact search of what the index does not hold.

Every candidate is a live row of the pinned version and is scored again from its own vector. So an index that is ahead
or behind costs time or recall, and never gives a wrong row.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import VectorSpec
from rem_arrow.index import exact
from rem_arrow.index.arrays import among
from rem_arrow.index.exact_batch import best_of_each
from rem_arrow.index.metrics import Metric
from rem_arrow.storage import codec
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.storage.tail import Run

    Rowids = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]
    Vectors = npt.NDArray[np.float32]


# Words of more rows are not read for one search.
_WORDS_ROWS_MAX = 200_000
# Up to this share of the rows are looked up one by one, and not on a walk over all.
_FEW_SHARE = 0.5
_BLOCK_ROWS = 4_096

# Which rows of a part have a vector, and the fingerprints of the vectors, by the number of the field: each takes a pass
# over all of them.
_valid_rows: weakref.WeakKeyDictionary[Segment | Run, dict[int, tuple[int, npt.NDArray[np.bool_] | None]]] = (
    weakref.WeakKeyDictionary()
)
_fingerprints: weakref.WeakKeyDictionary[Segment | Run, dict[int, npt.NDArray[np.uint32]]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class Hits(NamedTuple):
    """Rows that were found, best first, and their scores as users see them; `how` says how they were searched."""

    rowids: Rowids
    scores: Scores
    how: str


class Chunk(NamedTuple):
    """The vectors of one part: all of its rows, and which of them may be found (None: all)."""

    rowids: Rowids
    vectors: Vectors
    offsets: npt.NDArray[np.intp] | None


@dataclass(frozen=True, slots=True)
class VectorColumn:
    """A column of vectors at one version: `table` is the table that stores it, for an embedding the table of
    vectors."""

    table: TableVersion
    field: Field
    dimension: int

    @property
    def live_rows(self) -> int:
        return sum(view.live_rows for view in self.table.parts)

    def chunks(self, allowed: Rowids | None = None) -> Iterator[Chunk]:
        """Yield the live rows that have a vector, part by part; with `allowed`, ascending, only these."""
        for view in self.table.parts:
            if view.live_rows:
                yield self.chunk(view, allowed)

    def chunk(self, view: PartView, allowed: Rowids | None = None) -> Chunk:
        rowids = view.part.rowid_array(view.length)
        vectors, valid = self.matrix(view), self._valid(view)
        mask = view.live_mask()
        if valid is not None:
            mask = valid if mask is None else mask & valid
        deleted = softly_deleted(self.table.table, view)
        if deleted is not None:
            mask = ~deleted if mask is None else mask & ~deleted
        if allowed is not None:
            inside = among(rowids, allowed)
            mask = inside if mask is None else mask & inside
        return Chunk(rowids, vectors, None if mask is None else np.flatnonzero(mask))

    def matrix(self, view: PartView) -> Vectors:
        """Return the vectors of all rows of a part; what stands where there is none means nothing."""
        return codec.matrix(self._values(view), self.dimension)

    def _values(self, view: PartView) -> pl.Series:
        return (
            view.part.column(self.field)
            if isinstance(view.part, Segment)
            else view.part.frame([self.field], view.length).to_series()
        )

    def _valid(self, view: PartView) -> npt.NDArray[np.bool_] | None:
        """Return which rows have a vector; None when all have. Embeddings were checked when they came."""
        if self.table.table.kind == "vectors":
            return None
        with _lock:
            by_field = _valid_rows.setdefault(view.part, {})
        valid = by_field.get(self.field.number)
        if valid is None or valid[0] != view.length:
            valid = by_field[self.field.number] = (view.length, codec.valid_vectors(self._values(view), self.dimension))
        return valid[1]

    def fingerprints(self, view: PartView) -> npt.NDArray[np.uint32]:
        """Return the fingerprint of each vector of a part: the bits of its product with fixed weights."""
        with _lock:
            by_field = _fingerprints.setdefault(view.part, {})
            fingerprints = by_field.get(self.field.number, np.empty(0, dtype=np.uint32))
        if len(fingerprints) < view.length:
            fresh = _products(self.matrix(view)[len(fingerprints) :]).view(np.uint32)
            fingerprints = np.concatenate([fingerprints, fresh])
            with _lock:
                by_field[self.field.number] = fingerprints
        return fingerprints[: view.length]

    def gathered(self, rowids: Rowids) -> tuple[Rowids, Vectors]:
        """Return the live rows among few, with their vectors."""
        parts = [(own, vectors[places]) for own, vectors, places in self.found(np.sort(rowids))]
        if not parts:
            return np.empty(0, dtype=np.int64), np.empty((0, self.dimension), dtype=np.float32)
        return np.concatenate([own for own, _ in parts]), np.concatenate([vectors for _, vectors in parts])

    def found(self, rowids: Rowids) -> Iterator[tuple[Rowids, Vectors, npt.NDArray[np.intp]]]:
        """Yield, part by part, the live rows among some, which ascend; all vectors of the part; where theirs stand."""
        for view in self.table.parts:
            places = _places(view, rowids)
            if not len(places):
                continue
            valid, deleted = self._valid(view), softly_deleted(self.table.table, view)
            if valid is not None:
                places = places[valid[places]]
            if deleted is not None:
                places = places[~deleted[places]]
            dense = isinstance(view.part, Segment) and view.part.dense
            own = places + view.part.rowid_low if dense else view.part.rowid_array(view.length)[places]
            yield own, self.matrix(view), places


def _products(vectors: Vectors) -> Vectors:
    weights: Vectors = np.random.default_rng(20_160_330).uniform(0.5, 1.5, size=vectors.shape[1:]).astype(np.float32)
    with np.errstate(all="ignore"):
        products: Vectors = np.vecdot(np.ascontiguousarray(vectors), weights)
    return products


def softly_deleted(table: Table, view: PartView) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a part are softly deleted; None when the table has no such rows."""
    if not table.soft_delete:
        return None
    marker = table.field(table.soft_delete)
    if isinstance(view.part, Segment):
        zone = view.part.zone(marker)
        if zone is not None and zone.null_count == view.part.rows:
            return None
    return view.part.frame([marker], view.length).to_series().is_not_null().to_numpy()


def undeleted_rowids(tv: TableVersion) -> Rowids:
    """Return the rowids of the live rows that are not softly deleted, in the order of the parts."""
    arrays = []
    for view in tv.parts:
        rowids, live, deleted = view.part.rowid_array(view.length), view.live_mask(), softly_deleted(tv.table, view)
        keep = live if deleted is None else ~deleted if live is None else live & ~deleted
        arrays.append(rowids if keep is None else rowids[keep])
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)


def search_exact(
    column: VectorColumn, queries: Vectors, metric: Metric, k: int, allowed: Rowids | None = None
) -> list[Hits]:
    """Return the k nearest rows for each query, by looking at every one that is allowed; ties go by rowid."""
    found = [
        best_of_each(rowids, vectors, queries, k, metric)
        for rowids, vectors in _searched(column, allowed)
        if len(rowids)
    ]
    return [Hits(*exact.merged([of_part[i] for of_part in found], k, metric), "exact") for i in range(len(queries))]


def _searched(column: VectorColumn, allowed: Rowids | None) -> Iterator[tuple[Rowids, Vectors]]:
    """Yield the rows that may be found, part by part, and their vectors."""
    if allowed is not None and len(allowed) <= _FEW_SHARE * column.live_rows:
        for own, vectors, places in column.found(allowed):
            # So many at once that what is copied stays in the cache.
            for at in range(0, len(places), _BLOCK_ROWS):
                block = slice(at, at + _BLOCK_ROWS)
                yield own[block], taken(vectors, places[block])
        return
    for rowids, vectors, offsets in column.chunks(allowed):
        yield (rowids, vectors) if offsets is None else (rowids[offsets], taken(vectors, offsets))


def taken(vectors: Vectors, offsets: npt.NDArray[np.intp]) -> Vectors:
    """Return rows of a matrix, without a copy where they follow each other; the offsets ascend."""
    if len(offsets) and offsets[-1] - offsets[0] + 1 == len(offsets):
        return vectors[offsets[0] : offsets[-1] + 1]
    return vectors[offsets]


def _places(view: PartView, rowids: Rowids) -> npt.NDArray[np.intp]:
    """Return the offsets of the live rows of a part that have these rowids, which ascend."""
    part, mask = view.part, view.live_mask()
    offsets = (
        part.offsets(rowids)
        if isinstance(part, Segment)
        else np.flatnonzero(among(part.rowid_array(view.length), rowids))
    )
    return offsets if mask is None else offsets[mask[offsets]]


def search_series(
    values: pl.Series, dimension: int, queries: Vectors, metric: Metric, k: int, allowed: Rowids | None = None
) -> list[Hits]:
    """Return the k nearest of a column of vectors for each query; a row's number is its place."""
    matrix, valid = codec.matrix(values, dimension), codec.valid_vectors(values, dimension)
    rowids = np.arange(len(matrix), dtype=np.int64)
    mask = valid
    if allowed is not None:
        inside = among(rowids, allowed)
        mask = inside if mask is None else mask & inside
    if mask is not None:
        rowids = np.flatnonzero(mask).astype(np.int64)
        matrix = matrix[rowids]
    return [Hits(*hits, "exact") for hits in best_of_each(rowids, matrix, queries, k, metric)]


def as_frame(hits: list[Hits]) -> pl.DataFrame:
    """Return what was found for each query as rows: query (its place), rowid, score."""
    rowids = [h.rowids for h in hits]
    return pl.DataFrame(
        [
            pl.Series("query", np.repeat(np.arange(len(hits)), [len(r) for r in rowids])),
            pl.Series("rowid", np.concatenate([*rowids, np.empty(0, dtype=np.int64)])),
            pl.Series("score", np.concatenate([*(h.scores for h in hits), np.empty(0, dtype=np.float64)])),
        ]
    )


def beside(table: TableVersion, rowids: Rowids) -> pl.Series:
    """Return the vectors of a table of vectors beside these rowids, NULL where there is none."""
    field = table.table.field("vector")
    owned, pieces = [], []
    low, high = (int(rowids.min()), int(rowids.max())) if len(rowids) else (0, -1)
    for view in table.parts:
        if view.part.rowid_high < low or view.part.rowid_low > high:
            continue
        values = (
            view.part.column(field)
            if isinstance(view.part, Segment)
            else view.part.frame([field], view.length).to_series()
        )
        ids, mask = view.part.rowid_array(view.length), view.live_mask()
        held = np.isin(ids, rowids) if mask is None else mask & np.isin(ids, rowids)
        offsets = np.flatnonzero(held)
        owned.append(ids[offsets])
        pieces.append(values.gather(offsets))
    if not pieces:
        return pl.Series("vector", [None] * len(rowids), dtype=field.dtype)
    ids, values = np.concatenate(owned), pl.concat(pieces)
    order = np.argsort(ids, kind="stable")
    places = np.searchsorted(ids[order], rowids)
    places[places == len(ids)] = 0
    there = ids[order][places] == rowids if len(ids) else np.zeros(len(rowids), dtype=np.bool_)
    rows = pl.Series(order[places] if len(ids) else places).set(pl.Series(~there), None)
    return values.gather(rows)


def searchable(table: Table, *, rows: int = 0) -> dict[str, VectorSpec]:
    """Return the columns of a table that can be searched. Where it has many rows, indexes of their words must be kept
    for a search that fuses both unasked: else its first one would have to make them."""
    kept = {i.column for i in table.text_indexes}
    specs: dict[str, VectorSpec] = {}
    for e in table.embeddings:
        hybrid = _ranks_words() and (rows <= _WORDS_ROWS_MAX or kept.issuperset(e.fields))
        specs[e.column] = VectorSpec(e.dimension, e.provider, e.fields, hybrid)
    specs |= {
        f.name: VectorSpec(f.dtype.size)
        for f in table.fields
        if isinstance(f.dtype, pl.Array) and f.dtype.inner in (pl.Float32, pl.Float64)
    }
    return specs | {i.column: VectorSpec(i.dimension) for i in table.vector_indexes if i.column not in specs}


@cache
def _ranks_words() -> bool:
    """Say whether the extra `fulltext` is installed."""
    return find_spec("tantivy") is not None


def column_of(
    tv: TableVersion, name: str, tables: Mapping[int, TableVersion], dimension: int | None = None
) -> VectorColumn | None:
    """Return the vectors of a column: an embedding, or a field that is an array of floats, or a list with a declared
    dimension."""
    embedding = tv.table.embedding(name)
    if embedding is not None:
        vectors = tables[embedding.table]
        return VectorColumn(vectors, vectors.table.field("vector"), embedding.dimension)
    field = next((f for f in tv.table.fields if f.name == name), None)
    if field is None:
        return None
    if isinstance(field.dtype, pl.Array) and field.dtype.inner in (pl.Float32, pl.Float64):
        return VectorColumn(tv, field, field.dtype.size)
    if isinstance(field.dtype, pl.List) and field.dtype.inner in (pl.Float32, pl.Float64):
        declared = next((i.dimension for i in tv.table.vector_indexes if i.column == name), dimension)
        return None if declared is None else VectorColumn(tv, field, declared)
    return None
