"""Calls of aggregate functions: collected where they may stand, and a column in the expression."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from sqlglot import exp

from rem_arrow.plan import functions
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import AggregateCall, Call, Cast, Column, Expr, Literal
from rem_arrow.plan.walk import columns_of, expr_children
from rem_arrow.sql.bind import aggregate_arguments
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.json_calls import item
from rem_arrow.sql.bind.scalar_calls import argument
from rem_arrow.sql.bind.scope import reference
from rem_arrow.sql.text.arguments import name_and_arguments


def _filter(binder: ExprBinder, tree: exp.Expression) -> Expr:
    around = binder.scope.outer
    if around is not None and around.aggregate is not None and binder.scope.owns_no(list(tree.find_all(exp.Column))):
        return around.aggregate(tree)
    return aggregate(binder, tree.this, binder.without_aggregates().boolean(tree.expression.this, "FILTER"))


def _within_group(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return aggregate(binder, tree, None)


def _ignore_nulls(binder: ExprBinder, tree: exp.Expression) -> Expr:
    if isinstance(tree.this, (exp.AnyValue, exp.First)):
        return aggregate(binder, exp.AnyValue(this=tree.this.this), None)
    raise binder.unsupported("IGNORE NULLS is not supported here", tree)


def aggregate(binder: ExprBinder, tree: exp.Expression, where: Expr | None) -> Expr:
    if isinstance(tree, exp.IgnoreNulls):
        tree = exp.AnyValue(this=tree.this.this)
    name, _ = name_and_arguments(tree.this if isinstance(tree, exp.WithinGroup) else tree)
    around = binder.scope.outer
    if (
        around is not None
        and around.aggregate is not None
        and where is None
        and binder.scope.owns_no(list(tree.find_all(exp.Column)))
    ):
        # An aggregate of columns of the query around belongs to it.
        return around.aggregate(tree)
    if name in functions.AGGREGATES and binder.aggregates is None:
        raise binder.error(
            f"the aggregate {name} cannot stand here",
            tree,
            "Aggregates belong in SELECT, HAVING or ORDER BY; filter them with HAVING.",
        )
    call = aggregate_call(binder.without_aggregates(), tree, where)
    if call is None:
        raise binder.error(f"{name} is not an aggregate function, so FILTER cannot follow it", tree)
    if call.distinct and not all(_made_of(k.expr, [call.argument, *call.extra]) for k in call.order):
        raise binder.error(
            f"{name}(DISTINCT ...) is ordered by its arguments only", tree, "Order the rows in a subquery before."
        )
    return _collected(binder, call)


def aggregate_call(binder: ExprBinder, tree: exp.Expression, where: Expr | None) -> AggregateCall | None:
    """Bind an aggregate with its arguments; None if the function is none. `binder` is for what stands inside."""
    within = tree.expression if isinstance(tree, exp.WithinGroup) else None
    tree = tree.this if isinstance(tree, exp.WithinGroup) else tree
    name, trees = name_and_arguments(tree)
    aggregate = functions.AGGREGATES.get(name)
    if aggregate is None:
        return None
    parts = aggregate_arguments.parts(binder, name, trees, within)
    trees, distinct = parts.trees, parts.distinct
    if name == "count" and trees and isinstance(trees[0], exp.Column) and isinstance(trees[0].this, exp.Star):
        trees = [_presence(binder, trees[0]), *trees[1:]]
    if name == "count" and (not trees or isinstance(trees[0], exp.Star)):
        if distinct:
            raise binder.error("COUNT(DISTINCT *) is not defined", tree, "Name a column.")
        return AggregateCall("count", None, pl.Int64(), where=where)
    if name in aggregate_arguments.QUANTILES:
        return replace(aggregate_arguments.quantile(binder, name, trees, tree), distinct=distinct, where=where)
    if not aggregate.args_min <= len(trees) <= len(aggregate.args) + (name in aggregate_arguments.TOP):
        most = len(aggregate.args)
        counts = "one argument" if most == 1 else f"{aggregate.args_min} to {most} arguments"
        raise binder.error(f"{name} takes {counts}, not {len(trees)}", tree)
    call = _aggregate_call(binder, name, aggregate, trees, distinct=distinct)
    return replace(call, where=where, order=aggregate_arguments.sort_keys(binder, parts.order))


def _made_of(expr: Expr, parts: list[Expr | None]) -> bool:
    """Say whether an expression reads nothing but these, or what they are casts of."""
    inner = expr_children(expr)
    given = [*parts, *(p.operand for p in parts if isinstance(p, Cast))]
    return expr in given or isinstance(expr, Literal) or (bool(inner) and all(_made_of(e, parts) for e in inner))


# Aggregates of the row in which the second argument is smallest or largest.
_BY = ("arg_min", "arg_max", "arg_min_null", "arg_max_null")


def _aggregate_call(
    binder: ExprBinder, name: str, aggregate: functions.Aggregate, trees: list[exp.Expression], *, distinct: bool
) -> AggregateCall:
    args = [binder.bind(t) for t in trees]
    other = aggregate_arguments.OF_TYPES[name](binder, args[0]) if name in aggregate_arguments.OF_TYPES else None
    if other is not None:
        return replace(other, distinct=distinct)
    if name in ("sum", "avg") and isinstance(args[0].dtype, pl.Boolean):
        args[0] = Cast(args[0], pl.Int32())
    if name in ("bool_and", "bool_or") and args[0].dtype.is_numeric():
        args[0] = cast_to(args[0], pl.Boolean())
    if name in _BY:
        is_nested = nested.is_nested(args[1].dtype)
        args[1] = Call("order_key", (args[1],), args[1].dtype) if is_nested else comparable(args[1])
    top = [
        argument(binder, name, "integer", a, t)
        for a, t in zip(args[len(aggregate.args) :], trees[len(aggregate.args) :], strict=True)
    ]
    args = [argument(binder, name, kind, a, t) for kind, a, t in zip(aggregate.args, args, trees, strict=False)]
    if isinstance(args[0].dtype, pl.Null):
        args[0] = cast_to(args[0], pl.Int32())
    if name == "string_agg" and any(columns_of(a) for a in args[1:]):
        raise binder.error("the separator of string_agg is one text for all rows", trees[1])
    if name == "string_agg":
        args = [cast_to(args[0], pl.String()), *(args[1:] or [Literal(",", pl.String())])]
    if name.startswith("json_group"):
        args = [item(binder, args)]
    dtype = aggregate.result(args[0].dtype)
    return AggregateCall(
        name,
        args[0],
        pl.List(dtype) if top else dtype,
        distinct and (bool(top) or name not in ("min", "max")),
        None,
        (*args[1:], *top),
    )


def _collected(binder: ExprBinder, call: AggregateCall) -> Expr:
    """Return the column of an aggregate; the same call twice is one."""
    aggregates = binder.aggregates
    assert aggregates is not None, "the caller checked that aggregates may stand here"
    name = next((name for name, other in aggregates.items() if other == call), None)
    if name is None:
        name = binder.names.fresh(f"{call.function}()")
        aggregates[name] = call
    return Column(name, call.dtype)


AGGREGATES: dict[type[exp.Expression], Operator] = {
    exp.Filter: _filter,
    exp.WithinGroup: _within_group,
    exp.IgnoreNulls: _ignore_nulls,
}


def _presence(binder: ExprBinder, tree: exp.Column) -> exp.Expression:
    """Return what count(t.*) counts: the rows that t has a part in, which an outer join may lack."""
    columns = binder.scope.of(tree.table, binder.place(tree))
    if len(binder.scope.relations) == 1:
        return exp.Star()
    rowid = binder.scope.rowid_beside(columns[0].unique) if columns else None
    if rowid is None:
        raise binder.unsupported(f"count({tree.table}.*) counts the rows of a table; name a column of the query", tree)
    return reference(rowid.name, rowid)
