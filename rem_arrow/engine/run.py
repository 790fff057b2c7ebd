"""One run of a statement that is ready: within its time, and in parts where it may not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from rem_arrow.base.errors import ExecuteError, UnsupportedError
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.prepared import Prepared
from rem_arrow.lower.context import Bounds, Environment, Lowering, NodeKey, Parts, Report
from rem_arrow.lower.execution import translated
from rem_arrow.lower.relation import lower
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.optimizer import optimize_for_values
from rem_arrow.plan.nodes import Relation
from rem_arrow.running.allowance import Allowance, allowing
from rem_arrow.running.cancellation import can_be_stopped
from rem_arrow.running.memory import give_back
from rem_arrow.running.scratch import Scratch
from rem_arrow.running.watchdog import MemoryExceededError, Watch

# Of the memory limit: a statement that may hold more than this is watched while it runs.
_WATCHED_SHARE = 0.25
# Of the memory limit: what one node of a statement may hold; others run beside it, and half is for the caches.
_NODE_SHARE = 1 / 8
# How many times more memory than is guessed a statement is taken to need when it has been found to need more.
_DOUBT = 64
# What holds more than this may run for long: where the caller may go away, it is watched.
_LONG_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class Limits:
    """What a statement may use: seconds, and bytes of the whole process; None is no limit."""

    timeout_s: float | None = None
    memory_bytes: int | None = None


def run(
    prepared: Prepared,
    snapshot: Snapshot,
    searched: Callable[[], Mapping[str, object]],
    scratch: Scratch,
    limits: Limits,
    started: float,
) -> pl.DataFrame:
    """Return the rows of a statement, whose time began to count when it `started`; `searched` gives the values of the
    parameters, and what becomes of the texts that it searches for."""
    try:
        return _run(prepared, snapshot, searched, scratch, limits, started, 1)
    except MemoryExceededError:
        return _run(prepared, snapshot, searched, scratch, limits, started, _DOUBT)


def _run(
    prepared: Prepared,
    snapshot: Snapshot,
    searched: Callable[[], Mapping[str, object]],
    scratch: Scratch,
    limits: Limits,
    started: float,
    doubt: float,
) -> pl.DataFrame:
    """Run a statement; `doubt` says how many times more memory than is guessed its nodes are taken to need."""
    watch = None
    if _is_watched(prepared.held_bytes * doubt, limits):
        watch = Watch(limits.timeout_s, started, limits.memory_bytes)
    deadline = None if limits.timeout_s is None else started + limits.timeout_s

    def work() -> pl.DataFrame:
        values = searched()
        memory = limits.memory_bytes
        if memory is None or prepared.held_bytes * doubt <= memory * _NODE_SHARE:
            bounds = Bounds(prepared.few_rows, deadline, watch)
            frame, _, context = lowered(prepared, snapshot, values, limits, bounds)
            return context.collect(frame)
        with scratch.begin() as spill:
            parts = Parts(int(memory * _NODE_SHARE), doubt, spill, Estimates(snapshot).rows)
            bounds = Bounds(prepared.few_rows, deadline, watch, parts)
            frame, _, context = lowered(prepared, snapshot, values, limits, bounds)
            rows = context.collect(frame)
        give_back()
        return rows

    return work() if watch is None else watch.run(work)


def lowered(
    prepared: Prepared,
    snapshot: Snapshot,
    values: Mapping[str, object],
    limits: Limits | None = None,
    bounds: Bounds | None = None,
    *,
    measured: dict[NodeKey, tuple[int, float]] | None = None,
) -> tuple[pl.LazyFrame, Relation, Lowering]:
    """Return the frame of a plan, the plan that it computes, and the context in which it was lowered."""
    plan = optimize_for_values(prepared.plan, values)
    context = Lowering(Environment(snapshot, values), bounds or Bounds(prepared.few_rows), Report(nodes=measured))
    try:
        with allowing(Allowance(None if limits is None else limits.memory_bytes, context.bounds.watch)):
            return lower(plan, context), plan, context
    except RecursionError as error:
        raise UnsupportedError("the statement is nested too deeply") from error
    except (pl.exceptions.PolarsError, ExecuteError) as error:
        raise translated(error) from error
    except OverflowError as error:
        raise ExecuteError(f"a value is out of range: {error}") from error


def _is_watched(held_bytes: float, limits: Limits) -> bool:
    """Say whether a statement may have to be given up: it has a time limit, may use up the memory, or may be long for a
    caller that may go away."""
    if limits.timeout_s is not None or (can_be_stopped() and held_bytes > _LONG_BYTES):
        return True
    return limits.memory_bytes is not None and held_bytes > limits.memory_bytes * _WATCHED_SHARE
