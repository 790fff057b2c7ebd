"""Conversions that binding decides: casts, literals folded into the type beside them, and the common type of
operands."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TypeGuard

import polars as pl

from rem_arrow.base.exact_decimals import shifted
from rem_arrow.base.logical_types import UUID, is_collated, is_json, is_uuid
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Cast, Expr, Literal, Parameter
from rem_arrow.plan.time_text import count_of, has_zone, value_of
from rem_arrow.plan.zones import UNZONED

_FOLD_TYPES = (pl.Date, pl.Datetime, pl.Time)


def cast_to(expr: Expr, dtype: pl.DataType, *, safe: bool = False, explicit: bool = False) -> Expr:
    """Return `expr` as `dtype`. A text literal becomes a date or time at once; ValueError if it is none."""
    if expr.dtype == dtype or (is_collated(expr.dtype) and dtype == pl.String()):
        # A text keeps its collation as VARCHAR.
        return expr
    if isinstance(expr, Literal):
        if expr.value is None or (is_collated(dtype) and types.is_plain_text(expr.dtype)):
            return Literal(expr.value, dtype)
        text = expr.value if isinstance(expr.value, str) and types.is_plain_text(expr.dtype) else None
        if text is not None and isinstance(dtype, _FOLD_TYPES) and not safe:
            value = value_of(count_of(text, dtype), dtype)
            if isinstance(value, dt.datetime) and value.tzinfo and not has_zone(text):
                value = value.replace(tzinfo=UNZONED)
            return Cast(expr, dtype) if value is None else Literal(value, dtype)
        folded = None if explicit else _number(expr.value, dtype)
        if folded is not None:
            return Literal(folded, dtype)
    return Cast(expr, dtype, safe)


def castable(source: pl.DataType, dtype: pl.DataType) -> bool:
    """Say whether CAST from one type to the other is defined at all; whether a value fits is seen when it runs."""
    if source == dtype or isinstance(source, pl.Null) or is_json(source) or is_json(dtype):
        return True
    if is_uuid(source) or is_uuid(dtype):
        return types.is_plain_text(source if is_uuid(dtype) else dtype) or pl.Binary() in (source, dtype)
    if types.is_text(source) or types.is_text(dtype):
        return types.is_text(source) or not isinstance(dtype, pl.Enum)
    plain = (types.is_number(source) or isinstance(source, pl.Boolean)) and (
        types.is_number(dtype) or isinstance(dtype, pl.Boolean)
    )
    stamped = isinstance(source, (pl.Date, pl.Datetime)) and isinstance(dtype, (pl.Date, pl.Datetime))
    time_of_day = isinstance(source, pl.Datetime) and isinstance(dtype, pl.Time)
    intervals = types.is_interval(source) and types.is_interval(dtype)
    same_kind = type(source) is type(dtype) and not nested.is_nested(source) and not types.is_interval(source)
    return plain or intervals or stamped or time_of_day or _nested_castable(source, dtype) or same_kind


def _nested_castable(source: pl.DataType, dtype: pl.DataType) -> bool:
    """A list casts item by item; a struct field by field, by name, or by place if one of the two has no names."""
    if nested.is_list(source) and nested.is_list(dtype):
        return castable(nested.item_of(source), nested.item_of(dtype))
    old, new = nested.fields_of(source), nested.fields_of(dtype)
    if not old or not new:
        return False
    if nested.is_unnamed(source) or nested.is_unnamed(dtype):
        return len(old) == len(new) and all(castable(a, b) for a, b in zip(old.values(), new.values(), strict=True))
    by_name = {name.casefold(): t for name, t in old.items()}
    return any(n.casefold() in by_name for n in new) and all(
        castable(by_name.get(n.casefold(), pl.Null()), t) for n, t in new.items()
    )


def _number(value: object, dtype: pl.DataType) -> object:
    """Return a literal's number as a value of `dtype` if that is exact, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    if dtype.is_integer() and isinstance(value, int):
        return value if fits(value, dtype) else None
    if isinstance(dtype, pl.Decimal):
        exact = Decimal(value)
        scaled = shifted(exact, dtype.scale)
        digits = (dtype.precision or types.PRECISION_MAX) - dtype.scale
        return exact if scaled == scaled.to_integral_value() and exact.copy_abs() < 10**digits else None
    return float(value) if isinstance(dtype, pl.Float64) else None


