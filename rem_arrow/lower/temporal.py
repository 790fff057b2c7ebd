"""Dates and times: Polars expressions from the expressions and types of the arguments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial

import polars as pl
from polars.expr.whenthen import ChainedThen, Then

from rem_arrow.errors import ExecuteError
from rem_arrow.lower.text import Lowering

_EVERY = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h", "minute": "1m", "second": "1s", "millisecond": "1ms", "microsecond": "1us"}
_YEARS = {"decade": "10y", "century": "100y", "millennium": "1000y"}


def _of(function: Callable[..., pl.Expr]) -> Lowering:
    """A function of its arguments alone."""
    return lambda args, _types, _result: function(*args)


def _part(compute: Callable[[pl.Expr], pl.Expr]) -> Lowering:
    return lambda args, _types, _result: compute(args[0]).cast(pl.Int64)


def _clock(compute: Callable[[pl.Expr], pl.Expr]) -> Lowering:
    """A part of the time of day; that of a date is midnight."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], _result: pl.DataType) -> pl.Expr:
        return compute(args[0].cast(pl.Datetime("us")) if isinstance(arg_types[0], pl.Date) else args[0]).cast(pl.Int64)

    return lower


def _epoch(args: list[pl.Expr], arg_types: list[pl.DataType], _result: pl.DataType) -> pl.Expr:
    if isinstance(arg_types[0], pl.Time):
        return args[0].cast(pl.Int64) / 1_000_000_000
    return args[0].cast(pl.Datetime("us")).dt.epoch("us") / 1_000_000


def _by_unit(unit: pl.Expr, choices: Mapping[str, Callable[[], pl.Expr]], what: str) -> pl.Expr:
    """Return the expression of a unit; a unit that is a column chooses for each row, NULL for none of them."""
    singular = unit.str.to_lowercase().str.replace(r"s$", "")
    if not unit.meta.root_names():
        name = pl.select(singular).item()
        if name is not None and name not in choices:
            raise ExecuteError(f"'{name}' is not a unit of {what}; it takes {', '.join(choices)}")
        return choices[name]() if name is not None else pl.when(pl.lit(value=False)).then(choices["day"]())
    first, *rest = choices.items()
    chain: Then | ChainedThen = pl.when(singular == first[0]).then(first[1]())
    for name, choice in rest:
        chain = chain.when(singular == name).then(choice())
    return chain.otherwise(None)


def _date_trunc(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    stamp = args[1].cast(result)
    return _by_unit(args[0], {name: partial(stamp.dt.truncate, every) for name, every in (_EVERY | _YEARS).items()}, "date_trunc")


def _date_diff(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The number of unit boundaries between two times; weeks are whole ones."""
    first, last = args[1].cast(pl.Datetime("us")), args[2].cast(pl.Datetime("us"))

    def counted(per_year: int, part: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
        return (last.dt.year().cast(pl.Int64) - first.dt.year()) * per_year + part(last).cast(pl.Int64) - part(first).cast(pl.Int64)

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
        **{name: partial(boundaries, name, micros) for name, micros in _MICROSECONDS.items()},
    }
    return _by_unit(args[0], choices, "date_diff")


_MICROSECONDS = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}


def _strftime(x: pl.Expr, pattern: pl.Expr) -> pl.Expr:
    rows = pl.struct(x.alias("a"), pattern.alias("b"))
    return rows.map_elements(lambda row: None if row["a"] is None or row["b"] is None else row["a"].strftime(row["b"]), return_dtype=pl.String)


def _last_day(x: pl.Expr) -> pl.Expr:
    return x.cast(pl.Date).dt.month_end()


def _century(x: pl.Expr) -> pl.Expr:
    return (x.dt.year().cast(pl.Int64) + 99) // 100


def _add_to_time(x: pl.Expr, micros: pl.Expr) -> pl.Expr:
    """Time of day, around midnight."""
    day = 86_400_000_000_000
    return ((x.cast(pl.Int64) + micros * 1000) % day).cast(pl.Time)


def _now(*_: pl.Expr) -> pl.Expr:
    return pl.lit(dt.datetime.now(dt.timezone.utc)).cast(pl.Datetime("us", "UTC"))


def _today(*_: pl.Expr) -> pl.Expr:
    return pl.lit(dt.datetime.now(dt.timezone.utc).date())


TEMPORAL: dict[str, Lowering] = {
    "add_days": _of(lambda x, n: x + pl.duration(days=n)),
    "days_between": _of(lambda x, y: (x - y).dt.total_days()),
    "time_between": _of(lambda x, y: x - y),
    "add_months": _of(lambda x, n: x.dt.offset_by(n.cast(pl.String) + "mo")),
    "add_microseconds": _of(lambda x, n: x + pl.duration(microseconds=n)),
    "add_to_time": _of(_add_to_time),
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
    "date_trunc": _date_trunc,
    "date_diff": _date_diff,
    "strftime": _of(_strftime),
    "dayname": _of(lambda x: x.dt.strftime("%A")),
    "monthname": _of(lambda x: x.dt.strftime("%B")),
    "last_day": _of(_last_day),
    "make_date": _of(lambda year, month, day: pl.date(year, month, day)),
    "now": _of(_now),
    "current_date": _of(_today),
}
