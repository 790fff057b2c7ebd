"""Traversals of plans and expressions: children, columns used, replacement. Nothing here knows what a node means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import assert_never

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
    Filter,
    Frame,
    Hit,
    Index,
    InList,
    Join,
    Lambda,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Recursive,
    Relation,
    Scan,
    Schema,
    Search,
    Shared,
    Sort,
    SortKey,
    Union,
    Unnest,
    Values,
    Variable,
    Window,
    WindowCall,
    Working,
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
    names: set[str] = set()
    todo = list(exprs)
    while todo:
        expr = todo.pop()
        if isinstance(expr, Column):
            names.add(expr.name)
        todo += expr_children(expr)
    return names


def free_names(expr: Expr) -> set[str]:
    """Return the columns that an expression reads, and the parameters of lambdas around it."""
    if isinstance(expr, (Column, Variable)):
        return {expr.name}
    names = set[str]().union(*map(free_names, expr_children(expr)))
    return names - {v.name for v in expr.variables} if isinstance(expr, Lambda) else names


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


def disjunction(operands: list[Expr]) -> Expr:
    """Return the OR of conditions. `x = 1 OR x = 2` is `x IN (1, 2)`, which a scan can use to skip."""
    operands = list(dict.fromkeys(operands))
    if len(operands) == 1:
        return operands[0]
    listed = [_listed(o) for o in operands]
    columns = {column for column, _ in listed}
    column = columns.pop()
    if columns or column is None:
        return Or(tuple(operands))
    return InList(column, tuple(dict.fromkeys(o for _, options in listed for o in options)))


def _listed(condition: Expr) -> tuple[Column | None, tuple[Expr, ...]]:
    """Return the column and the values of its type that a condition compares it to, if it is that."""
    match condition:
        case Call(function="=", args=(Column() as column, Literal() as value)) if value.dtype == column.dtype:
            return column, (value,)
        case InList(operand=Column() as column) if all(
            isinstance(o, Literal) and o.dtype == column.dtype for o in condition.options
        ):
            return column, condition.options
        case _:
            return None, ()


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
        case Scan() | Values() | Working():
            return ()
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Window() | Unnest() | Shared():
            return (plan.input,)
        case Join():
            return (plan.left, plan.right)
        case Apply():
            return (plan.input, plan.subquery)
        case Recursive():
            return (plan.base, plan.step)
        case Union() | Index():
            return plan.inputs
        case Search():
            return (plan.input, *(h.query for h in plan.hits))
        case _:
            assert_never(plan)


def rebuild(plan: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """Return `plan` with `change` applied to each input."""
    match plan:
        case Scan() | Values() | Working():
            return plan
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Window() | Unnest() | Shared():
            return replace(plan, input=change(plan.input))
        case Join():
            return replace(plan, left=change(plan.left), right=change(plan.right))
        case Apply():
            return replace(plan, input=change(plan.input), subquery=change(plan.subquery))
        case Recursive():
            return replace(plan, base=change(plan.base), step=change(plan.step))
        case Union() | Index():
            return replace(plan, inputs=tuple(map(change, plan.inputs)))
        case Search():
            return replace(
                plan, input=change(plan.input), hits=tuple(replace(h, query=change(h.query)) for h in plan.hits)
            )
        case _:
            assert_never(plan)


def exprs_of(plan: Relation) -> list[Expr]:
    """Return the expressions that a node itself holds."""
    return _visited(lambda visit: map_exprs(plan, visit))


def aggregate_exprs(call: AggregateCall) -> list[Expr]:
    """Return the expressions of an aggregate call."""
    return _visited(lambda visit: map_aggregate(call, visit))


def _visited(traversal: Callable[[Callable[[Expr], Expr]], object]) -> list[Expr]:
    """Return the expressions that a traversal would change."""
    exprs: list[Expr] = []

    def visit(expr: Expr) -> Expr:
        exprs.append(expr)
        return expr

    traversal(visit)
    return exprs


def map_exprs(plan: Relation, change: Callable[[Expr], Expr]) -> Relation:
    """Return the node with `change` applied to its own expressions."""
    match plan:
        case Scan() | Union() | Working() | Recursive() | Shared():
            return plan
        case Values():
            return replace(plan, rows=tuple(tuple(map(change, row)) for row in plan.rows))
        case Filter():
            return replace(plan, condition=change(plan.condition))
        case Project() | Unnest():
            return replace(plan, outputs=_map_named(plan.outputs, change))
        case Join():
            equals = tuple((change(a), change(b)) for a, b in plan.equals)
            return replace(plan, equals=equals, residual=_map_optional(plan.residual, change))
        case Aggregate():
            keys = _map_named(plan.keys, change)
            return replace(plan, keys=keys, aggregates=tuple((n, map_aggregate(c, change)) for n, c in plan.aggregates))
        case Sort():
            return replace(plan, keys=_map_keys(plan.keys, change))
        case Limit():
            return replace(plan, count=_map_optional(plan.count, change), offset=_map_optional(plan.offset, change))
        case Window():
            return replace(plan, calls=tuple((n, map_window(c, change)) for n, c in plan.calls))
        case Apply():
            operand = _map_optional(plan.operand, change)
            return replace(plan, operand=operand, condition=_map_optional(plan.condition, change))
        case Search():
            return replace(plan, hits=tuple(_map_hit(h, plan.input.schema, change) for h in plan.hits))
        case Index():
            return replace(plan, options=_map_named(plan.options, change))
        case _:
            assert_never(plan)


def map_aggregate(call: AggregateCall, change: Callable[[Expr], Expr]) -> AggregateCall:
    """Return the call with `change` applied to its expressions."""
    return replace(
        call,
        argument=_map_optional(call.argument, change),
        where=_map_optional(call.where, change),
        extra=tuple(map(change, call.extra)),
        order=_map_keys(call.order, change),
    )


def map_window(call: WindowCall, change: Callable[[Expr], Expr]) -> WindowCall:
    """Return the call with `change` applied to its expressions."""
    return replace(
        call,
        args=tuple(map(change, call.args)),
        partition=tuple(map(change, call.partition)),
        order=_map_keys(call.order, change),
        inner=_map_keys(call.inner, change),
        frame=None if call.frame is None else _map_frame(call.frame, change),
        where=_map_optional(call.where, change),
    )


def _map_frame(frame: Frame, change: Callable[[Expr], Expr]) -> Frame:
    start, end = (replace(b, offset=_map_optional(b.offset, change)) for b in (frame.start, frame.end))
    return replace(frame, start=start, end=end)


def _map_hit(hit: Hit, schema: Schema, change: Callable[[Expr], Expr]) -> Hit:
    """A hit names the column of its rows; where `change` makes another column of that, the hit has its name."""
    rowid = change(Column(hit.rowid, schema[hit.rowid]))
    return replace(
        hit,
        rowid=rowid.name if isinstance(rowid, Column) else hit.rowid,
        k=change(hit.k),
        least=_map_optional(hit.least, change),
    )


def _map_optional(expr: Expr | None, change: Callable[[Expr], Expr]) -> Expr | None:
    return None if expr is None else change(expr)


def _map_named(exprs: tuple[tuple[str, Expr], ...], change: Callable[[Expr], Expr]) -> tuple[tuple[str, Expr], ...]:
    return tuple((n, change(e)) for n, e in exprs)


def _map_keys(keys: tuple[SortKey, ...], change: Callable[[Expr], Expr]) -> tuple[SortKey, ...]:
    return tuple(SortKey(change(k.expr), k.descending, k.nulls_last) for k in keys)


def passed(plan: Relation) -> tuple[tuple[str, Expr], ...]:
    """Return the outputs of a projection that passes every column of `plan`."""
    return tuple((n, Column(n, t)) for n, t in plan.schema.items())


def all_names(plan: Relation) -> Iterator[str]:
    """Yield the names of all columns in a plan, some more than once: what a fresh one must not be."""
    todo = [plan]
    while todo:
        node = todo.pop()
        yield from node.schema
        yield from columns_of(*exprs_of(node))
        todo += children(node)


def every_expr(plan: Relation) -> Iterator[Expr]:
    """Yield all expressions of a plan, each before those inside it."""
    plans = [plan]
    while plans:
        node = plans.pop()
        plans += children(node)
        exprs = exprs_of(node)
        while exprs:
            expr = exprs.pop()
            exprs += expr_children(expr)
            yield expr


def fresh_numbers(plan: Relation) -> Iterator[int]:
    """Return numbers that no Shared in a plan has."""
    last, todo = 0, [plan]
    while todo:
        node = todo.pop()
        last = max(last, node.number) if isinstance(node, Shared) else last
        todo += children(node)
    return count(last + 1)


def free_columns(plan: Relation) -> set[str]:
    """Return the columns that the plan reads and does not make: those of the queries around it."""
    inputs = children(plan)
    free = columns_of(*exprs_of(plan)).difference(*(i.schema.keys() for i in inputs))
    for i in inputs:
        inner = free_columns(i)
        free |= inner - plan.input.schema.keys() if isinstance(plan, Apply) and i is plan.subquery else inner
    return free


def substitute_all(plan: Relation, change: Callable[[Expr], Expr]) -> Relation:
    """Return the plan with `change` applied to every expression in it."""
    return map_exprs(rebuild(plan, lambda p: substitute_all(p, change)), change)
