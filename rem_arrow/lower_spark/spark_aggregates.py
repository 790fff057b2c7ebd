"""Aggregates to Spark: those of one meaning by name, the others as functions over the list of a group's rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.lower_spark.arrow_functions import GroupFunction
from rem_arrow.lower_spark.spark_expressions import lower_to_spark
from rem_arrow.lower_spark.spark_functions import is_plain, orders_alike
from rem_arrow.lower_spark.spark_lowering import SparkLowering
from rem_arrow.lower_spark.spark_tree import call, case, cast, cast_to, number, operation, text
from rem_arrow.plan import types
from rem_arrow.plan.nodes import AggregateCall, Column, Expr, Literal, Parameter
from rem_arrow.plan.walk import aggregate_exprs, map_aggregate

# Wraps an aggregate function: in a FILTER, or an OVER.
Wrap: TypeAlias = Callable[[exp.Expression], exp.Expression]
_SUM_TYPE = "DECIMAL(38,0)"
# What these give follows from the order of the rows, which nothing but ORDER BY says there.
_ORDERED = (
    "first",
    "last",
    "list",
    "string_agg",
    "json_group_array",
    "json_group_object",
    "arg_min",
    "arg_max",
    "mode",
)


def lower_aggregate_call(call_: AggregateCall, context: SparkLowering) -> exp.Expression:
    """Return the tree of an aggregate of GROUP BY."""
    condition = None if call_.where is None else lower_to_spark(call_.where, context)

    def filtered(aggregate: exp.Expression) -> exp.Expression:
        if condition is None:
            return aggregate
        return exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))

    native = native_aggregate(call_.function, call_.argument, call_.dtype, context, filtered, distinct=call_.distinct)
    if native is not None and not call_.extra:
        return native
    return _over_list(call_, context, filtered)


def native_aggregate(
    function: str, argument: Expr | None, dtype: pl.DataType, context: SparkLowering, wrap: Wrap, *, distinct: bool
) -> exp.Expression | None:
    """Return the tree of an aggregate that both engines have; None if there is none."""
    if argument is None:
        return cast(wrap(call("count", number(1))), dtype) if function == "count" else None
    source, x = argument.dtype, lower_to_spark(argument, context)
    if distinct and not is_plain(source):
        return None
    if distinct and source.is_float():
        # -0.0 is another value in Sail.
        x = operation(exp.Add, x, cast(number(0), source))

    def of(name: str, operand: exp.Expression) -> exp.Expression:
        one: exp.Expression = exp.Distinct(expressions=[operand]) if distinct else operand
        return wrap(call(name, one))

    build = _NATIVE.get(function)
    return None if build is None else build(of, x, source, dtype)


_Of: TypeAlias = Callable[[str, exp.Expression], exp.Expression]


def _sum(of: _Of, x: exp.Expression, source: pl.DataType, dtype: pl.DataType) -> exp.Expression | None:
    if source.is_float():
        return cast(of("sum", cast(x, dtype)), dtype)
    if isinstance(source, pl.Decimal):
        return cast(of("sum", x), dtype)
    return cast(of("sum", cast_to(x, _SUM_TYPE)), dtype) if source.is_integer() else None


def _mean(of: _Of, x: exp.Expression, source: pl.DataType, dtype: pl.DataType) -> exp.Expression | None:
    if not isinstance(dtype, pl.Float64) or not source.is_numeric():
        return None
    if source.is_float():
        return cast(of("avg", cast(x, dtype)), dtype)
    total = of("sum", x if isinstance(source, pl.Decimal) else cast_to(x, _SUM_TYPE))
    rows = call("nullif", of("count", x), number(0))
    return operation(exp.Div, cast(total, dtype), cast(rows, dtype))


def _extreme(name: str) -> Callable[[_Of, exp.Expression, pl.DataType, pl.DataType], exp.Expression | None]:
    def build(of: _Of, x: exp.Expression, source: pl.DataType, dtype: pl.DataType) -> exp.Expression | None:
        return cast(of(name, x), dtype) if orders_alike(source) else None

    return build


def _spread(name: str) -> Callable[[_Of, exp.Expression, pl.DataType, pl.DataType], exp.Expression | None]:
    def build(of: _Of, x: exp.Expression, source: pl.DataType, dtype: pl.DataType) -> exp.Expression | None:
        return cast(of(name, cast(x, pl.Float64())), dtype) if source.is_numeric() else None

    return build


def _single(of: _Of, x: exp.Expression, source: pl.DataType, dtype: pl.DataType) -> exp.Expression | None:
    """The value of the one row of a subquery; more are an error."""
    rows = of("count", number(1))
    failure = call("raise_error", text("a subquery used as a value returned more than one row"))
    return (
        case([(operation(exp.GT, rows, number(1)), cast(failure, dtype))], of("max", x)) if is_plain(source) else None
    )


_NATIVE: Mapping[str, Callable[[_Of, exp.Expression, pl.DataType, pl.DataType], exp.Expression | None]] = {
    "count": lambda of, x, source, dtype: cast(of("count", x), dtype),
    "count_if": lambda of, x, source, dtype: cast(of("count_if", x), dtype),
    "sum": _sum,
    "avg": _mean,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "any_value": _extreme("max"),
    "bool_and": lambda of, x, source, dtype: of("bool_and", x),
    "bool_or": lambda of, x, source, dtype: of("bool_or", x),
    "stddev": _spread("stddev_samp"),
    "stddev_pop": _spread("stddev_pop"),
    "variance": _spread("var_samp"),
    "var_pop": _spread("var_pop"),
    "single": _single,
}


# --- as functions over lists


def _over_list(call_: AggregateCall, context: SparkLowering, wrap: Wrap) -> exp.Expression:
    if call_.function in _ORDERED and not call_.order:
        raise UnsupportedError(
            f"{call_.function} depends on the order of rows, which an engine elsewhere does not keep; say it: "
            f"{call_.function}(x ORDER BY y)"
        )
    if any(e.dtype == types.CALENDAR for e in aggregate_exprs(call_)):
        raise UnsupportedError(f"{call_.function} of intervals with months has no equal in Spark")
    # The arguments as columns of the list's rows; constants stay.
    columns: list[tuple[str, pl.DataType]] = []
    fields: list[exp.Expression] = []

    def placed(expr: Expr) -> Expr:
        if isinstance(expr, (Literal, Parameter)):
            return Literal(context.parameters[expr.name], expr.dtype) if isinstance(expr, Parameter) else expr
        name = f"f{len(columns)}"
        columns.append((name, expr.dtype))
        fields.extend((text(name), lower_to_spark(expr, context)))
        return Column(name, expr.dtype)

    assert call_.argument is not None, "COUNT(*) is native"
    plain = map_aggregate(replace(call_, where=None), placed)
    if not columns:
        columns.append(("f0", pl.Int32()))
        fields.extend((text("f0"), cast(number(1), pl.Int32())))
    rows = wrap(call("collect_list", cast(call("named_struct", *fields), pl.Struct(dict(columns)))))
    return call(context.function(GroupFunction(plain, tuple(columns))), rows)
