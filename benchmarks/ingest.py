"""Durable inserts: one validated entity a commit, and batches of 1,000 dicts.

rem_arrow validates with Pydantic and makes ids; the peers get ids and validate nothing. "sustained" counts all rows of
the run, and the time of the seals and compactions on the background thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.data import COLUMNS, SQL_TYPES, dicts, things
from benchmarks.engines import create_things, open_duckdb, open_lancedb, open_rem, open_sqlite
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch, seconds

ROUNDS = 5
BATCH_ROWS = 1_000
SINGLE = {"rem_arrow": 40_000, "sqlite": 40_000, "duckdb": 100, "lancedb": 20}
BATCHES = {"rem_arrow": 40, "sqlite": 40, "duckdb": 40, "lancedb": 10}
SYNCED = 200
THREADS = 8
SMOKE_SINGLE, SMOKE_BATCHES, SMOKE_SYNCED = 5, 1, 5
ALL = f"SELECT {', '.join(COLUMNS)} FROM things"
INSERT = f"INSERT INTO things VALUES ({', '.join('?' * len(SQL_TYPES))})"
INSERT_NAMED = f"INSERT INTO things VALUES ({', '.join(':' + name for name in SQL_TYPES)})"


def run(*, smoke: bool = False) -> list[Row]:
    """Return rows per second of every engine, one by one, in batches, and synced."""
    return [*_single(smoke=smoke), *_batches(smoke=smoke), *_synced(smoke=smoke), *_threads(smoke=smoke)]


class _Engine:
    """One engine's empty table; `one` and `many` insert, `rows` reads all back."""

    def __init__(self, name: str, path: Path) -> None:
        self.sustained_s = 0.0
        if name.startswith("rem"):
            self.db = open_rem(path, durability="sync" if "sync" in name else "wal")
            self.one: Callable[[dict[str, Any]], object] = lambda row: self.db.insert("things", row)
            self.many: Callable[[list[dict[str, Any]]], object] = lambda rows: self.db.insert("things", rows)
            self.rows: Callable[[], list[tuple[Any, ...]]] = lambda: self.db.sql(ALL).rows()
            self.close: Callable[[], object] = self.db.close
        elif name.startswith("sqlite"):
            self._open_sqlite(open_sqlite(path, synchronous="FULL" if "FULL" in name else "NORMAL"))
        elif name == "duckdb":
            self._open_duckdb(open_duckdb(path))
        else:
            self._open_lancedb(open_lancedb(path))
        self.needs_id = not name.startswith("rem")

    def _open_sqlite(self, con: Any) -> None:
        create_things(con)

        def many(rows: list[dict[str, Any]]) -> None:
            con.execute("BEGIN")
            con.executemany(INSERT_NAMED, rows)
            con.execute("COMMIT")

        self.one = lambda row: con.execute(INSERT_NAMED, row)
        self.many, self.rows, self.close = many, lambda: con.execute(ALL).fetchall(), con.close

    def _open_duckdb(self, con: Any) -> None:
        create_things(con)

        def many(rows: list[dict[str, Any]]) -> None:
            con.register("given", pa.Table.from_pylist(rows))
            con.execute("INSERT INTO things SELECT * FROM given")

        self.one = lambda row: con.execute(INSERT, tuple(row.values()))
        self.many, self.rows, self.close = many, lambda: con.execute(ALL).fetchall(), con.close

    def _open_lancedb(self, db: Any) -> None:
        table = db.create_table("things", schema=things(1).to_arrow(compat_level=_oldest()).schema)
        self.one = lambda row: table.add([row])
        self.many = table.add
        self.rows = lambda: [tuple(r[c] for c in COLUMNS) for r in table.to_arrow().to_pylist()]
        self.close = lambda: None


def _oldest() -> Any:
    import polars as pl

    return pl.CompatLevel.oldest()


