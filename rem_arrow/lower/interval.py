"""Intervals: one without months is a Duration, any other a struct of months and microseconds (types.CALENDAR).

A day counts 24 hours and a month 30 days wherever an interval stands alone, as in comparisons; added to a date a month
is what the calendar says.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import semantics
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.plan import types
from rem_arrow.plan.interval_text import interval_of, unit_of
from rem_arrow.plan.time_functions import TO_UNITS, UNIT_MICROSECONDS, UNIT_MONTHS

_DAY = UNIT_MICROSECONDS["day"]
_MONTH = 30 * _DAY
# EXTRACT(epoch) takes a year for 365.25 days.
_YEAR_SECONDS, _MONTH_SECONDS = 31_557_600, 2_592_000
_DURATION = pl.Duration("us")


def months(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return (
        x.struct.field("interval_months")
        if dtype == types.CALENDAR
        else pl.when(x.is_not_null()).then(pl.lit(0, pl.Int64))
    )


def microseconds(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return x.struct.field("interval_microseconds") if dtype == types.CALENDAR else x.cast(_DURATION).cast(pl.Int64)


def calendar(month_count: pl.Expr, micros: pl.Expr) -> pl.Expr:
    """Return the interval of months and microseconds; NULL where either is."""
    fields = pl.struct(
        month_count.cast(pl.Int64).alias("interval_months"), micros.cast(pl.Int64).alias("interval_microseconds")
    )
    return pl.when(month_count.is_not_null() & micros.is_not_null()).then(fields)


def flattened(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return an interval as a Duration, a month as 30 days."""
    return (
        x.cast(_DURATION)
        if dtype != types.CALENDAR
        else (months(x, dtype) * _MONTH + microseconds(x, dtype)).cast(_DURATION)
    )


