"""Intervals: months, days and microseconds, kept apart (types.CALENDAR); what two times differ by is a Duration.

A day counts 24 hours and a month 30 days wherever an interval stands alone, as in comparisons; added to a date a month
is what the calendar says. A Duration has no months, and a day for every 24 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import semantics
from rem_arrow.lower.calendar_range import in_calendar
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.plan import types
from rem_arrow.plan.interval_text import interval_of, unit_of
from rem_arrow.plan.time_functions import TO_UNITS, UNIT_MICROSECONDS, UNIT_MONTHS

_DAY = UNIT_MICROSECONDS["day"]
_MONTH_DAYS = 30
# EXTRACT(epoch) takes a year for 365.25 days.
_YEAR_SECONDS, _MONTH_SECONDS = 31_557_600, 2_592_000
_DURATION = pl.Duration("us")
_INT, _WIDE, _FLOAT = pl.Int64(), pl.Int128(), pl.Float64()
# What PostgreSQL, and DuckDB after it, round days and seconds to where a factor is a float.
_ROUNDED_TO = 6


class Parts(NamedTuple):
    """The parts of an interval, each of 64 bits."""

    months: pl.Expr
    days: pl.Expr
    micros: pl.Expr

    @property
    def fixed(self) -> pl.Expr:
        """The days and the time as microseconds."""
        return self.days * _DAY + self.micros


def parts(x: pl.Expr, dtype: pl.DataType) -> Parts:
    """Return the parts of an interval of either form; each is NULL where the interval is."""
    if dtype == types.CALENDAR:
        return Parts(*(x.struct.field(name).cast(_INT) for name in types.CALENDAR_FIELDS))
    micros = x.cast(_DURATION).cast(_INT)
    days = _whole(micros, _DAY)
    return Parts(micros * 0, days, micros - days * _DAY)


def calendar(months: pl.Expr, days: pl.Expr, micros: pl.Expr) -> pl.Expr:
    """Return the interval of three parts; NULL where one is, and an error where one has no place in the type."""
    values = (months, days, micros)
    fields = [v.cast(t).alias(n) for v, (n, t) in zip(values, types.CALENDAR_FIELDS.items(), strict=True)]
    return pl.when(pl.all_horizontal(v.is_not_null() for v in values)).then(pl.struct(fields))


def flattened(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return an interval as a Duration, a month as 30 days. Beyond 292,000 years is an error."""
    if dtype != types.CALENDAR:
        return x.cast(_DURATION)
    months, days, micros = parts(x, dtype)
    return ((months * _MONTH_DAYS + days).cast(_WIDE) * _DAY + micros).cast(_INT).cast(_DURATION)


def as_compared(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a value with each interval in it as a Duration; see `comparable`."""
    if types.is_interval(dtype):
        return flattened(x, dtype)
    match dtype:
        case pl.List():
            return x.list.eval(as_compared(pl.element(), instance(dtype.inner)))
        case pl.Array():
            return x.arr.eval(as_compared(pl.element(), instance(dtype.inner)))
        case pl.Struct():
            fields = [as_compared(x.struct.field(f.name), instance(f.dtype)).alias(f.name) for f in dtype.fields]
            return pl.when(x.is_not_null()).then(pl.struct(fields))
        case _:
            return x


def as_intervals(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with intervals in the place of Durations, which hold no months."""
    spans = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Duration)]
    return frame.with_columns(calendar(*parts(pl.col(name), frame.schema[name])).alias(name) for name in spans)


