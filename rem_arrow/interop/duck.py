"""The one owner of DuckDB: a connection whose views read the tables of a database, and the tables of a DuckDB file.

DuckDB 2 asks a LazyFrame for the columns that a query needs, and pushes down the conditions that a frame can evaluate
exactly, so both reach the zone maps and the indexes. It does so each time a view is read, which makes the views live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.base.quoting import identifier
from rem_arrow.base.schema import Table
from rem_arrow.files import meanings
from rem_arrow.interop import duck_catalog
from rem_arrow.interop.declared import Declared
from rem_arrow.interop.readers import Input, of_batches
from rem_arrow.sql.text.type_names import named_type

if TYPE_CHECKING:
    import duckdb

_MAJOR_MIN = 2
_BATCH_ROWS = 122_880
# A file of others reads no other file, loads no extension from the network, and changes none of this.
_CONFINED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}
# The expressions that read columns of types that Arrow lacks.
_CASTS: Mapping[str, str] = {"UNION": "{0}::VARCHAR", "GEOMETRY": "{0}::VARCHAR", "VARIANT": "{0}::JSON"}


class DuckFile(NamedTuple):
    """A DuckDB file: a function that opens each table and what is declared of it, by name; and its other entries."""

    openers: dict[str, Callable[[], Input]]
    declared: dict[str, Declared]
    entries: list[Table]


def connection(frames: Mapping[str, pl.LazyFrame]) -> duckdb.DuckDBPyConnection:
    """Return a new connection to an empty database in memory, with a view over each frame."""
    con: duckdb.DuckDBPyConnection = _duckdb().connect()
    for name, frame in frames.items():
        con.register(name, frame)
    return con


@contextmanager
def duckdb_tables(path: Path) -> Iterator[DuckFile]:
    """Open a DuckDB file for reading, for as long as the block runs. Raises InputError."""
    duckdb = _duckdb()
    try:
        con = duckdb.connect(str(path), read_only=True, config=_CONFINED)
    except duckdb.Error as error:
        raise InputError(f"{path} cannot be opened by DuckDB: {error}") from error
    try:
        con.execute("SET TimeZone = 'UTC'")
        # BIT, BIGNUM, TIMETZ and integers of 128 bits come with their own types, below lists too.
        con.execute("SET arrow_lossless_conversion = true")
        con.execute("SET lock_configuration = true")

        def read(text: str) -> list[tuple[Any, ...]]:
            fetched: list[tuple[Any, ...]] = con.execute(text).fetchall()
            return fetched

        rows = read("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL")
        names = {(s, t): t if s == "main" else f"{s}_{t}" for s, t in rows}
        yield DuckFile(
            {
                name: _opener(con, f"{identifier(s)}.{identifier(t)}", f"{path}, table {name}")
                for (s, t), name in names.items()
            },
            duck_catalog.declarations(read, names),
            duck_catalog.entries(read),
        )
    finally:
        con.close()


def _opener(con: duckdb.DuckDBPyConnection, place: str, where: str) -> Callable[[], Input]:
    def open_table() -> Input:
        try:
            columns = con.execute(f"DESCRIBE {place}").fetchall()
            items = [f"{_read(identifier(name), kind)} AS {identifier(name)}" for name, kind, *_ in columns]
            rows = con.execute(f"SELECT count(*) FROM {place}").fetchall()[0][0]
            # A separate cursor, because the connection opens the next table while this one is read.
            reader = con.cursor().sql(f"SELECT {', '.join(items)} FROM {place}").to_arrow_reader(_BATCH_ROWS)
        except _duckdb().Error as error:
            raise InputError(f"{where} cannot be read: {error}") from error
        told = meanings.of_types({name: _meant(kind) for name, kind, *_ in columns})
        return of_batches(reader, rows, where, told)

    return open_table


def _meant(kind: str) -> pl.DataType:
    """Return the type of a column in which JSON, UUID or an ENUM may be; of one that is of no other use NULL."""
    if not any(name in kind for name in ("JSON", "UUID", "ENUM(")):
        return pl.Null()
    try:
        return named_type(kind)
    except InputError:
        return pl.Null()


def _read(column: str, kind: str) -> str:
    """Return the expression that reads a column of a type."""
    head = kind.split("(", maxsplit=1)[0]
    if kind.endswith("]"):
        return column
    return _CASTS.get(kind, _CASTS.get(head, "{0}")).format(column)


def _duckdb() -> Any:
    """Return the library. Raises UnsupportedError if it is missing, or so old that it reads a frame only once."""
    try:
        import duckdb
    except ImportError as error:
        raise UnsupportedError("this needs DuckDB: pip install 'rem_arrow[duckdb]'") from error
    if int(duckdb.__version__.split(".")[0]) < _MAJOR_MIN:
        raise UnsupportedError(
            f"this needs DuckDB {_MAJOR_MIN} or later, which pushes filters into the tables, and {duckdb.__version__} "
            "is installed: pip install -U duckdb"
        )
    return duckdb
