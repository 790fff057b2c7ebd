"""A stored table at one pinned version, as a leaf of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import cached_property, partial
from math import inf
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from rem_arrow.access import vector_columns
from rem_arrow.access.access import Access
from rem_arrow.access.soft_deletes import EDGES, ENDS, hidden_edges
from rem_arrow.base.schema import ROWID_COLUMN, Field, Table
from rem_arrow.base.source import (
    NO_SKIPS,
    ROWID,
    ColumnRange,
    ColumnStatistics,
    Metric,
    ScanReport,
    Skips,
    VectorSpec,
)
from rem_arrow.catalog import streamed
from rem_arrow.catalog.column_statistics import Remembered, combined
from rem_arrow.catalog.point_reads import index_rowids, point_rowids
from rem_arrow.running.threads import worked_ahead
from rem_arrow.storage import key_filter, statistics
from rem_arrow.storage.codec import CODED, unscaled
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.statistics import Bounds
from rem_arrow.storage.values import Offsets
from rem_arrow.storage.version import PartView, TableVersion, columns_at

if TYPE_CHECKING:
    import numpy.typing as npt

_ROWID_FIELD = Field(ROWID, pl.Int64(), ROWID_COLUMN, nullable=False)
_ROWID_ONLY = {ROWID: _ROWID_FIELD}
_PARTS_AHEAD = 2


class StoredTable:
    """A stored table at one version, as a leaf of a plan. It leaves out softly deleted rows, and edges at such
    entities."""

    def __init__(
        self,
        access: Access,
        tv: TableVersion,
        *,
        include_deleted: bool = False,
        rowids: bool = False,
    ) -> None:
        # The reference to the version keeps its pages from being deleted while this source is in use.
        self._access, self._tv = access, tv
        self.table: Table = tv.table
        self._marker = None if include_deleted or not tv.table.soft_delete else tv.table.field(tv.table.soft_delete)
        hides = tv.table.name == EDGES and not include_deleted
        self._deleted = access.indexes.deleted.of(access.version) if hides else ()
        self._rowids = rowids
        # Columns that parts do not store: they are computed from the rowids.
        self._virtual = dict(_ROWID_ONLY)
        for embedding in tv.table.embeddings:
            self._virtual[embedding.column] = Field(embedding.column, embedding.dtype, ROWID_COLUMN)

    @cached_property
    def schema(self) -> pl.Schema:
        own = self.table.polars_schema()
        return pl.Schema({**own, ROWID: pl.Int64()}) if self._rowids else own

    @property
    def hidden(self) -> pl.Schema:
        return pl.Schema({n: f.dtype for n, f in self._virtual.items() if n not in self.schema})

    @property
    def vectors(self) -> Mapping[str, VectorSpec]:
        return vector_columns.searchable(self.table, rows=self._tv.rows)

    @property
    def indexed(self) -> frozenset[str]:
        return frozenset(self.table.indexed) | (frozenset(self.table.key) if len(self.table.key) == 1 else frozenset())

    def search(
        self,
        column: str,
        queries: npt.NDArray[np.float32],
        metric: Metric,
        k: int,
        allowed: npt.NDArray[np.int64] | None,
    ) -> pl.DataFrame:
        vectors = vector_columns.column_of(self._tv, column, self._access.version.tables)
        assert vectors is not None, "the binder has checked the column"
        hits = self._access.indexes.vectors.search(self._tv, column, vectors, queries, metric, k, allowed)
        return vector_columns.as_frame(hits)

    def search_text(
        self, column: str, query: str, k: int | None, allowed: npt.NDArray[np.int64] | None
    ) -> pl.DataFrame:
        field, texts = self.table.field(column), self._access.indexes.texts
        if k is None and allowed is None:
            rowids, scores = texts.scores(self._tv, field, query)
            return pl.DataFrame({"rowid": rowids, "score": scores})
        hits = texts.search(self._tv, field, query, self._tv.rows if k is None else k, allowed)
        return pl.DataFrame({"rowid": hits.rowids, "score": hits.scores})

    def texts(self, columns: tuple[str, ...], rowids: list[int]) -> list[str]:
        fields = [self.table.field(c) for c in columns]
        cells = [None if (p := self._tv.place(r)) is None else p.view.part.row(p.offset, fields) for r in rowids]
        return ["\n".join(str(text) for text in row or () if text) for row in cells]

    def rows(self, rowids: list[int], score: pl.Series) -> pl.DataFrame:
        """Return the rows of these live rowids, in their order: the columns of `*`, and the score of each."""
        places = [self._tv.place(r) for r in rowids]
        live = [p for p in places if p is not None]
        assert len(live) == len(rowids), "searches return live rows only"
        return pl.DataFrame([*columns_at(live, self.table.fields), score.alias("_score")])

    def row_count(self) -> int:
        return self._tv.rows

    def statistics(self, column: str) -> ColumnStatistics | None:
        """Return the combined zone maps of all parts; None if a part has none."""
        if column in self._virtual:
            return None
        field = self._field(column)
        key = (self.table.number, field.number, field.dtype)
        remembered = cast("Remembered | None", self._access.indexes.statistics.get(key))
        if remembered is None or remembered.parts is not self._tv.parts:
            remembered = self._access.indexes.statistics[key] = combined(self._tv, field, remembered)
        return remembered.column

    def scan(
        self,
        columns: list[str],
        report: ScanReport,
        skips: Skips = NO_SKIPS,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        bytes_max: float = inf,
    ) -> pl.LazyFrame | pl.DataFrame:
        fields = [self._field(c) for c in columns]
        point = point_rowids(self._access, self._tv, skips)
        if point is not None:
            name, rowids = point
            report.index = name
            gathered = self._gather(fields, rowids)
            report.rows = gathered.height
            return gathered.with_columns(unscaled(gathered[c]) for c in fixed) if fixed else gathered
        bounded = self._bounded(skips.ranges)
        views = [view for view in self._tv.parts if not self._skips(view, bounded)]
        report.segments_skipped += len(self._tv.parts) - len(views)
        segments = [view.part for view in views if isinstance(view.part, Segment)]
        report.segments_read += len(segments)
        repeating = frozenset(
            f.name for f in fields if f.name in coded and segments and all(s.has_few_texts(f) for s in segments)
        )
        schema = pl.Schema(
            {f.name: pl.Int64 if f.name in fixed else CODED if f.name in repeating else f.dtype for f in fields}
        )
        if not views:
            return pl.LazyFrame(schema=schema)
        size = streamed.decoded_bytes(views, fields, repeating, fixed)
        if size > bytes_max:
            report.rows = sum(view.live_rows for view in views)
            # What does not fit into the cache would only push out what is in it.
            keep = bool(segments) and size <= segments[0].cache.bytes_max // 2

            def rows(view: PartView) -> pl.DataFrame:
                frame = self._part_frame(view, fields, repeating, fixed, keep=keep)
                return pl.concat(key_filter.kept([frame], skips.keys)) if skips.keys else frame

            return streamed.frame(schema, views, rows)
        frames = [self._part_frame(view, fields, repeating, fixed) for view in views]
        if skips.keys:
            frames = key_filter.kept(frames, skips.keys)
        report.rows = sum(frame.height for frame in frames)
        return frames[0].lazy() if len(frames) == 1 else pl.concat([f.lazy() for f in frames], rechunk=False)

    def read(
        self,
        columns: list[str],
        ranges: tuple[ColumnRange, ...],
        predicate: pl.Expr | None,
        limit: int | None,
        *,
        executor: Executor | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows part by part: skip parts by `ranges`, then filter, then stop after `limit` rows. With an
        executor, parts are read ahead."""
        read_columns = list(dict.fromkeys([*columns, *(predicate.meta.root_names() if predicate is not None else ())]))
        remaining = limit
        for piece in self._pieces([self._field(c) for c in read_columns], ranges, executor):
            frame = piece if predicate is None else piece.filter(predicate)
            if remaining is not None:
                frame = frame.head(remaining)
                remaining -= frame.height
            yield frame.select(columns) if len(read_columns) > len(columns) else frame
            if remaining == 0:
                return

    def part(self, view: PartView, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of the rows of a part that a query sees, hidden ones among them; what is read is not kept."""
        return self._part_frame(view, [self._field(c) for c in columns], keep=False)

    def _pieces(
        self, fields: Sequence[Field], ranges: tuple[ColumnRange, ...], executor: Executor | None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of each part, or only those that an index gives."""
        point = index_rowids(self._access, self._tv, ranges)
        if point is not None:
            yield self._gather(fields, point[1])
            return
        bounded = self._bounded(ranges)
        views = (view for view in self._tv.parts if not self._skips(view, bounded))
        read = partial(self._part_frame, fields=fields)
        yield from map(read, views) if executor is None else worked_ahead(executor, read, views, _PARTS_AHEAD)

    def _part_frame(
        self,
        view: PartView,
        fields: Sequence[Field],
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        keep: bool = True,
    ) -> pl.DataFrame:
        if not fields and not self._deleted and not (self._marker is not None and self._has_deleted(view)):
            return pl.DataFrame(height=view.live_rows)
        read_fields = list(fields)
        marker = self._marker if self._marker is not None and self._has_deleted(view) else None
        if marker is not None and marker.name not in {f.name for f in fields}:
            read_fields.append(marker)
        stored = [f for f in read_fields if f.name not in self._virtual]
        frame = (
            view.part.frame(stored, view.length, coded, fixed, keep=keep)
            if stored
            else pl.DataFrame(height=view.length)
        )
        if len(stored) < len(read_fields):
            frame = frame.with_columns(
                self._computed(f, view.part.rowid_array(view.length)) for f in read_fields if f.name in self._virtual
            ).select([f.name for f in read_fields])
        mask = view.live_mask()
        if mask is not None:
            frame = frame.filter(pl.Series(mask))
        if marker is not None:
            frame = frame.filter(frame[marker.name].is_null())
        if self._deleted:
            ends = view.part.frame([self.table.field(n) for n in ENDS], view.length)
            frame = frame.filter(
                ~(ends if mask is None else ends.filter(pl.Series(mask)))
                .select(hidden_edges(self._deleted))
                .to_series()
            )
        return frame.select([f.name for f in fields]) if len(read_fields) > len(fields) else frame

    def _computed(self, field: Field, rowids: npt.NDArray[np.int64]) -> pl.Series:
        """Return a column that parts do not store, for these rows."""
        if field.name == ROWID:
            return pl.Series(ROWID, rowids)
        embedding = self.table.embedding(field.name)
        assert embedding is not None, "the other columns that parts do not store"
        return vector_columns.beside(self._access.version.tables[embedding.table], rowids).alias(field.name)

    def _has_deleted(self, view: PartView) -> bool:
        assert self._marker is not None, "only tables with soft deletes ask"
        if isinstance(view.part, Segment):
            zone = view.part.zone(self._marker)
            return zone is None or zone.null_count < view.part.rows
        return True

    def _bounded(self, ranges: tuple[ColumnRange, ...]) -> list[tuple[Field, Bounds]]:
        """Return the ranges of stored columns in the form of zone maps, once for all parts."""
        fields = [(self._field(r.column), r) for r in ranges if r.column not in self._virtual]
        return [(field, statistics.bounds(r, field.dtype)) for field, r in fields]

    def _skips(self, view: PartView, bounded: list[tuple[Field, Bounds]]) -> bool:
        if view.live_rows == 0:
            return True
        part = view.part
        if not isinstance(part, Segment):
            return False
        for field, bounds in bounded:
            zone = part.zone(field)
            if zone is not None and not statistics.may_match(zone, bounds, part.rows):
                return True
        return False

    def _gather(self, fields: Sequence[Field], rowids: Sequence[int]) -> pl.DataFrame:
        """Return the live rows of those rowids; index entries are hints, so the caller's filter still decides."""
        by_part = self._tv.places(list(dict.fromkeys(rowids)))
        frames = []
        for view in self._tv.parts:
            offsets = by_part.get(view.part.number)
            if offsets:
                frames.append(self._rows_frame(view, fields, offsets))
        if not frames:
            return pl.DataFrame(schema={f.name: f.dtype for f in fields})
        rows, *others = frames
        for other in others:
            rows = rows.vstack(other)
        return rows

    def _rows_frame(self, view: PartView, fields: Sequence[Field], offsets: list[int]) -> pl.DataFrame:
        part = view.part
        if self._deleted:
            ends = pl.DataFrame([part.cells(self.table.field(n), Offsets(offsets)) for n in ENDS])
            hidden = ends.select(hidden_edges(self._deleted)).to_series()
            offsets = [o for o, is_hidden in zip(offsets, hidden, strict=True) if not is_hidden]
        if self._marker is not None and offsets and self._has_deleted(view):
            marks = part.cells(self._marker, Offsets(offsets))
            if marks.null_count() < len(marks):
                offsets = [o for o, is_alive in zip(offsets, marks.is_null(), strict=True) if is_alive]
        if not fields:
            return pl.DataFrame(height=len(offsets))
        if not offsets:
            return pl.DataFrame(schema={f.name: f.dtype for f in fields})
        virtual = [f for f in fields if f.name in self._virtual]
        rowids = part.rowid_array(view.length)[offsets] if virtual else None
        at = Offsets(offsets)
        return pl.DataFrame(
            [
                self._computed(f, rowids).alias(f.name)
                if f.name in self._virtual and rowids is not None
                else part.cells(f, at)
                for f in fields
            ]
        )

    def _field(self, name: str) -> Field:
        return self._virtual.get(name) or self.table.field(name)
