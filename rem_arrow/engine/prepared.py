"""An optimized plan made ready to run on the data as they are: what it holds, and on what it runs."""

from __future__ import annotations

from typing import NamedTuple

from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.results import is_portable
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.optimizer import optimize_for_data
from rem_arrow.plan.embedded import Embedded, embedded_in
from rem_arrow.plan.nodes import Join, Relation, Scan, Unnest
from rem_arrow.plan.text_scores import TextScores, scored_in
from rem_arrow.plan.walk import children

_VALUE_BYTES = 16
# For each node of a plan Polars' streaming engine takes as long to start as its other one needs for so many rows.
FEW_ROWS = 10_000
# A join or a list that makes so many rows, and more than it reads, is not for that other engine, which holds them all.
_MANY_ROWS = 1_000_000


class Prepared(NamedTuple):
    """A plan that is optimized for the data.

    Attributes:
        is_portable: its rows leave in the types that they have.
        held_bytes: a guess of the most that it holds at once.
        few_rows: how many rows are few for it.
        embedded: the texts that it searches for by vector.
        scored: the texts that it searches for by words.
    """

    plan: Relation
    is_portable: bool
    held_bytes: float
    few_rows: int
    embedded: tuple[Embedded, ...]
    scored: tuple[TextScores, ...]


def prepare(plan: Relation, snapshot: Snapshot) -> Prepared:
    """Return an optimized plan ready to run, for as long as `sources` are what they are in the snapshot."""
    return Prepared(
        optimize_for_data(plan, snapshot),
        is_portable(plan.schema),
        _held_bytes(plan),
        0 if _multiplies(plan, Estimates(snapshot)) else FEW_ROWS * _nodes(plan),
        embedded_in(plan),
        scored_in(plan),
    )


def sources(plan: Relation) -> list[str]:
    """Return the names of the tables that a plan scans."""
    if isinstance(plan, Scan):
        return [plan.source]
    return [s for c in children(plan) for s in sources(c)]


def _nodes(plan: Relation) -> int:
    return 1 + sum(map(_nodes, children(plan)))


def _multiplies(plan: Relation, estimates: Estimates) -> bool:
    """Say whether a part of a plan may make many rows of few."""
    below = children(plan)
    if isinstance(plan, Join) and not plan.equals and any(map(_unnests, below)):
        # How long its lists are is not known.
        return True
    rows = estimates.rows(plan)
    return (bool(below) and rows > _MANY_ROWS and rows > 2 * max(map(estimates.rows, below))) or any(
        _multiplies(c, estimates) for c in below
    )


def _unnests(plan: Relation) -> bool:
    return isinstance(plan, Unnest) or any(map(_unnests, children(plan)))


def _held_bytes(plan: Relation) -> float:
    """Return a guess of the most that a statement holds at once: its largest intermediate result."""
    estimates = Estimates()
    worst, todo = 0.0, [plan]
    while todo:
        node = todo.pop()
        worst = max(worst, estimates.rows(node) * max(1, len(node.schema)) * _VALUE_BYTES)
        todo += children(node)
    return worst
