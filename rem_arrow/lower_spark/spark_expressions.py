"""Expressions to Spark: what both engines compute as we do in their SQL, the rest as functions over Arrow arrays.

A tree has, for every expression of type T, the type that holds values of T by the rules of publishing.
"""

from __future__ import annotations

from typing import assert_never

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.base.logical_types import TextType
from rem_arrow.lower.expression import lower_expr, may_fail
from rem_arrow.lower_spark.arrow_functions import ColumnFunction
from rem_arrow.lower_spark.spark_functions import NATIVE, is_plain
from rem_arrow.lower_spark.spark_literals import lower_constant
from rem_arrow.lower_spark.spark_lowering import SparkLowering
from rem_arrow.lower_spark.spark_tree import call, case, cast, chained, column
from rem_arrow.plan import types
from rem_arrow.plan.nodes import (
    And,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    InList,
    Lambda,
    Literal,
    Or,
    Parameter,
    Variable,
)
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.plan.walk import expr_children
from rem_arrow.publish.published_types import published


def lower_to_spark(expr: Expr, context: SparkLowering) -> exp.Expression:
    """Return the tree that computes `expr`."""
    native = _native(expr, context)
    return _by_function(expr, context) if native is None else native


def _native(expr: Expr, context: SparkLowering) -> exp.Expression | None:
    """Return the tree of an expression without a function of ours at its root; None if there is none."""
    match expr:
        case Column():
            return column(context.name(expr.name))
        case Literal():
            return lower_constant(expr.value, expr.dtype)
        case Parameter():
            return lower_constant(context.parameters[expr.name], expr.dtype)
        case Cast():
            return _cast(expr, context) if _casts_alike(expr) else None
        case Call():
            if expr.function not in NATIVE or (expr.function == "coalesce" and _guards_failure(expr)):
                return None
            return NATIVE[expr.function](expr, [lower_to_spark(a, context) for a in expr.args])
        case Case() | And() | Or():
            return None if _guards_failure(expr) else _guarding(expr, context)
        case InList():
            if not is_plain(expr.operand.dtype):
                return None
            options = [lower_to_spark(o, context) for o in expr.options]
            return exp.Paren(this=exp.In(this=lower_to_spark(expr.operand, context), expressions=options))
        case Variable() | Lambda():
            return None
        case _:
            assert_never(expr)


def _guarding(expr: Case | And | Or, context: SparkLowering) -> exp.Expression:
    if isinstance(expr, Case):
        branches = [
            (lower_to_spark(c, context), cast(lower_to_spark(v, context), expr.dtype)) for c, v in expr.branches
        ]
        return case(branches, cast(lower_to_spark(expr.otherwise, context), expr.dtype))
    kind: type[exp.Expression] = exp.And if isinstance(expr, And) else exp.Or
    return chained(kind, [lower_to_spark(o, context) for o in expr.operands])


def _guards_failure(expr: Expr) -> bool:
    """Say whether an expression holds one that a worker evaluates and that may fail: it must not see rows from which
    the others guard it."""
    return any(may_fail(e) and (not _is_native_itself(e) or _guards_failure(e)) for e in expr_children(expr))


def _is_native_itself(expr: Expr) -> bool:
    """Say whether a tree exists for the root of an expression, whatever its children are."""
    match expr:
        case Cast():
            return _casts_alike(expr)
        case Call():
            native = NATIVE.get(expr.function)
            return native is not None and native(expr, [exp.Null() for _ in expr.args]) is not None
        case _:
            return not isinstance(expr, (Lambda, Variable))


def _cast(expr: Cast, context: SparkLowering) -> exp.Expression:
    operand = lower_to_spark(expr.operand, context)
    if published(expr.operand.dtype) == published(expr.dtype):
        return operand
    if isinstance(expr.operand.dtype, pl.Boolean) and expr.dtype.is_numeric():
        return cast(cast(operand, pl.Int32()), expr.dtype)
    return cast(operand, expr.dtype)


def _casts_alike(expr: Cast) -> bool:
    """Say whether a cast gives the same values there, and fails where it fails here, by an overflow of numbers only."""
    source, dtype = expr.operand.dtype, expr.dtype
    if source == dtype or isinstance(source, pl.Null):
        return True
    if expr.safe or isinstance(dtype, TextType):
        return False
    exact = source.is_integer() or isinstance(source, (pl.Decimal, pl.Boolean))
    if types.is_plain_text(dtype):
        return types.is_text(source) or source.is_integer() or isinstance(source, pl.Date)
    if isinstance(dtype, pl.Decimal):
        return exact
    if dtype.is_integer():
        return (source.is_integer() or isinstance(source, pl.Boolean)) and not dtype.is_unsigned_integer()
    if isinstance(dtype, pl.Float64):
        return exact or isinstance(source, pl.Float32)
    return (
        isinstance(source, pl.Date)
        and isinstance(dtype, pl.Datetime)
        and dtype.time_unit != "ns"
        and dtype.time_zone is None
    )


# --- functions of ours


def _by_function(expr: Expr, context: SparkLowering) -> exp.Expression:
    """Return the call of a function that evaluates our own lowering on a worker; of a constant its value."""
    if is_volatile(expr):
        raise UnsupportedError(f"{_title(expr)} gives another value at each call, which no engine elsewhere repeats")
    columns = tuple(sorted(_column_types(expr).items()))
    if not columns:
        value = pl.select(lower_expr(expr, context.parameters).alias("x")).to_series()
        return lower_constant(value.item() if not expr.dtype.is_nested() else value.to_list()[0], expr.dtype)
    used = {p: context.parameters[p] for p in sorted(_parameters_in(expr)) if p in context.parameters}
    function = ColumnFunction(expr, columns, used)
    return call(context.function(function), *(column(context.name(n)) for n, _ in columns))


def _title(expr: Expr) -> str:
    return f"the function {expr.function}" if isinstance(expr, Call) else "an expression"


def _column_types(expr: Expr) -> dict[str, pl.DataType]:
    own = {expr.name: expr.dtype} if isinstance(expr, Column) else {}
    return own | {n: t for e in expr_children(expr) for n, t in _column_types(e).items()}


def _parameters_in(expr: Expr) -> set[str]:
    own = {expr.name} if isinstance(expr, Parameter) else set()
    return own.union(*map(_parameters_in, expr_children(expr)))
