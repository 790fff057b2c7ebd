"""Arithmetic: numbers, bits, dates with days, and intervals."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.sql.binding import Binding, Operator
from rem_arrow.sql.convert import cast_to, fit_literals, fits, signed

_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%"}
_BITWISE: dict[type[exp.Expression], str] = {
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "xor",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1, "DECADE": 120, "CENTURY": 1200, "MILLENNIUM": 12_000}
_MICROSECONDS = {
    "WEEK": 604_800_000_000,
    "DAY": 86_400_000_000,
    "HOUR": 3_600_000_000,
    "MINUTE": 60_000_000,
    "SECOND": 1_000_000,
    "MILLISECOND": 1_000,
    "MICROSECOND": 1,
}
_UNITS = {"CENTURIES": "CENTURY", "MILLENNIA": "MILLENNIUM"}


def _negate(binder: Binding, tree: exp.Expression) -> Expr:
    operand = binder.bind(tree.this)
    if isinstance(operand, Literal) and isinstance(operand.value, int) and not isinstance(operand.value, bool):
        if fits(-operand.value, pl.Int128()):
            return Literal(*signed(-operand.value))
    elif isinstance(operand, Literal) and isinstance(operand.dtype, pl.Decimal):
        return Literal(-operand.value, operand.dtype)  # type: ignore[operator]
    if not types.is_number(operand.dtype) and not isinstance(operand.dtype, pl.Null):
        raise binder.error(f"- needs a number, and this is {sql_name(operand.dtype)}", tree)
    dtype = operand.dtype if not isinstance(operand.dtype, pl.Null) else pl.Int32()
    return Call("negate", (cast_to(operand, dtype),), dtype)


def _arithmetic(binder: Binding, tree: exp.Expression) -> Expr:
    operator = _ARITHMETIC[type(tree)]
    interval = tree.expression if isinstance(tree.expression, exp.Interval) else None
    if interval is None and isinstance(tree.this, exp.Interval) and operator == "+":
        return _shifted(binder, binder.bind(tree.expression), tree.this, 1, tree)
    if interval is not None and operator in ("+", "-"):
        return _shifted(binder, binder.bind(tree.this), interval, 1 if operator == "+" else -1, tree)
    left, right = binder.bind(tree.this), binder.bind(tree.expression)
    with_dates = _date_arithmetic(operator, left, right)
    if with_dates is not None:
        return with_dates
    left, right = fit_literals(left, right)
    dtype = types.arithmetic(operator, left.dtype, right.dtype)
    if dtype is None:
        raise binder.error(f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined", tree, "Both sides must be numbers; cast them first.")
    return Call(operator, tuple(cast_to(o, dtype) if isinstance(o.dtype, pl.Null) else o for o in (left, right)), dtype)


def _date_arithmetic(operator: str, left: Expr, right: Expr) -> Expr | None:
    """Return date +- days, days + date, date - date in days, or timestamp - timestamp; None for anything else."""
    if operator == "+" and left.dtype.is_integer() and isinstance(right.dtype, pl.Date):
        left, right = right, left
    if isinstance(left.dtype, pl.Date) and right.dtype.is_integer() and operator in ("+", "-"):
        days = cast_to(right, pl.Int64())
        return Call("add_days", (left, days if operator == "+" else Call("negate", (days,), pl.Int64())), pl.Date())
    if operator != "-":
        return None
    if isinstance(left.dtype, pl.Date) and isinstance(right.dtype, pl.Date):
        return Call("days_between", (left, right), pl.Int64())
    joint = types.common(left.dtype, right.dtype)
    if isinstance(joint, pl.Datetime) and not isinstance(left.dtype, pl.Null) and not isinstance(right.dtype, pl.Null):
        exact = pl.Datetime("us", joint.time_zone)
        return Call("time_between", (cast_to(left, exact), cast_to(right, exact)), pl.Duration("us"))
    return None


def _bitwise(binder: Binding, tree: exp.Expression) -> Expr:
    operator = _BITWISE[type(tree)]
    left, right = fit_literals(binder.bind(tree.this), binder.bind(tree.expression))
    dtype = types.common(left.dtype, right.dtype)
    if dtype is None or not (dtype.is_integer() or isinstance(dtype, pl.Null)):
        raise binder.error(f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined", tree, "Both sides must be whole numbers.")
    dtype = pl.Int32() if isinstance(dtype, pl.Null) else dtype
    return Call(operator, (cast_to(left, dtype), cast_to(right, dtype)), dtype)


def _bitwise_not(binder: Binding, tree: exp.Expression) -> Expr:
    operand = binder.bind(tree.this)
    if not operand.dtype.is_integer():
        raise binder.error(f"~ needs a whole number, and this is {sql_name(operand.dtype)}", tree)
    return Call("bit_not", (operand,), operand.dtype)


def _shifted(binder: Binding, operand: Expr, interval: exp.Interval, sign: int, tree: exp.Expression) -> Expr:
    if not types.is_temporal(operand.dtype):
        raise binder.error(f"an interval is added to a date, a time or a timestamp, and this is {sql_name(operand.dtype)}", tree)
    months, microseconds = _interval(binder, interval)
    if isinstance(operand.dtype, pl.Time):
        return Call("add_to_time", (operand, Literal(sign * microseconds, pl.Int64())), operand.dtype)
    zone = operand.dtype.time_zone if isinstance(operand.dtype, pl.Datetime) else None
    result = pl.Datetime("us", zone)
    shifted = cast_to(operand, result)
    if months:
        shifted = Call("add_months", (shifted, Literal(sign * months, pl.Int64())), result)
    if microseconds or not months:
        shifted = Call("add_microseconds", (shifted, Literal(sign * microseconds, pl.Int64())), result)
    return shifted


def _interval(binder: Binding, interval: exp.Interval) -> tuple[int, int]:
    """Return months and microseconds of an interval of literals: INTERVAL 3 DAY, INTERVAL '1 month 2 days'."""
    words = interval.this.name.split() if interval.this is not None else []
    if len(words) == 1 and interval.unit is not None:
        words.append(interval.unit.name)
    months = microseconds = 0
    if not words or len(words) % 2:
        raise binder.unsupported(f"the interval {interval.sql('duckdb')} is not supported", interval)
    for amount_text, unit_text in zip(words[::2], words[1::2], strict=True):
        upper = unit_text.upper()
        unit = _UNITS.get(upper, upper.rstrip("S"))
        if unit not in _MONTHS and unit not in _MICROSECONDS:
            raise binder.unsupported(f"the interval unit {unit_text} is not supported", interval)
        try:
            amount = int(amount_text)
        except ValueError as error:
            raise binder.error(f"{amount_text} is not a whole number of {unit.lower()}s", interval) from error
        months += amount * _MONTHS.get(unit, 0)
        microseconds += amount * _MICROSECONDS.get(unit, 0)
    if abs(months) >= 1 << 31 or abs(microseconds) >= 1 << 63:
        raise binder.error(f"the interval {interval.sql('duckdb')} is too long", interval)
    return months, microseconds


ARITHMETIC: dict[type[exp.Expression], Operator] = {
    exp.Neg: _negate,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_BITWISE, _bitwise),
    exp.BitwiseNot: _bitwise_not,
}
