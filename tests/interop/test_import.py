"""Imports from files and folders of others: what is found there, in which types, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.interop.duck import duckdb_tables
from rem_arrow.interop.sqlite import sqlite_tables

DUCKDB_COLUMNS = {
    "huge": "12345678901234567890::HUGEINT",
    "big": "123456789012345678901234567890123456789012::BIGNUM",
    "span": "INTERVAL '1 day 2 seconds'",
    "bits": "'101'::BIT",
    "zoned_time": "'12:00:00+02'::TIMETZ",
    "json": "'{\"a\": 1}'::JSON",
    "uuid": "'6ef7ea8d-3c13-4be1-bdfd-9fb890daefb1'::UUID",
    "map": "MAP {'a': 1}",
    "either": "union_value(x := 1)",
    "kind": "'a'::ENUM('b', 'a')",
    "vector": "[1, 2]::FLOAT[2]",
    "nested": "{'x': [1, NULL]}",
    "money": "1.50::DECIMAL(10, 2)",
    "zoned": "TIMESTAMPTZ '2024-01-01 00:00:00+00'",
    "moment": "TIMESTAMP_S '2024-01-01 00:00:00'",
    'odd "name"': "1",
    "nothing": "NULL::INTEGER",
}


@pytest.fixture
def db():
    with rem.connect() as database:
        yield database


def duckdb_file(path):
    con = duckdb.connect(str(path))
    con.execute(
        "CREATE TABLE every AS SELECT "
        + ", ".join(f'{e} AS "{n.replace(chr(34), chr(34) * 2)}"' for n, e in DUCKDB_COLUMNS.items())
    )
    con.execute("CREATE TABLE many AS SELECT range AS n, 'text ' || range AS s FROM range(300_000)")
    con.execute("CREATE TABLE empty (n INTEGER)")
    con.execute("CREATE SCHEMA other")
    con.execute("CREATE TABLE other.t AS SELECT 1 AS n")
    con.execute("CREATE VIEW v AS SELECT * FROM many")
    con.close()
    return path


def sqlite_file(path):
    con = sqlite3.connect(path)
    con.execute(
        'CREATE TABLE "a ""table""" (i INTEGER PRIMARY KEY, r REAL, s TEXT, b BLOB, ok BOOLEAN, day DATE, at '
        "DATETIME, odd DATETIME, mixed, some NUMERIC, none INT, shout GENERATED ALWAYS AS (upper(s)))"
    )
    con.execute(
        "INSERT INTO \"a \"\"table\"\"\" VALUES (1, 1.5, 'ä', x'00ff', 1, '2024-02-29', '2024-02-29 01:02:03.5', "
        "'today', 1, 1, NULL), (2, 2, NULL, NULL, 0, NULL, '2024-02-29T01:02:03', '2024-01-01', 'x', 2.5, NULL)"
    )
    con.execute("CREATE TABLE blobs (v)")
    con.execute("INSERT INTO blobs VALUES (x'00'), ('é'), (NULL)")
    con.execute("CREATE TABLE empty (n INTEGER, x DOUBLE, b BLOB, s VARCHAR(10))")
    con.commit()
    con.close()
    return path


def test_a_duckdb_file(db, tmp_path):
    """Every base table becomes a plain one; what Polars has no type for is the nearest."""
    found = db.import_from(duckdb_file(tmp_path / "x.duckdb"))
    assert dict(found.iter_rows()) == {"every": 1, "many": 300_000, "empty": 0, "other_t": 1}
    row = db.sql("SELECT * FROM every").row(0, named=True)
    assert row["huge"] == Decimal(12345678901234567890) and row["big"] == "123456789012345678901234567890123456789012"
    assert (
        row["span"] == dt.timedelta(days=1, seconds=2) and row["bits"] == "101" and row["zoned_time"] == "12:00:00+02"
    )
    assert (
        json.loads(row["json"]) == {"a": 1}
        and row["uuid"].startswith("6ef7")
        and row["map"] == [{"key": "a", "value": 1}]
        and row["either"] == "1"
    )
    assert (
        row["kind"] == "a"
        and list(row["vector"]) == [1, 2]
        and row["nested"] == {"x": [1, None]}
        and row["money"] == Decimal("1.50")
    )
    assert row["zoned"] == dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc) and row["moment"] == dt.datetime(2024, 1, 1)
    assert row['odd "name"'] == 1 and row["nothing"] is None
    assert db.sql("SELECT count(*), sum(n), max(s) FROM many").row(0) == (300_000, sum(range(300_000)), "text 99999")


