"""The catalog of scalar and aggregate functions: names, arguments and result types.

What each computes is in lower/scalar_functions.py and lower/aggregates.py.

The kinds of arguments are told in signature.py; families of functions have catalogs of their own beside this one. An
aggregate x is also a function list_x over the items of a list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rem_arrow.base.logical_types import JSON
from rem_arrow.plan import types
from rem_arrow.plan.json_functions import JSON_ALIASES, JSON_FUNCTIONS
from rem_arrow.plan.nested_functions import NESTED, NESTED_ALIASES, item_of, map_of
from rem_arrow.plan.number_functions import NUMBER, NUMBER_ALIASES
from rem_arrow.plan.signature import Function
from rem_arrow.plan.signature import define as _define
from rem_arrow.plan.text_functions import TEXT, TEXT_ALIASES
from rem_arrow.plan.time_functions import TIME, TIME_ALIASES

_INT, _TEXT, _FLOAT, _BOOL = pl.Int64(), pl.String(), pl.Float64(), pl.Boolean()


def _whole(arg_types: list[pl.DataType]) -> pl.DataType:
    """The result of GCD and LCM: BIGINT, and HUGEINT for one."""
    return pl.Int128() if pl.Int128() in arg_types else pl.Int64()


def _first(arg_types: list[pl.DataType]) -> pl.DataType:
    return arg_types[0]


def _rounded(arg_types: list[pl.DataType]) -> pl.DataType:
    kind = arg_types[0]
    if isinstance(kind, pl.Decimal):
        return pl.Decimal(kind.precision or types.PRECISION_MAX, 0)
    return kind if kind.is_integer() or isinstance(kind, pl.Float32) else pl.Float64()


def _bounded(arg_types: list[pl.DataType]) -> pl.DataType:
    """CEIL and FLOOR compute integers as DOUBLE, as DuckDB does."""
    return pl.Float64() if arg_types[0].is_integer() else _rounded(arg_types)


def _round(arg_types: list[pl.DataType]) -> pl.DataType:
    """With places a decimal keeps its scale, and gains a digit: 99.95 becomes 100.0."""
    kind = arg_types[0]
    if len(arg_types) == 1 or not isinstance(kind, pl.Decimal):
        return _rounded(arg_types)
    return pl.Decimal(min(types.PRECISION_MAX, (kind.precision or types.PRECISION_MAX) + 1), kind.scale)


def _truncated(arg_types: list[pl.DataType]) -> pl.DataType:
    return pl.Datetime("us", arg_types[1].time_zone if isinstance(arg_types[1], pl.Datetime) else None)


# What EXTRACT takes; each is a function of its own name too.
DATE_PARTS = (
    "era", "millennium", "century", "decade", "year", "isoyear", "quarter", "month", "week", "yearweek", "day",
    "dayofweek", "isodow", "dayofyear",
    "hour", "minute", "second", "millisecond", "microsecond", "nanosecond", "epoch", "julian", "timezone_offset",
    "timezone_hour", "timezone_minute",
)  # fmt: skip

SCALAR: dict[str, Function] = {
    "abs": _define("number", _first),
    "ceil": _define("number", _bounded),
    "floor": _define("number", _bounded),
    "round": _define("number integer?", _round),
    "sqrt": _define("float", _FLOAT),
    "cbrt": _define("float", _FLOAT),
    "exp": _define("float", _FLOAT),
    "ln": _define("float", _FLOAT),
    "log10": _define("float", _FLOAT),
    "log2": _define("float", _FLOAT),
    "power": _define("float float", _FLOAT),
    "sign": _define("number", pl.Int8()),
    "log": _define("float float", _FLOAT),
    "atan2": _define("float float", _FLOAT),
    **{
        name: _define("float", _FLOAT)
        for name in (
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "tanh",
            "asinh",
            "acosh",
            "atanh",
            "cot",
            "degrees",
            "radians",
            "even",
        )
    },
    "trunc": _define("number integer?", _round),
    "gcd": _define("whole whole", _whole),
    "lcm": _define("whole whole", _whole),
    "factorial": _define("integer", pl.Int128()),
    "xor": _define("integer integer", _INT),
    "bit_count": _define("number", pl.Int8()),
    "isinf": _define("float", _BOOL),
    "isfinite": _define("float", _BOOL),
    "sin": _define("float", _FLOAT),
    "cos": _define("float", _FLOAT),
    "tan": _define("float", _FLOAT),
    "pi": _define("", _FLOAT),
    "isnan": _define("float", _BOOL),
    "greatest": _define("same+", _first),
    "least": _define("same+", _first),
    "coalesce": _define("same+", _first),
    "nullif": _define("same same", _first),
    "upper": _define("text", _TEXT),
    "lower": _define("text", _TEXT),
    "length": _define("text", _INT),
    "trim": _define("text text?", _TEXT),
    "ltrim": _define("text text?", _TEXT),
    "rtrim": _define("text text?", _TEXT),
    "substring": _define("text integer integer?", _TEXT),
    "replace": _define("text text text", _TEXT),
    "concat": _define("any+", _TEXT),
    "concat_operator": _define("text text", _TEXT),
    "starts_with": _define("text text", _BOOL),
    "ends_with": _define("text text", _BOOL),
    "contains": _define("text text", _BOOL),
    "strpos": _define("text text", _INT),
    "left": _define("text integer", _TEXT),
    "right": _define("text integer", _TEXT),
    "reverse": _define("text", _TEXT),
    "repeat": _define("text integer", _TEXT),
    "lpad": _define("text integer text", _TEXT),
    "rpad": _define("text integer text", _TEXT),
    "split_part": _define("text text integer", _TEXT),
    "regexp_matches": _define("text text text?", _BOOL),
    "regexp_full_match": _define("text text text?", _BOOL),
    "regexp_replace": _define("text text text text?", _TEXT),
    "regexp_extract": _define("text text integer? text?", _TEXT),
    "translate": _define("text text text", _TEXT),
    "concat_ws": _define("text any+", _TEXT),
    "ascii": _define("text", pl.Int32()),
    "chr": _define("integer", _TEXT),
    "octet_length": _define("any", _INT),
    "bit_length": _define("text", _INT),
    "like": _define("text text text?", _BOOL),
    "ilike": _define("text text text?", _BOOL),
    **{name: _define("span", _INT) for name in DATE_PARTS if name not in TIME and name != "epoch"},
    "epoch": _define("span", _FLOAT),
    "date_trunc": _define("text temporal", _truncated),
    "date_diff": _define("text temporal temporal", _INT),
    "strftime": _define("temporal text", _TEXT),
    "dayname": _define("temporal", _TEXT),
    "monthname": _define("temporal", _TEXT),
    "last_day": _define("temporal", pl.Date()),
    "make_date": _define("integer integer integer", pl.Date()),
    **{name: _define(*entry) for name, entry in (*NESTED.items(), *JSON_FUNCTIONS.items())},
    "enum_range": _define("any", pl.List(_TEXT)),
    "enum_range_boundary": _define("any any", pl.List(_TEXT)),
    "enum_first": _define("any", _TEXT),
    "enum_last": _define("any", _TEXT),
    "enum_code": _define("any", pl.UInt8()),
    # Operators; the parser gives them no names that a user could call.
    "not": _define("boolean", _BOOL),
    "is_null": _define("any", _BOOL),
    "is_distinct": _define("same same", _BOOL),
    "=": _define("same same", _BOOL),
    "<>": _define("same same", _BOOL),
    "<": _define("same same", _BOOL),
    "<=": _define("same same", _BOOL),
    ">": _define("same same", _BOOL),
    ">=": _define("same same", _BOOL),
    "negate": _define("number", _first),
    **TEXT,
    **TIME,
    **NUMBER,
}


def _sum_type(kind: pl.DataType) -> pl.DataType:
    if isinstance(kind, pl.Decimal):
        return pl.Decimal(types.PRECISION_MAX, kind.scale)
    return pl.Float64() if kind.is_float() else pl.Int128()


def _same_type(kind: pl.DataType) -> pl.DataType:
    return kind


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function; the result's type follows from the first argument's."""

    args: tuple[str, ...]
    result: Callable[[pl.DataType], pl.DataType]
    args_min: int = 1


