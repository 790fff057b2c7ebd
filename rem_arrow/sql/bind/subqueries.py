"""Subqueries in expressions: each becomes an Apply below the expression, and stands in it as a column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import instance
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Apply,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Literal,
    Or,
    Project,
    Query,
    Relation,
    Values,
)
from rem_arrow.sql.bind.binder import ExprBinder

_BOOL, _INT = pl.Boolean(), pl.Int64()
_TRUE, _FALSE = Literal(value=True, dtype=_BOOL), Literal(value=False, dtype=_BOOL)
# What an Apply has as its input until the clause that it stands in gives it one.
NOTHING = Values((), ((),))


def is_query(tree: object) -> bool:
    """Say whether a tree is a query, in parentheses or not."""
    return isinstance(tree, (exp.Select, exp.SetOperation, exp.Values)) or (
        isinstance(tree, (exp.Subquery, exp.Paren)) and is_query(tree.this)
    )


def applied(plan: Relation, applies: Iterable[Apply]) -> Relation:
    """Return `plan` with the values of the subqueries beside its rows."""
    for apply in applies:
        plan = Apply(apply.kind, plan, apply.subquery, apply.name, apply.operand, apply.condition)
    return plan


def scalar(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """A query that stands for one value."""
    query = _query(binder, tree)
    if len(query.names) != 1:
        raise binder.error(f"a subquery that stands for a value has {len(query.names)} columns; it needs one", tree)
    return _added(binder, Apply("scalar", NOTHING, query.plan, binder.names.fresh("subquery")))


def exists(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """EXISTS."""
    return _added(binder, Apply("exists", NOTHING, _query(binder, tree.this).plan, binder.names.fresh("exists")))


def contained(binder: ExprBinder, operand: exp.Expression, query_tree: exp.Expression, tree: exp.Expression) -> Expr:
    """`x IN (SELECT ...)`; with several columns, `(x, y) IN (SELECT ...)`."""
    query = _query(binder, query_tree)
    pairs = _pairs(binder, operand, query, tree)
    if len(pairs) > 1 or _is_cast_constant(pairs[0][0]):
        return _some(binder, _equal(pairs), query.plan)
    ((name, dtype),) = query.plan.schema.items() if len(query.names) == 1 else ((None, None),)
    ((value, column),) = pairs
    plan = query.plan
    if column != Column(str(name), column.dtype) or column.dtype != dtype:
        fresh = binder.names.fresh("value")
        plan, column = Project(plan, ((fresh, column),)), Column(fresh, column.dtype)
    return _added(binder, Apply("in", NOTHING, plan, binder.names.fresh("in"), value))


def _is_cast_constant(value: Expr) -> bool:
    """Say whether a value is a constant that may be an error: one only where there is a row to compare it with."""
    return isinstance(value, Cast) and isinstance(value.operand, Literal)


def quantified(binder: ExprBinder, tree: exp.Expression, operator: str) -> Expr:
    """`x > ANY (SELECT ...)`, `x <> ALL (SELECT ...)`."""
    every = isinstance(tree.expression, exp.All)
    if operator == "=" and not every:
        return contained(binder, tree.this, tree.expression.this, tree)
    if operator == "<>" and every:
        return Call("not", (contained(binder, tree.this, tree.expression.this, tree),), _BOOL)
    query = _query(binder, tree.expression.this)
    condition = _compared(operator, _pairs(binder, tree.this, query, tree))
    if not every:
        return _some(binder, condition, query.plan)
    return Call("not", (_some(binder, Call("not", (condition,), _BOOL), query.plan),), _BOOL)


def opened(tree: exp.Expression) -> exp.Expression:
    """Return a query without the parentheses around it that say nothing more."""
    while isinstance(tree, (exp.Subquery, exp.Paren)) and not any(
        tree.args.get(k) for k in ("order", "limit", "offset", "with_")
    ):
        tree = tree.this
    return tree


def _query(binder: ExprBinder, tree: exp.Expression) -> Query:
    aliases = {name: partial(binder.of_alias, name) for name in binder.aliases if not binder.scope.knows(name)}
    aggregate = binder.bind if binder.aggregates is not None else None
    scope = replace(binder.scope, aliases=aliases, aggregate=aggregate) if aliases or aggregate else binder.scope
    return binder.subquery(opened(tree), scope)


def _added(binder: ExprBinder, apply: Apply) -> Column:
    binder.collected.applies.append(apply)
    return Column(apply.name, apply.schema[apply.name])


def _pairs(binder: ExprBinder, operand: exp.Expression, query: Query, tree: exp.Expression) -> list[tuple[Expr, Expr]]:
    """Return each value beside the column that it is compared with, in one type; a row stands for its values, on either
    side."""
    values = [binder.bind(e) for e in operand.expressions] if isinstance(operand, exp.Tuple) else [binder.bind(operand)]
    columns: list[Expr] = [Column(n, t) for n, t in query.plan.schema.items()]
    if len(columns) == 1 and (len(values) > 1 or not isinstance(values[0].dtype, pl.Struct)):
        columns = _unpacked(columns, len(values))
    elif len(values) == 1 and not (len(columns) == 1 and isinstance(columns[0].dtype, pl.Struct)):
        values = _unpacked(values, len(columns))
    if len(values) != len(columns):
        raise binder.error(f"{len(values)} values are compared with the {len(columns)} columns of the subquery", tree)
    pairs = [binder.same([value, column], tree) for value, column in zip(values, columns, strict=True)]
    return [(comparable(a), comparable(b)) for a, b in pairs]


def _unpacked(exprs: list[Expr], count: int) -> list[Expr]:
    """Return the fields of the one row that there is, if it has so many; else what was given."""
    dtype = exprs[0].dtype
    if not isinstance(dtype, pl.Struct) or len(dtype.fields) != count:
        return exprs
    return [Call("struct_extract", (exprs[0], Literal(f.name, pl.String())), instance(f.dtype)) for f in dtype.fields]


def _equal(pairs: list[tuple[Expr, Expr]]) -> Expr:
    equal: list[Expr] = [Call("=", pair, _BOOL) for pair in pairs]
    return equal[0] if len(equal) == 1 else And(tuple(equal))


def _compared(operator: str, pairs: list[tuple[Expr, Expr]]) -> Expr:
    """Compare rows by their first values that differ."""
    if operator == "=":
        return _equal(pairs)
    if operator == "<>":
        return Call("not", (_equal(pairs),), _BOOL)
    strict = operator[0]
    *before, last = pairs
    condition: Expr = Call(operator, last, _BOOL)
    for pair in reversed(before):
        condition = Or((Call(strict, pair, _BOOL), And((Call("=", pair, _BOOL), condition))))
    return condition


def _some(binder: ExprBinder, condition: Expr, plan: Relation) -> Expr:
    """Whether the condition holds for some row: TRUE; else NULL if it is NULL for one; else FALSE."""
    fresh = binder.names.fresh
    holds, some, rows, answers = fresh("holds"), fresh("some"), fresh("rows"), fresh("known")
    column = Column(holds, _BOOL)
    calls = (
        (some, AggregateCall("bool_or", column, _BOOL)),
        (rows, AggregateCall("count", None, _INT)),
        (answers, AggregateCall("count", column, _INT)),
    )
    counted = Aggregate(Project(plan, ((holds, condition),)), (), calls)
    unknown = Call("<", (Column(answers, _INT), Column(rows, _INT)), _BOOL)
    value = Case(((Column(some, _BOOL), _TRUE), (unknown, Literal(None, _BOOL))), _FALSE, _BOOL)
    return _added(binder, Apply("scalar", NOTHING, Project(counted, ((fresh("value"), value),)), fresh("any")))
