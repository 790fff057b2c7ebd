"""The functions that Spark and Sail compute as we do, for arguments of the types that each entry names.

An entry returns None for arguments for which it is not so: then a worker evaluates our own lowering. No entry can fail
for a value but by an overflow, since Sail computes what a CASE or an AND guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.lower_spark.spark_tree import (
    call,
    case,
    cast,
    cast_to,
    chained,
    is_null,
    negated,
    number,
    operation,
    text,
)
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Cast, Expr, Literal

Trees: TypeAlias = Sequence[exp.Expression]
Native: TypeAlias = Callable[[Call, Trees], exp.Expression | None]
_COMPARISONS: Mapping[str, type[exp.Expression]] = {
    "=": exp.EQ, "<>": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_DIGITS_MAX = 38
_KEPT_SCALE = 6


def is_plain(dtype: pl.DataType) -> bool:
    """Say whether values of a type are equal there where they are equal here."""
    return not dtype.is_nested() and dtype != types.CALENDAR


def orders_alike(dtype: pl.DataType) -> bool:
    """Say whether values of a type have the same order there: categories are ordered by their places here."""
    return is_plain(dtype) and not isinstance(dtype, pl.Enum)


def whole(expr: Expr) -> int | None:
    """Return the value of a literal that is a whole number; None for any other expression."""
    return expr.value if isinstance(expr, Literal) and isinstance(expr.value, int) else None


def _compared(expr: Call, args: Trees) -> exp.Expression | None:
    first, second = (a.dtype for a in expr.args)
    alike = is_plain if expr.function in ("=", "<>") else orders_alike
    if not (alike(first) and alike(second) and _meet(first, second)):
        return None
    return operation(_COMPARISONS[expr.function], *args)


def _meet(first: pl.DataType, second: pl.DataType) -> bool:
    """Say whether the two types are held such that comparing what is held compares the values."""
    if first == second or isinstance(first, pl.Null) or isinstance(second, pl.Null):
        return True
    both = first, second
    return any(all(kind(t) for t in both) for kind in (_is_whole, types.is_text, lambda t: isinstance(t, pl.Decimal)))


def _is_whole(dtype: pl.DataType) -> bool:
    return dtype.is_integer()


def _distinct(expr: Call, args: Trees) -> exp.Expression | None:
    first, second = (a.dtype for a in expr.args)
    if not (is_plain(first) and is_plain(second) and _meet(first, second)):
        return None
    return negated(operation(exp.NullSafeEQ, *args))


def _sum(expr: Call, args: Trees) -> exp.Expression | None:
    kind: type[exp.Expression] = exp.Add if expr.function == "+" else exp.Sub
    result, operands = expr.dtype, [a.dtype for a in expr.args]
    if not all(t.is_numeric() for t in (result, *operands)):
        return None
    if result.is_float():
        return operation(kind, *(cast(a, result) for a in args))
    if isinstance(result, pl.Decimal):
        # One digit is left for the sum: Spark would take it from the scale.
        digits = min(_DIGITS_MAX - 1, result.precision or _DIGITS_MAX)
        return cast(operation(kind, *(cast(a, pl.Decimal(digits, result.scale)) for a in args)), result)
    return cast(operation(kind, *(_widened(a) for a in args)), result)


def _widened(operand: exp.Expression) -> exp.Expression:
    """Return an integer of which sums do not overflow: Sail would wrap them."""
    return cast_to(operand, "DECIMAL(37,0)")


def _product(expr: Call, args: Trees) -> exp.Expression | None:
    result, operands = expr.dtype, [a.dtype for a in expr.args]
    if not all(t.is_numeric() for t in (result, *operands)):
        return None
    if result.is_float():
        return operation(exp.Mul, *(cast(a, result) for a in args))
    if not isinstance(result, pl.Decimal):
        if any(types.bits(t) > 64 for t in operands):
            return None
        return (
            cast(operation(exp.Mul, *(cast_to(a, "DECIMAL(19,0)") for a in args)), result)
            if _signed(operands)
            else None
        )
    (p, s), (q, t) = (types.digits(o) for o in operands)
    if p + q + 1 > _DIGITS_MAX and s + t > _KEPT_SCALE:
        return None
    sides = [cast(a, pl.Decimal(n, m)) for a, n, m in zip(args, (p, q), (s, t), strict=True)]
    return cast(operation(exp.Mul, *sides), result)


def _signed(operands: Sequence[pl.DataType]) -> bool:
    return pl.UInt64() not in operands


def _quotient(expr: Call, args: Trees) -> exp.Expression | None:
    """`x / y` on doubles. Both engines raise an error for 0, where IEEE has infinities and NaN."""
    if not isinstance(expr.dtype, pl.Float64):
        return None
    x, y = (cast(a, expr.dtype) for a in args)
    divisor = expr.args[1]
    if isinstance(divisor, Literal) and divisor.value:
        return operation(exp.Div, x, y)
    if not _has_no_negative_zero(divisor):
        return None
    zero, infinity = cast(number(0), expr.dtype), cast(text("Infinity"), expr.dtype)
    # NaN is greater than zero there.
    limit = case(
        [
            (chained(exp.And, [operation(exp.GT, x, zero), negated(call("isnan", x))]), infinity),
            (operation(exp.LT, x, zero), cast(text("-Infinity"), expr.dtype)),
            (negated(is_null(x)), cast(text("NaN"), expr.dtype)),
        ],
        cast(exp.Null(), expr.dtype),
    )
    return case([(operation(exp.EQ, y, zero), limit)], operation(exp.Div, x, call("nullif", y, zero)))


def _has_no_negative_zero(expr: Expr) -> bool:
    inner = expr.operand if isinstance(expr, Cast) else expr
    return not inner.dtype.is_float()


def _rest(expr: Call, args: Trees) -> exp.Expression | None:
    """`//` and `%` of integers by a constant that is neither 0 nor -1: nothing can fail."""
    divisor = whole(expr.args[1])
    operands = [a.dtype for a in expr.args]
    if divisor is None or divisor <= 0 or not _signed(operands):
        return None
    if not all(t.is_integer() and types.bits(t) <= 64 for t in (expr.dtype, *operands)):
        return None
    x, y = (cast(a, pl.Int64()) for a in args)
    return cast(operation(exp.IntDiv if expr.function == "//" else exp.Mod, x, y), expr.dtype)


def _negate(expr: Call, args: Trees) -> exp.Expression | None:
    if expr.dtype.is_float():
        return exp.Paren(this=exp.Neg(this=args[0]))
    if isinstance(expr.dtype, pl.Decimal) or not expr.dtype.is_integer():
        return None
    return cast(exp.Paren(this=exp.Neg(this=_widened(args[0]))), expr.dtype)


def _rounded(expr: Call, args: Trees) -> exp.Expression | None:
    source, places = expr.args[0].dtype, whole(expr.args[1]) if len(expr.args) > 1 else 0
    if places is None or not 0 <= places <= _DIGITS_MAX:
        return None
    if not isinstance(source, pl.Decimal) or source.precision == _DIGITS_MAX:
        return None
    scale = min(places, source.scale)
    # A cast to a smaller scale rounds half away from zero in both.
    narrowed = cast(args[0], pl.Decimal(min(_DIGITS_MAX, (source.precision or 0) + 1 - source.scale + scale), scale))
    return cast(narrowed, expr.dtype)


def _named(name: str) -> Native:
    """A function of the same meaning under another name; the type of its result is written out."""

    def native(expr: Call, args: Trees) -> exp.Expression | None:
        return cast(call(name, *args), expr.dtype)

    return native


def _of_texts(name: str) -> Native:
    def native(expr: Call, args: Trees) -> exp.Expression | None:
        return cast(call(name, *args), expr.dtype) if all(types.is_text(a.dtype) for a in expr.args) else None

    return native


def _first_of(name: str) -> Native:
    """COALESCE, GREATEST and LEAST over values of one type. NaN is the greatest in both, and NULLs are passed over."""

    def native(expr: Call, args: Trees) -> exp.Expression | None:
        if name != "coalesce" and (expr.dtype.is_float() or not orders_alike(expr.dtype)):
            return None
        return call(name, *(cast(a, expr.dtype) for a in args)) if len(args) > 1 else cast(args[0], expr.dtype)

    return native


def _nullif(expr: Call, args: Trees) -> exp.Expression | None:
    first, second = (a.dtype for a in expr.args)
    if not (is_plain(first) and first == second):
        return None
    return case([(operation(exp.EQ, *args), cast(exp.Null(), expr.dtype))], args[0])


def _part(name: str, *, of_days: bool, less: int = 0) -> Native:
    """A part of a DATE or a TIMESTAMP; `of_days` those that a DATE has."""

    def native(expr: Call, args: Trees) -> exp.Expression | None:
        source = expr.args[0].dtype
        moment = isinstance(source, pl.Datetime) and source.time_unit != "ns" and source.time_zone is None
        if not moment and not (of_days and isinstance(source, pl.Date)):
            return None
        part = call(name, args[0])
        return cast(operation(exp.Sub, part, number(less)) if less else part, expr.dtype)

    return native


def _substring(expr: Call, args: Trees) -> exp.Expression | None:
    positions = [whole(a) for a in expr.args[1:]]
    if not positions[0] or any(p is None or p < 0 for p in positions):
        return None
    return call("substring", args[0], *(cast(a, pl.Int32()) for a in args[1:]))


def _concatenated(expr: Call, args: Trees) -> exp.Expression | None:
    if isinstance(expr.dtype, pl.String) and all(isinstance(a.dtype, pl.String) for a in expr.args):
        return call("concat", *args)
    return None


def _joined(expr: Call, args: Trees) -> exp.Expression | None:
    """CONCAT passes over NULLs."""
    if not all(types.is_plain_text(a.dtype) for a in expr.args):
        return None
    return call("concat", *(call("coalesce", a, text("")) for a in args), text(""))


def _like(expr: Call, args: Trees) -> exp.Expression | None:
    pattern = expr.args[1]
    if len(args) > 2 or not isinstance(pattern, Literal) or "\\" in str(pattern.value):
        return None
    return operation(exp.Like, *args)


def _absolute(expr: Call, args: Trees) -> exp.Expression | None:
    if expr.dtype.is_float():
        return call("abs", args[0])
    return cast(call("abs", _widened(args[0])), expr.dtype) if expr.dtype.is_integer() else None


def _days_after(expr: Call, args: Trees) -> exp.Expression | None:
    """`date + n`."""
    if isinstance(expr.dtype, pl.Date) and isinstance(expr.args[0].dtype, pl.Date) and expr.args[1].dtype.is_integer():
        return call("date_add", args[0], cast(args[1], pl.Int32()))
    return None


NATIVE: Mapping[str, Native] = {
    **dict.fromkeys(_COMPARISONS, _compared),
    "is_distinct": _distinct,
    "not": lambda expr, args: negated(args[0]),
    "is_null": lambda expr, args: is_null(args[0]),
    "+": _sum,
    "-": _sum,
    "*": _product,
    "/": _quotient,
    "//": _rest,
    "%": _rest,
    "negate": _negate,
    "abs": _absolute,
    "round": _rounded,
    "sqrt": _named("sqrt"),
    "coalesce": _first_of("coalesce"),
    "greatest": _first_of("greatest"),
    "least": _first_of("least"),
    "nullif": _nullif,
    "length": _of_texts("length"),
    "substring": _substring,
    "concat_operator": _concatenated,
    "concat": _joined,
    "starts_with": _of_texts("startswith"),
    "ends_with": _of_texts("endswith"),
    "contains": _of_texts("contains"),
    "like": _like,
    "add_days": _days_after,
    "year": _part("year", of_days=True),
    "month": _part("month", of_days=True),
    "day": _part("day", of_days=True),
    "quarter": _part("quarter", of_days=True),
    "dayofyear": _part("dayofyear", of_days=True),
    "dayofweek": _part("dayofweek", of_days=True, less=1),
    "hour": _part("hour", of_days=False),
    "minute": _part("minute", of_days=False),
}
