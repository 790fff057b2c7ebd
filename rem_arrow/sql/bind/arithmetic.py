"""Arithmetic: numbers, bits, dates with days, and intervals."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Cast, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.containers import apply, unified
from rem_arrow.sql.bind.conversions import cast_to, fit_literals, fits, signed
from rem_arrow.sql.bind.intervals import interval_arithmetic, negated_interval

_ARITHMETIC: dict[type[exp.Expression], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
}
_BITWISE: dict[type[exp.Expression], str] = {
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "xor",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}


def _negate(binder: ExprBinder, tree: exp.Expression) -> Expr:
    operand = binder.bind(tree.this)
    if isinstance(operand, Literal) and isinstance(operand.value, int) and not isinstance(operand.value, bool):
        if fits(-operand.value, pl.Int128()):
            return Literal(*signed(-operand.value))
    elif isinstance(operand, Literal) and isinstance(operand.value, Decimal):
        # A minus of Python rounds to 28 digits.
        return Literal(operand.value.copy_negate(), operand.dtype)
    if types.is_interval(operand.dtype):
        return negated_interval(operand)
    if not types.is_number(operand.dtype) and not isinstance(operand.dtype, pl.Null):
        raise binder.error(f"- needs a number, and this is {sql_name(operand.dtype)}", tree)
    dtype = operand.dtype if not isinstance(operand.dtype, pl.Null) else pl.Int64()
    return Call("negate", (cast_to(operand, dtype),), dtype)


def _arithmetic(binder: ExprBinder, tree: exp.Expression) -> Expr:
    operator = _ARITHMETIC[type(tree)]
    inverted = _leftmost_inversion(tree)
    if inverted is not None:
        return _bitwise_not(binder, inverted)
    return arithmetic(binder, operator, binder.bind(tree.this), binder.bind(tree.expression), tree)


def arithmetic(binder: ExprBinder, operator: str, left: Expr, right: Expr, tree: exp.Expression) -> Expr:
    """Return `left operator right` for numbers, dates and intervals. Raises BindError."""
    with_dates = interval_arithmetic(binder, operator, left, right, tree) or _date_arithmetic(operator, left, right)
    if with_dates is not None:
        return with_dates
    if operator == "+" and (nested.is_list(left.dtype) or nested.is_list(right.dtype)):
        lists = unified(binder, ["list", "list"], [left, right], tree)
        return apply("list_concat", *lists)
    left, right = _numbers(left, right), _numbers(right, left)
    left, right = fit_literals(left, right)
    places = types.places_of_product(left.dtype, right.dtype) if operator == "*" else 0
    if places > types.PRECISION_MAX:
        raise binder.error(
            f"{sql_name(left.dtype)} * {sql_name(right.dtype)} has {places} places, and a DECIMAL at most "
            f"{types.PRECISION_MAX}",
            tree,
            "Cast one of them to fewer places, or to DOUBLE.",
        )
    dtype = types.arithmetic(operator, left.dtype, right.dtype)
    if dtype is None:
        raise binder.error(
            f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined",
            tree,
            "Both sides must be numbers; cast them first.",
        )
    return Call(operator, tuple(cast_to(o, dtype) if isinstance(o.dtype, pl.Null) else o for o in (left, right)), dtype)


def _leftmost_inversion(tree: exp.Expression) -> exp.Expression | None:
    """Return `~1 + 1` as ~(1 + 1), as DuckDB and PostgreSQL read it; None where no ~ stands leftmost without
    parentheses."""
    if type(tree) not in _ARITHMETIC:
        return None
    inner = tree.this if isinstance(tree.this, exp.BitwiseNot) else _leftmost_inversion(tree.this)
    if inner is None:
        return None
    whole = tree.copy()
    whole.set("this", inner.this.copy())
    return exp.BitwiseNot(this=whole)


def _numbers(operand: Expr, other: Expr) -> Expr:
    """Read a text literal beside a number as one of its type: 1.5 + '2'."""
    if not (
        isinstance(operand, Literal)
        and isinstance(operand.value, str)
        and types.is_number(other.dtype)
        and not isinstance(other, Literal)
    ):
        return operand
    return Cast(operand, other.dtype)


def _date_arithmetic(operator: str, left: Expr, right: Expr) -> Expr | None:
    """Return date +- days, days + date, date - date in days, or timestamp - timestamp; None for anything else."""
    if operator == "+" and left.dtype.is_integer() and isinstance(right.dtype, pl.Date):
        left, right = right, left
    if isinstance(left.dtype, pl.Date) and right.dtype.is_integer() and operator in ("+", "-"):
        days = cast_to(right, pl.Int64())
        return Call("add_days", (left, days if operator == "+" else Call("negate", (days,), pl.Int64())), pl.Date())
    if operator == "+" and isinstance(left.dtype, pl.Time) and isinstance(right.dtype, pl.Date):
        left, right = right, left
    if operator == "+" and isinstance(left.dtype, pl.Date) and isinstance(right.dtype, pl.Time):
        return Call("time_on_date", (left, right), pl.Datetime("us"))
    if operator != "-":
        return None
    if isinstance(left.dtype, pl.Date) and isinstance(right.dtype, pl.Date):
        return Call("days_between", (left, right), pl.Int64())
    joint = types.common(left.dtype, right.dtype)
    if isinstance(joint, pl.Datetime) and not isinstance(left.dtype, pl.Null) and not isinstance(right.dtype, pl.Null):
        exact = pl.Datetime("us", joint.time_zone)
        return Call("time_between", (cast_to(left, exact), cast_to(right, exact)), pl.Duration("us"))
    return None


def _bitwise(binder: ExprBinder, tree: exp.Expression) -> Expr:
    operator = _BITWISE[type(tree)]
    left, right = fit_literals(binder.bind(tree.this), binder.bind(tree.expression))
    dtype = types.common(left.dtype, right.dtype)
    if dtype is not None and left.dtype.is_integer() and right.dtype.is_integer():
        dtype = types.common_integer(left.dtype, right.dtype)
    if dtype is None or not (dtype.is_integer() or isinstance(dtype, pl.Null)):
        raise binder.error(
            f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined",
            tree,
            "Both sides must be whole numbers.",
        )
    dtype = pl.Int32() if isinstance(dtype, pl.Null) else dtype
    return Call(operator, (cast_to(left, dtype), cast_to(right, dtype)), dtype)


def _bitwise_not(binder: ExprBinder, tree: exp.Expression) -> Expr:
    operand = binder.bind(tree.this)
    if not operand.dtype.is_integer():
        raise binder.error(f"~ needs a whole number, and this is {sql_name(operand.dtype)}", tree)
    return Call("bit_not", (operand,), operand.dtype)


ARITHMETIC: dict[type[exp.Expression], Operator] = {
    exp.Neg: _negate,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_BITWISE, _bitwise),
    exp.BitwiseNot: _bitwise_not,
}
