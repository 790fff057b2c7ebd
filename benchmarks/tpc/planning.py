"""The cost of a statement before it runs, by phase. Only this file uses the engine's internal calls."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

import rem_arrow as rem
from benchmarks.measure import seconds
from rem_arrow.engine.results import named
from rem_arrow.lower.context import Environment, Lowering
from rem_arrow.lower.relation import lower
from rem_arrow.optimize.optimizer import optimize, optimize_for_values
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.text.parser import parse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phases:
    """Milliseconds of each phase of one run, and the Polars plan that was collected."""

    milliseconds: dict[str, float]
    rows: int
    frame: pl.LazyFrame


def phases(db: rem.Database, text: str) -> Phases:
    """Run a query once, without the plan cache, and time its phases."""
    times: dict[str, float] = {}

    def timed(phase: str, action: Callable[[], T]) -> T:
        results: list[T] = []
        times[phase] = seconds(lambda: results.append(action())) * 1e3
        return results[0]

    snapshot = db._snapshot()
    tree = timed("parse", lambda: parse(text))
    bound = timed("bind", lambda: Binder(text, snapshot, {}).statement(tree))
    optimized = timed("optimize", lambda: optimize(bound.plan))
    pruned = timed("prune", lambda: optimize_for_values(optimized, {}))
    frame = timed("lower", lambda: lower(pruned, Lowering(Environment(snapshot, {}))))
    rows = timed("collect", lambda: named(frame.collect(), bound.names))
    return Phases(times, rows.height, frame)


def plan_ms(db: rem.Database, text: str, *, times: int) -> tuple[float, float]:
    """Return the medians of planning a query without and with the plan cache, in milliseconds."""
    engine, snapshot = db._instance.engine, db._snapshot()

    def planned() -> float:
        return seconds(lambda: engine.plan(text, snapshot, {})) * 1e3

    uncached: list[float] = []
    cached: list[float] = []
    for _ in range(times):
        engine._plans.clear()
        uncached.append(planned())
        cached.append(planned())
    return statistics.median(uncached), statistics.median(cached)
