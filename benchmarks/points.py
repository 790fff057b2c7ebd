"""Point reads of one million entities: by id, by name, by an indexed field.

"cold" reopens the database and reads one row of every page once: the column cache and RocksDB's block cache are empty,
the file cache of the operating system is not. A read decodes one page of every column, so time / columns is the cost of
a page. "small cache" limits the column cache to a tenth of the decoded table.
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
from rem_arrow.storage.cache import ColumnCache

ROWS, SMOKE_ROWS = 1_000_000, 25_000
ROWS_PER_CATEGORY = 20
READS, SMOKE_READS = 2_000, 10
ROUNDS = 5
PAGE_ROWS = 32_768
NAMES = tuple(SQL_TYPES)
BY_ID = "SELECT * FROM things WHERE id = ?"
BY_ID_REM = f"SELECT {', '.join(SQL_TYPES)} FROM things WHERE id = $1"
BY_NAME = "SELECT * FROM things WHERE name = ?"
BY_CATEGORY = "SELECT name, priority FROM things WHERE category = ?"
BY_CATEGORY_REM = "SELECT name, priority FROM things WHERE category = $1"

Values = Sequence[str]
Read = Callable[[str], list[tuple[Any, ...]]]


def run(*, smoke: bool = False) -> list[Row]:
    """Return microseconds a read."""
    rows, count = (SMOKE_ROWS, SMOKE_READS) if smoke else (ROWS, READS)
    frame = things(rows, categories=max(1, rows // ROWS_PER_CATEGORY))
    places = random.Random(SEED).sample(range(rows), count)
    with scratch() as path:
        db = open_rem(path / "rem")
        db.load("things", frame, progress=False)
        peers = _peers(path, frame)
        figures = [
            *_gets(db, peers, frame, places),
            *_lookups(db, peers, frame, places[: max(10, count // 4)]),
            *_by_category(db, peers, frame, places[: max(10, count // 4)]),
        ]
        db.close()
        for con in peers.values():
            con.close()
        figures += _cold(path, frame, rounds=1 if smoke else 3)
        figures += _small_cache(path, frame, places)
    return figures


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
    what: str, readers: dict[str, Read], values: Values, *, columns: slice, target: Target | None = None
) -> list[Row]:
    """Return microseconds a read; the checksum is over the rows returned, cut to `columns`."""
    sums = {
        name: checksum(row[columns] if len(row) == len(NAMES) else row for value in values for row in read(value))
        for name, read in readers.items()
    }

    def timed(read: Read) -> float:
        started = time.perf_counter()
        for value in values:
            read(value)
        return (time.perf_counter() - started) / len(values) * 1e6

    times = interleaved({name: (lambda read=read: timed(read)) for name, read in readers.items()}, rounds=ROUNDS)
    return compare(what, times, "us", rows=len(values), checksums=sums, reference="sqlite", target=target)


def _gets(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, places: list[int]) -> list[Row]:
    ids = frame["id"].gather(places).to_list()
    peer_reads = {name: _reader(con, BY_ID) for name, con in peers.items()}
    declared = slice(1, None)
    return [
        *_time("get by id", {"rem_arrow": _get(db), **peer_reads}, ids, columns=declared, target=Target("<=", 40)),
        *_time(
            "SELECT by id",
            {"rem_arrow": lambda id_: db.sql(BY_ID_REM, [id_]).rows(), **peer_reads},
            ids,
            columns=declared,
        ),
        *_time(
            "get by id, as a model",
            {"rem_arrow": _get(db, as_model=True)},
            ids,
            columns=declared,
            target=Target("<=", 60),
        ),
    ]


def _lookups(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, places: list[int]) -> list[Row]:
    names = frame["name"].gather(places).to_list()
    readers: dict[str, Read] = {"rem_arrow": lambda name: db.lookup_entity(name).select("id").rows()}
    readers |= {name: _reader(con, BY_NAME) for name, con in peers.items()}
    return _time("lookup by name", readers, names, columns=slice(0, 1), target=Target("<=", 300))


def _by_category(db: rem.Database, peers: dict[str, Any], frame: pl.DataFrame, places: list[int]) -> list[Row]:
    categories = frame["category"].gather(places).to_list()
    readers: dict[str, Read] = {"rem_arrow": lambda category: db.sql(BY_CATEGORY_REM, [category]).rows()}
    readers |= {name: _reader(con, BY_CATEGORY) for name, con in peers.items()}
    return _time(f"SELECT about {ROWS_PER_CATEGORY} rows by indexed field", readers, categories, columns=slice(None))


def _cold(path: Path, frame: pl.DataFrame, *, rounds: int) -> list[Row]:
    """Time the first read of every page after opening."""
    ids = frame["id"].gather_every(PAGE_ROWS, offset=min(PAGE_ROWS, frame.height) // 2).to_list()
    times: dict[str, list[float]] = {}
    sums: dict[str, str] = {}
    for _ in range(rounds):
        db = rem.connect(path / "rem")
        columns = db.schema("things").height
        con = open_sqlite(path / "sqlite")
        readers: dict[str, tuple[Read, Any]] = {"rem_arrow": (_get(db), db), "sqlite": (_reader(con, BY_ID), con)}
        for name, (read, opened) in readers.items():
            rows = []
            for id_ in ids:
                started = time.perf_counter()
                rows += [row[-len(COLUMNS) :] for row in read(id_)]
                times.setdefault(name, []).append((time.perf_counter() - started) * 1e6)
            sums[name] = checksum(rows)
            opened.close()
    medians = {name: statistics.median(values) for name, values in times.items()}
    return [
        *compare("get by id, cold", medians, "us", rows=len(ids), checksums=sums, reference="sqlite"),
        *compare(
            "one page, read and decoded",
            {"rem_arrow": medians["rem_arrow"] / columns},
            "us",
            rows=len(ids),
            checksums=sums,
        ),
    ]


def _small_cache(path: Path, frame: pl.DataFrame, places: list[int]) -> list[Row]:
    """Time random reads when the decoded table is ten times the cache."""
    db = rem.connect(path / "rem", memory_limit="64MB")
    # memory_limit has a floor that the smoke size lies below, so the cache is made anew, smaller.
    ColumnCache.__init__(db._instance.store.cache, int(frame.estimated_size() + frame.height * 56) // 10)
    ids = frame["id"].gather(places[: max(10, len(places) // 10)]).to_list()
    read = _get(db)
    sums = checksum(row for id_ in ids for row in read(id_))
    started = time.perf_counter()
    for id_ in ids:
        read(id_)
    took = (time.perf_counter() - started) / len(ids) * 1e6
    db.close()
    return compare("get by id, cache 10 times too small", {"rem_arrow": took}, "us", rows=len(ids), checksums=sums)
