"""The profile of one query in rem_arrow: the time of each phase, cold and warm, its plan and Polars' plan."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

import rem_arrow as rem
from benchmarks.measure import seconds
from benchmarks.tpc.planning import phases, plan_ms

RUNS = 4
LIMIT_S = 600.0


def profile(db: rem.Database, text: str, console: Console) -> None:
    """Print the query, its plans and its times; the first of RUNS runs is cold."""
    console.rule("query")
    console.print(text, markup=False, highlight=False)
    runs = [phases(db, text) for _ in range(RUNS)]
    console.rule("plan")
    console.print(db.explain(text, analyze=True), markup=False, highlight=False)
    console.rule("Polars plan, optimized")
    console.print(runs[0].frame.explain(), markup=False, highlight=False)
    times = Table(title=f"{runs[0].rows} rows; ms", title_justify="left")
    for heading in ("run", *runs[0].milliseconds, "all"):
        times.add_column(heading, justify="right")
    for number, run in enumerate(runs):
        times.add_row(
            "cold" if number == 0 else f"warm {number}",
            *(f"{ms:.2f}" for ms in run.milliseconds.values()),
            f"{sum(run.milliseconds.values()):.2f}",
        )
    console.print(times)
    uncached, cached = plan_ms(db, text, times=RUNS)
    console.print(
        f"the whole statement by sql: {seconds(lambda: db.sql(text)) * 1e3:.2f} ms; with a time limit: "
        f"{seconds(lambda: db.sql(text, timeout_s=LIMIT_S)) * 1e3:.2f} ms"
    )
    console.print(f"planning: {uncached:.2f} ms, from the plan cache {cached:.3f} ms")
