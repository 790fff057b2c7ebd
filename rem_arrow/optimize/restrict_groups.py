"""Aggregate only the groups that somebody asks for.

A join of few rows with an aggregation by the join's key needs few of its groups: the rows of the others go by a semi
join below the aggregation. Correlated subqueries over aggregates come out of `decorrelate` in this shape.

Source: Bancilhon and others, "Magic Sets and Other Strange Ways to Implement Logic Programs", PODS 1986.
"""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import Aggregate, Column, Expr, Filter, Join, Project, Relation, Scan
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.plan.walk import all_names, children, columns_of, rebuild, substitute

# The asking side must be so much smaller than the groups, and the aggregation worth the trouble.
_SHARE_MAX = 0.2
_ROWS_MIN = 50_000
# To ask must read so much less than to compute all groups.
_WORK_MAX = 0.7


def restrict_groups(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with semi joins below aggregations that joins look up."""
    return _Restricting(Estimates(tools.catalog), Names(all_names(plan))).rewrite(plan)


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

    def _restricted(self, plan: Relation, keys: list[Expr], asking: Relation, values: list[Expr]) -> Relation | None:
        """Return `plan` computed for the given values of its keys only; None where that does not pay."""
        if isinstance(plan, Project):
            outputs = dict(plan.outputs)
            below = self._restricted(plan.input, [substitute(k, outputs) for k in keys], asking, values)
            return None if below is None else replace(plan, input=below)
        if isinstance(plan, Filter):
            below = self._restricted(plan.input, keys, asking, values)
            return None if below is None else replace(plan, input=below)
        if not isinstance(plan, Aggregate) or not plan.keys:
            return None
        by_key = dict(plan.keys)
        pairs = [
            (by_key[k.name], w) for k, w in zip(keys, values, strict=True) if isinstance(k, Column) and k.name in by_key
        ]
        if (
            not pairs
            or self.estimates.rows(plan.input) < _ROWS_MIN
            or self.estimates.rows(asking) > _SHARE_MAX * self.estimates.rows(plan)
        ):
            return None
        # The asking side is computed twice, so only the part of it is asked that the values come from.
        asking, exprs = self._narrowed(asking, [w for _, w in pairs], _SHARE_MAX * self.estimates.rows(plan))
        if not is_repeatable(asking) or self._read(asking) > _WORK_MAX * self._read(plan.input):
            return None
        outputs_ = tuple((self.names.fresh("wanted"), w) for w in exprs)
        asked = Project(asking, outputs_)
        equals = tuple((key, Column(n, w.dtype)) for (key, _), (n, w) in zip(pairs, outputs_, strict=True))
        return replace(plan, input=Join("semi", plan.input, asked, equals))

    def _read(self, plan: Relation) -> float:
        """Return how many rows the scans of a plan give."""
        return self.estimates.rows(plan) if isinstance(plan, Scan) else sum(map(self._read, children(plan)))

    def _narrowed(self, plan: Relation, values: list[Expr], rows_max: float) -> tuple[Relation, list[Expr]]:
        """Return the smallest part of a plan that has all of some values, and more of them at most up to the
        bound."""
        read = columns_of(*values)
        match plan:
            case Project():
                below, exprs = self._narrowed(plan.input, [substitute(w, dict(plan.outputs)) for w in values], rows_max)
                return (below, exprs) if self.estimates.rows(below) <= rows_max else (plan, values)
            case Join(kind="inner" | "left" | "semi" | "anti" | "asof") if read <= plan.left.schema.keys():
                below, exprs = self._narrowed(plan.left, values, rows_max)
            case Join(kind="inner" | "right") if read <= plan.right.schema.keys():
                below, exprs = self._narrowed(plan.right, values, rows_max)
            case _:
                return plan, values
        return (below, exprs) if self.estimates.rows(below) <= rows_max else (plan, values)
