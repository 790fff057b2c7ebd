"""Walking and rebuilding plans and expressions: children, columns used, replacement. Nothing here knows what a node
means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Apply,
    Bound,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
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


def exprs_of(plan: Relation) -> Iterator[Expr]:
    """Yield the expressions that a node itself holds."""
    match plan:
        case Scan() | Union() | Working() | Recursive() | Shared():
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
        case Window():
            for _, window in plan.calls:
                yield from window_exprs(window)
        case Unnest():
            yield from (e for _, e in plan.outputs)
        case Apply():
            yield from (e for e in (plan.operand, plan.condition) if e is not None)
        case Search():
            yield from (Column(h.rowid, plan.input.schema[h.rowid]) for h in plan.hits)
            yield from (h.k for h in plan.hits)
        case Index():
            yield from (e for _, e in plan.options)
        case _:
            assert_never(plan)


def aggregate_exprs(call: AggregateCall) -> tuple[Expr, ...]:
    return tuple(e for e in (call.argument, call.where, *call.extra, *(k.expr for k in call.order)) if e is not None)


def map_exprs(plan: Relation, change: Callable[[Expr], Expr]) -> Relation:
    """Return the node with `change` applied to its own expressions."""
    match plan:
        case Scan() | Union() | Working() | Recursive() | Shared():
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
            aggregates = tuple((n, map_aggregate(c, change)) for n, c in plan.aggregates)
            return replace(plan, keys=tuple((n, change(e)) for n, e in plan.keys), aggregates=aggregates)
        case Sort():
            return replace(plan, keys=tuple(SortKey(change(k.expr), k.descending, k.nulls_last) for k in plan.keys))
        case Limit():
            count = None if plan.count is None else change(plan.count)
            return replace(plan, count=count, offset=None if plan.offset is None else change(plan.offset))
        case Window():
            return replace(plan, calls=tuple((n, map_window(c, change)) for n, c in plan.calls))
        case Unnest():
            return replace(plan, outputs=tuple((n, change(e)) for n, e in plan.outputs))
        case Apply():
            condition = None if plan.condition is None else change(plan.condition)
            return replace(plan, operand=None if plan.operand is None else change(plan.operand), condition=condition)
        case Search():
            return replace(
                plan,
                hits=tuple(replace(h, rowid=_renamed(h.rowid, plan.input, change), k=change(h.k)) for h in plan.hits),
            )
        case Index():
            return replace(plan, options=tuple((n, change(e)) for n, e in plan.options))
        case _:
            assert_never(plan)


def _renamed(name: str, plan: Relation, change: Callable[[Expr], Expr]) -> str:
    column = change(Column(name, plan.schema[name]))
    return column.name if isinstance(column, Column) else name


def window_exprs(call: WindowCall) -> tuple[Expr, ...]:
    frame = (
        ()
        if call.frame is None
        else tuple(b.offset for b in (call.frame.start, call.frame.end) if b.offset is not None)
    )
    return (
        *call.args,
        *call.partition,
        *(k.expr for k in (*call.order, *call.inner)),
        *frame,
        *(() if call.where is None else (call.where,)),
    )


def map_window(call: WindowCall, change: Callable[[Expr], Expr]) -> WindowCall:
    """Return the call with `change` applied to its expressions."""

    def bound(old: Bound) -> Bound:
        return old if old.offset is None else replace(old, offset=change(old.offset))

    frame = (
        None if call.frame is None else replace(call.frame, start=bound(call.frame.start), end=bound(call.frame.end))
    )
    order = tuple(SortKey(change(k.expr), k.descending, k.nulls_last) for k in call.order)
    where = None if call.where is None else change(call.where)
    inner = tuple(SortKey(change(k.expr), k.descending, k.nulls_last) for k in call.inner)
    return replace(
        call,
        inner=inner,
        args=tuple(map(change, call.args)),
        partition=tuple(map(change, call.partition)),
        order=order,
        frame=frame,
        where=where,
    )


def passed(plan: Relation) -> tuple[tuple[str, Expr], ...]:
    """Return the outputs of a projection that passes every column of `plan`."""
    return tuple((n, Column(n, t)) for n, t in plan.schema.items())


def all_names(plan: Relation) -> set[str]:
    """Return the names of all columns in a plan: what a fresh one must not be."""
    return set(plan.schema).union(columns_of(*exprs_of(plan)), *map(all_names, children(plan)))


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


def map_aggregate(call: AggregateCall, change: Callable[[Expr], Expr]) -> AggregateCall:
    """Return the call with `change` applied to its expressions."""
    argument = None if call.argument is None else change(call.argument)
    order = tuple(replace(k, expr=change(k.expr)) for k in call.order)
    where = None if call.where is None else change(call.where)
    return replace(call, argument=argument, where=where, extra=tuple(map(change, call.extra)), order=order)
