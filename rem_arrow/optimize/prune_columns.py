"""Read no column, and compute no expression, that nothing above uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

import polars as pl

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    Aggregate,
    Apply,
    Column,
    Filter,
    Index,
    Join,
    Limit,
    Project,
    Recursive,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
    Working,
)
from rem_arrow.plan.walk import aggregate_exprs, columns_of, exprs_of, rebuild, window_exprs


def prune_columns(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with the same columns at its root, and below only what they need."""
    known: dict[int, set[str]] = {}
    while True:
        asked: dict[int, set[str]] = {}
        pruned = _prune(plan, set(plan.schema), known, asked)
        if asked == known:
            return pruned
        # A part that others share may want other columns of the parts that it shares itself, now that it is pruned:
        # once more for each level.
        known = asked


def _prune(plan: Relation, wanted: set[str], known: dict[int, set[str]], asked: dict[int, set[str]]) -> Relation:
    """Return `plan` with at least the columns `wanted`, in their order.

    Args:
        known: what the uses of each Shared want together, to which every use of it is pruned; one that is missing
            keeps all.
        asked: is told what they want.
    """

    def below(node: Relation, needed: set[str]) -> Relation:
        return _prune(node, needed, known, asked)

    match plan:
        case Scan():
            kept = tuple(c for c in plan.columns if c[0] in wanted) or (_cheapest(plan),)
            return replace(plan, columns=kept)
        case Values() | Working():
            return plan
        case Filter():
            return replace(plan, input=below(plan.input, wanted | columns_of(plan.condition)))
        case Project():
            outputs = tuple((n, e) for n, e in plan.outputs if n in wanted) or plan.outputs[:1]
            return replace(plan, outputs=outputs, input=below(plan.input, columns_of(*(e for _, e in outputs))))
        case Join():
            used = wanted | columns_of(*exprs_of(plan))
            return replace(
                plan,
                left=below(plan.left, used & plan.left.schema.keys()),
                right=below(plan.right, used & plan.right.schema.keys()),
            )
        case Aggregate():
            aggregates = tuple((n, c) for n, c in plan.aggregates if n in wanted)
            if not aggregates and not plan.keys:
                aggregates = plan.aggregates[:1]
            used = columns_of(*(e for _, e in plan.keys), *(e for _, c in aggregates for e in aggregate_exprs(c)))
            return replace(plan, aggregates=aggregates, input=below(plan.input, used))
        case Sort():
            return replace(plan, input=below(plan.input, wanted | columns_of(*(k.expr for k in plan.keys))))
        case Limit():
            return replace(plan, input=below(plan.input, wanted))
        case Union():
            return _prune_union(plan, wanted, below)
        case Window():
            calls = tuple((n, c) for n, c in plan.calls if n in wanted)
            used = (wanted - {n for n, _ in plan.calls}) | columns_of(*(e for _, c in calls for e in window_exprs(c)))
            return replace(plan, input=below(plan.input, used), calls=calls) if calls else below(plan.input, used)
        case Unnest():
            made = {n for n, _ in plan.outputs} | {plan.ordinality}
            return replace(plan, input=below(plan.input, (wanted - made) | columns_of(*exprs_of(plan))))
        case Search():
            used = (wanted - {h.score for h in plan.hits}) | {h.rowid for h in plan.hits}
            return replace(
                plan,
                input=below(plan.input, used),
                hits=tuple(replace(h, query=below(h.query, set(h.query.schema))) for h in plan.hits),
            )
        case Index():
            kept = tuple(c for c in plan.columns if c[0] in wanted) or plan.columns[:1]
            return replace(plan, columns=kept, inputs=tuple(below(i, set(i.schema)) for i in plan.inputs))
        case Shared():
            asked.setdefault(plan.number, set()).update(wanted)
            return replace(plan, input=below(plan.input, known.get(plan.number, set(plan.schema))))
        case Apply() | Recursive():
            return rebuild(plan, lambda i: below(i, set(i.schema)))
        case _:
            assert_never(plan)


def _prune_union(plan: Union, wanted: set[str], below: Callable[[Relation, set[str]], Relation]) -> Relation:
    places = [i for i, n in enumerate(plan.schema) if n in wanted] or [0]
    inputs = []
    for branch in plan.inputs:
        names = list(branch.schema)
        kept = [names[i] for i in places]
        pruned = below(branch, set(kept))
        # What still has more, such as a part with uses elsewhere, is cut to the same columns.
        inputs.append(
            pruned
            if list(pruned.schema) == kept
            else Project(pruned, tuple((n, Column(n, pruned.schema[n])) for n in kept))
        )
    return Union(tuple(inputs))


def _cheapest(plan: Scan) -> tuple[str, str, pl.DataType]:
    """Return the column that costs least to read, for a query that needs rows and no values."""
    return min(
        plan.columns, key=lambda c: 0 if c[2].is_numeric() or c[2].is_temporal() else 1 if not c[2].is_nested() else 2
    )
