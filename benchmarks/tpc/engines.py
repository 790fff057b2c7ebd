"""The engines, each with the tables of a suite loaded once. An answer is held in memory as columns: Polars frame or
Arrow table.

A query that fails, or is late, raises one of FAILURES. Polars and DataFusion cannot be stopped here: a late query runs
on beside the next ones. (Polars' own `collect(background=True)` runs another engine than `collect()`.)
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import polars as pl

import rem_arrow as rem
from benchmarks.engines import DUCKDB_THREADS
from benchmarks.measure import installed
from benchmarks.tpc.data import Tables

Rows = list[tuple[Any, ...]]
# An engine's failure is a result of the benchmark: a panic in Rust is no Exception, and DataFusion raises plain ones.
FAILURES: tuple[type[BaseException], ...] = (Exception, pl.exceptions.PanicException)
T = TypeVar("T")


class Engine(Protocol):
    """One engine with its tables."""

    name: str

    def answer(self, text: str, *, timeout_s: float | None) -> object:
        """Run a query and return its whole answer."""

    def rows(self, text: str, *, timeout_s: float | None) -> Rows:
        """Run a query and return its rows as Python values."""

    def close(self) -> None:
        """Close the engine."""


class Rem:
    """A database of rem_arrow on disk, every table sealed."""

    name = "rem"

    def __init__(self, tables: Tables, home: Path, memory_limit: str | None = None) -> None:
        self.db = rem.connect(home / "rem", memory_limit=memory_limit or _memory_bytes())
        loaded = set(self.db.tables()["name"])
        for table, path in tables.items():
            if table not in loaded:
                self.db.load(table, path, progress=False)
        self.db.compact()

    def answer(self, text: str, *, timeout_s: float | None) -> pl.DataFrame:
        return self.db.sql(text, timeout_s=timeout_s)

    def rows(self, text: str, *, timeout_s: float | None) -> Rows:
        return self.answer(text, timeout_s=timeout_s).rows()

    def close(self) -> None:
        self.db.close()


class DuckDB:
    """A DuckDB file in its own format."""

    name = "duckdb"

    def __init__(self, tables: Tables, home: Path, memory_limit: str | None = None) -> None:
        import duckdb

        limit = {} if memory_limit is None else {"memory_limit": memory_limit}
        self.con = duckdb.connect(str(home / "duckdb"), config={"threads": DUCKDB_THREADS, **limit})
        for table, path in tables.items():
            self.con.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM read_parquet('{path}')")
        self.con.execute("CHECKPOINT")

    def answer(self, text: str, *, timeout_s: float | None) -> object:
        return self._limited(lambda: self.con.sql(text).to_arrow_table(), timeout_s)

    def rows(self, text: str, *, timeout_s: float | None) -> Rows:
        rows = self._limited(lambda: self.con.execute(text).fetchall(), timeout_s)
        assert isinstance(rows, list), "DuckDB returns a list of rows"
        return rows

    def columns(self, text: str) -> int:
        """Return the number of columns of a query."""
        return len(self.con.execute(f"DESCRIBE {text}").fetchall())

    def _limited(self, action: Callable[[], object], timeout_s: float | None) -> object:
        if timeout_s is None:
            return action()
        timer = threading.Timer(timeout_s, self.con.interrupt)
        timer.start()
        try:
            return action()
        finally:
            timer.cancel()

    def close(self) -> None:
        self.con.close()


class Polars:
    """Polars' own SQL over frames in memory."""

    name = "polars"

    def __init__(self, tables: Tables, home: Path) -> None:
        self.context = pl.SQLContext(
            {table: pl.read_parquet(path, glob=False) for table, path in tables.items()}, eager=False
        )

    def answer(self, text: str, *, timeout_s: float | None) -> pl.DataFrame:
        return _within(timeout_s, lambda: self.context.execute(text).collect())

    def rows(self, text: str, *, timeout_s: float | None) -> Rows:
        return self.answer(text, timeout_s=timeout_s).rows()

    def close(self) -> None:
        """Do nothing: the tables are in memory."""


class DataFusion:
    """DataFusion over tables in memory."""

    name = "datafusion"

    def __init__(self, tables: Tables, home: Path) -> None:
        import datafusion

        self.context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(DUCKDB_THREADS))
        for table, path in tables.items():
            self.context.register_parquet("read", str(path))
            self.context.register_record_batches(table, [self.context.sql("SELECT * FROM read").collect()])
            self.context.deregister_table("read")

    def answer(self, text: str, *, timeout_s: float | None) -> Any:
        return _within(timeout_s, lambda: self.context.sql(text).to_arrow_table())

    def rows(self, text: str, *, timeout_s: float | None) -> Rows:
        frame = pl.from_arrow(self.answer(text, timeout_s=timeout_s))
        assert isinstance(frame, pl.DataFrame), "a table becomes a frame"
        return frame.rows()

    def close(self) -> None:
        """Do nothing: the tables are in memory."""


ENGINES: dict[str, Callable[[Tables, Path], Engine]] = {
    "rem": Rem,
    "duckdb": DuckDB,
    "polars": Polars,
    "datafusion": DataFusion,
}


def available(name: str) -> bool:
    """Return whether an engine's library is installed."""
    return name == "rem" or installed(name)


def _within(timeout_s: float | None, action: Callable[[], T]) -> T:
    """Return what an action returns, or raise what it raises. Raises TimeoutError if it is late; it then runs on."""
    if timeout_s is None:
        return action()
    results: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            results.append(action())
        except FAILURES as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if failed:
        raise failed[0]
    if not results:
        raise TimeoutError(f"longer than {timeout_s:g} s")
    return results[0]


def _memory_bytes() -> int:
    """Return 80 % of the machine's memory, which is DuckDB's own limit; the process holds the peers' tables too."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 4 // 5
