"""Names to sources at one pinned version: stored tables, views and a user's frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import polars as pl

from rem_arrow.datatypes import Json
from rem_arrow.hints import Hints
from rem_arrow.index import entries
from rem_arrow.schema import ROWID_COLUMN, Field, Table
from rem_arrow.source import ColumnRange, ColumnStatistics, KeySet, ScanReport, TableSource
from rem_arrow.storage import key_filter, statistics, values
from rem_arrow.storage.codec import unscaled
from rem_arrow.storage.kv import KV
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion, Version

# The name under which a statement that writes reads the table that it changes, and the column that it finds there: the rowid.
# No table and no column of a user can have these names.
TARGET = "\x00target"
ROWID = "\x00#"

_ROWID_FIELD = Field(ROWID, pl.Int64(), ROWID_COLUMN, nullable=False)
_INDEX_ROWS_MIN = 16
_INDEX_ROWS_MAX = 2_000
_INDEX_SHARE_MAX = 0.01


class StoredTable:
    """A stored table at one version, as a leaf of a plan. Rows that are softly deleted are not among its rows."""

    def __init__(self, kv: KV, hints: Hints, version: Version, tv: TableVersion, *, include_deleted: bool = False, rowids: bool = False) -> None:
        # The version is held for as long as this source is: that is what keeps its pages.
        self._kv, self._hints, self._version, self._tv = kv, hints, version, tv
        self.table: Table = tv.table
        self._marker = None if include_deleted or not tv.table.soft_delete else tv.table.field(tv.table.soft_delete)
        self._schema = pl.Schema({**tv.table.polars_schema(), ROWID: pl.Int64()}) if rowids else tv.table.polars_schema()

    @property
    def schema(self) -> pl.Schema:
        return self._schema

    def row_count(self) -> int:
        return self._tv.rows

    def statistics(self, column: str) -> ColumnStatistics | None:
        """Combine the zone maps; None when a part has none (the tail, but of its decimals)."""
        field = self._field(column)
        key = (self.table.number, field.number, field.dtype)
        remembered = self._hints.statistics.get(key)
        if remembered is None or remembered[0] is not self._tv.parts:
            remembered = self._hints.statistics[key] = (self._tv.parts, self._statistics(field))
        return cast("ColumnStatistics | None", remembered[1])

    def _statistics(self, field: Field) -> ColumnStatistics | None:
        runs = [v for v in self._tv.parts if not isinstance(v.part, Segment)]
        zones = [v.part.zone(field) for v in self._tv.parts if isinstance(v.part, Segment)]
        if isinstance(field.dtype, pl.Decimal):
            zones += [statistics.zone_map(v.part.frame([field], v.length).to_series()) for v in runs if v.length]
        elif runs:
            return None
        if not zones or any(z is None for z in zones):
            return None
        known = [z for z in zones if z is not None]
        convert = values.from_plain(field.dtype)

        def value(plain: Json) -> object:
            return plain if plain is None or convert is None or isinstance(field.dtype, pl.Decimal) else convert(plain)

        bounded = [z for z in known if z.low is not None and z.high is not None]
        whole = len(bounded) == len(known)
        low = min((z.low for z in bounded), default=None) if whole else None  # type: ignore[type-var]
        high = max((z.high for z in bounded), default=None) if whole else None  # type: ignore[type-var]
        distinct = min(self._tv.rows, statistics.distinct_of(known))
        return ColumnStatistics(value(low), value(high), sum(z.null_count for z in known), distinct)

    def scan(
        self,
        columns: list[str],
        ranges: tuple[ColumnRange, ...],
        report: ScanReport,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        keys: tuple[KeySet, ...] = (),
    ) -> pl.LazyFrame:
        fields = [self._field(c) for c in columns]
        point = self._index_rowids(ranges)
        if point is not None:
            name, rowids = point
            report.index = name
            found = self._gather(fields, rowids)
            return (found.with_columns(unscaled(found[c]) for c in fixed) if fixed else found).lazy()
        views = [view for view in self._tv.parts if not self._skips(view, ranges)]
        report.segments_skipped += len(self._tv.parts) - len(views)
        segments = [view.part for view in views if isinstance(view.part, Segment)]
        report.segments_read += len(segments)
        repeating = frozenset(f.name for f in fields if f.name in coded and segments and all(s.has_few_texts(f) for s in segments))
        frames = [self._part_frame(view, fields, repeating, fixed) for view in views]
        if not frames:
            return pl.LazyFrame(schema={f.name: pl.Int64 if f.name in fixed else f.dtype for f in fields})
        if keys:
            frames = key_filter.kept(frames, keys)
        return frames[0].lazy() if len(frames) == 1 else pl.concat([f.lazy() for f in frames], rechunk=False)

    def read(self, columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr | None, limit: int | None) -> Iterator[pl.DataFrame]:
        """Yield the rows part by part: skip by `ranges`, then filter, then stop after `limit` rows."""
        fields = [self.table.field(c) for c in columns]
        needed = list(dict.fromkeys([*columns, *(predicate.meta.root_names() if predicate is not None else ())]))
        read = [self.table.field(c) for c in needed]
        left = limit
        for view in self._tv.parts:
            if left == 0:
                return
            if self._skips(view, ranges):
                continue
            frame = self._part_frame(view, read)
            if predicate is not None:
                frame = frame.filter(predicate)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame.select([f.name for f in fields])

    def _part_frame(self, view: PartView, fields: Sequence[Field], coded: frozenset[str] = frozenset(), fixed: frozenset[str] = frozenset()) -> pl.DataFrame:
        if not fields and not (self._marker is not None and self._has_deleted(view)):
            return pl.DataFrame(height=view.live_rows)
        wanted = list(fields)
        marker = self._marker if self._marker is not None and self._has_deleted(view) else None
        if marker is not None and marker.name not in {f.name for f in fields}:
            wanted.append(marker)
        stored = [f for f in wanted if f is not _ROWID_FIELD]
        frame = view.part.frame(stored, view.length, coded, fixed) if stored else pl.DataFrame(height=view.length)
        if len(stored) < len(wanted):
            frame = frame.with_columns(pl.Series(ROWID, view.part.rowid_array(view.length))).select([f.name for f in wanted])
        mask = view.live_mask()
        if mask is not None:
            frame = frame.filter(pl.Series(mask))
        if marker is not None:
            frame = frame.filter(frame[marker.name].is_null())
        return frame.select([f.name for f in fields]) if len(wanted) > len(fields) else frame

    def _has_deleted(self, view: PartView) -> bool:
        assert self._marker is not None, "only tables with soft deletes ask"
        if isinstance(view.part, Segment):
            zone = view.part.zone(self._marker)
            return zone is None or zone.null_count < view.part.rows
        return True

    def _skips(self, view: PartView, ranges: tuple[ColumnRange, ...]) -> bool:
        if view.live_rows == 0:
            return True
        if not isinstance(view.part, Segment):
            return False
        for wanted in ranges:
            field = self._field(wanted.column)
            zone = view.part.zone(field)
            if zone is not None and not statistics.may_match(zone, wanted, field.dtype, view.part.rows):
                return True
        return False

    def _index_rowids(self, ranges: tuple[ColumnRange, ...]) -> tuple[str, list[int]] | None:
        """Return the rows that an index gives for an equality, if there is one and they are few."""
        for wanted in ranges:
            if not wanted.is_point:
                continue
            field = self._field(wanted.column)
            if self.table.key == (field.name,):
                found = self._hints.by_id(self._kv, self._tv, [entries.id_key(self.table.number, [str(wanted.low)])])
                return field.name, [r for r in found if r is not None]
            if field.name in self.table.indexed:
                limit = max(_INDEX_ROWS_MIN, min(_INDEX_ROWS_MAX, int(self._tv.rows * _INDEX_SHARE_MAX)))
                rowids = self._hints.by_value(self._kv, self._tv, field, wanted.low, limit=limit)
                if rowids is not None:
                    return field.name, rowids
        return None

    def _gather(self, fields: Sequence[Field], rowids: Sequence[int]) -> pl.DataFrame:
        """Return the live rows of those rowids; index entries are hints, so the caller's filter still decides."""
        by_part = self._tv.places(list(dict.fromkeys(rowids)))
        frames = []
        for view in self._tv.parts:
            offsets = by_part.get(view.part.number)
            if offsets:
                frames.append(self._rows_frame(view, fields, offsets))
        return pl.concat(frames) if frames else pl.DataFrame(schema={f.name: f.dtype for f in fields})

    def _rows_frame(self, view: PartView, fields: Sequence[Field], offsets: list[int]) -> pl.DataFrame:
        wanted = [*fields, self._marker] if self._marker is not None else list(fields)
        rows = [self._row(view, o, [f for f in wanted if f is not None]) for o in offsets]
        if self._marker is not None:
            rows = [r[:-1] for r in rows if r[-1] is None]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
        return pl.DataFrame([pl.Series(f.name, list(c), dtype=f.dtype) for f, c in zip(fields, columns, strict=True)])

    def _row(self, view: PartView, offset: int, fields: Sequence[Field]) -> list[object]:
        row = view.part.row(offset, [f for f in fields if f is not _ROWID_FIELD])
        for place in (i for i, f in enumerate(fields) if f is _ROWID_FIELD):
            row.insert(place, int(view.part.rowid_array(view.length)[offset]))
        return row

    def _field(self, name: str) -> Field:
        return _ROWID_FIELD if name == ROWID and ROWID in self._schema else self.table.field(name)


