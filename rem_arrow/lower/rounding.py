"""ROUND, TRUNC, FLOOR and CEIL: integers and decimals by the whole numbers that they are made of, floats as floats."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from rem_arrow.lower.semantics import quotient
from rem_arrow.plan import types

_I128 = pl.Int128()
# 10 ** 18 is the largest power of ten that a float and 64 bits hold exactly enough to round by.
_UNIT_DIGITS_MAX = 18


def round_half_away(x: pl.Expr, places: pl.Expr | None, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """`ROUND(x, n)`. SQL: halves away from zero, a negative n rounds before the point. Polars rounds halves to even,
    and n is constant."""
    if source.is_integer() and places is None:
        return x
    if isinstance(source, pl.Decimal) and places is None:
        return (_rounded_units(x.to_physical(), pl.lit(source.scale, pl.Int64)) // int(10**source.scale)).cast(result)
    if not source.is_float() and places is not None:
        return _of_units(x, places, source, result, _rounded_units)
    if places is None:
        return x.round(0, mode="half_away_from_zero")
    shift = pl.lit(10.0).pow(places.abs().cast(pl.Float64))
    up = quotient((x * shift).round(0, mode="half_away_from_zero"), shift)
    down = quotient(x, shift).round(0, mode="half_away_from_zero") * shift
    rounded = pl.when(places < 0).then(down).otherwise(up)
    return (
        pl.when(rounded.is_finite())
        .then(rounded)
        .when((places < 0) & x.is_finite())
        .then(pl.lit(0.0))
        .otherwise(x)
        .cast(source)
    )


def truncate(x: pl.Expr, places: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """`TRUNC(x, n)`: towards zero, at n places behind the point, or before it. Polars has none."""
    if not source.is_float():
        return _of_units(x, places, source, result, _truncated_units)
    shift = pl.lit(10.0).pow(places.cast(pl.Float64))
    scaled = x.cast(pl.Float64) * shift
    return quotient(pl.when(scaled < 0).then(scaled.ceil()).otherwise(scaled.floor()), shift).cast(result)


def _of_units(
    x: pl.Expr,
    places: pl.Expr,
    source: pl.DataType,
    result: pl.DataType,
    cut: Callable[[pl.Expr, pl.Expr], pl.Expr],
) -> pl.Expr:
    """Cut integers, or decimals, at n places, by the whole numbers that they are made of."""
    if not isinstance(source, pl.Decimal):
        return cut(x.cast(_I128), -places).cast(result, strict=True)
    units = cut(x.to_physical(), pl.lit(source.scale, pl.Int64) - places)
    exact = pl.Decimal(types.PRECISION_MAX, source.scale)
    return (units.cast(pl.Decimal(types.PRECISION_MAX, 0)) * pl.lit(Decimal(1).scaleb(-source.scale), exact)).cast(
        result
    )


def floor(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`FLOOR(x)`. SQL: a decimal has no places afterwards. Polars keeps them, and overflows."""
    return x.to_physical() // int(10**source.scale) if isinstance(source, pl.Decimal) else x.floor()


def ceiling(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`CEIL(x)`, as FLOOR. Polars has no negative of 128 bits."""
    return 0 - (0 - x.to_physical()) // 10**source.scale if isinstance(source, pl.Decimal) else x.ceil()


def _rounded_units(x: pl.Expr, zeros: pl.Expr) -> pl.Expr:
    """Round integers to a multiple of 10 ** zeros, halves away from zero."""
    unit = _unit(zeros)
    return _cut(x, zeros, (x.abs() + unit // 2) // unit * unit * x.sign())


def _truncated_units(x: pl.Expr, zeros: pl.Expr) -> pl.Expr:
    """Bring integers to a multiple of 10 ** zeros, towards zero."""
    unit = _unit(zeros)
    return _cut(x, zeros, x.abs() // unit * unit * x.sign())


def _unit(zeros: pl.Expr) -> pl.Expr:
    """Return 10 ** zeros, exact."""
    unit = pl.lit(1, _I128)
    for start in range(0, types.PRECISION_MAX, _UNIT_DIGITS_MAX):
        power = (zeros - start).clip(0, min(_UNIT_DIGITS_MAX, types.PRECISION_MAX - start))
        unit = unit * pl.lit(10.0).pow(power.cast(pl.Float64)).cast(_I128)
    return unit


def _cut(x: pl.Expr, zeros: pl.Expr, cut: pl.Expr) -> pl.Expr:
    return pl.when(zeros <= 0).then(x).when(zeros > types.PRECISION_MAX).then(x * 0).otherwise(cut)
