"""Joins of two bound relations: their kinds, ON with subqueries, USING and NATURAL, and lateral right sides."""

from __future__ import annotations

from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.nodes import Apply, Call, Column, Expr, Filter, Join, Literal, Project, Relation, Union
from rem_arrow.plan.walk import conjunction, conjuncts, equality, free_columns, passed
from rem_arrow.sql.bind import asof_joins
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import equal_to_texts
from rem_arrow.sql.bind.named_relations import BoundRelation
from rem_arrow.sql.bind.scope import Scope, Visible
from rem_arrow.sql.bind.subqueries import applied


def joined(left: BoundRelation, right: BoundRelation, tree: exp.Join, binder: ExprBinder) -> BoundRelation:
    """Return the join that a tree is; `binder` sees both sides, and collects the subqueries of ON."""
    kind = _kind(tree)
    using = [c.name for c in tree.args.get("using") or ()]
    if tree.method.upper() == "NATURAL":
        using = _shared(left.scope, right.scope, tree, binder)
    both = left.scope.beside(right.scope)
    if tree.method.upper() == "POSITIONAL":
        return BoundRelation(asof_joins.positional(binder.context, left.plan, right.plan, tree), both)
    if using:
        return _using(kind, left, right, using, tree, binder)
    on = tree.args.get("on")
    if on is None:
        if (tree.kind or "").upper() != "CROSS":
            raise binder.error(f"{kind.upper()} JOIN needs ON or USING", tree)
        return BoundRelation(beside("inner", left.plan, right.plan), both)
    condition = binder.boolean(on, "ON")
    applies = binder.collected.applies
    if applies and _is_asof(tree):
        raise binder.unsupported("the ON of an ASOF JOIN cannot hold a subquery", on)
    if applies:
        return _on_subqueries(kind, left, right, condition, binder)
    conditions = list(conjuncts(condition))
    plan = (
        asof_joins.asof(binder.context, kind, left.plan, right.plan, conditions, tree)
        if _is_asof(tree)
        else beside(kind, left.plan, right.plan, conditions)
    )
    return BoundRelation(plan, left.scope if kind in ("semi", "anti") else both)


def is_comma(join: exp.Expression) -> bool:
    """Say whether it is a comma of FROM, which binds less than any JOIN."""
    return not isinstance(join, exp.Join) or not (
        join.kind or join.side or join.method or join.args.get("on") is not None or join.args.get("using")
    )


def is_apply(join: exp.Expression) -> bool:
    """Say whether it is CROSS APPLY or OUTER APPLY."""
    return isinstance(join.this, exp.Lateral) and join.this.args.get("cross_apply") is not None


def beside(kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr] | None = None) -> Relation:
    """Join two relations; a right one that reads columns of the left is computed for each of its rows."""
    if not free_columns(right) & left.schema.keys():
        return _split_condition(kind, left, right, conditions or [])
    condition = conjunction(conditions) if conditions else None
    if kind == "left":
        return Apply("left", left, right, condition=condition)
    if kind != "inner":
        raise UnsupportedError(f"a {kind.upper()} JOIN cannot have a LATERAL relation on its right")
    product = Apply("cross", left, right)
    return product if condition is None else Filter(product, condition)


def _split_condition(kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr]) -> Join:
    """Return the join whose equalities between the sides are `equals`, and the rest `residual`."""
    equals, rest = [], []
    for condition in conditions:
        pair = equality(condition, left, right)
        if pair is None:
            rest.append(condition)
        else:
            equals.append(pair)
    return Join(kind, left, right, tuple(equals), conjunction(rest) if rest else None)


def _kind(tree: exp.Join) -> JoinKind:
    side, kind = (tree.side or "").upper(), (tree.kind or "").upper()
    if kind in ("SEMI", "ANTI"):
        return cast(JoinKind, kind.lower())
    return cast(JoinKind, side.lower()) if side in ("LEFT", "RIGHT", "FULL") else "inner"


