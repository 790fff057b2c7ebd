"""Opening the engines, the same way in every benchmark. A peer is imported only where it is used."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import polars as pl

import rem_arrow as rem
from benchmarks.data import SQL_TYPES, Thing

DUCKDB_THREADS = 2
COLUMNS = ", ".join(f"{name} {kind}{' PRIMARY KEY' if name == 'id' else ''}" for name, kind in SQL_TYPES.items())
INDEXES = ("CREATE INDEX by_category ON things (category)", "CREATE INDEX by_name ON things (name)")


def open_rem(path: Path, **options: Any) -> rem.Database:
    """Open a database of rem_arrow with the table things."""
    db = rem.connect(path, **options)
    db.register(Thing, name="things")
    return db


def open_sqlite(path: Path, *, synchronous: str = "NORMAL") -> sqlite3.Connection:
    """Open SQLite in WAL mode, one transaction a statement."""
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("PRAGMA journal_mode=WAL")
    con.execute(f"PRAGMA synchronous={synchronous}")
    return con


def open_duckdb(path: Path) -> Any:
    """Open a DuckDB file with as many threads as this machine has cores."""
    import duckdb

    return duckdb.connect(str(path), config={"threads": DUCKDB_THREADS})


def open_lancedb(path: Path) -> Any:
    """Open a LanceDB folder."""
    import lancedb

    return lancedb.connect(str(path))


def create_things(con: Any) -> None:
    """Make the table things and its two indexes in SQLite or DuckDB."""
    for statement in (f"CREATE TABLE things ({COLUMNS})", *INDEXES):
        con.execute(statement)


def fill_sqlite(con: sqlite3.Connection, frame: pl.DataFrame, table: str = "things") -> None:
    """Insert a frame in one transaction."""
    con.execute("BEGIN")
    con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * frame.width)})", frame.iter_rows())
    con.execute("COMMIT")


def fill_duckdb(con: Any, frame: pl.DataFrame, table: str = "things") -> None:
    """Insert a frame through Arrow."""
    arrow = frame.to_arrow()
    con.register("given", arrow)
    con.execute(f"INSERT INTO {table} SELECT * FROM given")
    con.unregister("given")
