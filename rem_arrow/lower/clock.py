"""Functions that make times and count them: make_timestamp, epoch_ms, date_sub, time_bucket, timezone, strptime."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import calendar_range, interval, semantics
from rem_arrow.lower.cast import text_of
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.function import of_arguments
from rem_arrow.lower.time_casts import whole_seconds
from rem_arrow.plan import types
from rem_arrow.plan.time_functions import UNIT_MICROSECONDS, UNIT_MONTHS
from rem_arrow.plan.zones import zone_named

_STAMP = pl.Datetime("us")
# 2000-01-03, a Monday, and 2000-01-01: where buckets of days and of months start.
_BUCKET_START = 946_857_600_000_000
_BUCKET_START_MONTH = 2000 * 12
# The days that DuckDB counts at the start of 1970-01-01.
_JULIAN_EPOCH = 2_440_588


def micros_of(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return microseconds since 1970, or since midnight."""
    return (
        x.cast(pl.Int64) // 1000
        if isinstance(dtype, pl.Time)
        else x.cast(_STAMP).cast(pl.Int64)
        if isinstance(dtype, pl.Date)
        else x.dt.epoch("us")
    )


def _make_time(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    hour, minute, second = args
    micros = _clock_micros(hour, minute, second)
    return semantics.raising(
        (micros < 0) | (micros >= UNIT_MICROSECONDS["day"]) | ~_within(minute, second), (micros * 1000).cast(pl.Time)
    )


def _clock_micros(hour: pl.Expr, minute: pl.Expr, second: pl.Expr) -> pl.Expr:
    return (
        hour * UNIT_MICROSECONDS["hour"]
        + minute * UNIT_MICROSECONDS["minute"]
        + (second * 1_000_000).round(0).cast(pl.Int64)
    )


def _within(minute: pl.Expr, second: pl.Expr) -> pl.Expr:
    return minute.is_between(0, 59) & (second >= 0) & (second <= 60)


def _make_timestamp(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if len(args) == 7:
        return _timezone([args[6], _make_timestamp(args[:6], arg_types[:6], _STAMP)], [pl.String(), _STAMP], result)
    year, month, day, hour, minute, second = args
    date = calendar_range.date_of(year, month, day).cast(_STAMP).cast(pl.Int64)
    micros = date + _clock_micros(hour, minute, second)
    wrong = date.is_null() & year.is_not_null() & month.is_not_null() & day.is_not_null()
    stamp = semantics.raising(
        wrong | ~_within(minute, second) | ~hour.is_between(0, 24), calendar_range.stamp_of_micros(micros)
    )
    return stamp.dt.replace_time_zone("UTC") if result != _STAMP else stamp


def _of_micros(scale: float) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    """A count since 1970 as a time; `scale` is its unit in microseconds."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        micros = (
            (args[0] * scale).round(0).cast(pl.Int64)
            if arg_types[0].is_float()
            else args[0].cast(pl.Int128) * int(scale)
        )
        stamp = calendar_range.stamp_of_micros(micros)
        return stamp.dt.replace_time_zone("UTC") if result != _STAMP else stamp

    return lower


def _epoch(name: str) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        x, dtype = args[0], arg_types[0]
        if types.is_number(dtype):
            return _of_micros(1000)([x.round(0).cast(pl.Int64) if not dtype.is_integer() else x], [pl.Int64()], result)
        if types.is_interval(dtype):
            return interval.part_of_interval(name, x, dtype)
        micros = micros_of(x, dtype)
        if name == "epoch_ns" and isinstance(dtype, pl.Datetime):
            return x.dt.epoch("ns")
        return {"epoch_ms": (micros + 500) // 1000, "epoch_us": micros, "epoch_ns": micros * 1000}[name]

    return lower


def date_sub(x: pl.Expr, y: pl.Expr, unit: str) -> pl.Expr:
    """Count the whole units from x to y. A month is whole at the last day of a month too."""
    if unit in UNIT_MICROSECONDS:
        micros = y.dt.epoch("us") - x.dt.epoch("us")
        return micros.abs() // UNIT_MICROSECONDS[unit] * micros.sign()
    late, early, sign = pl.max_horizontal(x, y), pl.min_horizontal(x, y), pl.when(x > y).then(-1).otherwise(1)
    whole = (late.dt.year().cast(pl.Int64) - early.dt.year()) * 12 + late.dt.month() - early.dt.month()
    clock = late.dt.time() < early.dt.time()
    last = late.dt.day() == late.dt.month_end().dt.day()
    short = (late.dt.day() < early.dt.day()) & ~last | (
        pl.min_horizontal(early.dt.day(), late.dt.month_end().dt.day()) == late.dt.day()
    ) & clock
    return pl.when(x.is_not_null() & y.is_not_null()).then(sign * ((whole - short.cast(pl.Int64)) // UNIT_MONTHS[unit]))


def _time_bucket(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The start of the bucket that a time falls in; the third argument moves the buckets, or says where one starts."""
    width, x, dtype = (
        args[0],
        args[1].cast(_STAMP) if isinstance(arg_types[1], pl.Date) else args[1].dt.cast_time_unit("us"),
        arg_types[0],
    )
    naive = x.dt.replace_time_zone(None)
    origin = None
    if len(args) == 3 and types.is_interval(arg_types[2]):
        back = interval.INTERVAL["interval_negated"]([args[2]], [arg_types[2]], arg_types[2])
        naive = interval.shifted(naive, back, _STAMP, arg_types[2])
    elif len(args) == 3:
        origin = (args[2].cast(_STAMP) if isinstance(arg_types[2], pl.Date) else args[2]).dt.replace_time_zone(None)
    months, size = interval.parts(width, dtype).months, interval.parts(width, dtype).fixed
    bucket = _bucket_of_months(naive, months, origin) if dtype == types.CALENDAR else None
    fixed = _bucket_of_micros(naive, size, origin)
    bucket = fixed if bucket is None else pl.when(months != 0).then(bucket).otherwise(fixed)
    if len(args) == 3 and origin is None:
        bucket = interval.shifted(bucket, args[2], _STAMP, arg_types[2])
    zone = result.time_zone if isinstance(result, pl.Datetime) else None
    bucket = calendar_range.in_calendar(bucket)
    return bucket.dt.replace_time_zone(zone) if zone else bucket.cast(result)


def _bucket_of_micros(x: pl.Expr, width: pl.Expr, origin: pl.Expr | None) -> pl.Expr:
    start = pl.lit(_BUCKET_START, pl.Int64) if origin is None else origin.dt.epoch("us")
    # A width with months beside it has been dealt with, and one of nothing is an error.
    size = semantics.raising((width < 0) & x.is_not_null() & start.is_not_null(), pl.when(width != 0).then(width))
    return ((x.dt.epoch("us") - start) // size * size + start).cast(_STAMP)


def _bucket_of_months(x: pl.Expr, width: pl.Expr, origin: pl.Expr | None) -> pl.Expr:
    def counted(stamp: pl.Expr) -> pl.Expr:
        return stamp.dt.year().cast(pl.Int64) * 12 + stamp.dt.month() - 1

    start = pl.lit(_BUCKET_START_MONTH, pl.Int64) if origin is None else counted(origin)
    size = semantics.raising((width < 0) & x.is_not_null() & start.is_not_null(), pl.when(width != 0).then(width))
    bucket = (counted(x) - start) // size * size + start
    return pl.datetime(bucket // 12, bucket % 12 + 1, 1, time_unit="us")


def of_each_text(
    text: pl.Expr, x: pl.Expr, compute: Callable[[pl.Expr, pl.Expr], pl.Expr], result: pl.DataType
) -> pl.Expr:
    """Return what `compute` makes of a text and a value where the text differs by row: once for each text."""

    def apply(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest().with_row_index("row")
        parts = [
            part.select("row", compute(pl.lit(text, pl.String()), pl.col("x")).alias("x"))
            for (text,), part in frame.group_by("text")
        ]
        return pl.concat(parts).sort("row")["x"] if parts else pl.Series("x", [], dtype=result)

    return pl.struct(text.alias("text"), x.alias("x")).map_batches(apply, return_dtype=result, is_elementwise=True)


def _timezone(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The local time of an instant, or the instant of a local time: the later of two, and moved forward where there is
    none."""
    zone, x = args
    if zone.meta.root_names():
        return of_each_text(zone, x, lambda *pair: _timezone(list(pair), arg_types, result), result)
    name = pl.select(zone).item()
    if name is None:
        x = x.dt.cast_time_unit("us")
        return pl.when(pl.lit(value=False)).then(
            x.dt.replace_time_zone(None) if result == _STAMP else x.dt.replace_time_zone("UTC")
        )
    zone_name = zone_named(name)
    if zone_name is None:
        raise ExecuteError(f"'{name}' is not a time zone; write one like Europe/Berlin or UTC")
    if isinstance(arg_types[1], pl.Datetime) and arg_types[1].time_zone:
        return calendar_range.in_calendar(
            x.dt.cast_time_unit("us").dt.convert_time_zone(zone_name).dt.replace_time_zone(None)
        ).cast(result)

    def local(stamp: pl.Expr) -> pl.Expr:
        return stamp.dt.replace_time_zone(zone_name, ambiguous="latest", non_existent="null").dt.convert_time_zone(
            "UTC"
        )

    hour = pl.duration(hours=1)
    return calendar_range.in_calendar(pl.coalesce(local(x), local(x + hour)).dt.cast_time_unit("us")).cast(result)


def _nanosecond(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Datetime("ns"):
        return x.to_physical() % (UNIT_MICROSECONDS["minute"] * 1000)
    return micros_of(x, dtype) % UNIT_MICROSECONDS["minute"] * 1000


def _zoned_text(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The local time of an instant in a zone as text, with how far the zone is ahead."""
    local = args[1].dt.convert_time_zone(pl.select(args[0]).item())
    offset = local.dt.strftime("%z").str.replace(r"^(...)(\d\d)$", "$1:$2").str.replace(":00$", "")
    return text_of(local.dt.replace_time_zone(None), _STAMP) + offset


_WEEK = re.compile(r"(?<!%)%([WU])")
_DAY_KNOWN = re.compile(r"(?<!%)%[aAwudmjbB]")


# What DuckDB knows; a mark of percent without one is an error.
_CODE = re.compile("%(?:-[dmyHIMSj]|[aAwdbBmyYHIpMSgfnzZjUWVGucxX%])?")


def check_codes(pattern: str) -> None:
    """Raise ExecuteError for a format of times with a code that is not known, and for an empty one."""
    unknown = next((hit for hit in _CODE.finditer(pattern) if hit[0] == "%"), None)
    if unknown is not None:
        code = pattern[unknown.start() : unknown.start() + 2]
        raise ExecuteError(f"{code} in the format '{pattern}' is no part of a time; %% is a mark of percent")
    if not pattern:
        raise ExecuteError("a format of times is not empty")


def _strptime(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType, *, strict: bool) -> pl.Expr:
    if not args[1].meta.root_names():
        given = pl.select(args[1]).item()
        for pattern in [given] if isinstance(given, str) else given if given is not None else ():
            check_codes(pattern or "%%")
    return over_distinct(_parsed if strict else _parsed_or_none, pl.Datetime("us"))(*args)


def _parsed(text: str, patterns: str | list[str | None]) -> dt.datetime:
    """Read by strftime's codes, the first of several patterns that fits. Raises ExecuteError."""
    if isinstance(patterns, str):
        return _parsed_by(text, patterns)
    for pattern in patterns:
        found = None if pattern is None else _parsed_or_none(text, pattern)
        if found is not None:
            return found
    raise ExecuteError(f"'{text}' does not read as any of {patterns}")


def _parsed_by(text: str, pattern: str) -> dt.datetime:
    """Years count from 1900 where the pattern has none."""
    # %g is milliseconds and %n nanoseconds in DuckDB; %-d is a number without zeros, which reading takes as it is.
    plain = re.sub(r"%-([dmHIMSjy])", r"%\1", pattern).replace("%g", "%f")
    text_read = text.strip()
    week = _WEEK.search(plain)
    if week is not None and _DAY_KNOWN.search(plain) is None:
        # A week without a day is its first: Python would not read the week at all.
        text_read, plain = f"{text_read} {week[1] == 'W':d}", f"{plain} %w"
    try:
        stamp = dt.datetime.strptime(text_read, plain)
    except ValueError as error:
        raise ExecuteError(f"'{text}' does not read as '{pattern}': {error}") from error
    return stamp.astimezone(dt.timezone.utc).replace(tzinfo=None) if stamp.tzinfo is not None else stamp


def _parsed_or_none(text: str, patterns: str | list[str | None]) -> dt.datetime | None:
    try:
        return _parsed(text, patterns)
    except ExecuteError:
        return None


CLOCK: dict[str, Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]] = {
    "make_time": _make_time,
    "whole_seconds": of_arguments(whole_seconds),
    "make_timestamp": _make_timestamp,
    "make_timestamptz": _make_timestamp,
    "timestamp_of_microseconds": _of_micros(1),
    "make_timestamp_ms": _of_micros(1000),
    "make_timestamp_ns": lambda args, _types, result: args[0].cast(result),
    "to_timestamp": _of_micros(1_000_000),
    **{name: _epoch(name) for name in ("epoch_ms", "epoch_us", "epoch_ns")},
    "strptime": lambda args, t, result: _strptime(args, t, result, strict=True),
    "try_strptime": lambda args, t, result: _strptime(args, t, result, strict=False),
    "time_bucket": _time_bucket,
    "timezone": _timezone,
    "@zoned_text": _zoned_text,
    "julian": lambda args, t, _result: micros_of(args[0], t[0]) / UNIT_MICROSECONDS["day"] + _JULIAN_EPOCH,
    "era": lambda args, _types, _result: (
        pl.when(args[0].dt.year() > 0).then(pl.lit(1, pl.Int64)).when(args[0].is_not_null()).then(pl.lit(0, pl.Int64))
    ),
    "nanosecond": lambda args, t, _result: _nanosecond(args[0], t[0]),
    "timezone_offset": lambda args, _types, _result: pl.when(args[0].is_not_null()).then(pl.lit(0, pl.Int64)),
    "timezone_hour": lambda args, _types, _result: pl.when(args[0].is_not_null()).then(pl.lit(0, pl.Int64)),
    "timezone_minute": lambda args, _types, _result: pl.when(args[0].is_not_null()).then(pl.lit(0, pl.Int64)),
    "days_in_month": lambda args, _types, _result: args[0].dt.month_end().dt.day().cast(pl.Int64),
    "time_on_date": lambda args, _types, _result: (
        args[0].cast(_STAMP) + pl.duration(nanoseconds=args[1].cast(pl.Int64)).dt.cast_time_unit("us")
    ),
}
