"""Move conditions towards the scans: below projections and groups, and into the sides of joins."""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import replace
from typing import cast

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    Aggregate,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    Literal,
    Or,
    Project,
    Relation,
    Sort,
    Union,
)
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.plan.walk import columns_of, conjunction, conjuncts, disjunction, equality, passed, rebuild, substitute


def push_filter(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with each condition as deep as it may go."""
    return _push(plan, [])


def push_into(plan: Relation, condition: Expr) -> Relation:
    """Return the rows of the plan that meet a condition."""
    return _push(plan, list(conjuncts(condition)))


def _push(plan: Relation, conditions: list[Expr]) -> Relation:
    """Push `conditions`, which hold above `plan`, into it."""
    match plan:
        case Filter() if (anti := _without_partner(plan)) is not None:
            return _push(anti, conditions)
        case Filter():
            return _push(plan.input, [*conjuncts(plan.condition), *conditions])
        case Project() if not any(is_volatile(e) for _, e in plan.outputs):
            outputs = dict(plan.outputs)
            return replace(plan, input=_push(plan.input, [substitute(c, outputs) for c in conditions]))
        case Sort():
            return replace(plan, input=_push(plan.input, conditions))
        case Join():
            return _push_join(plan, conditions)
        case Aggregate():
            keys = dict(plan.keys)
            below = [c for c in conditions if plan.keys and (used := columns_of(c)) and used <= keys.keys()]
            rest = [c for c in conditions if c not in below]
            below += [i for c in rest if plan.keys for i in _implied(c, keys.keys())]
            inner = _push(plan.input, [substitute(c, keys) for c in below])
            return _filtered(replace(plan, input=inner), rest)
        case Union():
            return Union(tuple(_push_input(plan, i, conditions) for i in range(len(plan.inputs))))
        case _:
            return _filtered(rebuild(plan, lambda p: _push(p, [])), conditions)


def _filtered(plan: Relation, conditions: list[Expr]) -> Relation:
    return Filter(plan, conjunction(list(dict.fromkeys(conditions)))) if conditions else plan


def _push_input(plan: Union, place: int, conditions: list[Expr]) -> Relation:
    branch = plan.inputs[place]
    columns = {a: Column(b, t) for a, (b, t) in zip(plan.schema, branch.schema.items(), strict=True)}
    return _push(branch, [substitute(c, columns) for c in conditions])


def _without_partner(plan: Filter) -> Relation | None:
    """Return `a LEFT JOIN b ... WHERE b.key IS NULL` as the anti join that it is; None for any other filter."""
    join = plan.input
    if not (isinstance(join, Join) and join.kind == "left" and not join.nulls_equal):
        return None
    keys = {b.name for _, b in join.equals if isinstance(b, Column)}
    conditions = list(conjuncts(plan.condition))
    lacking = next(
        (
            c
            for c in conditions
            if isinstance(c, Call)
            and c.function == "is_null"
            and isinstance(c.args[0], Column)
            and c.args[0].name in keys
        ),
        None,
    )
    if lacking is None:
        return None
    left = passed(join.left)
    nulls = tuple((n, cast(Expr, Literal(None, t))) for n, t in join.right.schema.items())
    anti = Project(replace(join, kind="anti"), (*left, *nulls))
    rest = [c for c in conditions if c is not lacking]
    return Filter(anti, conjunction(rest)) if rest else anti


def _derive(plan: Join, equals: list[tuple[Expr, Expr]], left: list[Expr], right: list[Expr]) -> None:
    """What holds for one side of an equality holds for the other: add such conditions, where no row is lost by them."""
    if plan.nulls_equal:
        return
    conditions = (list(left), list(right))
    for a, b in equals:
        if not (isinstance(a, Column) and isinstance(b, Column)):
            continue
        if plan.kind in ("inner", "left", "semi", "anti", "asof"):
            right += [
                d
                for c in conditions[0]
                if columns_of(c) == {a.name} and (d := substitute(c, {a.name: b})) not in right and a.dtype == b.dtype
            ]
        if plan.kind in ("inner", "right", "semi"):
            left += [
                d
                for c in conditions[1]
                if columns_of(c) == {b.name} and (d := substitute(c, {b.name: a})) not in left and a.dtype == b.dtype
            ]


def _implied(condition: Expr, columns: KeysView[str]) -> list[Expr]:
    """Return what an OR says of one side alone: in each of its branches, what reads that side only."""
    if not isinstance(condition, Or):
        return []
    branches = [
        [c for c in conjuncts(branch) if (used := columns_of(c)) and used <= columns] for branch in condition.operands
    ]
    return [disjunction([conjunction(b) for b in branches])] if all(branches) else []


def _push_join(plan: Join, conditions: list[Expr]) -> Relation:
    """A condition on one side moves into it, unless the join could add NULLs there; an equality becomes a join key."""
    left_columns, right_columns = plan.left.schema.keys(), plan.right.schema.keys()
    own = list(conjuncts(plan.residual)) if plan.residual is not None else []
    left, right, rest, above = [], [], [], []
    equals = list(plan.equals)
    # Conditions of WHERE: they hold for every row that is kept.
    for condition in conditions:
        used = columns_of(condition)
        if used <= left_columns and used and plan.kind in ("inner", "left", "semi", "anti", "asof"):
            left.append(condition)
        elif used <= right_columns and used and plan.kind in ("inner", "right"):
            right.append(condition)
        elif plan.kind == "inner" and used:
            own.append(condition)
        else:
            above.append(condition)
    # Conditions of ON: they decide what matches.
    for condition in own:
        used = columns_of(condition)
        pair = equality(condition, plan.left, plan.right)
        if used and used <= left_columns and plan.kind in ("inner", "right", "semi"):
            left.append(condition)
        elif used and used <= right_columns and plan.kind in ("inner", "left", "semi", "anti"):
            right.append(condition)
        elif pair is not None and not plan.nulls_equal:
            equals.append(pair)
        else:
            rest.append(condition)
            if plan.kind in ("inner", "right", "semi"):
                left += _implied(condition, left_columns)
            if plan.kind in ("inner", "left", "semi", "anti"):
                right += _implied(condition, right_columns)
    _derive(plan, equals, left, right)
    joined = replace(
        plan,
        left=_push(plan.left, left),
        right=_push(plan.right, right),
        equals=tuple(equals),
        residual=conjunction(rest) if rest else None,
    )
    return _filtered(joined, above)
