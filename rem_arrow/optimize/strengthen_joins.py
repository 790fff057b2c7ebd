"""Make inner joins of outer ones whose added NULLs are thrown away above."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.nodes import Aggregate, Call, Column, Expr, Filter, InList, Join, Project, Relation, Shared, Sort
from rem_arrow.plan.walk import conjuncts, rebuild

# Functions that are NULL when an argument is: as a condition they throw such a row away.
_STRICT = frozenset(
    {"=", "<>", "<", "<=", ">", ">=", "like", "ilike", "starts_with", "ends_with", "contains", "+", "-", "*", "/"}
)


def strengthen_joins(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with outer joins as narrow as what is above allows."""
    return _visit(plan, set())


def _visit(plan: Relation, not_null: set[str]) -> Relation:
    """Rewrite `plan`; rows in which one of its columns `not_null` is NULL are thrown away above."""
    match plan:
        case Filter():
            return replace(plan, input=_visit(plan.input, not_null | _not_null(plan.condition)))
        case Project():
            passed = {e.name for n, e in plan.outputs if n in not_null and isinstance(e, Column)}
            return replace(plan, input=_visit(plan.input, passed))
        case Sort():
            return replace(plan, input=_visit(plan.input, not_null))
        case Aggregate():
            passed = {e.name for n, e in plan.keys if n in not_null and isinstance(e, Column)}
            return replace(plan, input=_visit(plan.input, passed))
        case Join():
            return _join(plan, not_null)
        case Shared():
            # What is thrown away at one use may be kept at another.
            return replace(plan, input=_visit(plan.input, set()))
        case _:
            return rebuild(plan, lambda p: _visit(p, set()))


def _join(plan: Join, not_null: set[str]) -> Join:
    left_needed, right_needed = bool(not_null & plan.left.schema.keys()), bool(not_null & plan.right.schema.keys())
    kind: JoinKind = plan.kind
    if (
        (kind == "left" and right_needed)
        or (kind == "right" and left_needed)
        or (kind == "full" and left_needed and right_needed)
    ):
        kind = "inner"
    elif kind == "full" and (left_needed or right_needed):
        kind = "left" if left_needed else "right"
    met = set() if plan.residual is None else _not_null(plan.residual)
    if not plan.nulls_equal:
        met |= {n for pair in plan.equals for e in pair for n in _strict_columns(e)}
    left = (
        not_null | met
        if kind in ("inner", "semi")
        else not_null | met
        if kind == "right"
        else not_null
        if kind in ("left", "anti", "asof")
        else set()
    )
    right = not_null | met if kind in ("inner", "left", "semi", "anti") else not_null if kind == "right" else set()
    return replace(
        plan,
        kind=kind,
        left=_visit(plan.left, left & plan.left.schema.keys()),
        right=_visit(plan.right, right & plan.right.schema.keys()),
    )


def _not_null(condition: Expr) -> set[str]:
    """Return the columns that cannot be NULL where the condition is TRUE."""
    columns: set[str] = set()
    for c in conjuncts(condition):
        match c:
            case Call() if c.function in _STRICT:
                columns |= _strict_columns(c)
            case InList():
                columns |= _strict_columns(c.operand)
            case Call(function="not", args=(Call(function="is_null", args=(Column() as column,)),)):
                columns.add(column.name)
            case Column():
                columns.add(c.name)
            case _:
                pass
    return columns


def _strict_columns(expr: Expr) -> set[str]:
    """Return columns of which a NULL makes the expression NULL."""
    if isinstance(expr, Column):
        return {expr.name}
    if isinstance(expr, Call) and expr.function in _STRICT:
        return set().union(*(_strict_columns(a) for a in expr.args))
    return set()
