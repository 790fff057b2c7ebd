"""Expressions over decimals that are held as integers: how each is computed, and within which bounds it stays.

A number is an integer expression with what is known of it (`Fixed`). Every operation here either proves from the bounds
that its result fits into 64 bits, or gives None, and the decimal is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias, cast

import polars as pl

from rem_arrow.base.exact_decimals import shifted
from rem_arrow.plan.nodes import Call, Case, Cast, Column, Expr, InList, Literal
from rem_arrow.plan.walk import columns_of, rebuild_expr

INT = pl.Int64()
FLOAT = pl.Float64()
INTEGER_MAX = (1 << 63) - 1
_DIGITS_MAX = 38
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "is_distinct")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number as an integer: its value times 10 ** scale, within the bounds. `whole` columns are integers anyway, of
    their own type."""

    scale: int
    low: int
    high: int
    whole: bool = False

    @property
    def size(self) -> int:
        return max(abs(self.low), abs(self.high))


Number: TypeAlias = "tuple[Expr, Fixed]"


def is_decimal(expr: Expr) -> bool:
    return isinstance(expr.dtype, pl.Decimal)


def unfixed(expr: Expr, scale: int, dtype: pl.DataType) -> Expr:
    """Return an integer as the decimal that it stands for."""
    assert isinstance(dtype, pl.Decimal) and dtype.scale == scale, "the scale of a fixed number is that of its type"
    return Call("unfixed", (expr,), dtype)


def scaled_down(total: Expr, divisor: Expr, scale: int) -> Expr:
    """Return an integer of that scale, divided by a float, as a float."""
    factor = Literal(float(10**scale), FLOAT)
    return Call("/", (Cast(total, FLOAT), Call("*", (divisor, factor), FLOAT)), FLOAT)


def sort_form(expr: Expr, columns: Mapping[str, Fixed]) -> Expr:
    """Return a sort key as an integer if it can be one: they sort alike."""
    number = fix(expr, columns) if is_decimal(expr) and columns_of(expr) else None
    return plain(expr, columns) if number is None else number[0]


def plain(expr: Expr, columns: Mapping[str, Fixed]) -> Expr:
    """Return an expression over fixed `columns` that has its own type; comparisons inside are of integers."""
    if not columns_of(expr) & columns.keys():
        return expr
    by_integers = _by_integers(expr, columns)
    return rebuild_expr(expr, lambda e: plain(e, columns)) if by_integers is None else by_integers


def _by_integers(expr: Expr, columns: Mapping[str, Fixed]) -> Expr | None:
    """Return an expression whose operands are integers, with its own type; None where it does not take them."""
    match expr:
        case Column():
            fixed = columns[expr.name]
            return expr if fixed.whole else unfixed(Column(expr.name, INT), fixed.scale, expr.dtype)
        case Call(function="is_null", args=(Column() as column,)) if not columns[column.name].whole:
            return replace(expr, args=(Column(column.name, INT),))
        case Call() if expr.function in _COMPARISONS and any(map(is_decimal, expr.args)):
            aligned = _aligned([fix(a, columns) for a in expr.args])
            return None if aligned is None else replace(expr, args=tuple(aligned.exprs))
        case InList() if is_decimal(expr.operand):
            aligned = _aligned([fix(e, columns) for e in (expr.operand, *expr.options)])
            if aligned is None:
                return None
            operand, *options = aligned.exprs
            return replace(expr, operand=operand, options=tuple(options))
        case Cast(dtype=pl.Float64()) if is_decimal(expr.operand):
            number = fix(expr.operand, columns)
            if number is None:
                return None
            return Call("/", (Cast(number[0], FLOAT), Literal(float(10 ** number[1].scale), FLOAT)), FLOAT)
        case _:
            number = fix(expr, columns) if isinstance(expr.dtype, pl.Decimal) else None
            if number is None or number[1].scale != cast(pl.Decimal, expr.dtype).scale:
                return None
            return unfixed(number[0], number[1].scale, expr.dtype)


def fix(expr: Expr, columns: Mapping[str, Fixed]) -> Number | None:
    """Return a number as an integer expression, and its scale and bounds; None where that is not proven."""
    match expr:
        case Column():
            return _column(expr, columns[expr.name]) if expr.name in columns else None
        case Literal():
            return _literal(expr)
        case Cast() if not expr.safe and isinstance(expr.dtype, pl.Decimal):
            number = fix(expr.operand, columns)
            return None if number is None else _rescaled(number, expr.dtype.scale, expr.dtype)
        case Call(function="+" | "-" | "*", args=(a, b)) if isinstance(expr.dtype, pl.Decimal):
            x, y = fix(a, columns), fix(b, columns)
            return None if x is None or y is None else _arithmetic(expr.function, x, y, expr.dtype)
        case Call(function="negate", args=(a,)) if is_decimal(expr):
            number = fix(a, columns)
            return None if number is None else _negated(number)
        case Call(function="coalesce") if is_decimal(expr):
            return _joint(
                [fix(a, columns) for a in expr.args], lambda exprs: replace(expr, args=tuple(exprs), dtype=INT)
            )
        case Case() if is_decimal(expr):
            conditions = [plain(c, columns) for c, _ in expr.branches]
            values = [fix(v, columns) for v in (*(v for _, v in expr.branches), expr.otherwise)]
            return _joint(values, lambda exprs: Case(tuple(zip(conditions, exprs[:-1], strict=True)), exprs[-1], INT))
        case _:
            return None


