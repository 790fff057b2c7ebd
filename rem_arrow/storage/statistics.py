"""Zone maps: what is known of one column of one segment, in plain form, and whether a range can hit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.source import ColumnRange
from rem_arrow.storage import values

_TEXT_BYTES_MAX = 128
_SAMPLE_ROWS = 4096


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """Bounds as numbers or texts (None: unknown), the number of NULLs, and an estimate of the distinct values."""

    low: Json
    high: Json
    null_count: int
    distinct: int

    def to_json(self) -> list[Json]:
        return [self.low, self.high, self.null_count, self.distinct]

    @staticmethod
    def from_json(value: list[Json]) -> ZoneMap:
        low, high, null_count, distinct = value
        return ZoneMap(low, high, cast(int, null_count), cast(int, distinct))


def zone_map(column: pl.Series, occurring: pl.Series | None = None) -> ZoneMap:
    """Return the zone map of `column`. A column with a NaN has no bounds: NaN is above all numbers in SQL.

    Args:
        occurring: every value of the column at least once; the bounds are taken from these, which may be far fewer.
    """
    nulls, dtype = column.null_count(), column.dtype
    if nulls == len(column):
        return ZoneMap(None, None, nulls, 0)
    distinct = _distinct(column, nulls)
    if dtype.is_nested() or isinstance(dtype, (pl.Binary, pl.Categorical, pl.Enum, pl.Null)):
        return ZoneMap(None, None, nulls, distinct)
    if dtype.is_float() and column.is_nan().any():
        return ZoneMap(None, None, nulls, distinct)
    seen = column if occurring is None else occurring
    ordered = seen if isinstance(dtype, pl.String) else seen.to_physical()
    low, high = ordered.min(), ordered.max()
    if isinstance(low, str) and isinstance(high, str):
        too_long = len(high.encode()) > _TEXT_BYTES_MAX
        return ZoneMap(
            low if len(low.encode()) <= _TEXT_BYTES_MAX else low[:16], None if too_long else high, nulls, distinct
        )
    if isinstance(low, int) and isinstance(high, int) and not isinstance(low, bool):
        distinct = min(distinct, high - low + 1)
    if isinstance(low, float) and isinstance(high, float) and abs(low) + abs(high) == float("inf"):
        return ZoneMap(None, None, nulls, distinct)
    return ZoneMap(cast(Json, low), cast(Json, high), nulls, distinct)


def _distinct(column: pl.Series, nulls: int) -> int:
    """Estimate the distinct values from a sample: all in a small column, scaled up when most of the sample differ."""
    rows = len(column) - nulls
    if column.dtype.is_nested():
        return rows
    sample = column.gather_every(max(1, len(column) // _SAMPLE_ROWS)).drop_nulls()
    if not len(sample):
        return 1
    seen = sample.n_unique()
    return max(1, min(rows, seen if seen < len(sample) * 0.8 else rows * seen // len(sample)))


def distinct_of(zones: list[ZoneMap]) -> int:
    """Estimate the distinct values of several segments together: the more they overlap, the fewer."""
    most, total = max(z.distinct for z in zones), sum(z.distinct for z in zones)
    spans = [(z.low, z.high) for z in zones if isinstance(z.low, (int, float)) and isinstance(z.high, (int, float))]
    if len(spans) < len(zones):
        # Texts: where nearly every value of a segment differs, those of the next do too.
        return most if most * len(zones) < total * 2 and len(zones) > 1 and most < _SAMPLE_ROWS else total
    low, high = min(a for a, _ in spans), max(b for _, b in spans)
    mean = sum(b - a for a, b in spans) / len(spans)
    parts = min(len(zones), max(1.0, (high - low) / mean)) if mean > 0 else len({a for a, _ in spans})
    distinct = max(most, int(total / len(zones) * parts))
    return min(distinct, int(high - low) + 1) if isinstance(low, int) and isinstance(high, int) else distinct


class Bounds(NamedTuple):
    """A wanted range of one column in plain form, which compares with zone maps; None is no bound."""

    low: Json
    high: Json


def bounds(column_range: ColumnRange, dtype: pl.DataType) -> Bounds:
    """Return a range of a column of that type; where it does not compare, one without bounds."""
    return Bounds(_bound(column_range.low, dtype), _bound(column_range.high, dtype))


def may_match(zone: ZoneMap, bounds: Bounds, rows: int) -> bool:
    """Say whether a row of the segment may lie within the bounds; True when in doubt."""
    if zone.null_count == rows:
        return False
    if bounds.low is not None and zone.high is not None and zone.high < bounds.low:  # type: ignore[operator]
        return False
    return not (bounds.high is not None and zone.low is not None and zone.low > bounds.high)  # type: ignore[operator]


def _bound(value: object, dtype: pl.DataType) -> Json:
    """Return the bound in plain form if it compares with the zone map's, else None."""
    if isinstance(dtype, pl.String):
        return value if isinstance(value, str) else None
    if dtype.is_numeric() and not isinstance(value, (int, float)) and not isinstance(dtype, pl.Decimal):
        return None
    return values.physical(value, dtype)
