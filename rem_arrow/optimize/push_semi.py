"""Move a semi join that leaves few rows below the joins under it, to the table that it is about."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import Column, Filter, Join, Project, Relation
from rem_arrow.plan.walk import columns_of, exprs_of, rebuild, substitute

# A semi join that keeps more of its table's rows is better done late, on what the other joins leave.
_SHARE_MAX = 0.3


def push_semi(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with its semi joins as deep as they may go and pay."""
    estimates = Estimates(tools.catalog)

    def visit(node: Relation) -> Relation:
        node = rebuild(node, visit)
        if isinstance(node, Join) and node.kind == "semi" and node.equals:
            return _sunk(node, node.left, estimates) or node
        return node

    return visit(plan)


def _sunk(semi: Join, plan: Relation, estimates: Estimates) -> Relation | None:
    """Return `plan`, the semi join's left side, with the join inside of it; None where it stays above."""
    match plan:
        case Filter():
            below = _sunk(semi, plan.input, estimates)
            return None if below is None else replace(plan, input=below)
        case Project() if all(isinstance(e, Column) for _, e in plan.outputs):
            outputs = dict(plan.outputs)
            equals = tuple((substitute(a, outputs), b) for a, b in semi.equals)
            residual = None if semi.residual is None else substitute(semi.residual, outputs)
            below = _sunk(replace(semi, left=plan.input, equals=equals, residual=residual), plan.input, estimates)
            return None if below is None else replace(plan, input=below)
        case Join(kind="inner" | "left" | "semi" | "anti" | "asof"):
            read = columns_of(*exprs_of(semi)) - semi.right.schema.keys()
            for side in ("left", "right") if plan.kind == "inner" else ("left",):
                below = plan.left if side == "left" else plan.right
                if read <= below.schema.keys():
                    placed = _placed(semi, below, estimates)
                    return (
                        None
                        if placed is None
                        else replace(plan, left=placed)
                        if side == "left"
                        else replace(plan, right=placed)
                    )
            return None
        case _:
            return None


def _placed(semi: Join, plan: Relation, estimates: Estimates) -> Relation | None:
    deeper = _sunk(semi, plan, estimates)
    if deeper is not None:
        return deeper
    here = replace(semi, left=plan)
    return here if estimates.rows(here) <= _SHARE_MAX * estimates.rows(plan) else None
