"""A constant that is an error is one only when a row reaches it: `SELECT CAST('x' AS INT) FROM t` of no rows is none.

Polars computes a constant whether there are rows or not, so it becomes a branch of a CASE whose condition reads a
column and always holds: of a branch that holds for no row nothing is computed.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

import polars as pl

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    Aggregate,
    Call,
    Case,
    Column,
    Expr,
    Filter,
    Join,
    Literal,
    Project,
    Relation,
    Schema,
    Sort,
    Unnest,
    Window,
)
from rem_arrow.plan.walk import map_aggregate, map_exprs, map_window, rebuild, rebuild_expr

_BOOL = pl.Boolean()


def defer_failing(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with the constants that `fold` could not compute as part of the rows beside them."""
    return _deferred(plan, tools.failing) if tools.failing else plan


def _deferred(plan: Relation, failing: AbstractSet[Expr]) -> Relation:
    plan = rebuild(plan, lambda p: _deferred(p, failing))

    def of_input(expr: Expr) -> Expr:
        return _of_rows(expr, failing, schema)

    match plan:
        case Filter() | Project() | Sort() | Unnest():
            schema = plan.input.schema
            return map_exprs(plan, of_input)
        case Aggregate():
            schema = plan.input.schema
            # What an aggregate takes beside the rows, such as a separator, is no part of them.
            calls = tuple((n, replace(map_aggregate(c, of_input), extra=c.extra)) for n, c in plan.aggregates)
            return replace(plan, keys=tuple((n, of_input(e)) for n, e in plan.keys), aggregates=calls)
        case Window():
            schema = plan.input.schema
            windows = (
                (n, replace(map_window(c, of_input), args=(*map(of_input, c.args[:1]), *c.args[1:]), frame=c.frame))
                for n, c in plan.calls
            )
            return replace(plan, calls=tuple(windows))
        case Join():
            sides = plan.left.schema, plan.right.schema
            equals = tuple((_of_rows(a, failing, sides[0]), _of_rows(b, failing, sides[1])) for a, b in plan.equals)
            residual = plan.residual and _of_rows(plan.residual, failing, {**sides[0], **sides[1]})
            return replace(plan, equals=equals, residual=residual)
        case _:
            return plan


def _of_rows(expr: Expr, failing: AbstractSet[Expr], schema: Schema) -> Expr:
    """Return the expression with constants that fail where rows with such columns are; without columns there is one
    row."""
    if expr not in failing:
        return rebuild_expr(expr, lambda e: _of_rows(e, failing, schema))
    first = next(iter(schema.items()), None)
    if first is None:
        return expr
    known: Expr = Call("is_null", (Column(*first),), _BOOL)
    always = Call("not", (Call("is_null", (known,), _BOOL),), _BOOL)
    return Case(((always, expr),), Literal(None, expr.dtype), expr.dtype)
