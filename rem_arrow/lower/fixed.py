"""Decimals as 64-bit integers: what fix_decimals puts into plans. The bounds are proven, so nothing is checked."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower.function import ScalarFunction
from rem_arrow.storage.codec import from_unscaled

_HALF_BITS = 32
_LOW_MASK = (1 << _HALF_BITS) - 1


def _unfixed(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Integers as the decimals that they are, without a multiplication."""
    return args[0].map_batches(lambda values: _decimals(values, result), return_dtype=result, is_elementwise=True)


def _unfixed_sum(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The sums of the upper and of the lower halves as one decimal."""
    high, low = (a.cast(pl.Int128) for a in args)
    return (high * (1 << _HALF_BITS) + low).map_batches(
        lambda values: _decimals(values, result), return_dtype=result, is_elementwise=True
    )


def _decimals(values: pl.Series, result: pl.DataType) -> pl.Series:
    assert isinstance(result, pl.Decimal), "only decimals are fixed"
    return from_unscaled(values, result).alias(values.name)


FIXED: dict[str, ScalarFunction] = {
    "fixed+": lambda args, _types, _result: args[0] + args[1],
    "fixed-": lambda args, _types, _result: args[0] - args[1],
    "fixed*": lambda args, _types, _result: args[0] * args[1],
    # Arithmetic shift by 32 bits, and what it leaves.
    "fixed_high": lambda args, _types, _result: args[0].floordiv(1 << _HALF_BITS),
    "fixed_low": lambda args, _types, _result: args[0] & _LOW_MASK,
    "unfixed": _unfixed,
    "unfixed_sum": _unfixed_sum,
}
