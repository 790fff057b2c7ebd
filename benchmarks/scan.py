"""Aggregates over one million warm rows, over the tail against segments, and scans that skip pages by zone maps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

import rem_arrow as rem
from benchmarks.data import dicts, measurements, things
from benchmarks.engines import fill_duckdb, fill_sqlite, open_duckdb, open_rem, open_sqlite
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch

ROWS, SMOKE_ROWS = 1_000_000, 25_000
TAIL_ROWS, SMOKE_TAIL_ROWS = 200_000, 5_000
BATCH_ROWS = 1_000
ROUNDS, SMOKE_ROUNDS = 15, 3
CREATE = "CREATE TABLE t (seq BIGINT, category VARCHAR, x DOUBLE, n BIGINT)"
GROUP = "SELECT category, COUNT(*), AVG(x) FROM t GROUP BY category"
COUNT = "SELECT COUNT(*) FROM t"
TAIL = "SELECT category, COUNT(*), AVG(score) FROM things GROUP BY category"

Query = Callable[[], list[tuple[Any, ...]]]


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a query."""
    with scratch() as path:
        rounds = SMOKE_ROUNDS if smoke else ROUNDS
        return [
            *_million(path, SMOKE_ROWS if smoke else ROWS, rounds=rounds),
            *_tail(path, SMOKE_TAIL_ROWS if smoke else TAIL_ROWS, rounds=rounds),
        ]


def _time(
    what: str,
    queries: dict[str, Query],
    *,
    rows: int,
    rounds: int,
    reference: str = "duckdb",
    target: Target | None = None,
) -> list[Row]:
    """Run each once for its checksum, then interleaved."""
    sums = {name: checksum(query()) for name, query in queries.items()}

    def timed(query: Query) -> float:
        started = time.perf_counter()
        query()
        return (time.perf_counter() - started) * 1e3

    times = interleaved({name: (lambda query=query: timed(query)) for name, query in queries.items()}, rounds=rounds)
    return compare(what, times, "ms", rows=rows, checksums=sums, reference=reference, target=target)


def _million(path: Path, rows: int, *, rounds: int) -> list[Row]:
    frame = measurements(rows)
    db = rem.connect(path / "rem")
    db.load("t", frame, progress=False)
    peers: dict[str, Any] = {"sqlite": open_sqlite(path / "sqlite")}
    if installed("duckdb"):
        peers["duckdb"] = open_duckdb(path / "duckdb")
    for name, con in peers.items():
        con.execute(CREATE)
        (fill_sqlite if name == "sqlite" else fill_duckdb)(con, frame, "t")
        if name == "duckdb":
            con.execute("CHECKPOINT")
    low, high = rows // 2, rows // 2 + rows // 100
    between = f"SELECT COUNT(*), SUM(x) FROM t WHERE seq BETWEEN {low} AND {high}"
    modulo = "SELECT COUNT(*), SUM(x) FROM t WHERE n < 10"

    def queries(text: str) -> dict[str, Query]:
        return {"rem_arrow": lambda: db.sql(text).rows()} | {
            name: (lambda con=con: con.execute(text).fetchall()) for name, con in peers.items()
        }

    figures = [
        *_time("group by, second time", queries(GROUP), rows=rows, rounds=rounds, target=Target("<=", 1.2, "ratio")),
        *_time("1 % of the rows, by zone map", queries(between), rows=rows, rounds=rounds),
        *_time("1 % of the rows, scattered", queries(modulo), rows=rows, rounds=rounds),
        *_time("COUNT(*)", queries(COUNT), rows=rows, rounds=rounds),
        _first_time(db, path, rows),
    ]
    for opened in (db, *peers.values()):
        opened.close()
    return figures


def _first_time(db: rem.Database, path: Path, rows: int) -> Row:
    """Time the group by after opening: every page is decoded."""
    db.close()
    with rem.connect(path / "rem") as again:
        started = time.perf_counter()
        result = again.sql(GROUP).rows()
        took = (time.perf_counter() - started) * 1e3
    return Row("group by, first time after opening", "rem_arrow", took, "ms", rows, checksum=checksum(result))


def _tail(path: Path, rows: int, *, rounds: int) -> list[Row]:
    """Time the same query over rows in the tail and over the same rows sealed."""
    records = dicts(things(rows + BATCH_ROWS))
    options: dict[str, Any] = {"background": False, "tail_rows_max": 10**9}
    tail, sealed = open_rem(path / "tail", **options), open_rem(path / "sealed", **options)
    for db in (tail, sealed):
        for start in range(0, rows, BATCH_ROWS):
            db.insert("things", records[start : start + BATCH_ROWS])
    sealed.compact()
    queries: dict[str, Query] = {"tail": lambda: tail.sql(TAIL).rows(), "sealed": lambda: sealed.sql(TAIL).rows()}
    figures = _time(
        "group by, tail against sealed",
        queries,
        rows=rows,
        rounds=rounds,
        reference="sealed",
        target=Target("<=", 3, "ratio"),
    )
    figures.append(_after_a_batch(tail, records[rows:], rows))
    tail.close()
    sealed.close()
    return figures


def _after_a_batch(db: rem.Database, batch: list[dict[str, Any]], rows: int) -> Row:
    """Time the query that first sees one more batch in the tail."""
    db.insert("things", batch)
    started = time.perf_counter()
    frame: pl.DataFrame = db.sql(TAIL)
    took = (time.perf_counter() - started) * 1e3
    return Row(
        "group by, tail, after one more batch", "tail", took, "ms", rows + len(batch), checksum=checksum(frame.rows())
    )
