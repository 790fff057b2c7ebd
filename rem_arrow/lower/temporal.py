"""Dates and times: Polars expressions from the expressions and types of the arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import polars as pl
from polars.expr.whenthen import ChainedThen, Then

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import calendar_range
from rem_arrow.lower.clock import CLOCK, check_codes, date_sub, of_each_text
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.lower.interval import INTERVAL, part_of_interval
from rem_arrow.lower.time_series import series_of_times
from rem_arrow.plan import functions, types
from rem_arrow.plan.date_parts import PART_OF, PARTS_OF_INTERVALS, PARTS_OF_TIMES, UNIT_OF
from rem_arrow.plan.time_functions import UNIT_MICROSECONDS, UNIT_MONTHS

_EVERY = {
    "year": "1y",
    "quarter": "1q",
    "month": "1mo",
    "week": "1w",
    "day": "1d",
    "hour": "1h",
    "minute": "1m",
    "second": "1s",
    "millisecond": "1ms",
    "microsecond": "1us",
}
_YEARS = {"decade": 10, "century": 100, "millennium": 1000}


def _part(compute: Callable[[pl.Expr], pl.Expr]) -> ScalarFunction:
    return lambda args, _types, _result: compute(args[0]).cast(pl.Int64)


def _or_of_interval(name: str, lowering: ScalarFunction) -> ScalarFunction:
    """The part of a date or time; intervals have most of them too."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        if types.is_interval(arg_types[0]):
            return part_of_interval(name, args[0], arg_types[0]).cast(result)
        return lowering(args, arg_types, result)

    return lower


