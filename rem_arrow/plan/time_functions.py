"""The catalog of functions of dates, times and intervals, beside the parts of a date in functions.py."""

from __future__ import annotations

import polars as pl

from rem_arrow.plan import types
from rem_arrow.plan.signature import Function, define

_INT, _FLOAT = pl.Int64(), pl.Float64()
_STAMP, _STAMP_UTC = pl.Datetime("us"), pl.Datetime("us", "UTC")

# Months of the units that are no fixed time, and microseconds of those that are.
UNIT_MONTHS = {"year": 12, "quarter": 3, "month": 1, "decade": 120, "century": 1200, "millennium": 12_000}
UNIT_MICROSECONDS = {
    "week": 604_800_000_000,
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
_PLURALS = {"century": "centuries", "millennium": "millennia"}
# The functions to_years, to_days and so on, with the unit of each.
TO_UNITS = {f"to_{_PLURALS.get(unit, unit + 's')}": unit for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS)}


def _to_unit(unit: str) -> Function:
    kind = "float" if unit in ("second", "millisecond") else "integer"
    return define(kind, types.CALENDAR)


def _epoch_ms(arg_types: list[pl.DataType]) -> pl.DataType:
    return _STAMP if types.is_number(arg_types[0]) else _INT


def _bucketed(arg_types: list[pl.DataType]) -> pl.DataType:
    return arg_types[1]


def _zoned(arg_types: list[pl.DataType]) -> pl.DataType:
    """A TIMESTAMP is the local time of the zone and becomes an instant; an instant becomes the local time."""
    return _STAMP if isinstance(arg_types[1], pl.Datetime) and arg_types[1].time_zone else _STAMP_UTC


TIME: dict[str, Function] = {
    "age": define("stamp stamp", types.CALENDAR),
    **{name: _to_unit(unit) for name, unit in TO_UNITS.items()},
    "make_time": define("integer integer float", pl.Time()),
    "make_timestamp": define("integer integer integer integer integer float", _STAMP),
    "make_timestamptz": define("integer integer integer integer integer float text?", _STAMP_UTC),
    "make_timestamp_ms": define("integer", _STAMP),
    "make_timestamp_ns": define("integer", pl.Datetime("ns")),
    "to_timestamp": define("float", _STAMP_UTC),
    "epoch_ms": define("any", _epoch_ms),
    "epoch_us": define("span", _INT),
    "epoch_ns": define("span", _INT),
    "strptime": define("text formats", _STAMP),
    "try_strptime": define("text formats", _STAMP),
    "date_sub": define("text temporal temporal", _INT),
    "time_bucket": define("interval temporal any?", _bucketed),
    "timezone": define("text stamp", _zoned),
    "@zoned_text": define("text stamp", pl.String()),
    "@zoned_strftime": define("text stamp text", pl.String()),
    "julian": define("temporal", _FLOAT),
    "date_part": define("text span", _FLOAT),
    "era": define("temporal", _INT),
    "millennium": define("span", _INT),
    "nanosecond": define("temporal", _INT),
    "timezone_offset": define("temporal", _INT),
    "timezone_hour": define("temporal", _INT),
    "timezone_minute": define("temporal", _INT),
    "days_in_month": define("temporal", _INT),
    "normalized_interval": define("interval", types.CALENDAR),
}

TIME_ALIASES = {
    "datesub": "date_sub",
    "millennia": "millennium",
    "nanoseconds": "nanosecond",
    "eras": "era",
    "date_bin": "time_bucket",
    "str_to_time": "strptime",
}
