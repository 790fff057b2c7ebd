"""Conversions that binding decides: casts, literals folded into the type beside them, and the common type of operands."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Cast, Expr, Literal, Parameter

_FOLD_TYPES = (pl.Date, pl.Datetime, pl.Time)


def cast_to(expr: Expr, dtype: pl.DataType, *, safe: bool = False, explicit: bool = False) -> Expr:
    """Return `expr` as `dtype`. A text literal becomes a date or time at once; ValueError if it is none."""
    if expr.dtype == dtype:
        return expr
    if isinstance(expr, Literal) and expr.value is None:
        return Literal(None, dtype)
    if isinstance(expr, Literal) and isinstance(expr.value, str) and isinstance(dtype, _FOLD_TYPES) and not safe:
        return Literal(_temporal(expr.value, dtype), dtype)
    if isinstance(expr, Literal) and not explicit and isinstance(expr.value, int) and not isinstance(expr.value, bool) and dtype.is_integer():
        return Literal(expr.value, dtype) if _fits(expr.value, dtype) else Cast(expr, dtype)
    return Cast(expr, dtype, safe)


def _temporal(text: str, dtype: pl.DataType) -> object:
    try:
        if isinstance(dtype, pl.Date):
            return dt.date.fromisoformat(text.strip()[:10]) if len(text.strip()) > 10 else dt.date.fromisoformat(text.strip())
        if isinstance(dtype, pl.Time):
            return dt.time.fromisoformat(text.strip())
        assert isinstance(dtype, pl.Datetime), "folded types are temporal"
        stamp = dt.datetime.fromisoformat(text.strip())
        if dtype.time_zone is None:
            return stamp.astimezone(dt.timezone.utc).replace(tzinfo=None) if stamp.tzinfo else stamp
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=dt.timezone.utc)
    except ValueError as error:
        raise ValueError(f"'{text}' is not a {sql_name(dtype)}; write it like 2024-12-31 or 2024-12-31 23:59:59") from error


def _fits(value: int, dtype: pl.DataType) -> bool:
    if not dtype.is_integer():
        return False
    width = types.bits(dtype)
    return -(1 << (width - 1)) <= value < 1 << (width - 1) if dtype.is_signed_integer() else 0 <= value < 1 << width


def _signed(value: int) -> tuple[int, pl.DataType]:
    dtype: pl.DataType = pl.Int32() if _fits(value, pl.Int32()) else pl.Int64() if _fits(value, pl.Int64()) else pl.Int128()
    return value, dtype


def _fit_literals(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Let an integer literal take the type of the integer beside it, if it fits."""
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Literal) and isinstance(a.value, int) and not isinstance(b, Literal) and _fits(a.value, b.dtype):
            fitted = Literal(a.value, b.dtype)
            return (fitted, right) if a is left else (left, fitted)
    return left, right


def _joint(wanted: pl.DataType, operand: Expr, operands: list[Expr]) -> pl.DataType | None:
    """Return the common type of what was seen and one more; an integer literal that fits does not widen."""
    if isinstance(operand, Literal) and isinstance(operand.value, int) and _fits(operand.value, wanted):
        return wanted
    first = operands[0]
    if isinstance(first, Literal) and isinstance(first.value, int) and first.dtype == wanted and _fits(first.value, operand.dtype):
        return operand.dtype
    return types.common(wanted, operand.dtype)
