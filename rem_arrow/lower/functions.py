"""What each function of the catalog computes: one Polars expression from the expressions and types of its arguments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from rem_arrow.lower import semantics

Lowering: TypeAlias = Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]


def _of(function: Callable[..., pl.Expr]) -> Lowering:
    """A function of its arguments alone."""
    return lambda args, _types, _result: function(*args)


def _arithmetic(operator: str) -> Lowering:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        x, y = args
        if result.is_integer():
            if operator == "//":
                return semantics.integer_divide(x, y, result)
            if operator == "%":
                return semantics.modulo(x, y, result)
            return semantics.checked(operator, x, y, result)
        if operator == "%":
            return semantics.modulo(x, y, result)
        if operator == "/" or result.is_float():
            a, b = x.cast(result), y.cast(result)
            return {"+": a + b, "-": a - b, "*": a * b, "/": a / b, "//": (a / b).floor()}[operator]
        exact = {"+": x + y, "-": x - y, "*": x * y}[operator]
        return exact.cast(result)

    return lower


def _round(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if arg_types[0].is_integer():
        return args[0]
    return semantics.round_half_away(args[0], args[1] if len(args) > 1 else None, result).cast(result)


def _date_trunc(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    units = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h", "minute": "1m", "second": "1s"}
    every = args[0].replace_strict(units)
    return args[1].cast(result).dt.truncate(every)


def _concat(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    texts = [semantics.cast(a, t, pl.String(), safe=False) for a, t in zip(args, arg_types, strict=True)]
    return pl.concat_str(texts, ignore_nulls=True)


def _split_part(x: pl.Expr, separator: pl.Expr, place: pl.Expr) -> pl.Expr:
    parts = x.str.split(separator)
    at = pl.when(place > 0).then(place - 1).otherwise(place)
    return pl.when(x.is_null() | separator.is_null()).then(None).otherwise(parts.list.get(at, null_on_oob=True).fill_null(""))


def _left(x: pl.Expr, count: pl.Expr) -> pl.Expr:
    return x.str.head(count)


def _pad(x: pl.Expr, length: pl.Expr, fill: pl.Expr, *, left: bool) -> pl.Expr:
    size = x.str.len_chars().cast(pl.Int64)
    missing = pl.max_horizontal(length - size, pl.lit(0, pl.Int64))
    padding = fill.repeat_by(missing).list.join("").str.slice(0, missing.cast(pl.UInt64))
    whole = pl.concat_str([padding, x] if left else [x, padding])
    return whole.str.slice(0, pl.max_horizontal(length, pl.lit(0, pl.Int64)).cast(pl.UInt64))


def _case_of(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    """NULLIF."""
    return pl.when((first == second).fill_null(False)).then(None).otherwise(first)


def _sign(x: pl.Expr) -> pl.Expr:
    return x.sign().cast(pl.Int8)


def _second(x: pl.Expr) -> pl.Expr:
    return x.dt.second().cast(pl.Int64)


def _part(name: str) -> Lowering:
    return lambda args, _types, _result: getattr(args[0].dt, name)().cast(pl.Int64)


def _trimmed(side: str) -> Callable[..., pl.Expr]:
    def trim(x: pl.Expr, characters: pl.Expr | None = None) -> pl.Expr:
        what = characters if characters is not None else pl.lit(" ")
        return {"both": x.str.strip_chars, "start": x.str.strip_chars_start, "end": x.str.strip_chars_end}[side](what)

    return trim


def _now(*_: pl.Expr) -> pl.Expr:
    return pl.lit(dt.datetime.now(dt.timezone.utc)).cast(pl.Datetime("us", "UTC"))


def _today(*_: pl.Expr) -> pl.Expr:
    return pl.lit(dt.datetime.now(dt.timezone.utc).date())


def _domain(x: pl.Expr, valid: pl.Expr, result: pl.Expr) -> pl.Expr:
    """Logarithms and roots: an argument outside of the domain is an error, as in DuckDB."""
    bad = pl.when(x.is_not_null() & ~valid).then(pl.lit(1 << 100, pl.Int128)).otherwise(pl.lit(0, pl.Int128)).cast(pl.Int64, strict=True)
    return result + bad


SCALAR: dict[str, Lowering] = {
    "=": _of(lambda x, y: x == y),
    "<>": _of(lambda x, y: x != y),
    "<": _of(lambda x, y: x < y),
    "<=": _of(lambda x, y: x <= y),
    ">": _of(lambda x, y: x > y),
    ">=": _of(lambda x, y: x >= y),
    "not": _of(lambda x: ~x),
    "is_null": _of(lambda x: x.is_null()),
    "is_distinct": _of(semantics.is_distinct),
    "negate": lambda args, _types, result: semantics.negate(args[0], result),
    **{operator: _arithmetic(operator) for operator in ("+", "-", "*", "/", "//", "%")},
    "add_days": _of(lambda x, n: x + pl.duration(days=n)),
    "days_between": _of(lambda x, y: (x - y).dt.total_days()),
    "add_months": _of(lambda x, n: x.dt.offset_by(n.cast(pl.String) + "mo")),
    "add_microseconds": _of(lambda x, n: x + pl.duration(microseconds=n)),
    "abs": _of(lambda x: x.abs()),
    "ceil": lambda args, t, result: args[0] if t[0].is_integer() else args[0].ceil().cast(result),
    "floor": lambda args, t, result: args[0] if t[0].is_integer() else args[0].floor().cast(result),
    "round": _round,
    "sqrt": _of(lambda x: _domain(x, x >= 0, x.sqrt())),
    "cbrt": _of(lambda x: x.cbrt()),
    "exp": _of(lambda x: x.exp()),
    "ln": _of(lambda x: _domain(x, x > 0, x.log())),
    "log10": _of(lambda x: _domain(x, x > 0, x.log10())),
    "log2": _of(lambda x: _domain(x, x > 0, x.log(2))),
    "power": _of(lambda x, y: x.pow(y)),
    "sign": _of(_sign),
    "sin": _of(lambda x: x.sin()),
    "cos": _of(lambda x: x.cos()),
    "tan": _of(lambda x: x.tan()),
    "pi": _of(lambda: pl.lit(3.141592653589793)),
    "isnan": _of(lambda x: x.is_nan()),
    "greatest": _of(lambda *xs: pl.max_horizontal(*xs)),
    "least": _of(lambda *xs: pl.min_horizontal(*xs)),
    "coalesce": _of(lambda *xs: pl.coalesce(*xs)),
    "nullif": _of(_case_of),
    "upper": _of(lambda x: x.str.to_uppercase()),
    "lower": _of(lambda x: x.str.to_lowercase()),
    "length": _of(lambda x: x.str.len_chars().cast(pl.Int64)),
    "trim": _of(_trimmed("both")),
    "ltrim": _of(_trimmed("start")),
    "rtrim": _of(_trimmed("end")),
    "substring": _of(lambda x, start, length=None: semantics.substring(x, start, length)),
    "replace": _of(lambda x, old, new: pl.when(old == "").then(x).otherwise(x.str.split(old).list.join(new))),
    "concat": _concat,
    "concat_operator": _of(lambda x, y: x + y),
    "starts_with": _of(lambda x, y: x.str.starts_with(y)),
    "ends_with": _of(lambda x, y: x.str.ends_with(y)),
    "contains": _of(lambda x, y: x.str.contains(y, literal=True)),
    "strpos": _of(lambda x, y: (x.str.split(y).list.first().str.len_chars().cast(pl.Int64) + 1) * x.str.contains(y, literal=True).cast(pl.Int64)),
    "left": _of(_left),
    "right": _of(lambda x, n: x.str.tail(n)),
    "reverse": _of(lambda x: x.str.reverse()),
    "repeat": _of(lambda x, n: x.repeat_by(pl.max_horizontal(n, pl.lit(0, pl.Int64))).list.join("")),
    "lpad": _of(lambda x, n, fill: _pad(x, n, fill, left=True)),
    "rpad": _of(lambda x, n, fill: _pad(x, n, fill, left=False)),
    "split_part": _of(_split_part),
    "regexp_matches": _of(lambda x, pattern: x.str.contains(pattern)),
    "like": _of(lambda x, p, escape=None: semantics.like(x, p, escape, ignore_case=False)),
    "ilike": _of(lambda x, p, escape=None: semantics.like(x, p, escape, ignore_case=True)),
    "year": _part("year"),
    "quarter": _part("quarter"),
    "month": _part("month"),
    "week": _part("week"),
    "day": _part("day"),
    "isodow": _part("weekday"),
    "dayofweek": _of(lambda x: (x.dt.weekday() % 7).cast(pl.Int64)),
    "dayofyear": _part("ordinal_day"),
    "hour": _part("hour"),
    "minute": _part("minute"),
    "second": _of(_second),
    "epoch": _of(lambda x: x.cast(pl.Datetime("us")).dt.epoch("us") / 1_000_000),
    "date_trunc": _date_trunc,
    "now": _of(_now),
    "current_date": _of(_today),
    "list_length": _of(lambda x: x.list.len().cast(pl.Int64)),
    "list_contains": _of(lambda x, y: x.list.contains(y)),
}


def aggregate(name: str, x: pl.Expr, source: pl.DataType, result: pl.DataType, *, distinct: bool) -> pl.Expr:
    """Return the expression of an aggregate over the column `x`."""
    if distinct:
        x = x.drop_nulls().unique()
    match name:
        case "count":
            return x.count().cast(pl.Int64)
        case "sum":
            return semantics.total(x, source, result)
        case "avg":
            return semantics.mean(x, source)
        case "min":
            return semantics.least_of(x, source)
        case "max":
            return semantics.greatest_of(x, source)
        case "any_value":
            return x.drop_nulls().first()
        case "bool_and":
            return semantics.all_true(x)
        case "bool_or":
            return semantics.any_true(x)
        case "stddev":
            return x.std()
        case "variance":
            return x.var()
        case "median":
            return x.median()
        case _:
            raise AssertionError(f"the catalog has the aggregate {name}, and this file does not")
