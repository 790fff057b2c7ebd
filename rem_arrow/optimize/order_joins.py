"""Order inner joins so that each next table is joined by an equality where there is one: no cross product that the query does not ask for.

Tables keep the order of FROM otherwise.
"""

from __future__ import annotations

from typing import TypeGuard

from rem_arrow.plan.nodes import BOOLEAN, Call, Column, Expr, Filter, Join, Project, Relation
from rem_arrow.plan.walk import columns_of, conjunction, conjuncts, equality, rebuild


def order_joins(plan: Relation) -> Relation:
    """Return the plan with its chains of inner joins reordered; the columns keep their order."""
    if not _is_plain(plan):
        return rebuild(plan, order_joins)
    leaves: list[Relation] = []
    conditions: list[Expr] = []
    _flatten(plan, leaves, conditions)
    ordered = _joined([order_joins(leaf) for leaf in leaves], conditions)
    if list(ordered.schema) == list(plan.schema):
        return ordered
    return Project(ordered, tuple((n, Column(n, t)) for n, t in plan.schema.items()))


def _is_plain(plan: Relation) -> TypeGuard[Join]:
    return isinstance(plan, Join) and plan.kind == "inner" and not plan.nulls_equal


def _flatten(plan: Relation, leaves: list[Relation], conditions: list[Expr]) -> None:
    if _is_plain(plan):
        _flatten(plan.left, leaves, conditions)
        _flatten(plan.right, leaves, conditions)
        conditions += [Call("=", pair, BOOLEAN) for pair in plan.equals]
        if plan.residual is not None:
            conditions += conjuncts(plan.residual)
    else:
        leaves.append(plan)


def _joined(leaves: list[Relation], conditions: list[Expr]) -> Relation:
    done, waiting, open_ = leaves[0], leaves[1:], list(conditions)
    while waiting:
        place = next((i for i, leaf in enumerate(waiting) if any(equality(c, done, leaf) for c in open_)), 0)
        leaf = waiting.pop(place)
        visible = done.schema.keys() | leaf.schema.keys()
        ready = [c for c in open_ if columns_of(c) <= visible]
        open_ = [c for c in open_ if c not in ready]
        pairs = [(c, equality(c, done, leaf)) for c in ready]
        rest = [c for c, pair in pairs if pair is None]
        done = Join("inner", done, leaf, tuple(p for _, p in pairs if p is not None), conjunction(rest) if rest else None)
    return Filter(done, conjunction(open_)) if open_ else done
