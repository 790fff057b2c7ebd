"""DuckDB over live tables: its conditions and columns reach our scans, and it sees the newest commit."""

from __future__ import annotations

import datetime as dt
import re
import sys
import types

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.face import interchange
from tests.effort import examples
from tests.interop.tables import every_type


@pytest.fixture
def db():
    with rem.connect() as database:
        yield database


def spied(monkeypatch):
    """Record what the scans of tables are asked for."""
    seen = []

    class Spy(interchange.StoredTable):
        def read(self, columns, ranges, predicate, limit, *, executor=None):
            seen.append((self.table.name, columns, ranges))
            return super().read(columns, ranges, predicate, limit, executor=executor)

    monkeypatch.setattr(interchange, "StoredTable", Spy)
    return seen


def test_every_table_and_view_is_a_live_view(db):
    """Rows are those of the moment of the query; views of ours are views there."""
    db.load("t", pl.DataFrame({"n": [1, 2]}))
    db.sql('CREATE VIEW "the big ones" AS SELECT n, n * 2 AS twice FROM t WHERE n > 1')
    con = db.duckdb()
    assert con.sql("SELECT count(*) FROM t").fetchall() == [(2,)]
    db.load("t", pl.DataFrame({"n": [3]}))
    db.insert("entities", {"id": "a", "name": "Ada"})
    assert con.sql("SELECT sum(n) FROM t").fetchall() == [(6,)]
    assert sorted(con.sql('SELECT n FROM "the big ones" WHERE twice < 100').fetchall()) == [(2,), (3,)]
    assert con.sql('SELECT count(*) FROM "the big ones"').fetchall() == [(2,)]
    assert con.sql("SELECT e.name FROM entities e JOIN t ON t.n = length(e.id)").fetchall() == [("Ada",)]
    db.delete("entities", "a")
    assert con.sql("SELECT count(*) FROM entities").fetchall() == [(0,)]


def test_columns_and_conditions_are_pushed_down(db, monkeypatch):
    """The plan names them, and our scan gets them as ranges."""
    db.load("t", pl.DataFrame({"n": range(10), "m": range(10), "day": [dt.date(2024, 1, 1 + i) for i in range(10)]}))
    con = db.duckdb()
    seen = spied(monkeypatch)
    text = "SELECT sum(n) FROM t WHERE day >= DATE '2024-01-05' AND n < 7"
    plan = con.sql(f"EXPLAIN {text}").fetchall()[0][1]
    assert "\"day\" >= DATE '2024-01-05'" in plan and re.search(r"Projections: n\b(?!,)", plan), plan
    assert con.sql(text).fetchall() == [(4 + 5 + 6,)]
    ((name, columns, ranges),) = seen
    assert name == "t" and set(columns) == {"n", "day"}
    assert {(r.column, r.low, r.high) for r in ranges} == {("day", dt.date(2024, 1, 5), None), ("n", None, 7)}


def test_segments_are_skipped(db):
    """A condition on ascending numbers reads one segment, of which the cache tells."""
    db.load("t", pl.DataFrame({"n": range(500_000)}))
    assert db.duckdb().sql("SELECT count(*) FROM t WHERE n >= 499_990").fetchall() == [(10,)]
    assert db.stats()["cache_bytes"] < 200_000 * 8


def test_an_id_is_found_by_the_index(db):
    """A key that is asked for reads its row, not the table."""
    db.insert("entities", [{"id": f"e{i}", "name": f"name {i}"} for i in range(1000)])
    db.compact()
    assert db.duckdb().sql("SELECT name FROM entities WHERE id = 'e77'").fetchall() == [("name 77",)]
    assert db.stats()["cache_bytes"] < 50_000
    assert db.scan("entities").filter(pl.col("id") == "e77").select("name").collect().item() == "name 77"


def test_every_type_arrives(db):
    """What DuckDB has, it shows as it is; what it has not, in the nearest type."""
    rows = every_type("kind", "enum", "span", "nothing")
    db.load("t", rows)
    found = db.duckdb().sql("FROM t").pl()
    expected = rows.with_columns(pl.col("i128").cast(pl.Decimal(38, 0)), pl.col("zoned").dt.convert_time_zone("UTC"))
    shown = found.with_columns(pl.col("zoned").dt.convert_time_zone("UTC"))
    assert_frame_equal(shown, expected)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("i128 > 0", 1),
        ("money >= 9999999999999.99", 1),
        ("zoned = TIMESTAMPTZ '2024-02-29 23:59:59.123456+01'", 2),
        ("stamp_ms > TIMESTAMP '2024-01-01'", 2),
        ("text = ''", 1),
        ("f64 > 0", 1),
    ],
)
def test_conditions_mean_what_duckdb_means(db, condition, rows):
    """Pushed down or not, the same rows pass as in a table of DuckDB's own."""
    db.load("t", every_type("nothing"))
    assert db.duckdb().sql(f"SELECT count(*) FROM t WHERE {condition}").fetchall() == [(rows,)]


