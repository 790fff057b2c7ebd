"""Intervals: literals, casts from text, and arithmetic with dates, times, numbers and each other."""

from __future__ import annotations

import datetime as dt

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.interval_text import interval_of, unit_of
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.plan.time_functions import TO_UNITS
from rem_arrow.sql.bind.binder import Binding
from rem_arrow.sql.bind.conversions import cast_to

_DURATION = pl.Duration("us")
_UNIT_FUNCTIONS = {unit: name for name, unit in TO_UNITS.items()}
# Units that may have a part: INTERVAL '1.5' SECOND. Of others INTERVAL '1.5' DAY is one.
_PARTED = ("second", "millisecond")


def interval(binder: Binding, tree: exp.Expression) -> Expr:
    """Bind INTERVAL '1' DAY, INTERVAL 3 MONTHS, INTERVAL '1 year 2 days', INTERVAL (n) HOUR."""
    amount, unit_tree = tree.this, tree.args.get("unit")
    unit = None if unit_tree is None else unit_of(unit_tree.name)
    if amount is None or isinstance(unit_tree, exp.IntervalSpan):
        raise binder.unsupported(f"the interval {tree.sql('duckdb')} is not supported", tree)
    if unit_tree is not None and unit is None:
        raise binder.unsupported(f"the interval unit {unit_tree.name} is not supported", tree)
    if unit is None:
        operand = binder.bind(amount)
        if types.is_temporal(operand.dtype):
            # SQLGlot reads INTERVAL '1 day' + x as a sum of two intervals.
            return operand
        return interval_from(binder, operand if types.is_text(operand.dtype) else cast_to(operand, pl.String()), tree)
    if isinstance(amount, exp.Literal) and amount.is_string:
        number = amount.this.strip() if unit in _PARTED else amount.this.strip().split(".")[0]
        return _literal(binder, number, unit, tree)
    return binder.call(
        _UNIT_FUNCTIONS[unit],
        [amount if unit in _PARTED else exp.Cast(this=amount, to=exp.DataType.build("BIGINT"))],
        tree,
    )


def interval_from(binder: Binding, operand: Expr, tree: exp.Expression) -> Expr:
    """Bind the cast of an expression to INTERVAL."""
    if types.is_interval(operand.dtype):
        return operand
    if isinstance(operand, Literal) and isinstance(operand.value, str):
        return _literal(binder, operand.value, None, tree)
    if isinstance(operand.dtype, pl.Null):
        return Literal(None, _DURATION)
    if types.is_text(operand.dtype):
        return cast_to(operand, types.CALENDAR)
    raise binder.error(
        f"{sql_name(operand.dtype)} cannot be cast to INTERVAL", tree, "Write to_days(n), or INTERVAL (n) DAY."
    )


def _literal(binder: Binding, text: str, unit: str | None, tree: exp.Expression) -> Expr:
    try:
        months, microseconds = interval_of(text, unit)
    except ValueError as error:
        raise binder.error(str(error), tree) from error
    return constant(months, microseconds)


def constant(months: int, microseconds: int) -> Expr:
    if not months:
        return Literal(dt.timedelta(microseconds=microseconds), _DURATION)
    return Call("calendar_interval", (Literal(months, pl.Int64()), Literal(microseconds, pl.Int64())), types.CALENDAR)


def interval_arithmetic(binder: Binding, operator: str, left: Expr, right: Expr, tree: exp.Expression) -> Expr | None:
    """Return the operation if an interval is in it, else None."""
    if not (types.is_interval(left.dtype) or types.is_interval(right.dtype)):
        return None
    if operator == "+" and types.is_interval(left.dtype) and not types.is_interval(right.dtype):
        left, right = right, left
    if operator == "*" and types.is_interval(right.dtype):
        left, right = right, left
    if operator in ("+", "-") and types.is_interval(right.dtype):
        added = right if operator == "+" else negated_interval(right)
        return _sum(left, added) if types.is_interval(left.dtype) else _shifted(binder, left, added, tree)
    if types.is_interval(left.dtype) and (types.is_number(right.dtype) or isinstance(right.dtype, pl.Null)):
        if operator == "*":
            return Call(
                "interval_product",
                (left, cast_to(right, pl.Int64()) if isinstance(right.dtype, pl.Null) else right),
                left.dtype,
            )
        if operator == "/":
            return Call("interval_quotient", (left, cast_to(right, pl.Float64())), left.dtype)
    raise binder.error(f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined", tree)


def negated_interval(operand: Expr) -> Expr:
    if isinstance(operand, Literal) and isinstance(operand.value, dt.timedelta):
        return Literal(-operand.value, operand.dtype)
    return Call("interval_negated", (operand,), operand.dtype)


def _sum(left: Expr, right: Expr) -> Expr:
    dtype = types.common(left.dtype, right.dtype)
    assert dtype is not None, "both are intervals"
    return Call("interval_sum", (left, right), dtype)


def _shifted(binder: Binding, operand: Expr, added: Expr, tree: exp.Expression) -> Expr:
    """Add an interval to a date, which gives a TIMESTAMP, to a time, or to a timestamp."""
    if isinstance(operand.dtype, pl.Null):
        return Literal(None, pl.Datetime("us"))
    if not types.is_temporal(operand.dtype):
        raise binder.error(
            f"an interval is added to a date, a time or a timestamp, and this is {sql_name(operand.dtype)}", tree
        )
    zone = operand.dtype.time_zone if isinstance(operand.dtype, pl.Datetime) else None
    result: pl.DataType = operand.dtype if isinstance(operand.dtype, pl.Time) else pl.Datetime("us", zone)
    return Call("add_interval", (cast_to(operand, result), added), result)


def comparable(operands: list[Expr]) -> list[Expr]:
    """Return the operands as they compare: intervals with months as days, 30 to a month."""
    return [Call("interval_days", (o,), _DURATION) if o.dtype == types.CALENDAR else o for o in operands]


def time_series(binder: Binding, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr | None:
    """Bind generate_series(start, stop, step) and range(...) of dates or timestamps; None for numbers."""
    if len(trees) != 3:
        return None
    start, stop, step = (binder.bind(t) for t in trees)
    stamp = types.common(start.dtype, stop.dtype)
    if stamp is None or not isinstance(stamp, (pl.Date, pl.Datetime)):
        return None
    zone = stamp.time_zone if isinstance(stamp, pl.Datetime) else None
    exact = pl.Datetime("us", zone)
    args = (
        cast_to(start, exact),
        cast_to(stop, exact),
        interval_from(binder, step, tree),
        Literal(name == "generate_series", pl.Boolean()),
    )
    return Call("series_of_times", args, pl.List(exact))


INTERVALS = {exp.Interval: interval}
