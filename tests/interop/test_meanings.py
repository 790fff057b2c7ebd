"""JSON, UUID and ENUM through every door: they are what they were, at any depth."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import rem_arrow as rem
from rem_arrow.base.errors import InputError

U = "00010203-0405-0607-0809-0a0b0c0d0e0f"
COLUMNS = f"""'{{"a":1}}'::JSON AS j, '{U}'::UUID AS u, ['1'::JSON, NULL] AS lj,
    {{'x': '2'::JSON, 'u': '{U}'::UUID}} AS s, ['{U}'::UUID] AS lu, NULL::JSON AS n"""
TYPES = ("JSON", "UUID", "JSON[]", "STRUCT(x JSON, u UUID)", "UUID[]", "JSON")
ROW = ('{"a":1}', U, ["1", None], {"x": "2", "u": U}, [U], None)


def _arrow() -> pa.Table:
    json = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', None, "1", None, "2"]))
    uuid = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(range(16))], pa.binary(16)))
    return pa.table(
        {
            "j": json[:1],
            "u": uuid,
            "lj": pa.ListArray.from_arrays(pa.array([0, 2]), json[2:4]),
            "s": pa.StructArray.from_arrays([json[4:], uuid], names=["x", "u"]),
            "lu": pa.ListArray.from_arrays(pa.array([0, 1]), uuid),
            "n": json[1:2],
        }
    )


def _load_parquet(db: rem.Database, folder: Path) -> None:
    duckdb.sql(f"COPY (SELECT {COLUMNS}) TO '{folder / 't.parquet'}'")
    db.load("t", folder / "t.parquet")


def _load_ipc(db: rem.Database, folder: Path) -> None:
    table = _arrow()
    with pa.ipc.new_file(folder / "t.arrow", table.schema) as file:
        file.write_table(table)
    db.load("t", folder / "t.arrow")


def _import(db: rem.Database, folder: Path) -> None:
    with duckdb.connect(folder / "d.duckdb") as con:
        con.sql(f"CREATE TABLE t AS SELECT {COLUMNS}")
    db.import_from(folder / "d.duckdb")


DOORS = {
    "a Parquet file": _load_parquet,
    "an Arrow file": _load_ipc,
    "an Arrow table": lambda db, _: db.load("t", _arrow()),
    "a stream of batches": lambda db, _: db.load("t", _arrow().to_reader()),
    "a DuckDB file": _import,
    "SQL": lambda db, _: db.sql(f"CREATE TABLE t AS SELECT {COLUMNS}"),
}


def _types(db: rem.Database, table: str = "t") -> tuple[object, ...]:
    columns = db.sql(f"SELECT * FROM {table} LIMIT 0").columns
    return db.sql(f"SELECT {', '.join(f'typeof({c})' for c in columns)} FROM {table}").row(0)


@pytest.mark.parametrize("door", DOORS)
def test_types_come_in_and_stay(door: str, tmp_path: Path):
    """Loaded, opened again, sealed, exported and imported."""
    with rem.connect(tmp_path / "a.rem") as db:
        DOORS[door](db, tmp_path)
        assert (db.sql("FROM t").row(0), _types(db)) == (ROW, TYPES)
    with rem.connect(tmp_path / "a.rem") as db:
        assert (db.sql("FROM t").row(0), _types(db)) == (ROW, TYPES)
        db.compact()
        assert (db.sql("FROM t").row(0), _types(db)) == (ROW, TYPES)
        db.export(tmp_path / "out", format="ndjson")
    with rem.connect() as db:
        db.import_from(tmp_path / "out")
        assert (db.sql("FROM t").row(0), _types(db)) == (ROW, TYPES)


def test_an_enum_of_duckdb_stays_one(tmp_path: Path):
    """With its values in their order, in lists too."""
    with duckdb.connect(tmp_path / "d.duckdb") as con:
        con.sql("CREATE TYPE mood AS ENUM ('low', 'mid', 'high')")
        con.sql("CREATE TABLE t AS SELECT unnest(['high', 'low', NULL])::mood AS g, ['mid'::mood] AS l")
    with rem.connect() as db:
        db.import_from(tmp_path / "d.duckdb")
        assert _types(db) == ("ENUM('low', 'mid', 'high')", "ENUM('low', 'mid', 'high')[]")
        assert db.sql("SELECT g FROM t ORDER BY g").to_series().to_list() == ["low", "high", None]


def test_categories_of_polars_are_texts_and_enums_are_enums():
    """A Categorical has no order of its own."""
    frame = pl.DataFrame(
        {"e": pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), "c": pl.Series(["b", "a"], dtype=pl.Categorical)}
    )
    with rem.connect() as db:
        db.load("t", frame)
        assert _types(db) == ("ENUM('b', 'a')", "VARCHAR")
        assert db.sql("SELECT min(e), min(c), arg_max(c, e) FROM t").row(0) == ("b", "a", "a")


BAD = {
    "j": ["{bad", "t.j is JSON, and this is none: {bad"],
    "u": ["xyz", "t.u is UUID, and this is none: xyz"],
    "lj": [["1", "{bad"], "t.lj is JSON, and this is none: {bad"],
    "s": [{"x": "[", "u": U}, r"t.s.x is JSON, and this is none: \["],
}


@pytest.mark.parametrize("column", BAD)
def test_what_is_loaded_is_checked(column: str):
    """A text that is no document, or no UUID, is refused; UUIDs come to their canonical form."""
    value, message = BAD[column]
    with rem.connect() as db:
        db.sql(f"CREATE TABLE t AS SELECT {COLUMNS}")
        frame = db.sql("FROM t")
        with pytest.raises(InputError, match=message):
            db.load("t", frame.with_columns(pl.Series(column, [value], dtype=frame.schema[column])))
        loose = "{" + U.upper().replace("-", "") + "}"
        db.load("t", frame.with_columns(u=pl.lit(loose), lu=pl.lit([loose]), n=pl.lit(" [1 ]")))
        assert db.sql("SELECT u, lu, n FROM t").rows()[1] == (U, [U], " [1 ]")
