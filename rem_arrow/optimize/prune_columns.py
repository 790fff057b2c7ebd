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
from rem_arrow.plan.walk import columns_of, exprs_of, rebuild


def prune_columns(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with the same columns at its root, and below only what they need."""
    uses: dict[int, set[str]] = {}
    while True:
        asked: dict[int, set[str]] = {}
        pruned = _prune(plan, set(plan.schema), uses, asked)
        if asked == uses:
            return pruned
        # A part that others share may want other columns of the parts that it shares itself, now that it is pruned:
        # once more for each level.
        uses = asked


# Its complexity is the number of nodes: one arm for each, over a closed set.
def _prune(plan: Relation, columns: set[str], uses: dict[int, set[str]], asked: dict[int, set[str]]) -> Relation:
    """Return `plan` with at least those columns, in their order.

    Args:
        uses: what the uses of each Shared want together, to which every use of it is pruned; one that is missing keeps
            all.
        asked: is told what they want.
    """

    def below(node: Relation, needed: set[str]) -> Relation:
        return _prune(node, needed, uses, asked)

    match plan:
        case Scan():
            return replace(plan, columns=tuple(c for c in plan.columns if c[0] in columns) or (_cheapest(plan),))
        case Values() | Working():
            return plan
        case Filter():
            return replace(plan, input=below(plan.input, columns | columns_of(plan.condition)))
        case Project():
            outputs = tuple((n, e) for n, e in plan.outputs if n in columns) or plan.outputs[:1]
            return replace(plan, outputs=outputs, input=below(plan.input, columns_of(*(e for _, e in outputs))))
        case Join():
            read = columns | columns_of(*exprs_of(plan))
            return rebuild(plan, lambda side: below(side, read & side.schema.keys()))
        case Aggregate():
            calls = tuple((n, c) for n, c in plan.aggregates if n in columns)
            pruned = replace(plan, aggregates=calls or (() if plan.keys else plan.aggregates[:1]))
            return replace(pruned, input=below(plan.input, columns_of(*exprs_of(pruned))))
        case Sort():
            return replace(plan, input=below(plan.input, columns | columns_of(*exprs_of(plan))))
        case Limit():
            return replace(plan, input=below(plan.input, columns))
        case Union():
            return _prune_union(plan, columns, below)
        case Window():
            windows = replace(plan, calls=tuple((n, c) for n, c in plan.calls if n in columns))
            read = (columns - {n for n, _ in plan.calls}) | columns_of(*exprs_of(windows))
            return replace(windows, input=below(plan.input, read)) if windows.calls else below(plan.input, read)
        case Unnest():
            made = {n for n, _ in plan.outputs} | {plan.ordinality}
            return replace(plan, input=below(plan.input, (columns - made) | columns_of(*exprs_of(plan))))
        case Search():
            read = (columns - {h.score for h in plan.hits}) | {h.rowid for h in plan.hits}
            read = (read | {n for n, _ in plan.keys}) & plan.input.schema.keys()
            hits = tuple(replace(h, query=below(h.query, set(h.query.schema))) for h in plan.hits)
            return replace(plan, input=below(plan.input, read), hits=hits)
        case Index():
            answer = replace(plan, columns=tuple(c for c in plan.columns if c[0] in columns) or plan.columns[:1])
            return rebuild(answer, lambda i: below(i, set(i.schema)))
        case Shared():
            asked.setdefault(plan.number, set()).update(columns)
            return replace(plan, input=below(plan.input, uses.get(plan.number, set(plan.schema))))
        case Apply() | Recursive():
            return rebuild(plan, lambda i: below(i, set(i.schema)))
        case _:
            assert_never(plan)


def _prune_union(plan: Union, columns: set[str], below: Callable[[Relation, set[str]], Relation]) -> Relation:
    places = [i for i, n in enumerate(plan.schema) if n in columns] or [0]
    inputs = []
    for branch in plan.inputs:
        names = list(branch.schema)
        outputs = [names[i] for i in places]
        pruned = below(branch, set(outputs))
        # What still has more, such as a part with uses elsewhere, is cut to the same columns.
        inputs.append(
            pruned
            if list(pruned.schema) == outputs
            else Project(pruned, tuple((n, Column(n, pruned.schema[n])) for n in outputs))
        )
    return Union(tuple(inputs))


def _cheapest(plan: Scan) -> tuple[str, str, pl.DataType]:
    """Return the column that costs least to read, for a query that needs rows and no values."""
    return min(
        plan.columns, key=lambda c: 0 if c[2].is_numeric() or c[2].is_temporal() else 1 if not c[2].is_nested() else 2
    )