def fix_pair(a: Expr, a_columns: Mapping[str, Fixed], b: Expr, b_columns: Mapping[str, Fixed]) -> tuple[Expr, Expr]:
    """Return the two sides of an equality between relations, as integers of one scale where they can be."""
    if is_decimal(a) or is_decimal(b):
        aligned = _aligned([fix(a, a_columns), fix(b, b_columns)])
        if aligned is not None:
            return aligned.exprs[0], aligned.exprs[1]
    return plain(a, a_columns), plain(b, b_columns)


def _column(column: Column, fixed: Fixed) -> Number:
    narrow = fixed.whole and column.dtype != INT
    return (Cast(column, INT) if narrow else Column(column.name, INT)), fixed


def _literal(expr: Literal) -> Number | None:
    scale = expr.dtype.scale if isinstance(expr.dtype, pl.Decimal) else 0
    if expr.value is None:
        return (Literal(None, INT), Fixed(scale, 0, 0)) if is_decimal(expr) else None
    if isinstance(expr.value, bool) or not isinstance(expr.value, (int, Decimal)):
        return None
    scaled = shifted(expr.value, scale)
    value = int(scaled)
    return (Literal(value, INT), Fixed(scale, value, value)) if value == scaled and abs(value) <= INTEGER_MAX else None


def _negated(number: Number) -> Number:
    expr, fixed = number
    return Call("fixed-", (Literal(0, INT), expr), INT), Fixed(fixed.scale, -fixed.high, -fixed.low)


def _rescaled(number: Number, scale: int, dtype: pl.Decimal | None = None) -> Number | None:
    """Return the number with more places behind the point."""
    expr, fixed = number
    if scale < fixed.scale:
        return None
    factor = 10 ** (scale - fixed.scale)
    size = fixed.size * factor
    if size > INTEGER_MAX or (dtype is not None and size >= _beyond(dtype)):
        return None
    if factor == 1:
        return number
    grown = Fixed(scale, fixed.low * factor, fixed.high * factor)
    if isinstance(expr, Literal):
        return Literal(None if expr.value is None else cast(int, expr.value) * factor, INT), grown
    return Call("fixed*", (expr, Literal(factor, INT)), INT), grown


def _arithmetic(operator: str, x: Number, y: Number, dtype: pl.Decimal) -> Number | None:
    if operator == "*":
        (a, f), (b, g) = x, y
        ends = [p * q for p in (f.low, f.high) for q in (g.low, g.high)]
        result = Fixed(f.scale + g.scale, min(ends), max(ends))
    else:
        aligned = _aligned([x, y])
        if aligned is None:
            return None
        (a, b), (f, g) = aligned.exprs, aligned.bounds
        low, high = (g.low, g.high) if operator == "+" else (-g.high, -g.low)
        result = Fixed(aligned.scale, f.low + low, f.high + high)
    if result.size > INTEGER_MAX or result.scale != dtype.scale or result.size >= _beyond(dtype):
        return None
    return Call(f"fixed{operator}", (a, b), INT), result


def _beyond(dtype: pl.Decimal) -> int:
    """Return the least integer with more digits than a type has."""
    return int(10 ** (dtype.precision or _DIGITS_MAX))


@dataclass(frozen=True, slots=True)
class _Aligned:
    """Numbers of one scale."""

    exprs: list[Expr]
    bounds: list[Fixed]
    scale: int


def _aligned(numbers: Sequence[Number | None]) -> _Aligned | None:
    """Return the numbers with one scale; None if one of them is none, or does not fit."""
    proven = [n for n in numbers if n is not None]
    if len(proven) < len(numbers):
        return None
    scale = max(fixed.scale for _, fixed in proven)
    rescaled = [r for n in proven if (r := _rescaled(n, scale)) is not None]
    if len(rescaled) < len(proven):
        return None
    return _Aligned([e for e, _ in rescaled], [f for _, f in rescaled], scale)


def _joint(numbers: Sequence[Number | None], build: Callable[[list[Expr]], Expr]) -> Number | None:
    """Return an expression whose value is that of one of the numbers."""
    aligned = _aligned(numbers)
    if aligned is None:
        return None
    return build(aligned.exprs), spanning(aligned.bounds)


def spanning(bounds: Sequence[Fixed]) -> Fixed:
    """Return the bounds of what is one of several numbers of one scale."""
    return Fixed(bounds[0].scale, min(f.low for f in bounds), max(f.high for f in bounds))
