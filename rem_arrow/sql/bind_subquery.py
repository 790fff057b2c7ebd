"""Subqueries in expressions: each becomes an Apply below the expression, and stands in it as a column."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.plan.nodes import Aggregate, AggregateCall, And, Apply, Call, Case, Column, Expr, Literal, Project, Query, Relation, Values
from rem_arrow.sql.binding import Binding

_BOOL, _INT = pl.Boolean(), pl.Int64()
# What an Apply has as its input until the clause that it stands in gives it one.
NOTHING = Values((), ((),))


def is_query(tree: object) -> bool:
    """Say whether a tree is a query, in parentheses or not."""
    return isinstance(tree, (exp.Select, exp.SetOperation, exp.Values)) or (isinstance(tree, (exp.Subquery, exp.Paren)) and is_query(tree.this))


def applied(plan: Relation, applies: list[Apply]) -> Relation:
    """Return `plan` with the values of the subqueries beside its rows."""
    for apply in applies:
        plan = Apply(apply.kind, plan, apply.subquery, apply.name, apply.operand, apply.condition)
    return plan


def scalar(binder: Binding, tree: exp.Expression) -> Expr:
    """A query that stands for one value."""
    query = _query(binder, tree)
    if len(query.names) != 1:
        raise binder.error(f"a subquery that stands for a value has {len(query.names)} columns; it needs one", tree)
    return _added(binder, Apply("scalar", NOTHING, query.plan, binder.names.fresh("subquery")))


def exists(binder: Binding, tree: exp.Expression) -> Expr:
    """EXISTS."""
    return _added(binder, Apply("exists", NOTHING, _query(binder, tree.this).plan, binder.names.fresh("exists")))


def contained(binder: Binding, operand: exp.Expression, query_tree: exp.Expression, tree: exp.Expression) -> Expr:
    """`x IN (SELECT ...)`; with several columns, `(x, y) IN (SELECT ...)`."""
    query = _query(binder, query_tree)
    if isinstance(operand, exp.Tuple) or len(query.names) > 1:
        return _some(binder, _all_equal(binder, operand, query, tree), query.plan)
    ((name, dtype),) = query.plan.schema.items()
    value, column = binder.same([binder.bind(operand), Column(name, dtype)], tree)
    plan = query.plan
    if column != Column(name, dtype):
        fresh = binder.names.fresh(name)
        plan, column = Project(plan, ((fresh, column),)), Column(fresh, column.dtype)
    return _added(binder, Apply("in", NOTHING, plan, binder.names.fresh("in"), value))


def quantified(binder: Binding, tree: exp.Expression, operator: str) -> Expr:
    """`x > ANY (SELECT ...)`, `x <> ALL (SELECT ...)`."""
    quantifier = tree.expression
    if operator == "=" and isinstance(quantifier, exp.Any):
        return contained(binder, tree.this, quantifier.this, tree)
    if operator == "<>" and isinstance(quantifier, exp.All):
        return Call("not", (contained(binder, tree.this, quantifier.this, tree),), _BOOL)
    query = _query(binder, quantifier.this)
    if isinstance(tree.this, exp.Tuple) and operator in ("=", "<>"):
        equal = _all_equal(binder, tree.this, query, tree)
        if operator == "<>":
            return _some(binder, Call("not", (equal,), _BOOL), query.plan)
        return Call("not", (_some(binder, Call("not", (equal,), _BOOL), query.plan),), _BOOL)
    if len(query.names) != 1:
        raise binder.error(f"a subquery behind {quantifier.key.upper()} has {len(query.names)} columns; it needs one", tree)
    ((name, dtype),) = query.plan.schema.items()
    left, right = binder.same([binder.bind(tree.this), Column(name, dtype)], tree)
    condition = Call(operator, (left, right), _BOOL)
    if isinstance(quantifier, exp.Any):
        return _some(binder, condition, query.plan)
    return Call("not", (_some(binder, Call("not", (condition,), _BOOL), query.plan),), _BOOL)


def _query(binder: Binding, tree: exp.Expression) -> Query:
    while isinstance(tree, (exp.Subquery, exp.Paren)) and not any(tree.args.get(k) for k in ("order", "limit", "offset", "with_")):
        tree = tree.this
    return binder.subquery(tree, binder.scope)


def _added(binder: Binding, apply: Apply) -> Column:
    binder.collected.applies.append(apply)
    return Column(apply.name, apply.schema[apply.name])


def _all_equal(binder: Binding, operand: exp.Expression, query: Query, tree: exp.Expression) -> Expr:
    values = [binder.bind(e) for e in operand.expressions] if isinstance(operand, exp.Tuple) else [binder.bind(operand)]
    if len(values) != len(query.names):
        raise binder.error(f"{len(values)} values are compared with the {len(query.names)} columns of the subquery", tree)
    pairs = [binder.same([v, Column(n, t)], tree) for v, (n, t) in zip(values, query.plan.schema.items(), strict=True)]
    equal = [Call("=", (a, b), _BOOL) for a, b in pairs]
    return equal[0] if len(equal) == 1 else And(tuple(equal))


def _some(binder: Binding, condition: Expr, plan: Relation) -> Expr:
    """Whether the condition holds for some row: TRUE; else NULL if it is NULL for one; else FALSE."""
    fresh = binder.names.fresh
    holds, some, rows, known = fresh("holds"), fresh("some"), fresh("rows"), fresh("known")
    column = Column(holds, _BOOL)
    calls = (
        (some, AggregateCall("bool_or", column, _BOOL)),
        (rows, AggregateCall("count", None, _INT)),
        (known, AggregateCall("count", column, _INT)),
    )
    counted = Aggregate(Project(plan, ((holds, condition),)), (), calls)
    unknown = Call("<", (Column(known, _INT), Column(rows, _INT)), _BOOL)
    value = Case(((Column(some, _BOOL), Literal(True, _BOOL)), (unknown, Literal(None, _BOOL))), Literal(False, _BOOL), _BOOL)
    return _added(binder, Apply("scalar", NOTHING, Project(counted, ((fresh("value"), value),)), fresh("any")))