def _is_asof(tree: exp.Join) -> bool:
    return str(tree.method).upper() == "ASOF"


def _on_subqueries(
    kind: JoinKind, left: BoundRelation, right: BoundRelation, condition: Expr, binder: ExprBinder
) -> BoundRelation:
    """ON with subqueries: each row of the one side meets a query over the other."""
    both, applies = left.scope.beside(right.scope), binder.collected.applies

    def met(plan: Relation) -> Relation:
        return Filter(applied(plan, applies), condition)

    match kind:
        case "inner":
            return BoundRelation(met(beside("inner", left.plan, right.plan)), both)
        case "semi" | "anti":
            # EXISTS (SELECT ... FROM right WHERE condition)
            mark = Column(binder.names.fresh("exists"), pl.Boolean())
            holds: Expr = mark if kind == "semi" else Call("not", (mark,), pl.Boolean())
            return BoundRelation(Filter(Apply("exists", left.plan, met(right.plan), mark.name), holds), left.scope)
        case "left":
            return BoundRelation(Apply("left", left.plan, met(right.plan)), both)
        case "right":
            mirrored = Apply("left", right.plan, met(left.plan))
            return BoundRelation(Project(mirrored, (*passed(left.plan), *passed(right.plan))), both)
        case _:
            # A full join: what a left join gives, and the right rows without a partner.
            sides = (*passed(left.plan), *passed(right.plan))
            first = Project(Apply("left", left.plan, met(right.plan)), sides)
            mark = Column(binder.names.fresh("exists"), pl.Boolean())
            marked = Apply("exists", right.plan, met(left.plan), mark.name)
            alone = Filter(marked, Call("not", (mark,), pl.Boolean()))
            nulls = tuple((n, cast(Expr, Literal(None, t))) for n, t in left.plan.schema.items())
            return BoundRelation(Union((first, Project(alone, (*nulls, *passed(right.plan))))), both)


# --- USING and NATURAL


def _shared(left: Scope, right: Scope, tree: exp.Join, binder: ExprBinder) -> list[str]:
    """Return the columns of a NATURAL join."""
    names = {c.name.casefold() for c in left.all_columns()}
    shared = [c.name for c in right.all_columns() if c.name.casefold() in names]
    if not shared:
        raise binder.error("NATURAL JOIN of tables that share no column name", tree)
    return shared


def _using(
    kind: JoinKind, left: BoundRelation, right: BoundRelation, using: list[str], tree: exp.Join, binder: ExprBinder
) -> BoundRelation:
    if free_columns(right.plan) & left.plan.schema.keys():
        raise binder.unsupported("USING and NATURAL cannot join a LATERAL relation; write ON", tree)
    both = left.scope.beside(right.scope)
    pairs: list[tuple[Expr, Expr]] = []
    merged: list[Visible] = []
    computed: list[tuple[str, Expr]] = []
    for name in using:
        a, b = (side.scope.resolve(name, None, binder.place(tree)) for side in (left, right))
        x, y = binder.same(equal_to_texts([a, b]), tree)
        pairs.append((comparable(x), comparable(y)))
        column = b if kind == "right" else a
        if kind == "full":
            column = Column(binder.names.fresh(name), x.dtype)
            computed.append((column.name, Call("coalesce", (x, y), x.dtype)))
        merged.append(Visible(name, column.name, column.dtype))
    if _is_asof(tree):
        # The last of the columns orders.
        conditions: list[Expr] = [
            Call("=" if i < len(pairs) - 1 else ">=", pair, pl.Boolean()) for i, pair in enumerate(pairs)
        ]
        plan = asof_joins.asof(binder.context, kind, left.plan, right.plan, conditions, tree)
    else:
        plan = Join(kind, left.plan, right.plan, tuple(pairs))
    if kind in ("semi", "anti"):
        return BoundRelation(plan, left.scope)
    if computed:
        plan = Project(plan, (*passed(plan), *computed))
    for visible in merged:
        both.with_merged(visible)
    return BoundRelation(plan, both)