def beyond(operator: str, x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """Compare as GREATEST and LEAST do: months count first, then days, however long they are, unlike in `x < y`."""
    pairs = list(zip(parts(x, types.CALENDAR), parts(y, types.CALENDAR), strict=True))
    (m, n), (d, e), (u, v) = pairs if operator == ">" else [(b, a) for a, b in pairs]
    return (m > n) | ((m == n) & ((d > e) | ((d == e) & (u > v))))


def cast_interval(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, safe: bool) -> pl.Expr:
    """Cast between the two forms, and from text. A Duration has no months."""
    if types.is_text(source):
        parsed = over_distinct(_parsed_or_none if safe else _parsed, types.CALENDAR)(x)
        return parsed if dtype == types.CALENDAR else cast_interval(parsed, types.CALENDAR, dtype, safe=safe)
    if isinstance(source, pl.Null) or dtype != types.CALENDAR != source:
        return x.cast(dtype)
    if dtype == types.CALENDAR:
        return calendar(*parts(x, source))
    months, fixed = parts(x, source).months, parts(x, source).fixed.cast(_DURATION).cast(dtype)
    return pl.when(months == 0).then(fixed) if safe else semantics.raising(months != 0, fixed)


def _parsed(text: str) -> dict[str, int]:
    try:
        return dict(zip(types.CALENDAR_FIELDS, interval_of(text), strict=True))
    except ValueError as error:
        raise ExecuteError(str(error)) from error


def _parsed_or_none(text: str) -> dict[str, int] | None:
    try:
        return _parsed(text)
    except ExecuteError:
        return None


def shifted(x: pl.Expr, interval: pl.Expr, stamp: pl.DataType, dtype: pl.DataType, *, checked: bool = True) -> pl.Expr:
    """Return a time of day, or a TIMESTAMP, plus an interval: months first, each ending at the latest at the end of its
    month. One outside of the years 1 to 9999 is an error if `checked`."""
    months, days, micros = parts(interval, dtype)
    if isinstance(stamp, pl.Time):
        return ((x.cast(_INT) + micros % _DAY * 1000) % (_DAY * 1000)).cast(pl.Time)
    if dtype == types.CALENDAR:
        constant = None if interval.meta.root_names() else pl.select(interval).item()
        if constant is None or constant["interval_months"]:
            x = x.dt.offset_by(months.cast(pl.String) + "mo")
        if constant is not None:
            days, micros = (pl.lit(constant[f"interval_{part}"], _INT) for part in ("days", "microseconds"))
    moved = (x.cast(_INT) + (days * _DAY + micros)).cast(pl.Datetime("us"))
    return _in_zone(in_calendar(moved) if checked else moved, stamp)


def _in_zone(x: pl.Expr, stamp: pl.DataType) -> pl.Expr:
    zone = stamp.time_zone if isinstance(stamp, pl.Datetime) else None
    return x.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else x


def text_of_interval(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write as DuckDB does: 1 year 2 months 3 days 04:05:06.5."""
    months, days, micros = parts(x, dtype)
    size = micros.abs()
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
    sign = pl.when(micros < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    time = sign + clock[0] + ":" + clock[1] + ":" + clock[2] + places
    words = [
        _counted(_whole(months, 12), "year"),
        _counted(months - _whole(months, 12) * 12, "month"),
        _counted(days, "day"),
    ]
    nothing = (micros == 0) & ((months != 0) | (days != 0))
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
    a, b = (parts(x, t) for x, t in zip(args, arg_types, strict=True))
    return calendar(a.months + b.months, a.days + b.days, a.micros.cast(_WIDE) + b.micros)


def _negated(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    months, days, micros = parts(args[0], arg_types[0])
    return calendar(-months, -days, 0 - micros.cast(_WIDE))


def _scaled(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Multiply by a number."""
    (x, factor), (t, number) = args, arg_types
    months, days, micros = parts(x, t)
    if number.is_integer():
        n = factor.cast(_INT).cast(_WIDE)
        return calendar(months * n, days * n, micros * n)
    f = factor.cast(_FLOAT)
    return _of_floats(*(part.cast(_FLOAT) * f for part in (months, days, micros)))


def _divided(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    f = semantics.raising((args[1] == 0) & args[0].is_not_null(), args[1])
    return _of_floats(*(semantics.quotient(part.cast(_FLOAT), f) for part in parts(args[0], arg_types[0])))


def _of_floats(months: pl.Expr, days: pl.Expr, micros: pl.Expr) -> pl.Expr:
    """Return the interval of parts that are no whole numbers: a part of a month counts in days of 30 to it, a part of a
    day in time."""
    whole_months, whole_days = months.cast(_INT), days.cast(_INT)
    month_rest = ((months - whole_months) * _MONTH_DAYS).round(_ROUNDED_TO)
    rest = ((days - whole_days + month_rest - month_rest.cast(_INT)) * (_DAY // 1_000_000)).round(_ROUNDED_TO)
    carried = (rest * 1_000_000 / _DAY).cast(_INT)
    time = micros + (rest * 1_000_000 - carried * _DAY)
    return calendar(whole_months, whole_days + month_rest.cast(_INT) + carried, time.round(0).cast(_INT))


def mean(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return AVG of intervals: of each part, what is left of the months counting in days, of the days in time."""
    months, days, micros = (part.cast(_WIDE).sum() for part in parts(x, dtype))
    count = x.count().cast(_WIDE)

    def divided(total: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        whole = total.abs() // count * total.sign()
        return whole, total - whole * count

    whole_months, rest = divided(months)
    whole_days, rest = divided(days + rest * _MONTH_DAYS)
    time, _ = divided(micros + rest * _DAY)
    return pl.when(count > 0).then(calendar(whole_months, whole_days, time))


def _age(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Years, months and days by the calendar; missing days are borrowed from the month of the earlier time."""
    x, y = args
    late, early, sign = pl.max_horizontal(x, y), pl.min_horizontal(x, y), pl.when(x < y).then(-1).otherwise(1)
    clock = (late - late.dt.truncate("1d")).cast(_INT) - (early - early.dt.truncate("1d")).cast(_INT)
    days = late.dt.day().cast(_INT) - early.dt.day() - (clock < 0).cast(_INT)
    months = (
        (late.dt.year().cast(_INT) - early.dt.year()) * 12 + late.dt.month() - early.dt.month() - (days < 0).cast(_INT)
    )
    days = pl.when(days < 0).then(days + early.dt.month_end().dt.day()).otherwise(days)
    clock = pl.when(clock < 0).then(clock + _DAY).otherwise(clock)
    not_null = x.is_not_null() & y.is_not_null()
    return pl.when(not_null).then(calendar(sign * months, sign * days, sign * clock))


def _normalized(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Make days of every 24 hours, and months of every 30 days."""
    months, days, micros = parts(args[0], arg_types[0])
    all_days = days + _whole(micros, _DAY)
    whole = _whole(all_days, _MONTH_DAYS)
    return calendar(months + whole, all_days - whole * _MONTH_DAYS, micros - _whole(micros, _DAY) * _DAY)


def _truncated(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Leave out what is smaller than the unit; only a constant one is taken."""
    unit = None if args[0].meta.root_names() else unit_of(str(pl.select(args[0]).item()))
    if unit is None:
        raise ExecuteError(f"date_trunc of an interval takes one of {', '.join((*UNIT_MONTHS, *UNIT_MICROSECONDS))}")
    months, days, micros = parts(args[1], arg_types[1])
    if unit in UNIT_MONTHS:
        return calendar(_whole(months, UNIT_MONTHS[unit]) * UNIT_MONTHS[unit], days * 0, micros * 0)
    if UNIT_MICROSECONDS[unit] >= _DAY:
        length = UNIT_MICROSECONDS[unit] // _DAY
        return calendar(months, _whole(days, length) * length, micros * 0)
    return calendar(months, days, _whole(micros, UNIT_MICROSECONDS[unit]) * UNIT_MICROSECONDS[unit])


def _to_unit(unit: str) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        x = args[0]
        nothing = (x * 0).cast(_INT)
        if unit in UNIT_MONTHS:
            return calendar(x.cast(_WIDE) * UNIT_MONTHS[unit], nothing, nothing)
        if unit in ("week", "day"):
            return calendar(nothing, x.cast(_WIDE) * (UNIT_MICROSECONDS[unit] // _DAY), nothing)
        if arg_types[0].is_float():
            return calendar(nothing, nothing, (x * UNIT_MICROSECONDS[unit]).round(0))
        return calendar(nothing, nothing, x.cast(_WIDE) * UNIT_MICROSECONDS[unit])

    return lower


def part_of_interval(name: str, x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return what EXTRACT takes from an interval: whole years, the months beyond them, days, and the time beyond
    those."""
    months, days, micros = parts(x, dtype)
    if name in ("epoch", "epoch_ms", "epoch_us", "epoch_ns"):
        seconds = _whole(months, 12) * _YEAR_SECONDS + (months - _whole(months, 12) * 12) * _MONTH_SECONDS
        scale = {"epoch": 1_000_000, "epoch_ms": 1_000}.get(name, 1)
        exact = seconds * 1_000_000 + days * _DAY + micros
        return exact / scale if name == "epoch" else _whole(exact, scale) * (1000 if name == "epoch_ns" else 1)
    within_year = months - _whole(months, 12) * 12
    within_minute = micros - _whole(micros, 60_000_000) * 60_000_000
    fields: dict[str, pl.Expr] = {
        **{unit: _whole(months, UNIT_MONTHS[unit]) for unit in ("millennium", "century", "decade", "year")},
        "quarter": _whole(within_year, 3) + 1,
        "month": within_year,
        "day": days,
        "hour": _whole(micros, 3_600_000_000),
        "minute": _whole(micros - _whole(micros, 3_600_000_000) * 3_600_000_000, 60_000_000),
        "second": _whole(within_minute, 1_000_000),
        "millisecond": _whole(within_minute, 1_000),
        "microsecond": within_minute,
    }
    if name not in fields:
        raise ExecuteError(f"an interval has no {name}; it has {', '.join(fields)}")
    return fields[name]


INTERVAL: dict[str, Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]] = {
    "calendar_interval": lambda args, _types, _result: calendar(*args),
    "add_interval": lambda args, t, _result: shifted(args[0], args[1], t[0], t[1]),
    # The bound of a window frame: beyond the ends of the calendar lies nothing, and no error.
    "frame_bound": lambda args, t, _result: shifted(args[0], args[1], t[0], t[1], checked=False),
    "interval_sum": _added,
    "interval_negated": _negated,
    "interval_product": _scaled,
    "interval_quotient": _divided,
    "interval_days": lambda args, t, _result: as_compared(args[0], t[0]),
    "interval_trunc": _truncated,
    "normalized_interval": _normalized,
    "age": _age,
    **{name: _to_unit(unit) for name, unit in TO_UNITS.items()},
}
