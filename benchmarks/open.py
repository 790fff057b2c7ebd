"""Opening a database of one million rows, and importing the package, each in a fresh process.

`import rem_arrow` alone loads nothing, so the import is measured with `connect` and a first statement, against
importing the libraries below it. The processes share a fresh bytecode cache, warmed by a first run that does not count,
so that no process compiles sources because of PYTHONDONTWRITEBYTECODE or a read-only checkout.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.data import things
from benchmarks.engines import create_things, fill_duckdb, fill_sqlite, open_duckdb, open_rem, open_sqlite
from benchmarks.measure import Row, Target, checksum, compare, installed, scratch

ROWS, SMOKE_ROWS = 1_000_000, 20_000
SEGMENTS = 10
TIMES = 7
COUNT = "SELECT COUNT(*) FROM things"
CLOCK = "import sys, time\nstarted = time.perf_counter()\n"
SPENT = "print((time.perf_counter() - started) * 1000)\n"
OPENERS = {
    "rem_arrow": "db = rem_arrow.connect(sys.argv[1])\n{spent}print(db.sql('{count}').item())\n{spent}",
    "duckdb": "db = duckdb.connect(sys.argv[1], config={{'threads': 2}})\n"
    "{spent}print(db.execute('{count}').fetchone()[0])\n{spent}",
    "sqlite": "db = sqlite3.connect(sys.argv[1])\n{spent}print(db.execute('{count}').fetchone()[0])\n{spent}",
}
IMPORTS = {
    "rem_arrow": "import rem_arrow, polars; rem_arrow.connect",
    "duckdb": "import duckdb",
    "sqlite": "import sqlite3",
}
IMPORTED = {
    "rem_arrow": "import rem_arrow; rem_arrow.connect().sql('SELECT 1')",
    "rem_arrow, up to connect": "import rem_arrow; rem_arrow.connect",
    "its libraries": "import numpy, polars, pyarrow, pydantic, sqlglot, rocksdict",
    "the package alone": "import rem_arrow",
}


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds to open and to import."""
    times = 1 if smoke else TIMES
    with scratch() as bytecode:
        return [*_open(SMOKE_ROWS if smoke else ROWS, bytecode, times=times), *_imports(bytecode, times=times)]


def _fresh(bytecode: Path, text: str, *arguments: str) -> list[str]:
    """Run a program in a fresh process; return the lines that it prints."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPYCACHEPREFIX": str(bytecode)
    }
    process = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=environment,
    )
    return process.stdout.splitlines()


def _open(rows: int, bytecode: Path, *, times: int) -> list[Row]:
    with scratch() as path:
        engines = _build(path, rows)
        connected: dict[str, list[float]] = {name: [] for name in engines}
        answered: dict[str, list[float]] = {name: [] for name in engines}
        sums = {}
        for turn in range(times + 1):
            for name in engines:
                opener = OPENERS[name].format(spent=SPENT, count=COUNT)
                first, count, second = _fresh(bytecode, f"{IMPORTS[name]}\n{CLOCK}{opener}", str(path / name))
                sums[name] = checksum([(int(count),)])
                if turn == 0:
                    continue
                connected[name].append(float(first))
                answered[name].append(float(second))
    return [
        *compare(
            "open in a fresh process",
            _medians(connected),
            "ms",
            rows=rows,
            checksums=sums,
            reference="duckdb",
            target=Target("<=", 150),
        ),
        *compare(
            "open, and the first COUNT(*)", _medians(answered), "ms", rows=rows, checksums=sums, reference="duckdb"
        ),
    ]


def _build(path: Path, rows: int) -> list[str]:
    """Create the same table in every engine, in rem_arrow in SEGMENTS segments. Returns the engines' names."""
    frame = things(rows)
    with open_rem(path / "rem_arrow") as db:
        for piece in frame.iter_slices(max(1, rows // SEGMENTS)):
            db.load("things", piece, progress=False)
    names = ["rem_arrow"]
    if installed("duckdb"):
        with open_duckdb(path / "duckdb") as con:
            create_things(con)
            fill_duckdb(con, frame)
        names.append("duckdb")
    lite = open_sqlite(path / "sqlite")
    create_things(lite)
    fill_sqlite(lite, frame)
    lite.close()
    return [*names, "sqlite"]


def _imports(bytecode: Path, *, times: int) -> list[Row]:
    import_ms: dict[str, list[float]] = {name: [] for name in IMPORTED}
    for turn in range(times + 1):
        for name, text in IMPORTED.items():
            took = float(_fresh(bytecode, f"{CLOCK}{text}\n{SPENT}")[0])
            if turn > 0:
                import_ms[name].append(took)
    (loaded,) = _fresh(
        bytecode, f"{IMPORTS['rem_arrow']}\nimport sys\nprint([m for m in ('openai', 'hnswlib') if m in sys.modules])"
    )
    return [
        *compare(
            "import, connect, SELECT 1",
            _medians(import_ms),
            "ms",
            rows=0,
            reference="its libraries",
            target=Target("<=", 1.3, "ratio"),
        ),
        *compare(
            f"openai, hnswlib loaded by the import: {loaded}",
            {"rem_arrow": float(loaded != "[]")},
            "",
            rows=0,
            target=Target("<=", 0),
        ),
    ]


def _medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in times.items()}
