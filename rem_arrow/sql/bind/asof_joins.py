"""ASOF and POSITIONAL joins in FROM.

An ASOF join of any kind is made of the one that keeps every left row (plan/asof.py), over a right side that bears a
mark: the mark says which left rows have found a match. For RIGHT and FULL the right rows are numbered, so that those
that nobody chose can be joined in.
"""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.asof import expanded, ordering
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.nodes import (
    BOOLEAN,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    Literal,
    Project,
    Relation,
    Shared,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import columns_of, conjunction, equality, free_columns, passed
from rem_arrow.sql.bind.binder import StatementContext

_INT = pl.Int64()


def positional(context: StatementContext, left: Relation, right: Relation, tree: exp.Join) -> Relation:
    """`a POSITIONAL JOIN b`: the first row beside the first; NULLs beside what is left over of the longer side."""
    if tree.side or tree.kind or tree.args.get("on") is not None or tree.args.get("using"):
        raise context.error("a POSITIONAL JOIN takes no ON, no USING and no side", tree)
    _refuse_lateral(context, left, right, "POSITIONAL", tree)
    return Join("positional", left, right)


def asof(
    context: StatementContext, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join
) -> Relation:
    """Return the columns of both sides, for SEMI and ANTI of the left one; and perhaps columns that nobody names."""
    _refuse_lateral(context, left, right, "ASOF", tree)
    if kind in ("right", "full"):
        return _with_all_right(context, kind, left, right, conditions, tree)
    mark = Column(context.names.fresh("match"), BOOLEAN)
    marked = Project(right, (*passed(right), (mark.name, Literal(value=True, dtype=BOOLEAN))))
    plan = _left(context, kind, left, marked, conditions, tree)
    match kind:
        case "inner":
            return Filter(plan, mark)
        case "semi":
            return Project(Filter(plan, mark), passed(left))
        case "anti":
            return Project(Filter(plan, Call("is_null", (mark,), BOOLEAN)), passed(left))
        case _:
            return plan


def _refuse_lateral(context: StatementContext, left: Relation, right: Relation, name: str, tree: exp.Join) -> None:
    if free_columns(right) & left.schema.keys():
        raise context.unsupported(f"{name} JOIN cannot have a LATERAL relation on its right", tree)


def _left(
    context: StatementContext, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join
) -> Relation:
    """Return every left row with its match. Conditions on one side alone go into it, where no row of the result is lost
    by that."""
    equals: list[tuple[Expr, Expr]] = []
    orders: list[Call] = []
    of_left, of_right, rest = [], [], []
    for condition in conditions:
        columns = columns_of(condition)
        if (order := ordering(condition, left, right)) is not None:
            orders.append(order)
        elif (pair := equality(condition, left, right)) is not None:
            equals.append(pair)
        elif not columns & left.schema.keys():
            of_right.append(condition)
        elif not columns & right.schema.keys() and kind in ("inner", "semi"):
            of_left.append(condition)
        else:
            rest.append(condition)
    if len(orders) != 1:
        inequalities = "no inequality" if not orders else f"{len(orders)} inequalities"
        raise context.error(
            f"an ASOF JOIN has {inequalities} between its sides; it needs one",
            tree.args.get("on") or tree,
            "Write for example ON a.k = b.k AND a.t >= b.t.",
        )
    left = Filter(left, conjunction(of_left)) if of_left else left
    right = Filter(right, conjunction(of_right)) if of_right else right
    plan = Join("asof", left, right, tuple(equals), orders[0])
    plain = not rest and not any(nested.is_nested(e.dtype) for e in (orders[0].args[0], *(a for a, _ in equals)))
    return plan if plain else expanded(plan, context.names.fresh, tuple(rest))


def _with_all_right(
    context: StatementContext, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join
) -> Relation:
    """Choose by the right rows' numbers, then join these in."""
    names = context.names
    number, chosen = Column(names.fresh("row"), _INT), Column(names.fresh("row"), _INT)
    numbered = Shared(Window(right, ((number.name, WindowCall("row_number", (), _INT)),)), -1 - names.count())
    candidates = Project(numbered, (*passed(right), (chosen.name, number)))
    matched = _left(context, "left", left, candidates, conditions, tree)
    left_rows = Project(matched, (*passed(left), (chosen.name, chosen)))
    return Join(kind, left_rows, numbered, ((chosen, number),))
