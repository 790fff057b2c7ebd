"""Statistics of a column of a stored table: the zone maps of its parts, combined."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import Field
from rem_arrow.base.source import ColumnStatistics
from rem_arrow.storage import statistics, values
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.statistics import ZoneMap
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import TableVersion


@dataclass(frozen=True, slots=True)
class Remembered:
    """Statistics, the parts from which they are, and the zone map of those of them that are segments."""

    parts: object
    column: ColumnStatistics | None
    segments: tuple[Segment, ...]
    sealed: ZoneMap | None


def combined(tv: TableVersion, field: Field, before: Remembered | None) -> Remembered:
    """Return what is known of a column over all parts; nothing if a part does not tell.

    Args:
        before: what was known of an earlier version.
    """
    segments = tuple(v.part for v in tv.parts if isinstance(v.part, Segment))
    if before is not None and before.segments == segments:
        sealed = before.sealed
    else:
        zones = [s.zone(field) for s in segments]
        known = [z for z in zones if z is not None]
        sealed = statistics.merged(known) if known and len(known) == len(zones) else None
    fresh = [(v.part, v.length) for v in tv.parts if isinstance(v.part, Run) and v.length]
    if (segments and sealed is None) or not (segments or fresh) or (fresh and field.dtype.is_nested()):
        return Remembered(tv.parts, None, segments, sealed)
    zone = statistics.merged([*([] if sealed is None else [sealed]), *(run.zone(field, n) for run, n in fresh)])
    return Remembered(tv.parts, _shown(zone, tv.rows, field.dtype), segments, sealed)


def _shown(zone: ZoneMap, rows: int, dtype: pl.DataType) -> ColumnStatistics:
    """Return a zone map in values of Python. Those of decimals are without their scale."""
    convert = values.from_plain(dtype)

    def value(plain: Json) -> object:
        return plain if plain is None or convert is None or isinstance(dtype, pl.Decimal) else convert(plain)

    return ColumnStatistics(
        value(zone.low),
        value(zone.high),
        zone.null_count,
        min(rows, zone.distinct),
        rows,
        tuple((value(v), count) for v, count in zone.common),
    )
