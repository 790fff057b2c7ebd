"""python -m benchmarks [names...] [--smoke] [--json FILE] [--data FILE]: run, print a table, write JSON.

A real run writes benchmarks/results/<name>.json; a smoke run writes only what --json names.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Row

NAMES = (
    "open",
    "ingest",
    "changes",
    "points",
    "scan",
    "vector",
    "vector_large",
    "retrieval",
    "naming",
    "graph",
    "graph_large",
    "ask",
    "interop",
    "load",
    "versions",
    "serving",
)
RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("rem_arrow", "polars", "pyarrow", "rocksdict", "duckdb", "lancedb")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, by default all. Returns 0, or 1 when engines disagree on a checksum."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Figures beside SQLite, DuckDB and LanceDB."
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}; default is all")
    parser.add_argument("--smoke", action="store_true", help="a small size, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rows to this file too")
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="lineitem.parquet for load; default is $REM_LINEITEM, else made"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if options.data is not None:
        os.environ["REM_LINEITEM"] = str(options.data)
    collected: dict[str, list[Row]] = {}
    console = Console(width=max(150, Console().width))
    for name in options.names or NAMES:
        rows: list[Row] = import_module(f"benchmarks.{name}").run(smoke=options.smoke)
        collected[name] = rows
        console.print(_table(name, rows))
        if not options.smoke:
            RESULTS.mkdir(exist_ok=True)
            _write(RESULTS / f"{name}.json", {name: rows})
    if options.json is not None:
        _write(options.json, collected)
    wrong = disagreements([row for rows in collected.values() for row in rows])
    for line in wrong:
        console.print(f"[red]{line}[/red]")
    return 1 if wrong else 0


def disagreements(rows: Sequence[Row]) -> list[str]:
    """Return a line for each figure whose engines did the same work with different results."""
    by_figure: dict[tuple[str, int], dict[str, str]] = {}
    for row in rows:
        if row.checksum:
            by_figure.setdefault((row.what, row.rows), {})[row.engine] = row.checksum
    return [
        f"{what} over {count} rows: the engines disagree: {sums}"
        for (what, count), sums in by_figure.items()
        if len(set(sums.values())) > 1
    ]


def _table(name: str, rows: Sequence[Row]) -> Table:
    table = Table(title=name, title_justify="left")
    for column, justify in (
        ("what", "left"),
        ("engine", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("x reference", "right"),
        ("target", "left"),
        ("", "left"),
        ("rows", "right"),
        ("checksum", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    last = ""
    for row in rows:
        ratio = "" if row.ratio is None or row.engine == row.reference else f"{row.ratio:.2f} {row.reference}"
        met = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}[row.met]
        table.add_row(
            row.what if row.what != last else "",
            row.engine,
            _figure(row.value),
            row.unit,
            ratio,
            row.target or "",
            met,
            f"{row.rows:,}",
            row.checksum,
        )
        last = row.what
    return table


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _write(path: Path, collected: dict[str, list[Row]]) -> None:
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }
    data = {"machine": machine, "benchmarks": {name: [asdict(row) for row in rows] for name, rows in collected.items()}}
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
