"""Intervals: casts from text, and arithmetic with dates, times, numbers and each other."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.interval_text import Interval, interval_of
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import cast_to

_DURATION = pl.Duration("us")


def interval_from(binder: ExprBinder, operand: Expr, tree: exp.Expression) -> Expr:
    """Bind the cast of an expression to INTERVAL."""
    if types.is_interval(operand.dtype):
        return operand
    if isinstance(operand, Literal) and isinstance(operand.value, str):
        try:
            return constant(interval_of(operand.value))
        except ValueError as error:
            raise binder.error(str(error), tree) from error
    if isinstance(operand.dtype, pl.Null):
        return cast_to(operand, types.CALENDAR)
    if types.is_text(operand.dtype):
        return cast_to(operand, types.CALENDAR)
    raise binder.error(
        f"{sql_name(operand.dtype)} cannot be cast to INTERVAL", tree, "Write to_days(n), or INTERVAL (n) DAY."
    )


def constant(interval: Interval) -> Expr:
    """Return an interval as an expression; Polars has no literal for it."""
    return Call("calendar_interval", tuple(Literal(part, pl.Int64()) for part in interval), types.CALENDAR)


def interval_arithmetic(
    binder: ExprBinder, operator: str, left: Expr, right: Expr, tree: exp.Expression
) -> Expr | None:
    """Return the operation if an interval is in it, else None."""
    if not (types.is_interval(left.dtype) or types.is_interval(right.dtype)):
        return None
    if operator == "+" and types.is_interval(left.dtype) and not types.is_interval(right.dtype):
        left, right = right, left
    if operator == "*" and types.is_interval(right.dtype):
        left, right = right, left
    if operator in ("+", "-") and types.is_interval(right.dtype):
        added = right if operator == "+" else negated_interval(right)
        if types.is_interval(left.dtype):
            return Call("interval_sum", (left, added), types.CALENDAR)
        return _shifted(binder, left, added, tree)
    if types.is_interval(left.dtype) and (types.is_number(right.dtype) or isinstance(right.dtype, pl.Null)):
        if operator == "*":
            return Call(
                "interval_product",
                (left, cast_to(right, pl.Int64()) if isinstance(right.dtype, pl.Null) else right),
                types.CALENDAR,
            )
        if operator == "/":
            return Call("interval_quotient", (left, cast_to(right, pl.Float64())), types.CALENDAR)
    raise binder.error(f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined", tree)


def negated_interval(operand: Expr) -> Expr:
    return Call("interval_negated", (operand,), types.CALENDAR)


def _shifted(binder: ExprBinder, operand: Expr, added: Expr, tree: exp.Expression) -> Expr:
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


def time_series(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr | None:
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
