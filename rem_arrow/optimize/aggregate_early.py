"""Aggregate one side of a join before the join, by the columns that the join and the groups above need of it.

Sales by the names of customers are summed by the number of the customer first: a grouping by integers makes a few rows
of many, and only these are joined, and grouped by texts.

Source: Yan and Larson, "Eager Aggregation and Lazy Aggregation", VLDB 1995.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    And,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    InList,
    Join,
    Literal,
    Or,
    Parameter,
    Project,
    Relation,
)
from rem_arrow.plan.parts import again, has_parts, parts_of, total
from rem_arrow.plan.walk import all_names, columns_of, expr_children, map_aggregate, rebuild, rebuild_expr, substitute

# The side must be worth the trouble, and become so much smaller.
_ROWS_MIN = 100_000
_SHARE_MAX = 0.25
# Computed for rows that the join may leave out, these raise no error that the query would not.
_SAFE = frozenset({"+", "-", "*", "=", "<>", "<", "<=", ">", ">=", "not", "is_null", "is_not_null", "coalesce"})


def aggregate_early(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with aggregations below joins, where the estimates promise few groups."""
    early = _Early(Estimates(tools.catalog), Names(all_names(plan)))
    return early.rewrite(plan)


class _Early:
    def __init__(self, estimates: Estimates, names: Names) -> None:
        self.estimates, self.names = estimates, names

    def rewrite(self, plan: Relation) -> Relation:
        if isinstance(plan, Aggregate) and plan.keys and all(has_parts(c) and _is_safe(c) for _, c in plan.aggregates):
            plan = self._split(plan) or plan
        return rebuild(plan, self.rewrite)

    def _split(self, plan: Aggregate) -> Relation | None:
        """Return the aggregation in two steps; None where that does not pay."""
        keys, calls, join = dict(plan.keys), dict(plan.aggregates), plan.input
        while isinstance(join, Project):
            outputs = dict(join.outputs)
            keys = {n: substitute(k, outputs) for n, k in keys.items()}
            calls = {n: map_aggregate(c, partial(substitute, by_name=outputs)) for n, c in calls.items()}
            join = join.input
        if not isinstance(join, Join) or join.kind not in ("inner", "left") or not join.equals or join.nulls_equal:
            return None
        if not all(_is_safe(c) for c in calls.values()):
            return None
        read = columns_of(*(e for c in calls.values() for e in (c.argument, c.where) if e is not None))
        for side in ("left", "right") if join.kind == "inner" else ("left",):
            below = join.left if side == "left" else join.right
            if (
                not isinstance(below, Aggregate)
                and read <= below.schema.keys()
                and self.estimates.rows(below) >= _ROWS_MIN
            ):
                steps = self._two_steps(plan, join, below, keys, calls)
                if steps is not None:
                    return steps
        return None

    def _two_steps(
        self, plan: Aggregate, join: Join, below: Relation, keys: dict[str, Expr], calls: dict[str, AggregateCall]
    ) -> Relation | None:
        columns = below.schema.keys()
        mine = [a if below is join.left else b for a, b in join.equals]
        needed: dict[Expr, str] = {}
        for expr in (*mine, *([] if join.residual is None else [join.residual]), *keys.values()):
            whole = (
                columns_of(expr)
                and columns_of(expr) <= columns
                and (isinstance(expr, Column) or expr in mine or _is_safe_expr(expr))
            )
            for part in [expr] if whole else [Column(n, below.schema[n]) for n in sorted(columns_of(expr) & columns)]:
                if part not in needed:
                    needed[part] = self.names.fresh(part.name if isinstance(part, Column) else "early")
        parts = parts_of(calls, self.names)
        first = Aggregate(below, tuple((n, e) for e, n in needed.items()), tuple(parts.values()))
        if self.estimates.rows(first) > _SHARE_MAX * self.estimates.rows(below):
            return None

        def swap(expr: Expr) -> Expr:
            return Column(needed[expr], expr.dtype) if expr in needed else rebuild_expr(expr, swap)

        equals = tuple((swap(a), b) if below is join.left else (a, swap(b)) for a, b in join.equals)
        residual = None if join.residual is None else swap(join.residual)
        joined = (
            replace(join, left=first, equals=equals, residual=residual)
            if below is join.left
            else replace(join, right=first, equals=equals, residual=residual)
        )
        combined = again(parts, self.names)
        second = Aggregate(joined, tuple((n, swap(k)) for n, k in keys.items()), tuple(combined.values()))
        return Project(
            second,
            (
                *((n, Column(n, k.dtype)) for n, k in plan.keys),
                *((n, total(n, c, combined)) for n, c in plan.aggregates),
            ),
        )


def _is_safe(call: AggregateCall) -> bool:
    return all(_is_safe_expr(e) for e in (call.argument, call.where) if e is not None)


def _is_safe_expr(expr: Expr) -> bool:
    match expr:
        case Column() | Literal() | Parameter():
            return True
        case Cast():
            return (
                expr.operand.dtype.is_numeric()
                and (expr.dtype.is_float() or expr.dtype.is_decimal())
                and _is_safe_expr(expr.operand)
            )
        case Call():
            return expr.function in _SAFE and all(map(_is_safe_expr, expr.args))
        case Case() | And() | Or() | InList():
            return all(map(_is_safe_expr, expr_children(expr)))
        case _:
            return False
