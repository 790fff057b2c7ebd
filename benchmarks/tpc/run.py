"""One query on every engine: first checked, which warms it, then timed in turns.

Each answer is checked against DuckDB's, on the query with its ties broken. An engine that fails, is late or differs is
reported as such; every engine that answers in time is timed, whether its answer is equal or not. Only the first runs
have a time limit: with one, rem_arrow runs Polars' in-memory engine, which `sql` without a limit does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.measure import interleaved, seconds
from benchmarks.tpc.answers import difference
from benchmarks.tpc.data import Suite
from benchmarks.tpc.engines import FAILURES, DuckDB, Engine, Rem, Rows
from benchmarks.tpc.memory import added_mib
from benchmarks.tpc.nodes import slowest
from benchmarks.tpc.planning import plan_ms
from benchmarks.tpc.queries import without_ties

PLANNED = 3


@dataclass(slots=True)
class Result:
    """One query. By engine: the `verdict`, which is yes, or no or error with the reason; milliseconds; the MiB that one
    run adds. `slowest` names the slowest nodes in rem_arrow, where DuckDB is faster."""

    suite: Suite
    number: int
    rows: int = 0
    verdict: dict[str, str] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    added_mib: dict[str, float] = field(default_factory=dict)
    plan_uncached_ms: float | None = None
    plan_cached_ms: float | None = None
    slowest: str = ""

    @property
    def ratio(self) -> float | None:
        """The time of rem_arrow / that of DuckDB, for a query that both answer equally."""
        rem_ms, duckdb_ms = self.milliseconds.get("rem"), self.milliseconds.get("duckdb")
        return rem_ms / duckdb_ms if rem_ms is not None and duckdb_ms and self.verdict["rem"] == "yes" else None


def run_query(
    suite: Suite, number: int, text: str, engines: Mapping[str, Engine], *, repeat: int, timeout_s: float
) -> Result:
    """Check and time one query. `engines` has duckdb, which is the oracle; `repeat` 0 only checks."""
    result = Result(suite, number)
    oracle = engines["duckdb"]
    assert isinstance(oracle, DuckDB), "the oracle is DuckDB"
    expected = oracle.rows(certain_text(oracle, text), timeout_s=timeout_s)
    result.rows, result.verdict["duckdb"] = len(expected), "yes"
    timed: dict[str, Engine] = {}
    for name, engine in engines.items():
        if name != "duckdb":
            result.verdict[name] = verdict(engine, certain_text(oracle, text), expected, timeout_s=timeout_s)
        if repeat and not result.verdict[name].startswith("error") and _measure_memory(result, engine, text, timeout_s):
            timed[name] = engine
    if timed:
        runs = {
            name: (lambda engine=engine: seconds(lambda: engine.answer(text, timeout_s=None)) * 1e3)
            for name, engine in timed.items()
        }
        result.milliseconds = interleaved(runs, rounds=repeat)
    rem = timed.get("rem")
    if isinstance(rem, Rem):
        result.plan_uncached_ms, result.plan_cached_ms = plan_ms(rem.db, text, times=PLANNED)
        if result.ratio is not None and result.ratio > 1:
            result.slowest = slowest(rem.db, text)
    return result


def certain_text(oracle: DuckDB, text: str) -> str:
    """Return a query that has one right answer."""
    return without_ties(text, oracle.columns(text))


def verdict(engine: Engine, text: str, expected: Rows, *, timeout_s: float) -> str:
    """Return "yes", or "no: ..." with the difference, or "error: ..." with the engine's message."""
    try:
        mismatch = difference(engine.rows(text, timeout_s=timeout_s), expected)
    except FAILURES as error:
        message = " | ".join(line.strip() for line in str(error).splitlines() if line.strip())
        return f"error: {type(error).__name__}: {message[:300]}"
    return f"no: {mismatch}" if mismatch else "yes"


def _measure_memory(result: Result, engine: Engine, text: str, timeout_s: float) -> bool:
    """Run the query itself once, warm, and record its memory. Returns whether it can be timed."""
    try:
        mib = added_mib(lambda: engine.answer(text, timeout_s=timeout_s))
    except FAILURES as error:
        result.verdict[engine.name] = f"error: {type(error).__name__}: {error}"
        return False
    if mib is not None:
        result.added_mib[engine.name] = mib
    return True