def _measure(
    engines: dict[str, int], *, rounds: int, batch: int | None, path: Path
) -> tuple[dict[str, float], dict[str, str], dict[str, float]]:
    """Return rows per second, the checksum of what is stored, and sustained rows per second, by engine."""
    opened = {name: _Engine(name, path / name.replace(" ", "_")) for name in engines}
    most = max(engines.values()) * rounds
    frame = things(most * (batch or 1))
    plain, with_id = dicts(frame), frame.to_dicts()
    runs: dict[str, Callable[[], float]] = {}
    for name, count in engines.items():
        engine = opened[name]
        source: Iterator[dict[str, Any]] = iter(with_id if engine.needs_id else plain)

        def turn(engine: _Engine = engine, source: Iterator[dict[str, Any]] = source, count: int = count) -> float:
            items: list[Any] = (
                [list(islice(source, batch)) for _ in range(count)] if batch else list(islice(source, count))
            )
            insert = engine.many if batch else engine.one

            def all_of_them() -> None:
                for item in items:
                    insert(item)

            took = seconds(all_of_them)
            engine.sustained_s += took
            return count * (batch or 1) / took

        runs[name] = turn
    speeds = interleaved(runs, rounds=rounds)
    first = next(iter(opened))
    opened[first].sustained_s += seconds(opened[first].db.wait)
    sums = {name: checksum(engine.rows()) for name, engine in opened.items()}
    sustained = {name: engines[name] * (batch or 1) * rounds / engine.sustained_s for name, engine in opened.items()}
    for engine in opened.values():
        engine.close()
    return speeds, sums, sustained


def _single(*, smoke: bool) -> list[Row]:
    engines = {
        name: SMOKE_SINGLE if smoke else n
        for name, n in SINGLE.items()
        if name in ("rem_arrow", "sqlite") or installed(name)
    }
    with scratch() as path:
        speeds, sums, sustained = _measure(engines, rounds=ROUNDS, batch=None, path=path)
    rows = {name: n * ROUNDS for name, n in engines.items()}
    sustained_speeds = {name: value for name, value in sustained.items() if name in ("rem_arrow", "sqlite")}
    return [
        *compare(
            "insert, one entity a commit",
            speeds,
            "rows/s",
            rows=rows,
            checksums=sums,
            reference="sqlite",
            target=Target(">=", 30_000),
        ),
        *compare("the same, sustained", sustained_speeds, "rows/s", rows=rows, checksums=sums, reference="sqlite"),
    ]


def _batches(*, smoke: bool) -> list[Row]:
    engines = {
        name: SMOKE_BATCHES if smoke else n
        for name, n in BATCHES.items()
        if name in ("rem_arrow", "sqlite") or installed(name)
    }
    with scratch() as path:
        speeds, sums, sustained = _measure(engines, rounds=ROUNDS, batch=BATCH_ROWS, path=path)
    rows = {name: n * ROUNDS * BATCH_ROWS for name, n in engines.items()}
    sustained_speeds = {name: value for name, value in sustained.items() if name in ("rem_arrow", "sqlite")}
    return [
        *compare(
            "insert, batches of 1,000 dicts",
            speeds,
            "rows/s",
            rows=rows,
            checksums=sums,
            reference="sqlite",
            target=Target(">=", 300_000),
        ),
        *compare(
            "the same batches, sustained", sustained_speeds, "rows/s", rows=rows, checksums=sums, reference="sqlite"
        ),
    ]


def _synced(*, smoke: bool) -> list[Row]:
    count = SMOKE_SYNCED if smoke else SYNCED
    with scratch() as path:
        speeds, sums, _ = _measure({"rem_arrow sync": count, "sqlite FULL": count}, rounds=3, batch=None, path=path)
    return compare(
        "insert, every commit synced", speeds, "rows/s", rows=count * 3, checksums=sums, reference="sqlite FULL"
    )


def _threads(*, smoke: bool) -> list[Row]:
    """Return the rows per second of plain rows, each a synced commit, by one thread and by several that share syncs."""
    count = SMOKE_SYNCED if smoke else SYNCED
    with scratch() as path:
        db = open_rem(path / "rem", durability="sync")
        db.sql("CREATE TABLE t (x BIGINT)")

        def insert(rows: int) -> None:
            for row in range(rows):
                db.sql("INSERT INTO t VALUES ($1)", [row])

        def by(threads: int) -> float:
            with ThreadPoolExecutor(threads) as pool:
                took = seconds(lambda: list(pool.map(insert, [count] * threads)))
            return count * threads / took

        runs = {"one thread": lambda: by(1), f"{THREADS} threads": lambda: by(THREADS)}
        speeds = interleaved(runs, rounds=1 if smoke else 3)
        same = checksum(db.sql("SELECT count(*) FROM t").rows())
        db.close()
    return compare(
        "insert, every commit synced, by threads",
        speeds,
        "rows/s",
        rows=count,
        checksums=dict.fromkeys(speeds, same),
        reference="one thread",
        target=Target(">=", 4, "ratio"),
    )