def _aggregate(spec: str, result: pl.DataType | Callable[[pl.DataType], pl.DataType]) -> Aggregate:
    """Read "any text?": ? is optional."""
    words = spec.split()
    of = (lambda _: result) if isinstance(result, pl.DataType) else result
    return Aggregate(tuple(w.rstrip("?") for w in words), of, sum(not w.endswith("?") for w in words))


AGGREGATES: dict[str, Aggregate] = {
    "count": _aggregate("any", _INT),
    "count_if": _aggregate("boolean", pl.Int128()),
    "sum": _aggregate("number", _sum_type),
    "avg": _aggregate("number", _FLOAT),
    "product": _aggregate("float", _FLOAT),
    "min": _aggregate("any", _same_type),
    "max": _aggregate("any", _same_type),
    "any_value": _aggregate("any", _same_type),
    "first": _aggregate("any", _same_type),
    "last": _aggregate("any", _same_type),
    "arg_min": _aggregate("any any", _same_type),
    "arg_max": _aggregate("any any", _same_type),
    "bool_and": _aggregate("boolean", _BOOL),
    "bool_or": _aggregate("boolean", _BOOL),
    "bit_and": _aggregate("number", _same_type),
    "bit_or": _aggregate("number", _same_type),
    "bit_xor": _aggregate("number", _same_type),
    "stddev": _aggregate("float", _FLOAT),
    "stddev_pop": _aggregate("float", _FLOAT),
    "variance": _aggregate("float", _FLOAT),
    "var_pop": _aggregate("float", _FLOAT),
    "median": _aggregate("float", _FLOAT),
    "corr": _aggregate("float float", _FLOAT),
    "covar_pop": _aggregate("float float", _FLOAT),
    "covar_samp": _aggregate("float float", _FLOAT),
    "string_agg": _aggregate("any text?", _TEXT),
    "list": _aggregate("any", pl.List),
    "mode": _aggregate("any", _same_type),
    "histogram": _aggregate("any", lambda kind: map_of(kind, pl.UInt64())),
    "quantile_cont": _aggregate("any float", lambda kind: pl.Float64() if kind.is_integer() else kind),
    "quantile_disc": _aggregate("any float", _same_type),
    "approx_quantile": _aggregate("any float", _same_type),
    "approx_count_distinct": _aggregate("any", _INT),
    "arg_min_null": _aggregate("any any", _same_type),
    "arg_max_null": _aggregate("any any", _same_type),
    **{
        name: _aggregate("float", _FLOAT)
        for name in ("skewness", "kurtosis", "kurtosis_pop", "sem", "mad", "geometric_mean", "fsum", "favg")
    },
    "entropy": _aggregate("any", _FLOAT),
    **{
        f"regr_{name}": _aggregate("float float", _FLOAT)
        for name in ("slope", "intercept", "r2", "avgx", "avgy", "sxx", "syy", "sxy")
    },
    "regr_count": _aggregate("float float", pl.UInt32()),
    "weighted_avg": _aggregate("float float", _FLOAT),
    "json_group_array": _aggregate("any", JSON),
    "json_group_object": _aggregate("any any", JSON),
}


