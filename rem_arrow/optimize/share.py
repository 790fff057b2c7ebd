"""Keep what is worth computing once: a CTE that is used several times and aggregates, or asks an index, or would be
another one each time. Any other is computed where it is used."""

from __future__ import annotations

from collections import Counter

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import Aggregate, Index, Recursive, Relation, Shared, Window
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.plan.walk import children, rebuild


def share(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with Shared only where it pays, and where the plan stands for itself."""
    uses = Counter(_numbers(plan))

    def keep(node: Relation) -> Relation:
        node = rebuild(node, keep)
        if isinstance(node, Shared) and (
            uses[node.number] < 2 or (not _aggregates(node.input) and is_repeatable(node.input))
        ):
            return node.input
        return node

    return keep(plan)


def _numbers(plan: Relation) -> list[int]:
    own = [plan.number] if isinstance(plan, Shared) else []
    return own + [n for c in children(plan) for n in _numbers(c)]


def _aggregates(plan: Relation) -> bool:
    return isinstance(plan, (Aggregate, Window, Recursive, Index)) or any(map(_aggregates, children(plan)))
