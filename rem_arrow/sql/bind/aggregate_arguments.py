"""What the arguments of an aggregate mean: ORDER BY inside, WITHIN GROUP, fractions of quantiles, a number of rows
wanted."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import types
from rem_arrow.plan.nodes import AggregateCall, Call, Expr, Literal, SortKey
from rem_arrow.sql.bind.binder import ExprBinder, sort_key
from rem_arrow.sql.bind.conversions import cast_to

# Aggregates that take a number of rows after their own arguments, and give a list then.
TOP = {"min": 1, "max": 1, "arg_min": 2, "arg_max": 2}
QUANTILES = ("quantile_cont", "quantile_disc", "approx_quantile")


@dataclass(frozen=True, slots=True)
class Parts:
    """A call taken apart: arguments, whether DISTINCT stood before them, and ORDER BY."""

    trees: list[exp.Expression]
    distinct: bool
    order: list[exp.Expression]


def parts(binder: ExprBinder, name: str, trees: list[exp.Expression], within: exp.Expression | None) -> Parts:
    """Take apart what SQLGlot wraps into the arguments."""
    order: list[exp.Expression] = []
    plain: list[exp.Expression] = []
    for tree in trees:
        match tree:
            case exp.Limit():
                raise binder.unsupported("LIMIT inside an aggregate is not supported", tree)
            case exp.Order():
                order = list(tree.expressions)
                plain += [] if tree.this is None else [tree.this]
            case _:
                plain.append(tree)
    distinct = bool(plain) and isinstance(plain[0], exp.Distinct)
    if distinct:
        plain = [*plain[0].expressions, *plain[1:]]
    if within is None:
        return Parts(plain, distinct, order)
    if name not in (*QUANTILES, "mode"):
        return Parts(plain, distinct, list(within.expressions))
    (key,) = within.expressions if len(within.expressions) == 1 else [None]
    if key is None:
        raise binder.error(f"WITHIN GROUP of {name} orders by one expression", within)
    return Parts([key.this, *(_downward(t) if key.args.get("desc") else t for t in plain)], distinct, [])


def _downward(tree: exp.Expression) -> exp.Expression:
    """A fraction counted from the top: 0 is the largest value, so 1 from the bottom."""
    match tree:
        case exp.Array():
            return exp.Array(expressions=[_downward(t) for t in tree.expressions])
        case exp.Literal() if tree.to_py() == 0:
            return exp.Literal.number("1.0")
        case _:
            return exp.Neg(this=tree.copy())


def sort_keys(binder: ExprBinder, order: list[exp.Expression]) -> tuple[SortKey, ...]:
    keys = [(binder.bind(o.this if isinstance(o, exp.Ordered) else o), o) for o in order]
    return tuple(sort_key(k, o) for k, o in keys if not isinstance(k, Literal))


def quantile(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> AggregateCall:
    """A quantile's value has the type of its argument, but whole numbers and dates are interpolated to DOUBLE and
    TIMESTAMP."""
    if len(trees) != 2:
        raise binder.error(f"{name} takes a value and a fraction, or a list of fractions", tree)
    value = binder.bind(trees[0])
    listed = isinstance(trees[1], exp.Array)
    fractions = [_fraction(binder, name, t) for t in (trees[1].expressions if listed else [trees[1]])]
    if isinstance(value.dtype, pl.Null):
        value = cast_to(value, pl.Int32())
    dtype = value.dtype
    if types.is_text(dtype) or isinstance(dtype, pl.Boolean) or dtype.is_nested():
        if name != "quantile_disc":
            raise binder.error(
                f"{name} takes a number, a date or a time stamp, and this is {sql_name(dtype)}",
                tree,
                "quantile_disc takes any type.",
            )
    elif name == "quantile_cont":
        dtype = pl.Float64() if dtype.is_integer() else pl.Datetime("us") if isinstance(dtype, pl.Date) else dtype
    return AggregateCall(name, value, pl.List(dtype) if listed else dtype, extra=tuple(fractions))


def _fraction(binder: ExprBinder, name: str, tree: exp.Expression) -> Expr:
    bound = binder.bind(tree)
    sign = 1
    if isinstance(bound, Call) and bound.function == "negate":
        bound, sign = bound.args[0], -1
    try:
        fraction = float(str(bound.value)) * sign if isinstance(bound, Literal) else None
    except ValueError:
        fraction = None
    if fraction is None or not -1 <= fraction <= 1:
        raise binder.error(f"{name} takes a fraction from -1 to 1 that stands here as a number", tree)
    return Literal(fraction, pl.Float64())


def deviation(binder: ExprBinder, value: Expr) -> AggregateCall | None:
    """The median distance from the median: an interval for dates and times, a decimal for decimals; None for the
    others."""
    if isinstance(value.dtype, (pl.Date, pl.Datetime, pl.Time)):
        return AggregateCall("mad", value, pl.Duration("us"))
    return AggregateCall("mad", value, value.dtype) if isinstance(value.dtype, (pl.Decimal, pl.Float32)) else None


def median(binder: ExprBinder, value: Expr) -> AggregateCall | None:
    """The median of what is no number: interpolated for dates and decimals, the lower one for texts; None for other
    numbers."""
    half = (Literal(0.5, pl.Float64()),)
    if isinstance(value.dtype, (pl.Date, pl.Datetime, pl.Time)):
        dtype: pl.DataType = pl.Datetime("us") if isinstance(value.dtype, pl.Date) else value.dtype
        return AggregateCall("quantile_cont", value, dtype, extra=half)
    if isinstance(value.dtype, (pl.Decimal, pl.Float32)):
        return AggregateCall("quantile_cont", value, value.dtype, extra=half)
    if types.is_text(value.dtype) or isinstance(value.dtype, pl.Boolean):
        return AggregateCall("quantile_disc", value, value.dtype, extra=half)
    return AggregateCall("quantile_disc", value, value.dtype, extra=half) if types.is_interval(value.dtype) else None


def average(binder: ExprBinder, value: Expr) -> AggregateCall | None:
    """The mean of intervals, dates and times; None for numbers."""
    if isinstance(value.dtype, (pl.Date, pl.Datetime, pl.Time)):
        zone = value.dtype.time_zone if isinstance(value.dtype, pl.Datetime) else None
        return AggregateCall(
            "avg_time", value, value.dtype if isinstance(value.dtype, pl.Time) else pl.Datetime("us", zone)
        )
    if not types.is_interval(value.dtype):
        return None
    return AggregateCall("avg", cast_to(value, types.CALENDAR), types.CALENDAR)


# Aggregates that are others for some types.
OF_TYPES = {"avg": average, "median": median, "mad": deviation}
