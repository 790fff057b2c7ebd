"""Walking and rebuilding plans and expressions: children, columns used, replacement. Nothing here knows what a node means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
    InList,
    Join,
    Lambda,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Relation,
    Scan,
    Sort,
    SortKey,
    Union,
    Values,
    Variable,
)


def expr_children(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Column() | Literal() | Parameter() | Variable():
            return ()
        case Lambda():
            return (expr.body,)
        case Call():
            return expr.args
        case Cast():
            return (expr.operand,)
        case Case():
            return (*(e for branch in expr.branches for e in branch), expr.otherwise)
        case InList():
            return (expr.operand, *expr.options)
        case And() | Or():
            return expr.operands
        case _:
            assert_never(expr)


def rebuild_expr(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return `expr` with `change` applied to each child."""
    match expr:
        case Column() | Literal() | Parameter() | Variable():
            return expr
        case Lambda():
            return replace(expr, body=change(expr.body))
        case Call():
            return replace(expr, args=tuple(map(change, expr.args)))
        case Cast():
            return replace(expr, operand=change(expr.operand))
        case Case():
            branches = tuple((change(c), change(v)) for c, v in expr.branches)
            return replace(expr, branches=branches, otherwise=change(expr.otherwise))
        case InList():
            return replace(expr, operand=change(expr.operand), options=tuple(map(change, expr.options)))
        case And() | Or():
            return replace(expr, operands=tuple(map(change, expr.operands)))
        case _:
            assert_never(expr)


def columns_of(*exprs: Expr) -> set[str]:
    """Return the names of all columns that the expressions read."""
    found: set[str] = set()
    todo = list(exprs)
    while todo:
        expr = todo.pop()
        if isinstance(expr, Column):
            found.add(expr.name)
        todo += expr_children(expr)
    return found


def free_names(expr: Expr) -> set[str]:
    """Return the columns that an expression reads, and the parameters of lambdas around it."""
    if isinstance(expr, (Column, Variable)):
        return {expr.name}
    found = set[str]().union(*map(free_names, expr_children(expr)))
    return found - {v.name for v in expr.variables} if isinstance(expr, Lambda) else found


def substitute(expr: Expr, by_name: Mapping[str, Expr]) -> Expr:
    """Replace columns by expressions."""
    if isinstance(expr, Column):
        return by_name.get(expr.name, expr)
    return rebuild_expr(expr, lambda e: substitute(e, by_name))


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """Return the operands of nested ANDs, flat."""
    if isinstance(expr, And):
        return tuple(c for operand in expr.operands for c in conjuncts(operand))
    return (expr,)


def conjunction(operands: list[Expr]) -> Expr:
    """Return the AND of at least one operand."""
    assert operands, "an empty conjunction is TRUE: leave the filter out"
    return operands[0] if len(operands) == 1 else And(tuple(operands))


def equality(condition: Expr, left: Relation, right: Relation) -> tuple[Expr, Expr] | None:
    """Return (of the left side, of the right side) if `condition` is an equality between columns of the two."""
    if not (isinstance(condition, Call) and condition.function == "="):
        return None
    a, b = condition.args
    used_a, used_b = columns_of(a), columns_of(b)
    if not used_a or not used_b:
        return None
    if used_a <= left.schema.keys() and used_b <= right.schema.keys():
        return a, b
    if used_b <= left.schema.keys() and used_a <= right.schema.keys():
        return b, a
    return None


def children(plan: Relation) -> tuple[Relation, ...]:
    match plan:
        case Scan() | Values():
            return ()
        case Filter() | Project() | Aggregate() | Sort() | Limit():
            return (plan.input,)
        case Join():
            return (plan.left, plan.right)
        case Union():
            return plan.inputs
        case _:
            assert_never(plan)


def rebuild(plan: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """Return `plan` with `change` applied to each input."""
    match plan:
        case Scan() | Values():
            return plan
        case Filter() | Project() | Aggregate() | Sort() | Limit():
            return replace(plan, input=change(plan.input))
        case Join():
            return replace(plan, left=change(plan.left), right=change(plan.right))
        case Union():
            return replace(plan, inputs=tuple(map(change, plan.inputs)))
        case _:
            assert_never(plan)


def exprs_of(plan: Relation) -> Iterator[Expr]:
    """Yield the expressions that a node itself holds."""
    match plan:
        case Scan():
            return
        case Values():
            yield from (e for row in plan.rows for e in row)
        case Filter():
            yield plan.condition
        case Project():
            yield from (e for _, e in plan.outputs)
        case Join():
            yield from (e for pair in plan.equals for e in pair)
            if plan.residual is not None:
                yield plan.residual
        case Aggregate():
            yield from (e for _, e in plan.keys)
            for _, call in plan.aggregates:
                yield from aggregate_exprs(call)
        case Sort():
            yield from (k.expr for k in plan.keys)
        case Limit():
            yield from (e for e in (plan.count, plan.offset) if e is not None)
        case Union():
            return
        case _:
            assert_never(plan)


def aggregate_exprs(call: AggregateCall) -> tuple[Expr, ...]:
    return tuple(e for e in (call.argument, call.where, *call.extra, *(k.expr for k in call.order)) if e is not None)


def map_exprs(plan: Relation, change: Callable[[Expr], Expr]) -> Relation:
    """Return the node with `change` applied to its own expressions."""
    match plan:
        case Scan() | Union():
            return plan
        case Values():
            return replace(plan, rows=tuple(tuple(map(change, row)) for row in plan.rows))
        case Filter():
            return replace(plan, condition=change(plan.condition))
        case Project():
            return replace(plan, outputs=tuple((n, change(e)) for n, e in plan.outputs))
        case Join():
            equals = tuple((change(a), change(b)) for a, b in plan.equals)
            return replace(plan, equals=equals, residual=None if plan.residual is None else change(plan.residual))
        case Aggregate():
            aggregates = tuple((n, _map_aggregate(c, change)) for n, c in plan.aggregates)
            return replace(plan, keys=tuple((n, change(e)) for n, e in plan.keys), aggregates=aggregates)
        case Sort():
            return replace(plan, keys=tuple(SortKey(change(k.expr), k.descending, k.nulls_last) for k in plan.keys))
        case Limit():
            count = None if plan.count is None else change(plan.count)
            return replace(plan, count=count, offset=None if plan.offset is None else change(plan.offset))
        case _:
            assert_never(plan)


def _map_aggregate(call: AggregateCall, change: Callable[[Expr], Expr]) -> AggregateCall:
    argument = None if call.argument is None else change(call.argument)
    order = tuple(replace(k, expr=change(k.expr)) for k in call.order)
    where = None if call.where is None else change(call.where)
    return replace(call, argument=argument, where=where, extra=tuple(map(change, call.extra)), order=order)
