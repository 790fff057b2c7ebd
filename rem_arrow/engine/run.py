"""One run of a statement that is ready: within its time, and in parts where it may not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from rem_arrow.base.errors import ExecuteError, UnsupportedError
from rem_arrow.base.telemetry import Activity
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.prepared import Prepared
from rem_arrow.lower.context import Bounds, Embed, Environment, Lowering, NodeKey, Parts, Report
from rem_arrow.lower.execution import translated
from rem_arrow.lower.held import Frame
from rem_arrow.lower.relation import lower_held
from rem_arrow.optimize.estimate import Estimates
from rem_arrow.optimize.optimizer import optimize_for_values
from rem_arrow.plan.nodes import Relation
from rem_arrow.running.allowance import Allowance, allowing
from rem_arrow.running.cancellation import can_be_stopped
from rem_arrow.running.memory import give_back
from rem_arrow.running.number_source import numbering
from rem_arrow.running.scratch import Scratch
from rem_arrow.running.watchdog import MemoryExceededError, Watch

# Of the memory limit: what one node of a statement may hold; others run beside it, and half is for the caches.
_NODE_SHARE = 1 / 8
# How many times more memory than is guessed a statement is taken to need when it has been found to need more.
_DOUBT = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """What a statement may use: seconds, and bytes of the whole process; None is no limit."""

    timeout_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A statement that is ready to run.

    Attributes:
        embed: gives the vectors of texts by the provider of that name.
        searched: gives the values of the parameters, and what becomes of the texts that it searches for.
        scratch: where it puts what does not fit into memory.
        cached_bytes: tells what the caches hold.
        activity: counts the rows that are read.
        started: when, on the monotonic clock, its time began to count.
    """

    prepared: Prepared
    snapshot: Snapshot
    embed: Embed
    searched: Callable[[], Mapping[str, object]]
    scratch: Scratch
    cached_bytes: Callable[[], int]
    activity: Activity
    limits: Limits
    started: float

    def rows(self) -> pl.DataFrame:
        """Return the rows of the statement."""
        limits, watch = self.limits, None
        if limits != Limits() or can_be_stopped():
            watch = Watch(limits.timeout_s, self.started, limits.memory_bytes, self.cached_bytes)
        # An error holds what the run has made: what comes after stands outside of the handlers.
        try:
            return self._rows(1, watch)
        except MemoryExceededError:
            pass
        assert watch is not None, "who else measures"
        watch = watch.again()
        try:
            return self._rows(_DOUBT, watch)
        except MemoryExceededError as error:
            text = str(error)
        watch.settle()
        raise MemoryExceededError(text)

    def _rows(self, doubt: float, watch: Watch | None) -> pl.DataFrame:
        """Run it; `doubt` says how many times more memory than is guessed its nodes are taken to need."""
        limits, held_bytes = self.limits, self.prepared.held_bytes * doubt

        def work() -> pl.DataFrame:
            values, memory = self.searched(), limits.memory_bytes
            if memory is None or held_bytes <= memory * _NODE_SHARE:
                return self._collected(values, watch, None)
            with self.scratch.begin() as spill:
                parts = Parts(int(memory * _NODE_SHARE), doubt, spill, Estimates(self.snapshot).rows)
                rows = self._collected(values, watch, parts)
            give_back()
            return rows

        return watch.run(work) if watch is not None and _may_be_left(limits) else work()

    def _collected(self, values: Mapping[str, object], watch: Watch | None, parts: Parts | None) -> pl.DataFrame:
        deadline = None if self.limits.timeout_s is None else self.started + self.limits.timeout_s
        bounds = Bounds(self.prepared.few_rows, deadline, watch, parts)
        frame, _, context = lowered(self.prepared, self.snapshot, values, self.embed, self.limits, bounds)
        rows = context.collect(frame)
        self.activity.add(rows_read=sum(report.rows for _, report in context.report.scans))
        return rows


def lowered(
    prepared: Prepared,
    snapshot: Snapshot,
    values: Mapping[str, object],
    embed: Embed,
    limits: Limits | None = None,
    bounds: Bounds | None = None,
    *,
    measured: dict[NodeKey, tuple[int, float]] | None = None,
) -> tuple[Frame, Relation, Lowering]:
    """Return the frame of a plan, the plan that it computes, and the context in which it was lowered."""
    plan = optimize_for_values(prepared.plan, values)
    context = Lowering(
        Environment(snapshot, values, embed), bounds or Bounds(prepared.few_rows), Report(nodes=measured)
    )
    try:
        allowance = Allowance(None if limits is None else limits.memory_bytes, context.bounds.watch)
        with numbering(snapshot.sequences), allowing(allowance):
            return lower_held(plan, context), plan, context
    except RecursionError as error:
        raise UnsupportedError("the statement is nested too deeply") from error
    except (pl.exceptions.PolarsError, ExecuteError) as error:
        raise translated(error) from error
    except OverflowError as error:
        raise ExecuteError(f"a value is out of range: {error}") from error


def _may_be_left(limits: Limits) -> bool:
    """Say whether the caller of a statement may go on before it has ended: it has a time limit, or a caller that may go
    away."""
    return limits.timeout_s is not None or can_be_stopped()