def cast_interval(x: pl.Expr, source: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    """Cast between the two forms, and from text."""
    if types.is_text(source):
        parsed = over_distinct(_parsed, types.CALENDAR)(x)
        return parsed if dtype == types.CALENDAR else flattened(parsed, types.CALENDAR)
    if dtype == types.CALENDAR:
        return calendar(months(x, source), microseconds(x, source))
    return flattened(x, source)


def _parsed(text: str) -> dict[str, int]:
    try:
        month_count, micros = interval_of(text)
    except ValueError as error:
        raise ExecuteError(str(error)) from error
    return {"interval_months": month_count, "interval_microseconds": micros}


def shifted(x: pl.Expr, interval: pl.Expr, stamp: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    """Return a time of day, or a TIMESTAMP, plus an interval: months first, each ending at the latest at the end of its
    month."""
    micros = microseconds(interval, dtype)
    if isinstance(stamp, pl.Time):
        return ((x.cast(pl.Int64) + micros * 1000) % (_DAY * 1000)).cast(pl.Time)
    if dtype == types.CALENDAR:
        x = x.dt.offset_by(months(interval, dtype).cast(pl.String) + "mo")
    return (x.cast(pl.Int64) + micros).cast(pl.Datetime("us")).pipe(_in_zone, stamp)


def _in_zone(x: pl.Expr, stamp: pl.DataType) -> pl.Expr:
    zone = stamp.time_zone if isinstance(stamp, pl.Datetime) else None
    return x.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else x


def text_of_interval(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write as DuckDB does: 1 year 2 months 3 days 04:05:06.5."""
    month_count, micros = months(x, dtype), microseconds(x, dtype)
    days, rest = _whole(micros, _DAY), micros - _whole(micros, _DAY) * _DAY
    size = rest.abs()
    fraction = size % 1_000_000
    clock = [
        (size // 3_600_000_000).cast(pl.String).str.zfill(2),
        *((size // unit % 60).cast(pl.String).str.zfill(2) for unit in (60_000_000, 1_000_000)),
    ]
    places = (
        pl.when(fraction == 0)
        .then(pl.lit(""))
        .otherwise(pl.lit(".") + fraction.cast(pl.String).str.zfill(6).str.strip_chars_end("0"))
    )
    sign = pl.when(rest < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    time = sign + clock[0] + ":" + clock[1] + ":" + clock[2] + places
    words = [
        _counted(_whole(month_count, 12), "year"),
        _counted(month_count - _whole(month_count, 12) * 12, "month"),
        _counted(days, "day"),
    ]
    nothing = (rest == 0) & ((month_count != 0) | (days != 0))
    return (
        pl.concat_str([*words, pl.when(~nothing).then(time).otherwise(pl.lit(""))])
        .str.strip_chars_end(" ")
        .pipe(lambda t: pl.when(x.is_not_null()).then(t))
    )


def _counted(n: pl.Expr, unit: str) -> pl.Expr:
    word = pl.when(n.abs() == 1).then(pl.lit(f" {unit} ")).otherwise(pl.lit(f" {unit}s "))
    return pl.when(n == 0).then(pl.lit("")).otherwise(n.cast(pl.String) + word)


def _whole(x: pl.Expr, unit: int) -> pl.Expr:
    """Divide towards zero."""
    return x.abs() // unit * x.sign()


def _added(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    (x, y), (t, u) = args, arg_types
    if result != types.CALENDAR:
        return (microseconds(x, t) + microseconds(y, u)).cast(_DURATION)
    return calendar(months(x, t) + months(y, u), microseconds(x, t) + microseconds(y, u))


def _negated(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    (x,), (t,) = args, arg_types
    return (
        calendar(-months(x, t), -microseconds(x, t)) if t == types.CALENDAR else (-microseconds(x, t)).cast(_DURATION)
    )


def _scaled(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Multiply by a number; a part of a month counts in days of 30 to it."""
    (x, factor), (t, number) = args, arg_types
    if number.is_integer():
        n = factor.cast(pl.Int64)
        scaled = microseconds(x, t) * n
        return calendar(months(x, t) * n, scaled) if t == types.CALENDAR else scaled.cast(_DURATION)
    f = factor.cast(pl.Float64)
    micros = microseconds(x, t).cast(pl.Float64) * f
    if t != types.CALENDAR:
        return micros.round(0).cast(pl.Int64).cast(_DURATION)
    exact = months(x, t).cast(pl.Float64) * f
    whole = exact.cast(pl.Int64)
    return calendar(whole, ((exact - whole) * _MONTH + micros).round(0).cast(pl.Int64))


def _divided(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return _scaled([args[0], 1 / semantics.raising(args[1] == 0, args[1])], arg_types, result)


def _age(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Years, months and days by the calendar; missing days are borrowed from the month of the earlier time."""
    x, y = args
    late, early, sign = pl.max_horizontal(x, y), pl.min_horizontal(x, y), pl.when(x < y).then(-1).otherwise(1)
    clock = (late - late.dt.truncate("1d")).cast(pl.Int64) - (early - early.dt.truncate("1d")).cast(pl.Int64)
    days = late.dt.day().cast(pl.Int64) - early.dt.day() - (clock < 0).cast(pl.Int64)
    month_count = (
        (late.dt.year().cast(pl.Int64) - early.dt.year()) * 12
        + late.dt.month()
        - early.dt.month()
        - (days < 0).cast(pl.Int64)
    )
    days = pl.when(days < 0).then(days + early.dt.month_end().dt.day()).otherwise(days)
    clock = pl.when(clock < 0).then(clock + _DAY).otherwise(clock)
    not_null = x.is_not_null() & y.is_not_null()
    return pl.when(not_null).then(calendar(sign * month_count, sign * (days * _DAY + clock)))


def _normalized(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Make months of every 30 days."""
    month_count, micros = months(args[0], arg_types[0]), microseconds(args[0], arg_types[0])
    whole = _whole(micros, _MONTH)
    return calendar(month_count + whole, micros - whole * _MONTH)


def _truncated(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Leave out what is smaller than the unit; only a constant one is taken."""
    unit = None if args[0].meta.root_names() else unit_of(str(pl.select(args[0]).item()))
    if unit is None:
        raise ExecuteError(f"date_trunc of an interval takes one of {', '.join((*UNIT_MONTHS, *UNIT_MICROSECONDS))}")
    month_count, micros = months(args[1], arg_types[1]), microseconds(args[1], arg_types[1])
    if unit in UNIT_MONTHS:
        return calendar(_whole(month_count, UNIT_MONTHS[unit]) * UNIT_MONTHS[unit], micros * 0)
    return calendar(month_count, _whole(micros, UNIT_MICROSECONDS[unit]) * UNIT_MICROSECONDS[unit])


def _to_unit(unit: str) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        if unit in UNIT_MONTHS:
            return calendar(args[0] * UNIT_MONTHS[unit], args[0] * 0)
        scaled = args[0] * UNIT_MICROSECONDS[unit]
        return (scaled.round(0).cast(pl.Int64) if arg_types[0].is_float() else scaled).cast(_DURATION)

    return lower


def part_of_interval(name: str, x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return what EXTRACT takes from an interval: whole years, the months beyond them, days, and the time beyond
    those."""
    month_count, micros = months(x, dtype), microseconds(x, dtype)
    if name in ("epoch", "epoch_ms", "epoch_us", "epoch_ns"):
        seconds = (
            _whole(month_count, 12) * _YEAR_SECONDS + (month_count - _whole(month_count, 12) * 12) * _MONTH_SECONDS
        )
        scale = {"epoch": 1_000_000, "epoch_ms": 1_000}.get(name, 1)
        exact = seconds * 1_000_000 + micros
        return exact / scale if name == "epoch" else _whole(exact, scale) * (1000 if name == "epoch_ns" else 1)
    within_year = month_count - _whole(month_count, 12) * 12
    clock = micros - _whole(micros, _DAY) * _DAY
    within_minute = clock - _whole(clock, 60_000_000) * 60_000_000
    parts: dict[str, pl.Expr] = {
        **{unit: _whole(month_count, UNIT_MONTHS[unit]) for unit in ("millennium", "century", "decade", "year")},
        "quarter": _whole(within_year, 3) + 1,
        "month": within_year,
        "day": _whole(micros, _DAY),
        "hour": _whole(clock, 3_600_000_000),
        "minute": _whole(clock - _whole(clock, 3_600_000_000) * 3_600_000_000, 60_000_000),
        "second": _whole(within_minute, 1_000_000),
        "millisecond": _whole(within_minute, 1_000),
        "microsecond": within_minute,
    }
    if name not in parts:
        raise ExecuteError(f"an interval has no {name}; it has {', '.join(parts)}")
    return parts[name]


INTERVAL: dict[str, Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]] = {
    "calendar_interval": lambda args, _types, _result: calendar(*args),
    "add_interval": lambda args, t, _result: shifted(args[0], args[1], t[0], t[1]),
    "interval_sum": _added,
    "interval_negated": _negated,
    "interval_product": _scaled,
    "interval_quotient": _divided,
    "interval_days": lambda args, t, _result: flattened(args[0], t[0]),
    "interval_trunc": _truncated,
    "normalized_interval": _normalized,
    "age": _age,
    **{name: _to_unit(unit) for name, unit in TO_UNITS.items()},
}