@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=8),
    st.sampled_from(["n > 0", "n <> 1", "n IS NULL", "n IN (1, 2)", "NOT n IN (1, 2)", "n BETWEEN -1 AND 1 OR n = 3"]),
)
@settings(max_examples=examples(15))
def test_random_conditions_agree_with_duckdb(values, condition):
    """Three-valued logic survives the way."""
    frame = pl.DataFrame({"n": values}, schema={"n": pl.Int64})
    with rem.connect(background=False) as db:
        db.load("t", frame)
        text = f"SELECT n FROM t WHERE {condition} ORDER BY n"
        oracle = duckdb.connect()
        oracle.register("t", frame.to_arrow())
        assert db.duckdb().sql(text).fetchall() == oracle.sql(text).fetchall()


def test_top_rows_and_samples_of_a_scan(db):
    """Polars keeps limits and sorts to itself, or hands a limit down."""
    db.load("t", pl.DataFrame({"n": range(200_000)}))
    assert db.scan("t").filter(pl.col("n") > 150_000).head(2).collect()["n"].to_list() == [150_001, 150_002]
    assert db.scan("t").head(0).collect().height == 0
    assert db.duckdb().sql("SELECT n FROM t ORDER BY n DESC LIMIT 2").fetchall() == [(199_999,), (199_998,)]
    con = duckdb.connect()
    con.register("s", db.scan("t"))
    assert con.sql("SELECT count(*) FROM s WHERE n < 10").fetchall() == [(10,)]


def test_nanoseconds_compare_as_they_are(db):
    """A column in nanoseconds that is compared in microseconds loses no row to a zone map."""
    db.load("t", pl.DataFrame({"at": pl.Series([1_500, 2_500], dtype=pl.Int64).cast(pl.Datetime("ns"))}))
    db.compact()
    wanted = pl.lit(dt.datetime(1970, 1, 1, microsecond=1))
    assert db.scan("t").filter(pl.col("at").dt.cast_time_unit("us") <= wanted).collect().height == 1
    assert db.scan("t").filter(pl.col("at").dt.cast_time_unit("us") == wanted).collect().height == 1


def test_a_closed_database_is_said(db):
    """The views end with the database."""
    db.load("t", pl.DataFrame({"n": [1]}))
    con = db.duckdb()
    db.close()
    with pytest.raises(duckdb.Error, match="is closed"):
        con.sql("SELECT sum(n) FROM t").fetchall()


def test_without_duckdb_the_error_says_so(db, monkeypatch):
    """DuckDB is an extra, of version 2."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(rem.UnsupportedError, match=r"pip install 'rem_arrow\[duckdb\]'"):
        db.duckdb()
    monkeypatch.setitem(sys.modules, "duckdb", types.SimpleNamespace(__version__="1.4.0"))
    with pytest.raises(rem.UnsupportedError, match="DuckDB 2 or later, .* and 1.4.0 is installed"):
        db.duckdb()


def test_ibis_works_over_the_connection(db):
    """One line; Ibis 12 reads tables of DuckDB 2 by name, and lists none."""
    ibis = pytest.importorskip("ibis")
    db.load("t", pl.DataFrame({"n": [1, 2], "s": ["a", "a"]}))
    t = ibis.duckdb.from_connection(db.duckdb()).table("t")
    assert t.group_by("s").agg(n=t.n.sum()).to_pyarrow().to_pylist() == [{"s": "a", "n": 3}]


def test_datafusion_takes_a_relation(db):
    """One line: the rows of that moment become a table of DataFusion."""
    datafusion = pytest.importorskip("datafusion")
    db.load("t", pl.DataFrame({"n": [1, 2], "s": ["a", "ü"]}))
    context = datafusion.SessionContext()
    context.from_arrow(db.table("t"), name="t")
    assert context.sql("SELECT sum(n) AS n, max(s) AS s FROM t").to_pylist() == [{"n": 3, "s": "ü"}]