class FrameTable:
    """A user's frame as a leaf of a plan."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self._frame = frame.lazy()
        self._schema = frame.collect_schema()
        self._rows = frame.height if isinstance(frame, pl.DataFrame) else 1_000_000

    @property
    def schema(self) -> pl.Schema:
        return self._schema

    def row_count(self) -> int:
        return self._rows

    def statistics(self, column: str) -> ColumnStatistics | None:
        return None

    def scan(
        self,
        columns: list[str],
        ranges: tuple[ColumnRange, ...],
        report: ScanReport,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        keys: tuple[KeySet, ...] = (),
    ) -> pl.LazyFrame:
        return self._frame.select(columns)


class Snapshot:
    """The catalog of one statement: one pinned version, and the frames that were handed in; frames win over tables.

    Args:
        target: the table that TARGET means, with its rowids.
    """

    def __init__(
        self,
        kv: KV,
        hints: Hints,
        version: Version,
        frames: Mapping[str, pl.DataFrame | pl.LazyFrame] | None = None,
        *,
        include_deleted: bool = False,
        target: TableVersion | None = None,
    ) -> None:
        self._kv, self._hints, self.version, self._include_deleted, self._target = kv, hints, version, include_deleted, target
        self._frames = {name.casefold(): FrameTable(frame) for name, frame in (frames or {}).items()}
        self._frame_names = list(frames or {})
        self.has_frames = bool(frames)

    def source(self, name: str) -> TableSource | None:
        frame = self._frames.get(name.casefold())
        if frame is not None:
            return frame
        if name == TARGET and self._target is not None:
            return StoredTable(self._kv, self._hints, self.version, self._target, rowids=True)
        tv = self.version.find(name)
        return None if tv is None or tv.table.kind == "view" else StoredTable(self._kv, self._hints, self.version, tv, include_deleted=self._include_deleted)

    def view(self, name: str) -> str | None:
        tv = self.version.find(name)
        if tv is None or tv.table.kind != "view" or name.casefold() in self._frames:
            return None
        return str(tv.table.model)

    def parts(self, names: Sequence[str]) -> list[object]:
        """Return what the rows of stored tables are made of; the same objects are the same rows."""
        found = [self.version.find(name) for name in names]
        return [None if tv is None else tv.parts for tv in found]

    def table_names(self) -> list[str]:
        return self._frame_names + [tv.table.name for tv in self.version]
