"""Point reads of one million entities: by id, by name, by an indexed field.

"cold" opens the database again and asks for one row of every page once: neither the column cache nor RocksDB's block
cache holds anything, the operating system's file cache does. A read decodes one page of every column, so time / columns
is what a page costs. "small cache" bounds the column cache at a tenth of the decoded table.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

import rem_arrow as rem
from benchmarks.data import COLUMNS, SEED, SQL_TYPES, things
from benchmarks.engines import create_things, fill_duckdb, fill_sqlite, open_duckdb, open_rem, open_sqlite
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch

ROWS, SMOKE_ROWS = 1_000_000, 25_000
ROWS_PER_CATEGORY = 20
ASKED, SMOKE_ASKED = 2_000, 10
ROUNDS = 5
PAGE_ROWS = 32_768
NAMES = tuple(SQL_TYPES)
BY_ID = "SELECT * FROM things WHERE id = ?"
BY_NAME = "SELECT * FROM things WHERE name = ?"
BY_CATEGORY = "SELECT name, priority FROM things WHERE category = ?"
BY_CATEGORY_REM = "SELECT name, priority FROM things WHERE category = $1"

Asked = Sequence[str]
Read = Callable[[str], list[tuple[Any, ...]]]


def run(*, smoke: bool = False) -> list[Row]:
    """Return microseconds a read."""
    rows, asked = (SMOKE_ROWS, SMOKE_ASKED) if smoke else (ROWS, ASKED)
    frame = things(rows, categories=max(1, rows // ROWS_PER_CATEGORY))
    chosen = random.Random(SEED).sample(range(rows), asked)
    with scratch() as path:
        db = open_rem(path / "rem")
        db.load("things", frame, progress=False)
        peers = _peers(path, frame)
        found = [
            *_gets(db, peers, frame, chosen),
            *_lookups(db, peers, frame, chosen[: max(10, asked // 4)]),
            *_by_category(db, peers, frame, chosen[: max(10, asked // 4)]),
        ]
        db.close()
        for con in peers.values():
            con.close()
        found += _cold(path, frame, rounds=1 if smoke else 3)
        found += _small_cache(path, frame, chosen)
    return found


def _peers(path: Path, frame: pl.DataFrame) -> dict[str, Any]:
    """Return the other engines, filled and indexed."""
    opened: dict[str, Any] = {"sqlite": open_sqlite(path / "sqlite")}
    if installed("duckdb"):
        opened["duckdb"] = open_duckdb(path / "duckdb")
    for name, con in opened.items():
        create_things(con)
        (fill_sqlite if name == "sqlite" else fill_duckdb)(con, frame)
    return opened


def _reader(con: Any, text: str) -> Read:
    return lambda value: con.execute(text, (value,)).fetchall()


def _get(db: rem.Database, *, as_model: bool = False) -> Read:
    def read(id_: str) -> list[tuple[Any, ...]]:
        row = db.get("things", id_, as_model=as_model)
        values = row.__dict__ if as_model else row
        return [tuple(values[c] for c in COLUMNS)]

    return read


def _time(
    what: str, readers: dict[str, Read], asked: Asked, *, columns: slice, target: Target | None = None
) -> list[Row]:
    """Return microseconds for one of `asked`; what comes back, cut to `columns`, makes the checksum."""
    sums = {
        name: checksum(row[columns] if len(row) == len(NAMES) else row for value in asked for row in read(value))
        for name, read in readers.items()
    }

    def timed(read: Read) -> float:
        started = time.perf_counter()
        for value in asked:
            read(value)
        return (time.perf_counter() - started) / len(asked) * 1e6

    found = interleaved({name: (lambda read=read: timed(read)) for name, read in readers.items()}, rounds=ROUNDS)
    return compare(what, found, "us", rows=len(asked), checksums=sums, reference="sqlite", target=target)


def _gets(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, chosen: list[int]) -> list[Row]:
    asked = frame["id"].gather(chosen).to_list()
    others = {name: _reader(con, BY_ID) for name, con in peers.items()}
    declared = slice(1, None)
    return [
        *_time("get by id", {"rem_arrow": _get(db), **others}, asked, columns=declared, target=Target("<=", 40)),
        *_time(
            "get by id, as a model",
            {"rem_arrow": _get(db, as_model=True)},
            asked,
            columns=declared,
            target=Target("<=", 60),
        ),
    ]


def _lookups(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, chosen: list[int]) -> list[Row]:
    asked = frame["name"].gather(chosen).to_list()
    readers: dict[str, Read] = {"rem_arrow": lambda name: db.lookup_entity(name).select("id").rows()}
    readers |= {name: _reader(con, BY_NAME) for name, con in peers.items()}
    return _time("lookup by name", readers, asked, columns=slice(0, 1), target=Target("<=", 300))


def _by_category(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, chosen: list[int]) -> list[Row]:
    asked = frame["category"].gather(chosen).to_list()
    readers: dict[str, Read] = {"rem_arrow": lambda category: db.sql(BY_CATEGORY_REM, [category]).rows()}
    readers |= {name: _reader(con, BY_CATEGORY) for name, con in peers.items()}
    return _time(f"SELECT about {ROWS_PER_CATEGORY} rows by indexed field", readers, asked, columns=slice(None))


def _cold(path: Path, frame: pl.DataFrame, *, rounds: int) -> list[Row]:
    """Time the first read of every page after opening."""
    asked = frame["id"].gather_every(PAGE_ROWS, offset=min(PAGE_ROWS, frame.height) // 2).to_list()
    taken: dict[str, list[float]] = {}
    sums: dict[str, str] = {}
    for _ in range(rounds):
        db = rem.connect(path / "rem")
        columns = db.schema("things").height
        con = open_sqlite(path / "sqlite")
        readers: dict[str, tuple[Read, Any]] = {"rem_arrow": (_get(db), db), "sqlite": (_reader(con, BY_ID), con)}
        for name, (read, opened) in readers.items():
            rows = []
            for id_ in asked:
                started = time.perf_counter()
                rows += [row[-len(COLUMNS) :] for row in read(id_)]
                taken.setdefault(name, []).append((time.perf_counter() - started) * 1e6)
            sums[name] = checksum(rows)
            opened.close()
    found = {name: statistics.median(values) for name, values in taken.items()}
    return [
        *compare("get by id, cold", found, "us", rows=len(asked), checksums=sums, reference="sqlite"),
        *compare(
            "one page, read and decoded",
            {"rem_arrow": found["rem_arrow"] / columns},
            "us",
            rows=len(asked),
            checksums=sums,
        ),
    ]


def _small_cache(path: Path, frame: pl.DataFrame, chosen: list[int]) -> list[Row]:
    """Time random reads when the decoded table is ten times the cache."""
    db = rem.connect(path / "rem", memory_limit="64MB")
    # memory_limit has a floor that the smoke size lies below, so the bound is set where it acts.
    db._instance.store.cache.bytes_max = int(frame.estimated_size() + frame.height * 56) // 10
    asked = frame["id"].gather(chosen[: max(10, len(chosen) // 10)]).to_list()
    read = _get(db)
    sums = checksum(row for id_ in asked for row in read(id_))
    started = time.perf_counter()
    for id_ in asked:
        read(id_)
    took = (time.perf_counter() - started) / len(asked) * 1e6
    db.close()
    return compare("get by id, cache 10 times too small", {"rem_arrow": took}, "us", rows=len(asked), checksums=sums)
