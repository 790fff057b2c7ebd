"""The catalog of scalar and aggregate functions: names, arguments and result types. What each computes is in lower/functions.py.

An argument kind says what is taken and what it is cast to before the call: "text", "number" (as it is), "float", "integer" (to
BIGINT), "boolean", "temporal" (as it is), "any" (as it is), or "same" (all such arguments to their common type).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from rem_arrow.plan import types

ResultType: TypeAlias = "pl.DataType | Callable[[list[pl.DataType]], pl.DataType]"

_INT, _TEXT, _FLOAT, _BOOL = pl.Int64(), pl.String(), pl.Float64(), pl.Boolean()


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function. `variadic` repeats the last argument kind without end."""

    args: tuple[str, ...]
    result: ResultType
    args_min: int
    variadic: bool = False

    def result_type(self, arg_types: list[pl.DataType]) -> pl.DataType:
        return self.result(arg_types) if callable(self.result) and not isinstance(self.result, pl.DataType) else self.result  # type: ignore[return-value]

    def accepts(self, count: int) -> bool:
        return count >= self.args_min and (self.variadic or count <= len(self.args))

    def kind(self, place: int) -> str:
        return self.args[min(place, len(self.args) - 1)]


def _define(spec: str, result: ResultType) -> Function:
    """Read "text integer integer?" or "same+": ? is optional, + repeats."""
    words = spec.split()
    variadic = bool(words) and words[-1].endswith("+")
    required = sum(not w.endswith("?") for w in words)
    return Function(tuple(w.rstrip("?+") for w in words), result, required, variadic)


def _first(arg_types: list[pl.DataType]) -> pl.DataType:
    return arg_types[0]


def _rounded(arg_types: list[pl.DataType]) -> pl.DataType:
    kind = arg_types[0]
    if isinstance(kind, pl.Decimal):
        return pl.Decimal(kind.precision or types.PRECISION_MAX, 0)
    return kind if kind.is_integer() else pl.Float64()


def _round(arg_types: list[pl.DataType]) -> pl.DataType:
    return _rounded(arg_types) if len(arg_types) == 1 else (arg_types[0] if not isinstance(arg_types[0], pl.Null) else pl.Float64())


def _truncated(arg_types: list[pl.DataType]) -> pl.DataType:
    return pl.Datetime("us", arg_types[1].time_zone if isinstance(arg_types[1], pl.Datetime) else None)


SCALAR: dict[str, Function] = {
    "abs": _define("number", _first),
    "ceil": _define("number", _rounded),
    "floor": _define("number", _rounded),
    "round": _define("number integer?", _round),
    "sqrt": _define("float", _FLOAT),
    "cbrt": _define("float", _FLOAT),
    "exp": _define("float", _FLOAT),
    "ln": _define("float", _FLOAT),
    "log10": _define("float", _FLOAT),
    "log2": _define("float", _FLOAT),
    "power": _define("float float", _FLOAT),
    "sign": _define("number", pl.Int8()),
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
    "regexp_matches": _define("text text", _BOOL),
    "like": _define("text text text?", _BOOL),
    "ilike": _define("text text text?", _BOOL),
    "year": _define("temporal", _INT),
    "quarter": _define("temporal", _INT),
    "month": _define("temporal", _INT),
    "week": _define("temporal", _INT),
    "day": _define("temporal", _INT),
    "dayofweek": _define("temporal", _INT),
    "isodow": _define("temporal", _INT),
    "dayofyear": _define("temporal", _INT),
    "hour": _define("temporal", _INT),
    "minute": _define("temporal", _INT),
    "second": _define("temporal", _INT),
    "epoch": _define("temporal", _FLOAT),
    "date_trunc": _define("text temporal", _truncated),
    "list_length": _define("any", _INT),
    "list_contains": _define("any any", _BOOL),
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
}


def _sum_type(kind: pl.DataType) -> pl.DataType:
    if isinstance(kind, pl.Decimal):
        return pl.Decimal(types.PRECISION_MAX, kind.scale)
    return pl.Float64() if kind.is_float() else pl.Int128()


def _same_type(kind: pl.DataType) -> pl.DataType:
    return kind


# name -> (argument kind, result type from the argument's type)
AGGREGATES: dict[str, tuple[str, Callable[[pl.DataType], pl.DataType]]] = {
    "count": ("any", lambda _: pl.Int64()),
    "sum": ("number", _sum_type),
    "avg": ("number", lambda _: pl.Float64()),
    "min": ("any", _same_type),
    "max": ("any", _same_type),
    "any_value": ("any", _same_type),
    "bool_and": ("boolean", lambda _: pl.Boolean()),
    "bool_or": ("boolean", lambda _: pl.Boolean()),
    "stddev": ("float", lambda _: pl.Float64()),
    "variance": ("float", lambda _: pl.Float64()),
    "median": ("float", lambda _: pl.Float64()),
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
    "array_length": "list_length",
    "cardinality": "list_length",
    "array_contains": "list_contains",
    "list_has": "list_contains",
    "dow": "dayofweek",
    "doy": "dayofyear",
    "weekofyear": "week",
    "log": "log10",
    "stddev_samp": "stddev",
    "var_samp": "variance",
    "first": "any_value",
    "arbitrary": "any_value",
    "every": "bool_and",
}


def canonical(name: str) -> str:
    """Return the catalog's name of a function that the user calls `name`."""
    lowered = name.lower()
    return ALIASES.get(lowered, lowered)