# The lists whose items an aggregate takes.
_ITEMS_OF = {"number": "numbers", "float": "numbers", "boolean": "conditions"}


def _over_items(aggregate: Aggregate) -> Function:
    """An aggregate as a function of a list."""
    kinds = (_ITEMS_OF.get(aggregate.args[0], "array"), *aggregate.args[1:])
    return Function(kinds, lambda types: aggregate.result(item_of(types[0])), aggregate.args_min)


# Aggregates of the texts of all rows, joined.
JOINED = ("string_agg", "json_group_array", "json_group_object")
SCALAR |= {
    f"list_{name}": _over_items(a)
    for name, a in AGGREGATES.items()
    if f"list_{name}" not in SCALAR and not name.startswith("json_")
}

ALIASES: dict[str, str] = {
    "ceiling": "ceil",
    "pow": "power",
    "mean": "avg",
    "len": "length",
    "char_length": "length",
    "character_length": "length",
    "substr": "substring",
    "prefix": "starts_with",
    "suffix": "ends_with",
    "instr": "strpos",
    "position": "strpos",
    "ifnull": "coalesce",
    "lcase": "lower",
    "ucase": "upper",
    **NESTED_ALIASES,
    **JSON_ALIASES,
    "dow": "dayofweek",
    "doy": "dayofyear",
    "weekofyear": "week",
    "log": "log10",
    "std": "stddev",
    "stddev_samp": "stddev",
    "var_samp": "variance",
    "argmin": "arg_min",
    "min_by": "arg_min",
    "argmax": "arg_max",
    "max_by": "arg_max",
    "group_concat": "string_agg",
    "listagg": "string_agg",
    "weekday": "dayofweek",
    "week_of_year": "week",
    "day_of_month": "day",
    "dayofmonth": "day",
    "day_of_week": "dayofweek",
    "day_of_year": "dayofyear",
    "datediff": "date_diff",
    "datepart": "date_part",
    "datetrunc": "date_trunc",
    "milliseconds": "millisecond",
    "microseconds": "microsecond",
    "centuries": "century",
    "is_inf": "isinf",
    "arbitrary": "first",
    "every": "bool_and",
    "countif": "count_if",
    "quantile": "quantile_disc",
    "reservoir_quantile": "quantile_disc",
    "percentile_cont": "quantile_cont",
    "percentile_disc": "quantile_disc",
    "approx_distinct": "approx_count_distinct",
    "geomean": "geometric_mean",
    "kahan_sum": "fsum",
    "sumkahan": "fsum",
    "wavg": "weighted_avg",
    **TIME_ALIASES,
    **TEXT_ALIASES,
    **NUMBER_ALIASES,
}


def canonical(name: str) -> str:
    """Return the catalog's name of a function that the user calls `name`."""
    lowered = name.lower()
    return ALIASES.get(lowered, lowered)
