"""Expressions to Polars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import polars as pl

from rem_arrow.lower import functions, semantics
from rem_arrow.plan import types
from rem_arrow.plan.nodes import AggregateCall, And, Call, Case, Cast, Column, Expr, InList, Literal, Or, Parameter

Parameters = Mapping[str, object]


def lower_expr(expr: Expr, parameters: Parameters) -> pl.Expr:
    """Return the Polars expression that computes `expr`, one row in, one row out."""
    match expr:
        case Column():
            return pl.col(expr.name)
        case Literal():
            return pl.lit(expr.value, dtype=expr.dtype)
        case Parameter():
            return pl.lit(parameters[expr.name], dtype=expr.dtype)
        case Call():
            args = [_argument(a, parameters) for a in expr.args]
            return functions.SCALAR[expr.function](args, [a.dtype for a in expr.args], expr.dtype)
        case Cast():
            return semantics.cast(lower_expr(expr.operand, parameters), expr.operand.dtype, expr.dtype, safe=expr.safe)
        case Case():
            return _case(expr, parameters)
        case InList():
            return _in_list(expr, parameters)
        case And():
            return pl.all_horizontal([lower_expr(o, parameters) for o in expr.operands])
        case Or():
            return pl.any_horizontal([lower_expr(o, parameters) for o in expr.operands])
        case _:
            assert_never(expr)


def lower_aggregate(call: AggregateCall, parameters: Parameters) -> pl.Expr:
    """Return the Polars expression that computes an aggregate, many rows in, one out."""
    where = None if call.where is None else lower_expr(call.where, parameters).fill_null(False)
    if call.argument is None:
        return (pl.len() if where is None else where.sum()).cast(pl.Int64)
    x = lower_expr(call.argument, parameters)
    if where is not None:
        x = x.filter(where)
    return functions.aggregate(call.function, x, call.argument.dtype, call.dtype, distinct=call.distinct)


def _argument(arg: Expr, parameters: Parameters) -> pl.Expr:
    lowered = lower_expr(arg, parameters)
    return lowered.cast(pl.String) if types.is_text(arg.dtype) and not isinstance(arg.dtype, pl.String) else lowered


def _case(expr: Case, parameters: Parameters) -> pl.Expr:
    chain: pl.expr.whenthen.Then | pl.expr.whenthen.ChainedThen | None = None
    for condition, value in expr.branches:
        test, then = lower_expr(condition, parameters), lower_expr(value, parameters)
        chain = pl.when(test).then(then) if chain is None else chain.when(test).then(then)
    assert chain is not None, "a CASE has a branch"
    return chain.otherwise(lower_expr(expr.otherwise, parameters))


def _in_list(expr: InList, parameters: Parameters) -> pl.Expr:
    operand = lower_expr(expr.operand, parameters)
    values: list[object] = []
    for option in expr.options:
        if isinstance(option, Literal):
            values.append(option.value)
        elif isinstance(option, Parameter):
            values.append(parameters[option.name])
        else:
            return pl.any_horizontal([operand == lower_expr(o, parameters) for o in expr.options])
    return semantics.in_list(operand, values, expr.operand.dtype)