def fits(value: int, dtype: pl.DataType) -> bool:
    if not dtype.is_integer():
        return False
    width = types.bits(dtype)
    return -(1 << (width - 1)) <= value < 1 << (width - 1) if dtype.is_signed_integer() else 0 <= value < 1 << width


def signed(value: int) -> tuple[int, pl.DataType]:
    dtype: pl.DataType = (
        pl.Int32() if fits(value, pl.Int32()) else pl.Int64() if fits(value, pl.Int64()) else pl.Int128()
    )
    return value, dtype


def fit_literals(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Let an integer literal take the type of the integer beside it, if it fits."""
    for a, b in ((left, right), (right, left)):
        is_free = not isinstance(b, Literal) or b.dtype == pl.UInt128()
        if isinstance(a, Literal) and _is_integer(a.value) and is_free and fits(a.value, b.dtype):
            fitted = Literal(a.value, b.dtype)
            return (fitted, right) if a is left else (left, fitted)
    return left, right


def common_type(operands: list[Expr]) -> pl.DataType | None:
    """Return the type in which the operands meet, or None. Text and NULL literals follow the others, but not an ENUM:
    beside a text it is one."""
    loose = [o for o in operands if isinstance(o, (Literal, Parameter)) and is_loose(o.dtype)]
    typed = [o for o in operands if o not in loose]
    if not typed or (any(isinstance(o.dtype, pl.Enum) for o in typed) and any(types.is_text(o.dtype) for o in loose)):
        typed = operands
    # Integer literals meet last: one that fits does not widen.
    ordered = [o for o in typed if not _is_integer_literal(o)] + [o for o in typed if _is_integer_literal(o)]
    joint: pl.DataType | None = ordered[0].dtype
    for operand in ordered[1:]:
        if joint is None:
            return None
        if not (isinstance(operand, Literal) and _is_integer(operand.value) and fits(operand.value, joint)):
            joint = types.common(joint, operand.dtype)
    return joint


def is_loose(dtype: pl.DataType) -> bool:
    """Say whether a literal of a type takes the type of what is beside it."""
    return isinstance(dtype, pl.Null) or (types.is_plain_text(dtype) and not is_collated(dtype))


def equal_to_texts(operands: list[Expr]) -> list[Expr]:
    """Return the operands of an equality: a text is read as a value of the other type, as DuckDB does. An order of the
    two is not defined."""
    others = [o for o in operands if not types.is_text(o.dtype) and not isinstance(o.dtype, pl.Null)]
    dtype = common_type(others) if 0 < len(others) < len(operands) else None
    if dtype is None or dtype.is_nested() or isinstance(dtype, pl.Binary):
        return operands
    return [
        cast_to(o, dtype) if types.is_text(o.dtype) and not isinstance(o, (Literal, Parameter)) else o for o in operands
    ]


def from_texts(operands: list[Expr]) -> list[Expr]:
    """Return the operands of a comparison: a text beside a UUID is read as one, JSON beside what is no text as a value
    of the other type."""
    if any(is_uuid(o.dtype) for o in operands):
        return [cast_to(o, UUID) if types.is_plain_text(o.dtype) else o for o in operands]
    others = [o for o in operands if not types.is_text(o.dtype) and not isinstance(o.dtype, pl.Null)]
    if not others or len(others) == len(operands) or not any(is_json(o.dtype) for o in operands):
        return operands
    dtype = common_type(others)
    return operands if dtype is None else [cast_to(o, dtype) if is_json(o.dtype) else o for o in operands]


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer_literal(expr: Expr) -> bool:
    return isinstance(expr, Literal) and _is_integer(expr.value)


def settled(expr: Expr) -> Expr:
    """Give an output that is only NULL the type INTEGER, as DuckDB does."""
    if not isinstance(expr.dtype, pl.Null):
        return expr
    return Literal(None, pl.Int32()) if isinstance(expr, Literal) else cast_to(expr, pl.Int32())
