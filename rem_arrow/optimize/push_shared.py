"""Move conditions into a plan that is computed once: it need hold only the rows that one of its uses asks for."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.optimize.push_filter import push_into
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import Expr, Filter, Relation, Shared
from rem_arrow.plan.walk import children, disjunction, rebuild


def push_shared(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan; a Shared whose every use stands below a filter holds the rows that pass at least one of these.

    REQUIRES: `push_filter` has run, so that a filter that reads only a Shared stands right above it.
    """
    asked: dict[int, dict[Expr, None] | None] = {}
    _collect(plan, asked)
    by_number = {number: list(conditions) for number, conditions in asked.items() if conditions is not None}
    return _pushed(plan, by_number) if by_number else plan


def _collect(plan: Relation, asked: dict[int, dict[Expr, None] | None]) -> None:
    condition = None
    if isinstance(plan, Filter) and isinstance(plan.input, Shared):
        condition, plan = plan.condition, plan.input
    if isinstance(plan, Shared):
        conditions = asked.setdefault(plan.number, {})
        if condition is None:
            asked[plan.number] = None
        elif conditions is not None:
            conditions[condition] = None
    for child in children(plan):
        _collect(child, asked)


def _pushed(plan: Relation, asked: dict[int, list[Expr]]) -> Relation:
    plan = rebuild(plan, lambda p: _pushed(p, asked))
    if not (isinstance(plan, Shared) and plan.number in asked):
        return plan
    conditions = asked[plan.number]
    return replace(plan, input=push_into(plan.input, disjunction(conditions)))