def test_a_sqlite_file(db, tmp_path):
    """Types are those that the values have; dates and booleans where all values agree with what the column declares."""
    found = db.import_from(sqlite_file(tmp_path / "x.db"))
    assert dict(found.iter_rows()) == {'a "table"': 2, "blobs": 3, "empty": 0}
    table = db.scan('a "table"').collect()
    assert table.rows(named=True)[0] == {
        "i": 1, "r": 1.5, "s": "ä", "b": b"\x00\xff", "ok": True, "day": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 2, 29, 1, 2, 3, 500_000),
        "odd": "today", "mixed": "1", "some": 1.0, "none": None, "shout": "ä",
    }  # fmt: skip
    assert table["at"][1] == dt.datetime(2024, 2, 29, 1, 2, 3)
    assert db.scan("blobs").collect()["v"].to_list() == [b"\x00", "é".encode(), None]
    assert db.scan("empty").collect_schema() == {"n": pl.Int64, "x": pl.Float64, "b": pl.Binary, "s": pl.String}


def test_a_lancedb_folder(db, tmp_path):
    """Each NAME.lance is a table."""
    lancedb = pytest.importorskip("lancedb")
    rows = pl.DataFrame(
        {"id": ["a", "b"], "vector": [[1.0, 2.0], [3.0, 4.0]]}, schema_overrides={"vector": pl.Array(pl.Float32, 2)}
    )
    lancedb.connect(str(tmp_path / "l")).create_table("docs", rows.to_arrow())
    assert db.import_from(tmp_path / "l").rows() == [("docs", 2)]
    assert_frame_equal(db.scan("docs").collect(), rows)
    assert db.search("docs", [3.0, 4.0], k=1, column="vector")["id"].to_list() == ["b"]


def test_a_folder_of_files(db, tmp_path):
    """A file is a table, and so is a folder of Parquet files, with what year=2024 says."""
    pl.DataFrame({"n": [1]}).write_parquet(tmp_path / "one.parquet")
    pl.DataFrame({"n": [2]}).write_csv(tmp_path / "two.csv")
    (tmp_path / "notes.txt").touch()
    for year in (2023, 2024):
        (tmp_path / "sales" / f"year={year}").mkdir(parents=True)
        pq.write_table(pa.table({"n": [year]}), tmp_path / "sales" / f"year={year}" / "x.parquet")
    assert dict(db.import_from(tmp_path).iter_rows()) == {"one": 1, "two": 1, "sales": 2}
    assert db.sql("SELECT year, n FROM sales ORDER BY n").rows() == [(2023, 2023), (2024, 2024)]


def test_some_tables_under_other_names(db, tmp_path):
    """A list takes some, a mapping renames, without regard to case."""
    file = duckdb_file(tmp_path / "x.duckdb")
    assert db.import_from(file, tables=["EMPTY"]).rows() == [("empty", 0)]
    assert db.import_from(file, tables={"empty": "void", "other_t": "one"}).rows() == [("void", 0), ("one", 1)]


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        (["nope"], 'no table "nope" to import. Tables: empty, every'),
        ("every", "tables is a list of names, not 'every'"),
        ({"every": "x", "many": "X"}, "two tables cannot have one name"),
        ({"every": "full"}, "full holds 1 rows already"),
        ({"every": "view"}, "view is a view here"),
        ({"every": "entities"}, "entities is of the kind entity here"),
        ({"every": "edges"}, "edges is of the kind system here"),
        ({"many": "narrow"}, 'no column "s" in narrow'),
    ],
)
def test_what_does_not_fit_is_refused(db, tmp_path, tables, text):
    """And nothing is stored, of the other tables neither."""
    db.load("full", pl.DataFrame({"n": [1]}))
    db.sql("CREATE TABLE narrow (n BIGINT); CREATE VIEW view AS SELECT 1 AS n")
    before = db.tables()
    chosen = {"empty": "first", **tables} if isinstance(tables, dict) else tables
    with pytest.raises(rem.InputError, match=text):
        db.import_from(duckdb_file(tmp_path / "x.duckdb"), tables=chosen)
    assert_frame_equal(db.tables(), before)


