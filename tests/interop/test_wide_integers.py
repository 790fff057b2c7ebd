"""Integers of 128 bits at every door: Int64 or DECIMAL(38,0), never a wrong number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import rem_arrow as rem

NINES = 10**38 - 1
WIDE = pa.decimal128(38, 0)
SMALL = "SELECT 5::HUGEINT AS h, 7::UHUGEINT AS u, [1::HUGEINT] AS l, {'a': 2::UHUGEINT} AS s, sum(1) AS t"
BEYOND = f"SELECT {NINES + 1}::HUGEINT AS h"


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.sql(f"CREATE TABLE small AS {SMALL}")
        db.sql(f"CREATE TABLE wide AS FROM (VALUES ({NINES}::HUGEINT), (-{NINES}), (NULL)) v(h)")
        db.sql(f"CREATE TABLE beyond AS {BEYOND}")
        db.sql("CREATE VIEW seen AS SELECT sum(h) AS total FROM small")
        yield db


def test_a_frame_has_int64_where_all_fit_else_decimals(db):
    """By the values of each column, inside lists and structs too; no values are Int64."""
    whole = pl.Int64()
    schema = {"h": whole, "u": whole, "l": pl.List(whole), "s": pl.Struct({"a": whole}), "t": whole}
    assert dict(db.sql(SMALL).schema) == dict(db.sql("FROM small").schema) == schema
    assert dict(db.sql("FROM small WHERE h > 9").schema) == schema
    wide = db.sql("FROM wide ORDER BY h")
    assert wide.schema == {"h": pl.Decimal(38, 0)}
    assert wide["h"].to_list() == [Decimal(-NINES), Decimal(NINES), None]
    edges = f"SELECT {1 << 63}::HUGEINT AS a, {(1 << 63) - 1}::HUGEINT AS b, [{-(1 << 63) - 1}::HUGEINT] AS c"
    assert dict(db.sql(edges).schema) == {"a": pl.Decimal(38, 0), "b": whole, "c": pl.List(pl.Decimal(38, 0))}


def test_inside_a_statement_nothing_changes(db):
    """typeof is what it was, and so is what is stored."""
    assert db.sql("SELECT typeof(h), typeof(u), typeof(sum(h)) FROM small GROUP BY h, u").row(0) == (
        "HUGEINT",
        "UHUGEINT",
        "HUGEINT",
    )
    db.sql("CREATE OR REPLACE TABLE copied AS SELECT sum(h) AS t FROM small")
    assert db.sql("SELECT typeof(t) FROM copied").item() == "HUGEINT"
    assert db.sql("INSERT INTO copied VALUES (7) RETURNING typeof(t), t").row(0) == ("HUGEINT", 7)
    assert db.sql("DELETE FROM copied WHERE t = 7 RETURNING typeof(t), t").row(0) == ("HUGEINT", 7)


def test_numbers_of_39_digits_stay_what_they_are_in_a_frame(db):
    """Polars holds them; so a query gives them."""
    most, least = (1 << 127) - 1, -(1 << 127) + 1
    assert db.sql(f"SELECT {most}::HUGEINT AS a, {least}::HUGEINT AS b").row(0) == (most, least)
    assert db.sql("SELECT h::VARCHAR FROM beyond").item() == str(NINES + 1)


SCHEMAS: dict[str, Callable[[rem.Database, str], pa.DataType]] = {
    "lazy": lambda db, name: db.lazy(f"FROM {name}").collect().to_arrow().schema.field(0).type,
    "scan": lambda db, name: db.scan(name).collect().to_arrow().schema.field(0).type,
    "reader": lambda db, name: db.reader(name).read_all().schema.field(0).type,
    "to_arrow": lambda db, name: db.to_arrow(name).schema.field(0).type,
    "table": lambda db, name: pa.table(db.table(f"SELECT h FROM {name}")).schema.field(0).type,
}


@pytest.mark.parametrize("door", SCHEMAS)
def test_what_has_a_schema_before_its_rows_is_decimal(db, door):
    """Lazy frames and streams have DECIMAL(38,0) whatever the values; of 39 digits they say what to do."""
    for name in ("small", "wide"):
        assert SCHEMAS[door](db, name) == WIDE
    with pytest.raises(
        (rem.RemError, pl.exceptions.PolarsError, pa.ArrowException), match="cast it to VARCHAR, or to DOUBLE"
    ):
        SCHEMAS[door](db, "beyond")


def test_a_lazy_frame_knows_its_schema(db):
    """Before it is collected; a filter on the column compares decimals."""
    frame = db.scan("wide")
    assert frame.collect_schema() == db.lazy("FROM wide").collect_schema() == {"h": pl.Decimal(38, 0)}
    for door in (frame, db.lazy("FROM wide")):
        assert door.filter(pl.col("h") > 0).collect()["h"].to_list() == [Decimal(NINES)]


@pytest.mark.parametrize("format_", ["parquet", "arrow", "csv", "json"])
def test_files_hold_decimals_or_digits(db, format_, tmp_path):
    """What COPY writes is read by others: Parquet and Arrow as DECIMAL(38,0), CSV and JSON as digits."""
    for query in ("SELECT h, u, t FROM small", "SELECT h FROM wide"):
        path = tmp_path / f"rows.{format_}"
        db.sql(f"COPY ({query}) TO '{path}' (FORMAT {format_})")
        expected = db.sql(query).rows()
        if format_ in ("parquet", "arrow"):
            table = pq.read_table(path) if format_ == "parquet" else pa.ipc.open_file(path).read_all()
            assert set(table.schema.types) == {WIDE}
            assert [tuple(r.values()) for r in table.to_pylist()] == expected
        if format_ == "csv":
            assert [
                tuple(int(c) if c else None for c in line.split(",")) for line in path.read_text().splitlines()[1:]
            ] == expected
        if format_ == "json":
            assert [tuple(json.loads(line).values()) for line in path.read_text().splitlines()] == expected
        if format_ == "parquet":
            assert duckdb.sql(f"FROM '{path}'").fetchall() == expected
    if format_ in ("parquet", "arrow"):
        with pytest.raises(rem.RemError, match="38 digits that other tools take"):
            db.sql(f"COPY beyond TO '{tmp_path / 'beyond'}' (FORMAT {format_})")
    else:
        db.sql(f"COPY beyond TO '{tmp_path / 'beyond'}' (FORMAT {format_})")
        assert str(NINES + 1) in (tmp_path / "beyond").read_text()


def test_tools_over_a_frame(db):
    """pandas, numpy, pyarrow and DuckDB take the result of a query."""
    frame = db.sql("SELECT h, u, t FROM small")
    assert frame.to_pandas().dtypes.astype(str).unique().tolist() == ["int64"]
    assert frame.to_numpy().tolist() == [[5, 7, 1]]
    assert frame.to_arrow().schema.types == [pa.int64()] * 3
    assert duckdb.sql("SELECT h + u FROM frame").fetchall() == [(12,)]
    wide = db.sql("FROM wide WHERE h > 0")
    assert wide.to_pandas()["h"].tolist() == wide.to_arrow()["h"].to_pylist() == [Decimal(NINES)]
    assert duckdb.sql("FROM wide").fetchall() == [(Decimal(NINES),)]
    assert db.table("small").to_pandas()["h"].tolist() == [5]
    assert db.table("small").to_polars().schema["h"] == db.table("FROM small").to_polars().schema["h"] == pl.Int64()


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_matplotlib_draws_a_sum(db):
    """A SUM is a number to draw."""
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.bar(["a"], db.sql("SELECT sum(h) AS t FROM small")["t"])
    assert axes.patches[0].get_height() == 5


def test_duckdb_reads_tables_and_views(db):
    """db.duckdb() has DECIMAL(38,0), and filters on it."""
    con = db.duckdb()
    assert con.sql("SELECT h, total FROM small, seen WHERE h = 5 AND total = 5").fetchall() == [(5, 5)]
    assert con.sql("SELECT count(*) FROM wide WHERE h > 0").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error, match="38 digits that other tools take"):
        con.sql("FROM beyond").fetchall()


EXPORTS = ["parquet", "ipc", *(["delta"] if find_spec("deltalake") else [])]


@pytest.mark.parametrize("format_", EXPORTS)
def test_exports_hold_decimals_and_come_back(db, format_, tmp_path):
    """An export is read by others, and an import of it has the types of the table."""
    target = tmp_path / "out"
    db.export(target, format=format_, tables=["small", "wide"])
    with rem.connect() as other:
        other.import_from(target)
        assert other.sql("SELECT typeof(h) FROM small").item() == "HUGEINT"
        assert other.sql("FROM small").equals(db.sql("FROM small"))
        assert other.sql("FROM wide ORDER BY h").equals(db.sql("FROM wide ORDER BY h"))
    with pytest.raises(rem.RemError, match="38 digits that other tools take"):
        db.export(tmp_path / "beyond", format=format_, tables=["beyond"])


DUCKDB = (
    f"SELECT {(1 << 128) - 1}::UHUGEINT AS u, {(1 << 127) - 1}::HUGEINT AS h, [{1 << 127}::UHUGEINT] AS l, "
    f"{{'a': -{NINES + 1}::HUGEINT, 'HUGEINT': 'x'}} AS s, 1.5::DECIMAL(38,1) AS d, sum(3) AS t, "
    f"union_value(x := {1 << 127}::UHUGEINT) AS v"
)
READ = ((1 << 128) - 1, (1 << 127) - 1, [1 << 127], {"a": -NINES - 1, "HUGEINT": "x"}, Decimal("1.5"), 3, str(1 << 127))


def test_a_file_of_duckdb_keeps_its_numbers_or_says_why_not(tmp_path):
    """Up to 38 digits they are exact; beyond, the error names the columns and what to do."""
    con = duckdb.connect(tmp_path / "d.duckdb")
    con.sql(f"CREATE TABLE t AS SELECT {NINES}::HUGEINT AS h, [{NINES}::UHUGEINT] AS l")
    con.close()
    with rem.connect() as db:
        db.import_from(tmp_path / "d.duckdb")
        assert db.sql("FROM t").row(0) == (NINES, [NINES])
    con = duckdb.connect(tmp_path / "beyond.duckdb")
    con.sql(f"CREATE TABLE t AS {DUCKDB}")
    con.close()
    with rem.connect() as db, pytest.raises(rem.InputError, match='"u".*"h".*VARCHAR'):
        db.import_from(tmp_path / "beyond.duckdb")


def test_a_relation_of_duckdb_keeps_its_numbers(db):
    """As a frame of a query, and where it is loaded."""
    relation = duckdb.sql(DUCKDB)
    assert db.sql("FROM r", frames={"r": relation}).row(0) == READ
    db.load("loaded", relation)
    assert db.sql("FROM loaded").row(0) == READ


RESULTS = (
    "avg(1::FLOAT), avg(1.5::DECIMAL(5,1)), sum(1.5::DECIMAL(5,1)), sum(1::FLOAT), count(*), count_if(true), median(1)",
    "product(2), stddev(1), min('a'), max(DATE '2020-01-01'), bool_and(true), list(1::HUGEINT), histogram(1::HUGEINT)",
    "factorial(20), 1::UHUGEINT + 1, 5 % 3::HUGEINT, abs(-1::HUGEINT), [1::HUGEINT, NULL], {'a': [1::UHUGEINT]}",
    "sum(1) / 2, avg(1::HUGEINT), mode(1::HUGEINT), bit_and(1::HUGEINT), quantile_disc(1::HUGEINT, 0.5)",
    "INTERVAL 1 MONTH, TIME '10:00', now(), 'x'::BLOB, NULL, 1::UTINYINT, uuid(), map {1: 2::HUGEINT}",
)


@pytest.mark.parametrize("items", RESULTS)
def test_every_type_that_a_query_gives_passes_every_door(db, items, tmp_path: Path):
    """pandas, numpy, pyarrow and Parquet take what aggregates and functions give."""
    text = f"SELECT {items} FROM range(3)"
    frame = db.sql(text)
    assert len(frame.to_pandas()) == frame.to_arrow().num_rows == frame.height
    assert all(len(column.to_numpy()) == frame.height for column in frame)
    assert pa.table(frame).num_rows == pa.table(db.table(text)).num_rows == frame.height
    assert db.lazy(text).collect().height == frame.height
    path = tmp_path / "rows.parquet"
    db.sql(f"COPY ({text}) TO '{path}'")
    assert pq.read_table(path).num_rows == frame.height
