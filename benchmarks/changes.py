"""UPDATE, DELETE, INSERT .. SELECT and CREATE TABLE AS beside DuckDB: the same rows, both in files.

The figures are milliseconds of CPU time over all threads, so that a machine which others use counts less. What the
databases do later (seals here, checkpoints there) does not count; each waits for its own before the next turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

import rem_arrow as rem
from benchmarks.data import SQL_TYPES, things
from benchmarks.engines import fill_duckdb, open_duckdb, open_rem
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch

ROWS, SMOKE_ROWS = 100_000, 2_000
ROUNDS, SMOKE_ROUNDS = 7, 1
NAMES = ", ".join(SQL_TYPES)


class Work(NamedTuple):
    """A statement that is measured, and what brings the table back; `{t}` stands for the table."""

    what: str
    text: str
    table: str
    before: tuple[str, ...]
    most: float
    shown: str


WORKS = (
    Work("UPDATE of all entities", "UPDATE {t} SET score = score + 1", "things", (), 8, "sum(score)"),
    Work("UPDATE of all plain rows", "UPDATE {t} SET score = score + 1", "facts", (), 3, "sum(score)"),
    Work(
        "UPDATE of an indexed column of all plain rows",
        "UPDATE {t} SET priority = priority + 1",
        "indexed",
        (),
        8,
        "sum(priority)",
    ),
    Work(
        "DELETE of half of the plain rows",
        "DELETE FROM {t} WHERE priority < 5",
        "gone",
        ("DROP TABLE IF EXISTS gone", "CREATE TABLE gone AS SELECT * FROM facts"),
        3,
        "count(*)",
    ),
    Work(
        "INSERT .. SELECT of all plain rows",
        "INSERT INTO {t} SELECT * FROM facts",
        "twice",
        ("DROP TABLE IF EXISTS twice", "CREATE TABLE twice AS SELECT * FROM facts LIMIT 0"),
        2,
        "count(*)",
    ),
    Work(
        "CREATE TABLE AS of all plain rows",
        "CREATE TABLE {t} AS SELECT * FROM facts",
        "made",
        ("DROP TABLE IF EXISTS made",),
        2,
        "count(*)",
    ),
)


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds of CPU time a statement."""
    rows, rounds = (SMOKE_ROWS, SMOKE_ROUNDS) if smoke else (ROWS, ROUNDS)
    frame = things(rows)
    with scratch() as path:
        db = open_rem(path / "rem")
        con = open_duckdb(path / "duckdb") if installed("duckdb") else None
        _fill(db, con, frame)
        figures = [row for work in WORKS for row in _measured(db, con, work, rows, rounds)]
        db.close()
        if con is not None:
            con.close()
    return figures


def _fill(db: rem.Database, con: Any, frame: pl.DataFrame) -> None:
    db.load("things", frame, progress=False)
    for name in ("facts", "indexed"):
        db.load(name, frame, progress=False)
    db.sql("CREATE INDEX by_priority ON indexed (priority)")
    if con is not None:
        types = ", ".join(f"{name} {kind}" for name, kind in SQL_TYPES.items())
        for name in ("things", "facts", "indexed"):
            con.execute(f"CREATE TABLE {name} ({types})")
            fill_duckdb(con, frame, name)
        con.execute("CREATE INDEX by_priority ON indexed (priority)")


def _measured(db: rem.Database, con: Any, work: Work, rows: int, rounds: int) -> list[Row]:
    statement = work.text.format(t=work.table)

    def ours() -> float:
        for text in work.before:
            db.sql(text)
        db.wait()
        return _cpu_ms(lambda: db.sql(statement))

    def theirs() -> float:
        for text in work.before:
            con.execute(text)
        con.execute("CHECKPOINT")
        return _cpu_ms(lambda: con.execute(statement))

    runs: dict[str, Callable[[], float]] = {"rem_arrow": ours} | ({"duckdb": theirs} if con is not None else {})
    times = interleaved(runs, rounds=rounds)
    shown = f"SELECT {work.shown} FROM {work.table}"
    sums = {"rem_arrow": checksum(db.sql(shown).rows())}
    if con is not None:
        sums["duckdb"] = checksum(con.execute(shown).fetchall())
    target = Target("<=", work.most, "ratio")
    return compare(work.what, times, "ms", rows=rows, checksums=sums, reference="duckdb", target=target)


def _cpu_ms(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return (time.process_time() - started) * 1e3
