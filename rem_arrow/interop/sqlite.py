"""The tables of a SQLite file, typed by the values that they hold: SQLite does not enforce the declared types.

They are read by Python's own sqlite3. ADBC's driver reads rows four times as fast, but takes a column's type from its
first rows, and fails at a later value of another type, also where the first ones are NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.base.quoting import identifier
from rem_arrow.interop.readers import Input

if TYPE_CHECKING:
    import sqlite3
else:
    sqlite3 = LazyModule("sqlite3")

HEADER = b"SQLite format 3\0"
_PIECE_ROWS = 50_000
_DAY, _MOMENT = (
    "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]",
    "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]*",
)


class _Column(NamedTuple):
    """A column: the expression in SELECT, the type of its result, and the conversion of that."""

    name: str
    expression: str
    dtype: pl.DataType
    converted: pl.Expr | None = None


@contextmanager
def sqlite_tables(path: Path) -> Iterator[dict[str, Callable[[], Input]]]:
    """Open a SQLite file for reading; yield a function that opens each of its tables, by name. Raises InputError."""
    try:
        # The loader reads the pieces on one thread of its own, one after the other.
        con = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        # What a schema of others calls, in a generated column or a virtual table, may have no effects.
        con.execute("PRAGMA trusted_schema = OFF")
        names = [
            name
            for (name,) in con.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                "ORDER BY name"
            )
        ]
    except sqlite3.Error as error:
        raise InputError(f"{path} cannot be opened by SQLite: {error}") from error
    try:
        yield {name: _opener(con, name, path) for name in names}
    finally:
        con.close()


def _opener(con: sqlite3.Connection, table: str, path: Path) -> Callable[[], Input]:
    def open_table() -> Input:
        try:
            columns = _columns(con, table)
            rows = con.execute(f"SELECT count(*) FROM {identifier(table)}").fetchone()[0]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}, table {table} cannot be read: {error}") from error
        conversions = [c.converted for c in columns if c.converted is not None]
        schema = pl.DataFrame(schema={c.name: c.dtype for c in columns}).with_columns(conversions).schema
        return Input(schema, rows, _pieces(con, table, columns, conversions, path))

    return open_table


def _pieces(
    con: sqlite3.Connection, table: str, columns: list[_Column], conversions: list[pl.Expr], path: Path
) -> Iterator[pl.DataFrame]:
    schema = {c.name: c.dtype for c in columns}
    try:
        cursor = con.execute(f"SELECT {', '.join(c.expression for c in columns)} FROM {identifier(table)}")
        while rows := cursor.fetchmany(_PIECE_ROWS):
            yield pl.DataFrame(rows, schema=schema, orient="row").with_columns(conversions)
    except (sqlite3.Error, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}, table {table} cannot be read: {error}") from error


def _columns(con: sqlite3.Connection, table: str) -> list[_Column]:
    declared = [
        (str(row[1]), str(row[2]).upper())
        for row in con.execute(f"PRAGMA table_xinfo({identifier(table)})")
        if row[6] != 1
    ]
    return [_column(con, table, name, kind) for name, kind in declared]


def _column(con: sqlite3.Connection, table: str, name: str, declared: str) -> _Column:
    quoted, place = identifier(name), identifier(table)
    kinds = {str(kind) for (kind,) in con.execute(f"SELECT DISTINCT typeof({quoted}) FROM {place}")} - {"null"}
    if not kinds:
        return _Column(name, quoted, _declared_type(declared))
    if kinds == {"integer"}:
        is_boolean = (
            declared.startswith("BOOL")
            and con.execute(f"SELECT count(*) FROM {place} WHERE {quoted} NOT IN (0, 1)").fetchone()[0] == 0
        )
        return _Column(name, quoted, pl.Int64(), pl.col(name).cast(pl.Boolean) if is_boolean else None)
    if kinds <= {"integer", "real"}:
        return _Column(name, f"CAST({quoted} AS REAL)", pl.Float64())
    if kinds == {"blob"}:
        return _Column(name, quoted, pl.Binary())
    if "blob" in kinds:
        return _Column(name, f"CAST({quoted} AS BLOB)", pl.Binary())
    if kinds == {"text"} and declared.startswith(("DATE", "TIMESTAMP")):
        return _moments(con, place, name)
    return _Column(name, f"CAST({quoted} AS TEXT)", pl.String())


def _moments(con: sqlite3.Connection, place: str, name: str) -> _Column:
    """Return a column of texts as dates or timestamps if every value is one in ISO 8601, otherwise as texts."""
    quoted = identifier(name)
    for pattern, converted in (
        (_DAY, pl.col(name).str.to_date("%Y-%m-%d")),
        (_MOMENT, pl.col(name).str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")),
    ):
        misfits = con.execute(
            f"SELECT count(*) FROM {place} WHERE {quoted} IS NOT NULL AND ({quoted} NOT GLOB ? OR datetime({quoted}) "
            f"IS NULL OR {quoted} GLOB '*[Z+]*')",
            [pattern],
        ).fetchone()[0]
        if misfits == 0:
            return _Column(name, quoted, pl.String(), converted)
    return _Column(name, quoted, pl.String())


def _declared_type(declared: str) -> pl.DataType:
    """Return the type of a column without values, by SQLite's rules of type affinity."""
    if "INT" in declared:
        return pl.Int64()
    if re.search("REAL|FLOA|DOUB|NUM|DEC", declared):
        return pl.Float64()
    return pl.Binary() if "BLOB" in declared else pl.String()
