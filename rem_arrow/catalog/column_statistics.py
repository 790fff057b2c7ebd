"""Statistics of a column of a stored table: the zone maps of its parts, combined."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import Field
from rem_arrow.base.source import ColumnStatistics
from rem_arrow.storage import statistics, values
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import TableVersion


def combined(tv: TableVersion, field: Field) -> ColumnStatistics | None:
    """Return bounds, NULL count and distinct estimate over all parts; None if a part has no zone map. The tail has
    none, but for decimals it is computed here."""
    runs = [v for v in tv.parts if not isinstance(v.part, Segment)]
    maps = [v.part.zone(field) for v in tv.parts if isinstance(v.part, Segment)]
    if isinstance(field.dtype, pl.Decimal):
        maps += [statistics.zone_map(v.part.frame([field], v.length).to_series()) for v in runs if v.length]
    elif runs:
        return None
    if not maps or any(z is None for z in maps):
        return None
    zones = [z for z in maps if z is not None]
    convert = values.from_plain(field.dtype)

    def value(plain: Json) -> object:
        return plain if plain is None or convert is None or isinstance(field.dtype, pl.Decimal) else convert(plain)

    bounded = [z for z in zones if z.low is not None and z.high is not None]
    whole = len(bounded) == len(zones)
    low = min((z.low for z in bounded), default=None) if whole else None  # type: ignore[type-var]
    high = max((z.high for z in bounded), default=None) if whole else None  # type: ignore[type-var]
    distinct = min(tv.rows, statistics.distinct_of(zones))
    return ColumnStatistics(value(low), value(high), sum(z.null_count for z in zones), distinct)
