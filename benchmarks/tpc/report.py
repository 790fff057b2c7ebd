"""Results as a table, as JSON, and as a list of failures."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.table import Table

from benchmarks.tpc.run import Result

LIBRARIES = ("rem_arrow", "polars", "sqlglot", "duckdb", "datafusion")
_PEERS = ("polars", "datafusion")


def table(title: str, results: Sequence[Result], engines: Sequence[str]) -> Table:
    """Return a row for each query, and a last one with the geometric mean."""
    peers = [name for name in _PEERS if name in engines]
    grid = Table(title=title, title_justify="left")
    for heading in (
        "query",
        "rows",
        "rem ms",
        "duckdb ms",
        "ratio",
        *(f"{p} ms" for p in peers),
        "plan ms",
        "cached",
        "rem MiB",
        "duckdb MiB",
    ):
        grid.add_column(heading, justify="right")
    grid.add_column("equal", overflow="fold")
    grid.add_column("what takes longest, ms", overflow="fold")
    for r in results:
        times = [_figure(r.milliseconds.get(name)) for name in ("rem", "duckdb")]
        peer_times = [_peer(r, name) for name in peers]
        plan = [_figure(r.plan_uncached_ms), _figure(r.plan_cached_ms)]
        memory = [_figure(r.added_mib.get(name)) for name in ("rem", "duckdb")]
        grid.add_row(
            f"{r.number}",
            f"{r.rows:,}",
            *times,
            _figure(r.ratio),
            *peer_times,
            *plan,
            *memory,
            reason(r.verdict.get("rem", "")),
            r.slowest,
        )
    mean = geometric_mean(results)
    equal = sum(r.verdict.get("rem") == "yes" for r in results)
    grid.add_section()
    peaks = [max((r.added_mib.get(name, 0.0) for r in results), default=0.0) for name in ("rem", "duckdb")]
    grid.add_row(
        "all",
        "",
        "",
        "",
        _figure(mean),
        *["" for _ in peers],
        "",
        "",
        *map(_figure, peaks),
        f"{equal} of {len(results)} equal",
        "geometric mean of the ratios; the largest peaks of memory",
    )
    return grid


def geometric_mean(results: Sequence[Result]) -> float | None:
    """Return the geometric mean of the ratios of the queries that both engines answer equally."""
    logs = [math.log(r.ratio) for r in results if r.ratio]
    return math.exp(sum(logs) / len(logs)) if logs else None


def failures(results: Sequence[Result], engine: str = "rem") -> dict[str, list[int]]:
    """Return the numbers of the queries that an engine does not answer correctly, by reason, most first."""
    grouped: dict[str, list[int]] = {}
    for r in results:
        if r.verdict.get(engine, "yes") != "yes":
            grouped.setdefault(reason(r.verdict[engine]), []).append(r.number)
    return dict(sorted(grouped.items(), key=lambda item: -len(item[1])))


def reason(verdict: str) -> str:
    """Return the first line of an engine's error, without the place in the text."""
    return verdict.split(" | ", maxsplit=1)[0]


def write(path: Path, settings: Mapping[str, object], results: Sequence[Result]) -> None:
    """Write the results so far; called after each query, so that a process that dies leaves its results."""
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }
    rows = [asdict(r) | {"ratio": r.ratio} for r in results]
    data = {"machine": machine, **settings, "geometric_mean": geometric_mean(results), "queries": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _peer(result: Result, name: str) -> str:
    outcome = result.verdict.get(name, "").split(":")[0]
    time = _figure(result.milliseconds.get(name))
    return time if outcome == "yes" else f"{time} {outcome}".strip()


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