def test_what_is_no_source_is_said(db, tmp_path):
    """Each with what would work."""
    (tmp_path / "text").write_text("hello")
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    (tmp_path / "bad.duckdb").write_bytes(b"12345678DUCK" + b"x" * 200)
    (tmp_path / "none").mkdir()
    for name, text in {
        "nowhere": "there is no file or folder",
        "text": "is no file of DuckDB or SQLite.*use load",
        "bad.db": "cannot be opened by SQLite",
        "bad.duckdb": "cannot be opened by DuckDB",
        "none": "holds no tables: no manifest.json",
    }.items():
        with pytest.raises(rem.InputError, match=text):
            db.import_from(tmp_path / name)
    with pytest.raises(rem.InputError, match="is a database of rem_arrow"):
        db.import_from(db.path)
    db.sql("BEGIN")
    with pytest.raises(rem.InputError, match="commits by itself"):
        db.import_from(tmp_path / "none")


def exported(db, tmp_path, change=None):
    """An export, and its manifest changed."""
    db.insert("entities", [{"id": "a", "name": "a"}, {"id": "b", "name": "b"}])
    db.sql("CREATE VIEW names AS SELECT name FROM entities")
    db.export(tmp_path / "out", tables=["entities", "names"])
    page = tmp_path / "out" / "manifest.json"
    if change is not None:
        data = json.loads(page.read_text())
        change(data)
        page.write_text(json.dumps(data))
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d.update(rem_arrow=2), "written by a newer version"),
        (lambda d: d.pop("tables"), "is not a manifest of rem_arrow, or is damaged"),
        (lambda d: d.update(format="xlsx"), "names the format 'xlsx'"),
        (lambda d: d["tables"][0].update(path="../x"), "lies outside of its folder"),
        (lambda d: d["tables"][0].update(rows=3), "holds 2 rows, and the manifest says 3"),
        (lambda d: d["tables"][0].update(path="missing.parquet"), "cannot be read"),
        (
            lambda d: d["tables"][0]["table"].update(kind="vectors", name="v"),
            "v is a vectors table, which an import does not make",
        ),
        (lambda d: d["tables"][0]["table"]["fields"][1].__setitem__(0, "nom"), "does not hold the columns"),
    ],
)
def test_a_manifest_that_is_wrong_is_said(db, tmp_path, change, text):
    """Nothing is stored."""
    folder = exported(db, tmp_path, change)
    with rem.connect() as other, pytest.raises(rem.InputError, match=text):
        other.import_from(folder, tables={"v": "v"} if text.startswith("v is") else None)


def test_rows_that_were_changed_are_checked(db, tmp_path):
    """A key that comes twice, an empty id, a NULL where none may be."""
    folder = exported(db, tmp_path)
    file = folder / "entities.parquet"
    rows = pl.read_parquet(file)
    for changed, text in (
        (rows.with_columns(id=pl.lit("a")), "the key 'a' of entities comes more than once"),
        (rows.with_columns(id=pl.Series(["", "b"])), "an id of entities is empty"),
        (rows.with_columns(created_at=pl.lit(None, dtype=pl.Datetime("us", "UTC"))), '"created_at" must not be NULL'),
    ):
        changed.write_parquet(file)
        with rem.connect() as other, pytest.raises(rem.InputError, match=text):
            other.import_from(folder)


