"""The run of a plan: its stages in order, each of which may read the rows of those before it; where there are no rows,
the fallbacks in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from rem_arrow.ask.answer import StageResult
from rem_arrow.ask.session import Session
from rem_arrow.ask.staged_plan import Plan, Stage, whole
from rem_arrow.base.errors import LanguageError, RemError

# A fallback's rows answer another, broader question.
_FALLBACK_TRUST, _NOTHING_TRUST = 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a run.

    Attributes:
        timeout_s: seconds for all stages and fallbacks together; None is no limit.
        rows_max: the most rows of the results.
        explained: whether the plan of each stage is kept.
    """

    timeout_s: float | None = 30.0
    rows_max: int = 10_000
    explained: bool = False


@dataclass
class Ran:
    """The outcome of a run; `found_nothing` where neither the plan nor a fallback gave rows."""

    results: pl.DataFrame
    query: str
    confidence: float
    stages: list[StageResult] = field(default_factory=list)
    fallbacks: list[StageResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found_nothing: bool = False


def run(
    plan: Plan,
    session: Session,
    bounds: Bounds,
    *,
    after: Callable[[list[Stage], dict[str, pl.DataFrame]], Plan | None] | None = None,
) -> Ran:
    """Run a plan.

    Args:
        after: is given the stages that ran and their rows, and may return another plan for the rest.

    Raises:
        LanguageError: the plan's stages failed, and no fallback ran.
    """
    clock = _Clock(bounds.timeout_s)
    frames: dict[str, pl.DataFrame] = {}
    done: list[StageResult] = []
    stages = list(plan.stages)
    place = 0
    results = pl.DataFrame()
    while place < len(stages):
        stage = stages[place]
        rows, result = _stage(stage, session, frames, bounds, clock)
        done.append(result)
        if rows is None:
            break
        results = frames[stage.name] = rows
        place += 1
        if after is not None and place < len(stages):
            changed = after(stages[:place], frames)
            if changed is not None:
                stages = [*stages[:place], *changed.stages]
                plan = changed
    ran = Ran(results.head(bounds.rows_max), whole(stages), plan.confidence, done)
    if results.height > bounds.rows_max:
        ran.notes.append(f"the first {bounds.rows_max:,} of {results.height:,} rows")
    if not done[-1].error and not _is_nothing(results, plan):
        return ran
    return _fall_back(ran, plan, session, bounds, clock)


def _fall_back(ran: Ran, plan: Plan, session: Session, bounds: Bounds, clock: _Clock) -> Ran:
    for place, option in enumerate(plan.fallbacks):
        if option.sql == ran.query or any(option.sql == f.sql for f in ran.fallbacks):
            continue
        rows, result = _stage(
            Stage(name=f"fallback_{place + 1}", sql=option.sql, purpose=option.purpose), session, {}, bounds, clock
        )
        ran.fallbacks.append(result)
        if rows is not None and rows.height:
            ran.results, ran.query, ran.confidence = (
                rows.head(bounds.rows_max),
                option.sql.strip(),
                ran.confidence * _FALLBACK_TRUST,
            )
            ran.notes.append(f"the plan found nothing; these are {option.purpose}")
            return ran
    # No rows are an answer too; a plan that failed is none.
    ran.confidence *= _NOTHING_TRUST if ran.stages[-1].error else 1.0
    ran.found_nothing = True
    if ran.stages[-1].error and not any(f.rows is not None for f in ran.fallbacks):
        raise LanguageError(f"the plan for the question failed: {ran.stages[-1].error}")
    ran.notes.append("nothing was found, by the plan or by its fallbacks" if ran.fallbacks else "nothing was found")
    return ran


def _stage(
    stage: Stage, session: Session, frames: dict[str, pl.DataFrame], bounds: Bounds, clock: _Clock
) -> tuple[pl.DataFrame | None, StageResult]:
    started = time.perf_counter()
    needed = {n: f for n, f in frames.items() if n in stage.sql}
    try:
        plan = session.explain(stage.sql, needed) if bounds.explained else ""
        rows = session.query(stage.sql, needed, clock.left())
    except RemError as error:
        return None, StageResult(
            stage.name, stage.sql, stage.purpose, None, time.perf_counter() - started, error=str(error)
        )
    return rows, StageResult(stage.name, stage.sql, stage.purpose, rows.height, time.perf_counter() - started, plan)


def _is_nothing(rows: pl.DataFrame, plan: Plan) -> bool:
    """Return whether rows are no answer. A count of 0 is one."""
    return rows.height == 0 or (
        rows.height == 1 and plan.query_type != "aggregate" and all(v is None for v in rows.row(0))
    )


class _Clock:
    def __init__(self, timeout_s: float | None) -> None:
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def left(self) -> float | None:
        """Return the seconds that are left; at least a millisecond, after which a query is stopped."""
        return None if self._deadline is None else max(0.001, self._deadline - time.monotonic())
