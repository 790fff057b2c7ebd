"""Traversals of plans and expressions: children, columns used, replacement. Nothing here knows what a node means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import is_
from typing import assert_never

import polars as pl

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
    """Return `expr` with `change` applied to each child; itself where that changes none."""
    children = expr_children(expr)
    changed = tuple(map(change, children))
    return expr if _same(changed, children) else _of_children(expr, changed)


def _same(new: Sequence[object], old: Sequence[object]) -> bool:
    """Say whether these are the same objects: a node that keeps them need not be made again, nor its schema."""
    return all(map(is_, new, old))


def _of_children(expr: Expr, children: tuple[Expr, ...]) -> Expr:
    """Return `expr` with other children, in the order of `expr_children`."""
    match expr:
        case Column() | Literal() | Parameter() | Variable():
            return expr
        case Lambda():
            return replace(expr, body=children[0])
        case Call():
            return replace(expr, args=children)
        case Cast():
            return replace(expr, operand=children[0])
        case Case():
            *branches, otherwise = children
            return replace(expr, branches=tuple(zip(branches[::2], branches[1::2], strict=True)), otherwise=otherwise)
        case InList():
            return replace(expr, operand=children[0], options=children[1:])
        case And() | Or():
            return replace(expr, operands=children)
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
    """Return `plan` with `change` applied to each input; itself where that changes none."""
    inputs = children(plan)
    changed = tuple(map(change, inputs))
    return plan if _same(changed, inputs) else _of_inputs(plan, changed)


def _of_inputs(plan: Relation, inputs: tuple[Relation, ...]) -> Relation:
    """Return `plan` with other inputs, in the order of `children`."""
    match plan:
        case Scan() | Values() | Working():
            return plan
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Window() | Unnest() | Shared():
            return replace(plan, input=inputs[0])
        case Join():
            return replace(plan, left=inputs[0], right=inputs[1])
        case Apply():
            return replace(plan, input=inputs[0], subquery=inputs[1])
        case Recursive():
            return replace(plan, base=inputs[0], step=inputs[1])
        case Union() | Index():
            return replace(plan, inputs=inputs)
        case Search():
            hits = tuple(replace(h, query=query) for h, query in zip(plan.hits, inputs[1:], strict=True))
            return replace(plan, input=inputs[0], hits=hits)
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
            condition = change(plan.condition)
            return plan if condition is plan.condition else replace(plan, condition=condition)
        case Project() | Unnest():
            outputs = _map_named(plan.outputs, change)
            return plan if outputs is plan.outputs else replace(plan, outputs=outputs)
        case Join():
            equals = tuple((change(a), change(b)) for a, b in plan.equals)
            residual = _map_optional(plan.residual, change)
            if residual is plan.residual and all(map(_same, equals, plan.equals)):
                return plan
            return replace(plan, equals=equals, residual=residual)
        case Aggregate():
            keys = _map_named(plan.keys, change)
            calls = tuple((n, map_aggregate(c, change)) for n, c in plan.aggregates)
            if keys is plan.keys and all(map(_same, calls, plan.aggregates)):
                return plan
            return replace(plan, keys=keys, aggregates=calls)
        case Sort():
            order = _map_keys(plan.keys, change)
            return plan if order is plan.keys else replace(plan, keys=order)
        case Limit():
            return replace(plan, count=_map_optional(plan.count, change), offset=_map_optional(plan.offset, change))
        case Window():
            return replace(plan, calls=tuple((n, map_window(c, change)) for n, c in plan.calls))
        case Apply():
            operand = _map_optional(plan.operand, change)
            return replace(plan, operand=operand, condition=_map_optional(plan.condition, change))
        case Search():
            schema = plan.input.schema
            named = tuple((_mapped_name(key, t, change) if key in schema else key, t) for key, t in plan.keys)
            return replace(plan, hits=tuple(_map_hit(h, schema, change) for h in plan.hits), keys=named)
        case Index():
            return replace(plan, options=_map_named(plan.options, change))
        case _:
            assert_never(plan)


def map_aggregate(call: AggregateCall, change: Callable[[Expr], Expr]) -> AggregateCall:
    """Return the call with `change` applied to its expressions."""
    argument, where = _map_optional(call.argument, change), _map_optional(call.where, change)
    extra, order = tuple(map(change, call.extra)), _map_keys(call.order, change)
    if argument is call.argument and where is call.where and order is call.order and _same(extra, call.extra):
        return call
    return replace(call, argument=argument, where=where, extra=extra, order=order)


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
    rowid = _mapped_name(hit.rowid, schema[hit.rowid], change)
    return replace(hit, rowid=rowid, k=change(hit.k), least=_map_optional(hit.least, change))


def _mapped_name(name: str, dtype: pl.DataType, change: Callable[[Expr], Expr]) -> str:
    column = change(Column(name, dtype))
    return column.name if isinstance(column, Column) else name


def _map_optional(expr: Expr | None, change: Callable[[Expr], Expr]) -> Expr | None:
    return None if expr is None else change(expr)


def _map_named(exprs: tuple[tuple[str, Expr], ...], change: Callable[[Expr], Expr]) -> tuple[tuple[str, Expr], ...]:
    changed = tuple((n, change(e)) for n, e in exprs)
    return exprs if all(map(_same, changed, exprs)) else changed


def _map_keys(keys: tuple[SortKey, ...], change: Callable[[Expr], Expr]) -> tuple[SortKey, ...]:
    exprs = [change(k.expr) for k in keys]
    if _same(exprs, [k.expr for k in keys]):
        return keys
    return tuple(replace(k, expr=e) for e, k in zip(exprs, keys, strict=True))


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