def test_a_view_whose_name_is_taken_is_refused(db, tmp_path):
    """It can be given another name."""
    folder = exported(db, tmp_path)
    with rem.connect() as other:
        other.load("names", pl.DataFrame({"n": [1]}))
        with pytest.raises(rem.InputError, match="there is a table or view names already"):
            other.import_from(folder)
        other.import_from(folder, tables={"entities": "entities", "names": "all_names"})
        assert sorted(other.sql("SELECT name FROM all_names").rows()) == [("a",), ("b",)]


def test_an_entity_table_under_another_name(db, tmp_path):
    """It brings its keys and its own tables of vectors."""
    db.insert("resources", {"id": "r", "name": "r", "content": "hello"})
    db.export(tmp_path / "out", tables=["resources"])
    db.import_from(tmp_path / "out", tables={"resources": "copies"})
    assert db.search("copies", "hello", k=1)["id"].to_list() == ["r"]
    db.insert("copies", {"id": "s", "name": "s", "content": "world", "ordinal": 0, "tags": []})
    assert db.get("copies", "s")["content"] == "world" and db.get("resources", "s") is None


@pytest.mark.parametrize("rows", [2, pytest.param(25_000, marks=pytest.mark.long)])
def test_entities_that_come_in_bulk_take_the_edges_that_wait_for_them(db, tmp_path, rows):
    """By a load of few or many, and by an import, as by an insert."""
    given = pl.DataFrame({"id": [f"x{i}" for i in range(rows)], "name": "x"})
    db.add_edges(pl.DataFrame({"src": ["x0", "x1"], "dst": ["x1", "nobody"], "edge_type": ["to", "to"]}))
    db.load("entities", given)
    bound = [("entities", "x0", "entities", "x1"), ("entities", "x1", None, "nobody")]
    assert sorted(db.sql("SELECT src_table, src, dst_table, dst FROM edges").rows()) == bound
    db.export(tmp_path / "out", tables=["entities"])
    with rem.connect() as other:
        other.add_edges(pl.DataFrame({"src": ["x0", "x1"], "dst": ["x1", "nobody"], "edge_type": ["to", "to"]}))
        other.import_from(tmp_path / "out")
        assert sorted(other.sql("SELECT src_table, src, dst_table, dst FROM edges").rows()) == bound


def test_a_file_that_fails_while_it_is_read_is_said(db, tmp_path):
    """The table, and what its library says."""
    with duckdb_tables(duckdb_file(tmp_path / "x.duckdb")) as tables:
        opened = tables.openers["every"]
    with pytest.raises(rem.InputError, match="x.duckdb, table every cannot be read"):
        opened()
    with sqlite_tables(sqlite_file(tmp_path / "x.db")) as tables:
        opened, begun = tables["blobs"], tables["blobs"]()
    with pytest.raises(rem.InputError, match="x.db, table blobs cannot be read"):
        opened()
    with pytest.raises(rem.InputError, match="x.db, table blobs cannot be read"):
        list(begun.pieces)
    (tmp_path / "parts" / "sub").mkdir(parents=True)
    (tmp_path / "parts" / "sub" / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(rem.InputError, match="sub cannot be read"):
        db.import_from(tmp_path / "parts")


def test_a_damaged_lance_table_is_said(db, tmp_path):
    """A folder that is none."""
    pytest.importorskip("lancedb")
    (tmp_path / "x.lance").mkdir()
    with pytest.raises(rem.InputError, match="table x cannot be read by LanceDB"):
        db.import_from(tmp_path)


def test_batches_of_a_type_that_polars_has_not_are_refused(db):
    """Nanoseconds of an interval, and what fails on the way."""
    batch = pa.record_batch({"i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    with pytest.raises(rem.InputError, match='"i" .* cannot be read: an interval has nanoseconds'):
        db.load("t", pa.RecordBatchReader.from_batches(batch.schema, [batch]))

    def broken():
        yield pa.record_batch({"n": [1]})
        raise pa.ArrowInvalid("the line broke")

    with pytest.raises(rem.InputError, match="the line broke"):
        db.load("t", pa.RecordBatchReader.from_batches(pa.schema([("n", pa.int64())]), broken()))
