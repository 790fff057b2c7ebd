"""A million rows passed to other tools, TPC-H q6 in DuckDB over live views, and tables to files and back.

lineitem comes from REM_LINEITEM, as for `load`; without it, from a seeded table of the same columns. q6 runs beside
DuckDB over the Parquet file that the table was loaded from. An export is measured with the columns in the cache and,
first, just after opening.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

import rem_arrow as rem
from benchmarks.data import lineitem, measurements
from benchmarks.engines import DUCKDB_THREADS
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch, seconds
from rem_arrow.running.memory import resident_bytes

ROWS, SMOKE_ROWS = 1_000_000, 25_000
LINEITEM_ROWS, SMOKE_LINEITEM_ROWS = 6_000_000, 50_000
ROUNDS, SMOKE_ROUNDS = 9, 2
FORMATS = ("parquet", "ipc", "csv", "ndjson")
MB = 1e6
Q6 = """SELECT sum(l_extendedprice * l_discount) FROM {} WHERE l_shipdate >= DATE '1994-01-01'
AND l_shipdate < DATE '1995-01-01'
AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24"""
SUMS = (
    "SELECT COUNT(*), SUM(l_quantity), SUM(l_extendedprice), SUM(l_partkey), MIN(l_shipdate), MAX(l_comment) FROM "
    "lineitem"
)


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds, memory, and MB of Arrow a second."""
    with scratch() as path:
        lineitem_path = os.environ.get("REM_LINEITEM")
        source = Path(lineitem_path) if lineitem_path and not smoke else path / "lineitem.parquet"
        if not source.exists():
            lineitem(SMOKE_LINEITEM_ROWS if smoke else LINEITEM_ROWS).write_parquet(source)
        rounds = SMOKE_ROUNDS if smoke else ROUNDS
        with rem.connect(path / "rem") as db:
            db.load("lineitem", source, progress=False)
            queries = _queries(db, source, rounds)
        return [*_hand_over(SMOKE_ROWS if smoke else ROWS, rounds), *queries, *_files(path)]


def _hand_over(rows: int, rounds: int) -> list[Row]:
    """Time the hand-over of a table whose columns are in the cache, and measure the memory that it adds."""
    with rem.connect() as db:
        db.load("t", measurements(rows), progress=False)
        t = db.table("t")
        ways: dict[str, Callable[[], Any]] = {"pyarrow": lambda: pa.table(t), "polars": t.to_polars}
        if installed("pandas"):
            ways |= {"pandas, numbers only": db.table("SELECT seq, x, n FROM t").to_pandas, "pandas": t.to_pandas}
        if installed("duckdb"):
            import duckdb

            con = duckdb.connect(config={"threads": DUCKDB_THREADS})
            con.register("t", t)
            ways["duckdb, and its count and sums"] = lambda: con.execute(
                "SELECT count(*), sum(seq), sum(n) FROM t"
            ).fetchall()
        size = db.to_arrow("t").nbytes
        sums = checksum(db.sql("SELECT count(*), sum(seq) FROM t").rows())
        figures = []
        for name, way in ways.items():
            grown = _added_bytes(way)
            took = interleaved({name: lambda way=way: seconds(way) * 1e3}, rounds=rounds)  # type: ignore[misc]
            target = Target("<=", 20)
            figures += compare(
                f"hand over to {name}", {"rem_arrow": took[name]}, "ms", rows=rows, checksums=sums, target=target
            )
            figures += compare(
                f"memory of {name}",
                {"rem_arrow": grown / size * 100},
                "% more",
                rows=rows,
                checksums=sums,
                target=Target("<=", 10),
            )
        return figures


def _added_bytes(way: Callable[[], Any]) -> int:
    """Return the bytes by which a second hand-over grows the process, while the first one is held."""
    tables = [way()]
    before = resident_bytes()
    tables.append(way())
    return max(0, resident_bytes() - before)


def _queries(db: rem.Database, source: Path, rounds: int) -> list[Row]:
    """Time q6 over a live view, beside DuckDB over the Parquet file."""
    if not installed("duckdb"):
        return []
    import duckdb

    plain, live = duckdb.connect(config={"threads": DUCKDB_THREADS}), db.duckdb()
    live.execute(f"SET threads = {DUCKDB_THREADS}")
    runs: dict[str, Callable[[], list[tuple[Any, ...]]]] = {
        "rem_arrow": lambda: live.execute(Q6.format("lineitem")).fetchall(),
        "duckdb": lambda: plain.execute(Q6.format(f"'{source}'")).fetchall(),
    }
    sums = {name: checksum(query()) for name, query in runs.items()}
    times = interleaved({name: lambda query=query: seconds(query) * 1e3 for name, query in runs.items()}, rounds=rounds)
    return compare(
        "q6 in DuckDB: live view, Parquet",
        times,
        "ms",
        rows=db.stats()["tables"]["lineitem"]["rows"],
        checksums=sums,
        reference="duckdb",
        target=Target("<=", 1.5, "ratio"),
    )


def _files(path: Path) -> list[Row]:
    """Time exports just after opening and again, and imports."""
    with rem.connect(path / "rem", read_only=True) as db:
        rows = db.stats()["tables"]["lineitem"]["rows"]
        size = sum(batch.nbytes for batch in db.reader("lineitem")) / MB
        expected = checksum(db.sql(SUMS).rows())
    figures = []
    for format_ in FORMATS:
        with rem.connect(path / "rem", read_only=True) as db:
            cold, warm = (
                _speed(size, lambda db=db, format_=format_: _exported(db, path / "out", format_)) for _ in range(2)
            )  # type: ignore[misc]
        with rem.connect() as copy:
            back = _speed(size, lambda copy=copy: copy.import_from(path / "out", progress=False))
            sums = checksum(copy.sql(SUMS).rows())
        target = Target(">=", 300) if format_ in ("parquet", "ipc") else None
        for what, speed in (
            (f"export {format_}, just opened", cold),
            (f"export {format_}", warm),
            (f"import {format_}", back),
        ):
            figures += compare(what, {"rem_arrow": speed}, "MB/s of Arrow", rows=rows, checksums=sums, target=target)
        assert sums == expected, f"{format_} gave other rows back"
    return figures


def _exported(db: rem.Database, target: Path, format_: str) -> None:
    shutil.rmtree(target, ignore_errors=True)
    db.export(target, format=format_, tables=["lineitem"], progress=False)


def _speed(size: float, action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return size / (time.perf_counter() - started)
