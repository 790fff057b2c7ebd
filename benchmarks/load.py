"""Bulk loading of TPC-H lineitem from Parquet, and the size on disk.

The file comes from REM_LINEITEM; without it, from a seeded table of the same columns. DuckDB writes part of its file
when it closes, so loading is measured with and without the closing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

import rem_arrow as rem
from benchmarks.data import lineitem
from benchmarks.engines import open_duckdb, open_lancedb
from benchmarks.measure import Row, Target, checksum, compare, folder_bytes, installed, interleaved, scratch, seconds

ROUNDS = 3
SYNTHETIC_ROWS = 6_000_000
SMOKE_ROWS = 50_000
SUMS = (
    "SELECT COUNT(*), SUM(l_quantity), SUM(l_extendedprice), SUM(l_partkey), MIN(l_shipdate), MAX(l_comment) FROM "
    "lineitem"
)
MIB = 1 << 20


def run(*, smoke: bool = False) -> list[Row]:
    """Return rows per second and MiB on disk of every engine."""
    with scratch() as path:
        return _run(_parquet(path, smoke=smoke), path, smoke=smoke)


def _parquet(path: Path, *, smoke: bool) -> Path:
    lineitem_path = os.environ.get("REM_LINEITEM")
    if lineitem_path and not smoke:
        return Path(lineitem_path)
    generated = path / "lineitem.parquet"
    lineitem(SMOKE_ROWS if smoke else SYNTHETIC_ROWS).write_parquet(generated)
    return generated


def _run(source: Path, path: Path, *, smoke: bool) -> list[Row]:
    engines: dict[str, Callable[[Path, Path], tuple[float, float, str]]] = {"rem_arrow": _rem}
    if installed("duckdb"):
        engines["duckdb"] = _duckdb
    if installed("lancedb"):
        engines["lancedb"] = _lancedb
    total = int(pq.read_metadata(source).num_rows)
    sizes: dict[str, float] = {}
    sums: dict[str, str] = {}
    closing: dict[str, list[float]] = {name: [] for name in engines}

    def turn(name: str) -> float:
        target = path / name
        took, closed, sums[name] = engines[name](source, target)
        sizes[name] = folder_bytes(target) / MIB
        closing[name].append(took + closed)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()
        return total / took

    speeds = interleaved({name: (lambda name=name: turn(name)) for name in engines}, rounds=1 if smoke else ROUNDS)
    closed = {name: total / sorted(values)[len(values) // 2] for name, values in closing.items() if name != "lancedb"}
    return [
        *compare(
            "load lineitem",
            speeds,
            "rows/s",
            rows=total,
            checksums=sums,
            reference="duckdb",
            target=Target(">=", 1.0, "ratio"),
        ),
        *compare(
            "load lineitem and close",
            closed,
            "rows/s",
            rows=total,
            checksums=sums,
            reference="duckdb",
            target=Target(">=", 1.0, "ratio"),
        ),
        *compare(
            "size on disk",
            sizes,
            "MiB",
            rows=total,
            checksums=sums,
            reference="duckdb",
            target=Target("<=", 1.2, "ratio"),
        ),
    ]


def _rem(source: Path, target: Path) -> tuple[float, float, str]:
    db = rem.connect(target)
    took = seconds(lambda: db.load("lineitem", source, progress=False))
    closed = seconds(db.close)
    with rem.connect(target) as again:
        again.compact()
        return took, closed, checksum(again.sql(SUMS).rows())


def _duckdb(source: Path, target: Path) -> tuple[float, float, str]:
    con = open_duckdb(target)
    took = seconds(lambda: con.execute(f"CREATE TABLE lineitem AS SELECT * FROM read_parquet('{source}')"))
    closed = seconds(con.close)
    with open_duckdb(target) as again:
        return took, closed, checksum(again.execute(SUMS).fetchall())


def _lancedb(source: Path, target: Path) -> tuple[float, float, str]:
    db = open_lancedb(target)
    parquet = pq.ParquetFile(source)
    schema = parquet.schema_arrow

    def load() -> None:
        db.create_table("lineitem", (batch for batch in parquet.iter_batches(122_880)), schema=schema)

    took = seconds(load)
    table: Any = db.open_table("lineitem")
    table.optimize()
    columns = ["l_quantity", "l_extendedprice", "l_partkey", "l_shipdate", "l_comment"]
    frame = pl.DataFrame(table.search().select(columns).to_arrow())
    c = pl.col
    sums = frame.select(
        pl.len(),
        c("l_quantity").sum(),
        c("l_extendedprice").sum(),
        c("l_partkey").sum(),
        c("l_shipdate").min(),
        c("l_comment").max(),
    )
    return took, 0.0, checksum(sums.rows())
