"""How types meet: the common type of two operands, and the result types of arithmetic, as DuckDB 2.0 has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from rem_arrow.base.logical_types import JSON, is_checked, is_collated, is_json, is_uuid
from rem_arrow.plan.nested_functions import fields_of, is_list, is_unnamed, struct_of

_DECIMAL_DIGITS = {
    "Int8": 3,
    "UInt8": 3,
    "Int16": 5,
    "UInt16": 5,
    "Int32": 10,
    "UInt32": 10,
    "Int64": 19,
    "UInt64": 20,
    "Int128": 38,
    "UInt128": 38,
}
_SIGNED: tuple[pl.DataType, ...] = (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128())
_UNSIGNED: tuple[pl.DataType, ...] = (pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(), pl.UInt128())
PRECISION_MAX = 38
_NARROW_DIGITS = 18
# An interval. Its parts are apart, since months and days have no fixed length; what two times differ by is a Duration.
CALENDAR_FIELDS: dict[str, pl.DataType] = {
    "interval_months": pl.Int32(),
    "interval_days": pl.Int32(),
    "interval_microseconds": pl.Int64(),
}
CALENDAR = pl.Struct(CALENDAR_FIELDS)
_Test: TypeAlias = Callable[[pl.DataType], bool]
TEXT_LIKE = (pl.String, pl.Enum, pl.Categorical)


def is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, TEXT_LIKE)


def is_plain_text(dtype: pl.DataType) -> bool:
    """Say whether a type is VARCHAR itself, with a collation or none."""
    return isinstance(dtype, pl.String) and not is_checked(dtype)


def is_number(dtype: pl.DataType) -> bool:
    return dtype.is_numeric()


def is_temporal(dtype: pl.DataType) -> bool:
    return isinstance(dtype, (pl.Date, pl.Datetime, pl.Time))


def is_interval(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Duration) or dtype == CALENDAR


def _is_datetime(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime)


def _is_struct(dtype: pl.DataType) -> bool:
    """Say whether a type has fields; the intervals with months have none."""
    return isinstance(dtype, pl.Struct) and bool(fields_of(dtype))


def bits(dtype: pl.DataType) -> int:
    """Return the width of an integer type."""
    return int("".join(c for c in type(dtype).__name__ if c.isdigit()))


def common(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """Return the type in which values of both compare and combine; None when they do not."""
    if a == b:
        return a
    for one, other, met in _PAIRS:
        if one(a) and other(b):
            return met(a, b)
        if one(b) and other(a):
            return met(b, a)
    return None


def _common_struct(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """Fields meet by name, and all stay; by place where one of the two is a row without names."""
    assert isinstance(a, pl.Struct) and isinstance(b, pl.Struct), "as the table of pairs says"
    left, right = fields_of(a), fields_of(b)
    if is_unnamed(a) or is_unnamed(b):
        if len(left) != len(right):
            return None
        right = dict(zip(left, right.values(), strict=True))
    folded = {name.casefold(): name for name in left}
    met = {n: common(t, next((right[r] for r in right if r.casefold() == n.casefold()), t)) for n, t in left.items()}
    named = dict(zip(fields_of(b), met.values(), strict=True)) if is_unnamed(a) else met
    fields = {**named, **({n: t for n, t in right.items() if n.casefold() not in folded})}
    return struct_of({n: t for n, t in fields.items() if t is not None}) if None not in fields.values() else None


def _common_list(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    inner = common(pl.List(a.inner).inner, pl.List(b.inner).inner)  # type: ignore[attr-defined, arg-type]
    return None if inner is None else pl.List(inner)


def _common_datetime(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    assert isinstance(a, pl.Datetime) and isinstance(b, pl.Datetime), "as the table of pairs says"
    finest = next(unit for unit in ("ns", "us", "ms") if unit in (a.time_unit, b.time_unit))
    return pl.Datetime(finest, a.time_zone or b.time_zone)


def _common_number(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    if a.is_float() or b.is_float():
        floats = [t for t in (a, b) if t.is_float()]
        return pl.Float32() if all(isinstance(t, pl.Float32) for t in floats) else pl.Float64()
    if isinstance(a, pl.Decimal) or isinstance(b, pl.Decimal):
        (p, s), (q, t) = digits(a), digits(b)
        whole, scale = max(p - s, q - t), max(s, t)
        if a.is_decimal() and b.is_decimal():
            # Digits before the point come first; an integer leaves the scale as it is.
            scale = min(scale, PRECISION_MAX - whole)
        return pl.Decimal(min(PRECISION_MAX, whole + scale), scale)
    signed = a.is_signed_integer() or b.is_signed_integer()
    if signed and pl.UInt128() in (a, b):
        return pl.Float64()
    if not signed:
        return _UNSIGNED[max(_UNSIGNED.index(a), _UNSIGNED.index(b))]
    need = max(bits(t) if t.is_signed_integer() else 2 * bits(t) for t in (a, b))
    return next((t for t in _SIGNED if bits(t) >= need), pl.Int128())


# Which types meet: a test of the one, a test of the other, and the type of both. Either may stand first; the first line
# that holds decides.
_PAIRS: tuple[tuple[_Test, _Test, Callable[[pl.DataType, pl.DataType], pl.DataType | None]], ...] = (
    (is_number, is_number, _common_number),
    (lambda t: isinstance(t, pl.Null), lambda _: True, lambda _, other: other),
    (is_json, lambda _: True, lambda *_: JSON),
    (is_uuid, is_text, lambda *_: None),
    (is_collated, is_collated, lambda *_: None),
    (is_collated, is_text, lambda collated, _: collated),
    (is_text, is_text, lambda *_: pl.String()),
    (_is_datetime, _is_datetime, _common_datetime),
    (lambda t: isinstance(t, pl.Date), _is_datetime, lambda _, moment: moment),
    (lambda t: isinstance(t, pl.Boolean), is_number, lambda _, number: number),
    (is_interval, is_interval, lambda *_: CALENDAR),
    (is_list, is_list, _common_list),
    (_is_struct, _is_struct, _common_struct),
)


def _product_digits(p: int, q: int, scale: int) -> int:
    """Two decimals of 64 bits have a product of 64 bits: beyond 18 digits is an error, as in DuckDB."""
    narrow = max(p, q) <= _NARROW_DIGITS and scale < _NARROW_DIGITS
    return min(_NARROW_DIGITS if narrow else PRECISION_MAX, p + q)


def digits(dtype: pl.DataType) -> tuple[int, int]:
    """Return precision and scale of a decimal or integer type."""
    if isinstance(dtype, pl.Decimal):
        return dtype.precision or PRECISION_MAX, dtype.scale
    return _DECIMAL_DIGITS[type(dtype).__name__], 0


def places_of_product(a: pl.DataType, b: pl.DataType) -> int:
    """Return how many places a product of decimals has; 0 for other types."""
    return a.scale + b.scale if isinstance(a, pl.Decimal) and isinstance(b, pl.Decimal) else 0


def arithmetic(operator: str, a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """Return the type of `a operator b` for numbers; None when the operands are not numbers."""
    if isinstance(a, pl.Null) and isinstance(b, pl.Null):
        return pl.Int64()
    a, b = (b if isinstance(a, pl.Null) else a), (a if isinstance(b, pl.Null) else b)
    if not (is_number(a) and is_number(b)):
        return None
    if operator == "/":
        return _common_number(a, b) if a.is_float() or b.is_float() else pl.Float64()
    if (isinstance(a, pl.Decimal) or isinstance(b, pl.Decimal)) and not (a.is_float() or b.is_float()):
        return _decimal_arithmetic(operator, a, b)
    return common_integer(a, b)


def common_integer(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """Return the type of arithmetic on numbers: of an integer with a sign and one without that is as wide at least,
    BIGINT."""
    joint = _common_number(a, b)
    mixed = a.is_integer() and b.is_integer() and a.is_signed_integer() != b.is_signed_integer()
    return pl.Int64() if mixed and joint not in (a, b) and bits(joint) < bits(pl.Int64()) else joint


def _decimal_arithmetic(operator: str, a: pl.DataType, b: pl.DataType) -> pl.DataType:
    (p, s), (q, t) = digits(a), digits(b)
    if operator == "*":
        assert s + t <= PRECISION_MAX, "the binder refuses such a product"
        return pl.Decimal(_product_digits(p, q, s + t), s + t)
    if operator in ("+", "-"):
        scale = max(s, t)
        return pl.Decimal(min(PRECISION_MAX, max(p - s, q - t) + scale + 1), scale)
    needed = max(p - s, q - t) + max(s, t)
    if operator == "//" or needed > PRECISION_MAX:
        return pl.Float64()
    return pl.Decimal(needed, max(s, t))
