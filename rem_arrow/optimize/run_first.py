"""Choose the side of a join that runs first, where what it finds lets the other side read a small part of its table.

A star of joins becomes so a few key sets on the scan of the facts: their columns are read once, for the rows that all
of them let through.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal as OneOf

import polars as pl

from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import Aggregate, Column, Expr, Filter, Join, Relation, Working
from rem_arrow.plan.origin import indexed_rows, scan_rows
from rem_arrow.plan.walk import children, rebuild

# Below this a scan takes less time than running the sides one after the other.
_SCAN_ROWS_MIN = 100_000
# The most of the scan's rows that the first side may have, and of the key's values that it may leave.
_ROWS_SHARE_MAX = 0.25
_KEYS_SHARE_MAX = 0.5
# Texts that are looked up in an index, one by one, instead of reading the column.
TEXTS_MAX = 128
# The sides that may go first: rows of the other that match none of its keys must not be in the result.
_FIRST: dict[str, tuple[OneOf["left", "right"], ...]] = {
    "inner": ("right", "left"),
    "semi": ("right", "left"),
    "left": ("left",),
    "right": ("right",),
    "anti": ("left",),
}


def run_first(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with `first` set on its joins."""
    estimates = Estimates(tools.catalog)

    def visit(node: Relation) -> Relation:
        node = rebuild(node, visit)
        if not isinstance(node, Join) or node.nulls_equal:
            return node
        gains = {side: _gain(node, side, estimates) for side in _FIRST.get(node.kind, ())}
        best = max(gains, key=lambda side: gains[side], default=None)
        return replace(node, first=best) if best is not None and gains[best] > 0 else node

    return visit(plan)


def _gain(join: Join, side: OneOf["left", "right"], estimates: Estimates) -> float:
    """Return how many rows of scans on the other side need not be read, as a guess."""
    first, other = (join.left, join.right) if side == "left" else (join.right, join.left)
    if not _leaves_out(first):
        return 0.0
    rows, gain = estimates.rows(first), 0.0
    for a, b in join.equals:
        mine, theirs = (a, b) if side == "left" else (b, a)
        if isinstance(theirs, Column) and isinstance(theirs.dtype, pl.String) and rows <= TEXTS_MAX:
            gain += indexed_rows(other, theirs.name)
        read = scan_rows(other, theirs.name) if isinstance(theirs, Column) and is_set_key(theirs) else 0
        if read < _SCAN_ROWS_MIN or rows > _ROWS_SHARE_MAX * read:
            continue
        share = min(1.0, estimates.distinct(mine, first) / estimates.table_distinct(theirs, other))
        if share <= _KEYS_SHARE_MAX:
            gain += read * (1.0 - share)
    return gain


def is_set_key(key: Expr) -> bool:
    """Say whether values of this type may be a KeySet."""
    return (
        key.dtype.is_integer() and key.dtype not in (pl.UInt64(), pl.Int128(), pl.UInt128())
    ) or key.dtype == pl.Date()


def _leaves_out(plan: Relation) -> bool:
    """Say whether a plan has fewer rows than its tables, and is a plan of its own: the step of a recursion is another
    in each round."""
    fewer, todo = False, [plan]
    while todo:
        node = todo.pop()
        if isinstance(node, Working):
            return False
        fewer = (
            fewer or isinstance(node, (Filter, Aggregate)) or (isinstance(node, Join) and node.kind in ("semi", "anti"))
        )
        todo += children(node)
    return fewer
