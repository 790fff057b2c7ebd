"""Zone maps: what is known of one column of one part of a table, in plain form; of several parts together; and whether
a range can hit it.

In a manifest a zone map is a list: the bounds, the number of NULLs, the distinct values, then (older segments have
neither) the sketch of the distinct values as `hyperloglog` writes it, and the most common values, each a list of the
value and the number of its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np
import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.source import ColumnRange
from rem_arrow.storage import hyperloglog, values

if TYPE_CHECKING:
    import numpy.typing as npt

_TEXT_BYTES_MAX = 128
_SAMPLE_ROWS = 4096
# Values that more than this share of the sampled rows have are common; so many of them are kept.
_COMMON_SHARE_MIN, _COMMON_MAX = 0.004, 32

# A value in plain form, and the number of its rows.
Common: TypeAlias = "tuple[tuple[Json, float], ...]"


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """Bounds as numbers or texts (None: unknown), the number of NULLs, and an estimate of the distinct values, which is
    0 exactly if all are NULL.

    Attributes:
        sketch: of the distinct values; "" where there is none.
        common: the most common values, with estimates of their rows.
    """

    low: Json
    high: Json
    null_count: int
    distinct: int
    sketch: str = ""
    common: Common = ()

    def to_json(self) -> list[Json]:
        common: list[Json] = [[value, count] for value, count in self.common]
        return [self.low, self.high, self.null_count, self.distinct, self.sketch, common]

    @staticmethod
    def from_json(value: list[Json]) -> ZoneMap:
        low, high, null_count, distinct, *rest = value
        sketch, common = rest or ("", [])
        pairs = cast("list[tuple[Json, float]]", common)
        return ZoneMap(
            low, high, cast(int, null_count), cast(int, distinct), cast(str, sketch), tuple((v, n) for v, n in pairs)
        )


def zone_map(column: pl.Series, occurring: pl.Series | None = None) -> ZoneMap:
    """Return the zone map of `column`. A column with a NaN has no bounds: NaN is above all numbers in SQL.

    Args:
        occurring: every value of the column at least once; what does not count rows is taken from these, which may be
            far fewer.
    """
    nulls, dtype = column.null_count(), column.dtype
    if nulls == len(column):
        return ZoneMap(None, None, nulls, 0)
    if dtype.is_nested() or isinstance(dtype, pl.Null):
        return ZoneMap(None, None, nulls, len(column) - nulls)
    seen = column if occurring is None else occurring
    registers = hyperloglog.registers_of(seen)
    distinct = max(1, min(len(column) - nulls, round(hyperloglog.count(registers))))
    low, high = _bounds_of(column, seen)
    if isinstance(low, int) and isinstance(high, int) and not isinstance(low, bool):
        distinct = min(distinct, high - low + 1)
    return ZoneMap(low, high, nulls, distinct, hyperloglog.to_text(registers), _common(column))


def _bounds_of(column: pl.Series, seen: pl.Series) -> tuple[Json, Json]:
    dtype = column.dtype
    if isinstance(dtype, (pl.Binary, pl.Categorical, pl.Enum)) or (dtype.is_float() and column.is_nan().any()):
        return None, None
    ordered = seen if isinstance(dtype, pl.String) else seen.to_physical()
    low, high = ordered.min(), ordered.max()
    if isinstance(low, str) and isinstance(high, str):
        too_long = len(high.encode()) > _TEXT_BYTES_MAX
        return low if len(low.encode()) <= _TEXT_BYTES_MAX else low[:16], None if too_long else high
    if isinstance(low, float) and isinstance(high, float) and abs(low) + abs(high) == float("inf"):
        return None, None
    return cast(Json, low), cast(Json, high)


def _common(column: pl.Series) -> Common:
    """Return the most common values, by a sample of the rows."""
    if isinstance(column.dtype, (pl.Binary, pl.Categorical, pl.Enum)):
        return ()
    rows = len(column)
    sample = column if rows <= _SAMPLE_ROWS else column.gather((_fractions() * rows).astype(np.int64))
    counts = sample.drop_nulls().alias("").value_counts(sort=True, name="#")
    counts = counts.filter(pl.col("#") >= max(2, _COMMON_SHARE_MIN * len(sample))).head(_COMMON_MAX)
    plain = counts.to_series() if isinstance(column.dtype, pl.String) else counts.to_series().to_physical()
    each = rows / len(sample)
    return tuple(
        (cast(Json, value), round(count * each, 1))
        for value, count in zip(plain.to_list(), counts["#"].to_list(), strict=True)
        if _is_plain(value)
    )


def _is_plain(value: object) -> bool:
    """Say whether JSON holds a value, and that it is short."""
    if isinstance(value, float):
        return value - value == 0.0
    return not isinstance(value, str) or len(value.encode()) <= _TEXT_BYTES_MAX


@cache
def _fractions() -> npt.NDArray[np.float64]:
    """Return the places of a sample as shares of the rows, ascending: the same each time, and without a period."""
    return np.sort(np.random.default_rng(0).random(_SAMPLE_ROWS))


def merged(zones: Sequence[ZoneMap]) -> ZoneMap:
    """Return the zone map of several parts of a column together; there is at least one."""
    if len(zones) == 1:
        return zones[0]
    nulls = sum(z.null_count for z in zones)
    filled = [z for z in zones if z.distinct]
    if not filled:
        return ZoneMap(None, None, nulls, 0)
    bounded = all(z.low is not None and z.high is not None for z in filled)
    low = min(z.low for z in filled) if bounded else None  # type: ignore[type-var]
    high = max(z.high for z in filled) if bounded else None  # type: ignore[type-var]
    counts = Counter[Json]()
    for zone in filled:
        counts.update(dict(zone.common))
    common = tuple(counts.most_common(_COMMON_MAX))
    sketches = [hyperloglog.from_text(z.sketch) if z.sketch else None for z in filled]
    if any(s is None for s in sketches):
        return ZoneMap(low, high, nulls, _overlapping(filled), "", common)
    registers = hyperloglog.merged(s for s in sketches if s is not None)
    most = sum(z.distinct for z in filled)
    distinct = max(*(z.distinct for z in filled), min(most, round(hyperloglog.count(registers))))
    if isinstance(low, int) and isinstance(high, int) and not isinstance(low, bool):
        distinct = min(distinct, high - low + 1)
    return ZoneMap(low, high, nulls, distinct, hyperloglog.to_text(registers), common)


def _overlapping(zones: list[ZoneMap]) -> int:
    """Estimate the distinct values of parts of which some have no sketch: the more they overlap, the fewer."""
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
