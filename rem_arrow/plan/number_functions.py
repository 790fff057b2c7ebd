"""The catalog of functions of numbers, and of none, beside the common ones in functions.py."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.logical_types import UUID
from rem_arrow.plan import types
from rem_arrow.plan.signature import Function, define

_INT, _TEXT, _FLOAT, _BOOL = pl.Int64(), pl.String(), pl.Float64(), pl.Boolean()


def _next(arg_types: list[pl.DataType]) -> pl.DataType:
    return pl.Float32() if all(isinstance(t, pl.Float32) for t in arg_types) else _FLOAT


def _rounded(arg_types: list[pl.DataType]) -> pl.DataType:
    kind = arg_types[0]
    if isinstance(kind, pl.Decimal):
        return pl.Decimal(min(types.PRECISION_MAX, (kind.precision or types.PRECISION_MAX) + 1), kind.scale)
    return kind if kind.is_integer() else _FLOAT


NUMBER: dict[str, Function] = {
    "nextafter": define("number number", _next),
    "gamma": define("float", _FLOAT),
    "lgamma": define("float", _FLOAT),
    "signbit": define("float", _BOOL),
    "round_even": define("number integer", _rounded),
    "binom": define("integer integer", pl.Int128()),
    "uuid_extract_version": define("uuid", pl.UInt32()),
    "error": define("text", pl.Null()),
    "random": define("", _FLOAT, volatile=True),
    "uuid": define("", UUID, volatile=True),
    "uuidv7": define("", UUID, volatile=True),
    "nextval": define("integer", pl.Int64(), volatile=True),
    "currval": define("integer", pl.Int64(), volatile=True),
}

NUMBER_ALIASES: dict[str, str] = {
    "roundbankers": "round_even",
    "greatest_common_divisor": "gcd",
    "least_common_multiple": "lcm",
    "rand": "random",
    "gen_random_uuid": "uuid",
    "uuidv4": "uuid",
    "nvl": "coalesce",
    "@": "abs",
}
