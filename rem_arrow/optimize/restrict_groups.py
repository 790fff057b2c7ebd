"""Aggregate only the groups that somebody asks for.

A join of few rows with an aggregation by the join's key needs few of its groups: the rows of the others go by a semi join
below the aggregation. Correlated subqueries over aggregates come out of `decorrelate` in this shape.

Source: Bancilhon and others, "Magic Sets and Other Strange Ways to Implement Logic Programs", PODS 1986.
"""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import Aggregate, Column, Expr, Filter, Join, Project, Relation
from rem_arrow.plan.walk import children, columns_of, rebuild, substitute

# The asking side must be so much smaller than the groups, and the aggregation worth the trouble.
_SHARE_MAX = 0.2
_ROWS_MIN = 50_000


def restrict_groups(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with semi joins below aggregations that joins look up."""
    return _Restricting(Estimates(tools.catalog), Names(_all_names(plan))).rewrite(plan)


def _all_names(plan: Relation) -> set[str]:
    return set(plan.schema).union(*map(_all_names, children(plan)))


class _Restricting:
    def __init__(self, estimates: Estimates, names: Names) -> None:
        self.estimates, self.names = estimates, names

    def rewrite(self, plan: Relation) -> Relation:
        plan = rebuild(plan, self.rewrite)
        if not isinstance(plan, Join) or plan.nulls_equal or not plan.equals:
            return plan
        if plan.kind in ("inner", "left", "semi"):
            right = self._restricted(plan.right, [b for _, b in plan.equals], plan.left, [a for a, _ in plan.equals])
            plan = replace(plan, right=right) if right is not None else plan
        if plan.kind in ("inner", "right"):
            left = self._restricted(plan.left, [a for a, _ in plan.equals], plan.right, [b for _, b in plan.equals])
            plan = replace(plan, left=left) if left is not None else plan
        return plan

    def _restricted(self, plan: Relation, keys: list[Expr], asking: Relation, wanted: list[Expr]) -> Relation | None:
        """Return `plan` computed for the values of `wanted` only; None where that does not pay."""
        if isinstance(plan, Project):
            outputs = dict(plan.outputs)
            below = self._restricted(plan.input, [substitute(k, outputs) for k in keys], asking, wanted)
            return None if below is None else replace(plan, input=below)
        if isinstance(plan, Filter):
            below = self._restricted(plan.input, keys, asking, wanted)
            return None if below is None else replace(plan, input=below)
        if not isinstance(plan, Aggregate) or not plan.keys:
            return None
        by_key = dict(plan.keys)
        pairs = [(by_key[k.name], w) for k, w in zip(keys, wanted, strict=True) if isinstance(k, Column) and k.name in by_key]
        if not pairs or self.estimates.rows(plan.input) < _ROWS_MIN or self.estimates.rows(asking) > _SHARE_MAX * self.estimates.rows(plan):
            return None
        # The asking side is computed twice, so it must be cheap: one that reads as much as it saves is not.
        outputs_ = tuple((self.names.fresh("wanted"), w) for _, w in pairs)
        asked = Project(asking, outputs_)
        equals = tuple((key, Column(n, w.dtype)) for (key, _), (n, w) in zip(pairs, outputs_, strict=True))
        assert all(columns_of(w) <= asking.schema.keys() for w in wanted), "the keys of a join are of its sides"
        return replace(plan, input=Join("semi", plan.input, asked, equals))