def _clock(compute: Callable[[pl.Expr], pl.Expr]) -> ScalarFunction:
    """A part of the time of day; that of a date is midnight."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], _result: pl.DataType) -> pl.Expr:
        return compute(args[0].cast(pl.Datetime("us")) if isinstance(arg_types[0], pl.Date) else args[0]).cast(pl.Int64)

    return lower


def _epoch(args: list[pl.Expr], arg_types: list[pl.DataType], _result: pl.DataType) -> pl.Expr:
    if isinstance(arg_types[0], pl.Time):
        return args[0].cast(pl.Int64) / 1_000_000_000
    return args[0].cast(pl.Datetime("us")).dt.epoch("us") / 1_000_000


def _by_unit(unit: pl.Expr, choices: Mapping[str, Callable[[], pl.Expr]], what: str) -> pl.Expr:
    """Return the expression of a unit, by any of its names; a unit that is a column chooses for each row. An
    ExecuteError for none of them."""

    def known(texts: pl.Series) -> pl.Series:
        lowered = texts.str.to_lowercase()
        names = lowered.replace_strict(
            PART_OF if what == "date_part" else UNIT_OF, default=None, return_dtype=pl.String
        )
        bad = texts.filter(~names.is_in(list(choices)) | (names.is_null() & texts.is_not_null()))
        if len(bad):
            raise ExecuteError(f"'{bad[0]}' is not a unit of {what} here; it takes {', '.join(choices)}")
        return names

    names = unit.map_batches(known, return_dtype=pl.String, is_elementwise=True)
    if not unit.meta.root_names():
        name = pl.select(names).item()
        return (
            choices[name]() if name is not None else pl.when(pl.lit(value=False)).then(next(iter(choices.values()))())
        )
    first, *rest = choices.items()
    chain: Then | ChainedThen = pl.when(names == first[0]).then(first[1]())
    for name, choice in rest:
        chain = chain.when(names == name).then(choice())
    return chain.otherwise(None)


def _date_trunc(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    stamp = args[1].cast(result)
    years = {name: partial(_truncated_years, stamp, count) for name, count in _YEARS.items()}
    others: dict[str, Callable[[], pl.Expr]] = {"isoyear": lambda: _start_of_iso_year(stamp), **years}
    return _by_unit(
        args[0], {name: partial(stamp.dt.truncate, every) for name, every in _EVERY.items()} | others, "date_trunc"
    )


def _truncated_years(x: pl.Expr, count: int) -> pl.Expr:
    """A decade starts with its zero; so, in DuckDB, do a century and a millennium."""
    years = (x.dt.year() // count * count - x.dt.year()).cast(pl.String)
    return calendar_range.in_calendar(x.dt.truncate("1y").dt.offset_by(years + "y"))


def _start_of_iso_year(x: pl.Expr) -> pl.Expr:
    """The Monday of the ISO week that holds the fourth of January."""
    return x.dt.truncate("1w") - pl.duration(days=(x.dt.week().cast(pl.Int64) - 1) * 7)


def _date_part(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """A part that a column names."""
    names: tuple[str, ...] = functions.DATE_PARTS
    if types.is_interval(arg_types[1]) or isinstance(arg_types[1], pl.Time):
        names = PARTS_OF_INTERVALS if types.is_interval(arg_types[1]) else PARTS_OF_TIMES
    choices = {name: partial(_float_part, name, args[1], arg_types[1]) for name in names}
    return _by_unit(args[0], choices, "date_part").cast(result)


def _float_part(name: str, x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return TEMPORAL[name]([x], [dtype], pl.Float64()).cast(pl.Float64)


def _date_diff(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The number of unit boundaries between two times; weeks are whole ones."""
    first, last = (
        _on_a_date(a) if isinstance(t, pl.Time) else a.cast(pl.Datetime("us"))
        for a, t in zip(args[1:], arg_types[1:], strict=True)
    )

    def counted(per_year: int, part: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        return (
            (last.dt.year().cast(pl.Int64) - first.dt.year()) * per_year
            + part(last).cast(pl.Int64)
            - part(first).cast(pl.Int64)
        )

    def counted_years(count: int) -> pl.Expr:
        return (
            (last.dt.year().cast(pl.Int64) - 1) // count - (first.dt.year().cast(pl.Int64) - 1) // count
            if count > 10
            else last.dt.year().cast(pl.Int64) // count - first.dt.year() // count
        )

    def boundaries(name: str, micros: int) -> pl.Expr:
        a, b = (x.dt.truncate(_EVERY[name]).dt.epoch("us") for x in (first, last))
        return (b - a) // micros

    def weeks() -> pl.Expr:
        days = boundaries("day", _MICROSECONDS["day"])
        return days.abs() // 7 * days.sign()

    choices: dict[str, Callable[[], pl.Expr]] = {
        "year": lambda: counted(1, lambda x: x.dt.year() * 0),
        "quarter": lambda: counted(4, lambda x: x.dt.quarter()),
        "month": lambda: counted(12, lambda x: x.dt.month()),
        "week": weeks,
        "isoyear": lambda: last.dt.iso_year().cast(pl.Int64) - first.dt.iso_year(),
        **{name: partial(counted_years, count) for name, count in _YEARS.items()},
        **{name: partial(boundaries, name, micros) for name, micros in _MICROSECONDS.items()},
    }
    return _by_unit(args[0], choices, "date_diff")


def _on_a_date(x: pl.Expr) -> pl.Expr:
    return (x.cast(pl.Int64) // 1000).cast(pl.Datetime("us"))


def _date_sub(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, y = (
        _on_a_date(a) if isinstance(t, pl.Time) else a.cast(pl.Datetime("us"))
        for a, t in zip(args[1:], arg_types[1:], strict=True)
    )
    return _by_unit(
        args[0], {unit: partial(date_sub, x, y, unit) for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS)}, "date_sub"
    )


_MICROSECONDS = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}


def _strftime(x: pl.Expr, dtype: pl.DataType, pattern: pl.Expr) -> pl.Expr:
    """The text of a time; of one in a zone `%Z` is the name of the zone, and `%z` how far it is ahead."""
    if pattern.meta.root_names():
        return of_each_text(pattern, x, lambda codes, value: _strftime(value, dtype, codes), pl.String())
    codes = pl.select(pattern).item()
    if codes is None:
        return pl.lit(None, pl.String)
    check_codes(codes)
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    offset = None if zone in (None, "UTC") else x.dt.strftime("%::z").str.replace("(:00)+$", "")
    plain, pieces = "", []
    for part in re.split("(%%|%[zZ])", codes):
        if part == "%z" and offset is not None:
            pieces += [x.dt.strftime(plain), offset]
            plain = ""
        elif part in ("%z", "%Z"):
            plain += "+00" if part == "%z" else zone or ""
        else:
            plain += re.sub("%.", lambda hit: _CODES.get(hit[0], hit[0]), part)
    return pl.concat_str([*pieces, x.dt.strftime(plain)]) if pieces else x.dt.strftime(plain)


def _zoned_strftime(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The text of an instant as the clocks of a zone show it."""
    zone = pl.select(args[0]).item()
    return _strftime(args[1].dt.convert_time_zone(zone), pl.Datetime("us", zone), args[2])


def _of_time(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if isinstance(arg_types[0], pl.Date):
        return _strftime(args[0].cast(pl.Datetime("us")), pl.Datetime("us"), args[1])
    return _strftime(args[0], arg_types[0], args[1])


# Codes of DuckDB that Polars writes in another way: fractions of a second of 3, 6 and 9 digits, dates and times in ISO
# form.
_CODES = {"%g": "%3f", "%f": "%6f", "%n": "%9f", "%c": "%Y-%m-%d %H:%M:%S", "%x": "%Y-%m-%d", "%X": "%H:%M:%S"}


def _last_day(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Date).dt.month_end()


def _century(x: pl.Expr) -> pl.Expr:
    return (x.dt.year().cast(pl.Int64) + 99) // 100


_PARTS: dict[str, ScalarFunction] = {
    "millennium": _part(lambda x: (x.dt.year().cast(pl.Int64) + 999) // 1000),
    "century": _part(_century),
    "decade": _part(lambda x: x.dt.year() // 10),
    "year": _part(lambda x: x.dt.year()),
    "isoyear": _part(lambda x: x.dt.iso_year()),
    "quarter": _part(lambda x: x.dt.quarter()),
    "month": _part(lambda x: x.dt.month()),
    "week": _part(lambda x: x.dt.week()),
    "yearweek": _part(lambda x: x.dt.iso_year().cast(pl.Int64) * 100 + x.dt.week()),
    "day": _part(lambda x: x.dt.day()),
    "dayofweek": _part(lambda x: x.dt.weekday() % 7),
    "isodow": _part(lambda x: x.dt.weekday()),
    "dayofyear": _part(lambda x: x.dt.ordinal_day()),
    "hour": _clock(lambda x: x.dt.hour()),
    "minute": _clock(lambda x: x.dt.minute()),
    "second": _clock(lambda x: x.dt.second()),
    "millisecond": _clock(lambda x: x.dt.second().cast(pl.Int64) * 1000 + x.dt.millisecond()),
    "microsecond": _clock(lambda x: x.dt.second().cast(pl.Int64) * 1_000_000 + x.dt.microsecond()),
    "epoch": _epoch,
}

TEMPORAL: dict[str, ScalarFunction] = {
    **{name: _or_of_interval(name, lowering) for name, lowering in _PARTS.items()},
    **INTERVAL,
    **CLOCK,
    "series_of_times": series_of_times,
    "add_days": of_arguments(calendar_range.days_later),
    "frame_days": of_arguments(calendar_range.frame_days),
    "days_between": of_arguments(lambda x, y: (x - y).dt.total_days()),
    "time_between": of_arguments(lambda x, y: x - y),
    "date_sub": _date_sub,
    "date_part": _date_part,
    "date_trunc": _date_trunc,
    "date_diff": _date_diff,
    "strftime": _of_time,
    "@zoned_strftime": _zoned_strftime,
    "dayname": of_arguments(lambda x: x.dt.strftime("%A")),
    "monthname": of_arguments(lambda x: x.dt.strftime("%B")),
    "last_day": of_arguments(_last_day),
    "make_date": of_arguments(calendar_range.date_of),
}
