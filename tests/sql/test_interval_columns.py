"""Columns of intervals keep months, days and time apart, wherever they go, as in DuckDB."""

from __future__ import annotations

import datetime as dt
import re

import duckdb
import polars as pl
import pytest

import rem_arrow as rem

STEPS = """
CREATE TABLE b AS SELECT 1 AS id, INTERVAL 1 DAY AS iv
INSERT INTO b VALUES (2, INTERVAL 13 MONTH), (3, '25 hours'), (4, NULL), (5, '1.5 months'), (6, INTERVAL '30 days')
SELECT id, iv::VARCHAR FROM b ORDER BY iv, id
SELECT typeof(iv) FROM b LIMIT 1
UPDATE b SET iv = iv * 2 WHERE id = 2
UPDATE b SET iv = iv + INTERVAL '1 month' WHERE iv > INTERVAL '24 hours'
SELECT id, iv::VARCHAR, (-iv)::VARCHAR, (iv * 2.5)::VARCHAR, (iv / 3)::VARCHAR FROM b ORDER BY id
SELECT id, extract(month FROM iv), extract(day FROM iv), extract(hour FROM iv), epoch(iv) FROM b ORDER BY id
SELECT id FROM b WHERE iv = '1 day'
SELECT min(iv)::VARCHAR, max(iv)::VARCHAR, avg(iv)::VARCHAR, count(iv), median(iv)::VARCHAR FROM b
CREATE TABLE c (id INTEGER, iv INTERVAL DEFAULT INTERVAL '1 month')
INSERT INTO c (id) VALUES (1)
INSERT INTO c SELECT id, iv FROM b
INSERT INTO c VALUES (10, INTERVAL '30 days'), (11, INTERVAL '720 hours')
SELECT id, iv::VARCHAR FROM c ORDER BY id, iv
SELECT count(*) FROM c GROUP BY iv ORDER BY iv
SELECT count(*) FROM (SELECT DISTINCT iv FROM c)
SELECT count(DISTINCT iv) FROM c
SELECT b.id, c.id FROM b JOIN c ON b.iv = c.iv ORDER BY ALL
SELECT id FROM b WHERE iv IN (SELECT iv FROM c) ORDER BY 1
SELECT id FROM b WHERE iv NOT IN (INTERVAL '24 hours') ORDER BY 1
SELECT id FROM b WHERE iv BETWEEN INTERVAL '1 hour' AND INTERVAL '1 year' ORDER BY 1
SELECT count(*) FROM (SELECT INTERVAL '30 days' UNION SELECT INTERVAL '1 month')
SELECT count(*) FROM (SELECT INTERVAL '30 days' INTERSECT SELECT INTERVAL '1 month')
SELECT count(*) FROM (SELECT INTERVAL '30 days' EXCEPT SELECT INTERVAL '1 month')
SELECT id, rank() OVER (ORDER BY iv), count(*) OVER (PARTITION BY iv) FROM c ORDER BY ALL
SELECT (min(iv) OVER w)::VARCHAR, (max(iv) OVER w)::VARCHAR FROM b WINDOW w AS (ORDER BY id) ORDER BY id
SELECT (avg(iv) OVER (ORDER BY id ROWS 2 PRECEDING))::VARCHAR FROM b ORDER BY id
SELECT (lag(iv) OVER (ORDER BY id))::VARCHAR, (first_value(iv) OVER (ORDER BY iv DESC, id))::VARCHAR FROM b ORDER BY id
SELECT arg_max(id, iv), arg_min(id, iv), mode(iv)::VARCHAR FROM c
SELECT nullif(iv, INTERVAL '24 hours')::VARCHAR, coalesce(iv, INTERVAL '1 year')::VARCHAR FROM b ORDER BY id
SELECT DATE '2024-01-31' + iv, TIMESTAMP '2024-01-31 10:00:00' - iv, TIME '10:00:00' + iv FROM b ORDER BY id
SELECT count(*) OVER (ORDER BY iv RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND CURRENT ROW) FROM b ORDER BY ALL
CREATE TABLE d AS SELECT TIMESTAMP '2024-01-03 10:00' - TIMESTAMP '2024-01-01' AS iv
INSERT INTO d VALUES (INTERVAL '1 month')
SELECT iv::VARCHAR, (iv * 3)::VARCHAR FROM d ORDER BY iv
CREATE TABLE e (id INTEGER, ivs INTERVAL[])
INSERT INTO e VALUES (1, [INTERVAL '1 month', INTERVAL '25 hours']), (2, '[1 month 2 days]')
SELECT id, ivs::VARCHAR FROM e ORDER BY id
CREATE TABLE n (i INTEGER, l INTERVAL[], s STRUCT(a INTERVAL, b INTEGER), m MAP(VARCHAR, INTERVAL), ll INTERVAL[][])
INSERT INTO n (i, l, s) VALUES (1, [INTERVAL 1 MONTH, INTERVAL 30 DAY, NULL], {'a': INTERVAL '1 month -2 days', 'b': 1})
UPDATE n SET m = MAP {'x': INTERVAL 1 YEAR}, ll = [[INTERVAL 5 DAY]]
INSERT INTO n VALUES (2, [], {'a': NULL, 'b': 2}, MAP {}, NULL), (3, NULL, NULL, NULL, [[NULL]])
INSERT INTO n (i, l, s) VALUES (4, [INTERVAL 30 DAY], {'a': INTERVAL 28 DAY, 'b': 1})
UPDATE n SET m = MAP {'x': INTERVAL 360 DAY}, ll = [[INTERVAL 120 HOUR]] WHERE i = 4
SELECT i, l::VARCHAR, s::VARCHAR, m::VARCHAR, ll::VARCHAR FROM n ORDER BY i
SELECT l[1]::VARCHAR, s.a::VARCHAR, m['x']::VARCHAR FROM n ORDER BY i
SELECT l = [INTERVAL 1 MONTH], s = {'a': INTERVAL 28 DAY, 'b': 1}, ll < [[INTERVAL 121 HOUR]] FROM n ORDER BY i
SELECT list_contains(l, INTERVAL 720 HOUR), list_position(l, INTERVAL 720 HOUR) FROM n ORDER BY i
SELECT x.i, y.i FROM n x JOIN n y ON x.ll = y.ll ORDER BY ALL
SELECT x.i, y.i FROM n x JOIN n y ON x.s = y.s ORDER BY ALL
SELECT x.i, y.i FROM n x JOIN n y ON x.m = y.m ORDER BY ALL
SELECT x.i, y.i FROM n x, n y WHERE x.l[1:1] IS NOT DISTINCT FROM y.l[1:1] ORDER BY ALL
SELECT count(*), min(i) FROM n GROUP BY ll ORDER BY ALL
SELECT count(*), min(i) FROM n GROUP BY s ORDER BY ALL
SELECT count(DISTINCT ll), count(DISTINCT s), count(DISTINCT l[1:1]) FROM n
SELECT count(*) FROM (SELECT DISTINCT l[1:1] FROM n)
SELECT count(*) FROM (SELECT ll FROM n INTERSECT SELECT [[INTERVAL 5 DAY]])
SELECT i, rank() OVER (ORDER BY l[1:1]), count(*) OVER (PARTITION BY ll) FROM n ORDER BY i
SELECT i FROM n WHERE ll IN ([[INTERVAL 120 HOUR]]) OR s IN (SELECT s FROM n WHERE i = 1) ORDER BY i
SELECT i FROM n ORDER BY s, l, i
SELECT CASE ll WHEN [[INTERVAL 120 HOUR]] THEN 1 END, nullif(ll, [[INTERVAL 120 HOUR]]) IS NULL FROM n ORDER BY i
SELECT '24:00:00'::INTERVAL::VARCHAR, (INTERVAL (2.7) DAY)::VARCHAR, (INTERVAL (1.5) SECOND)::VARCHAR
SELECT (INTERVAL '1 year 2 days 3 hours' * 2.7)::VARCHAR, (INTERVAL '-1 month' / 2.5)::VARCHAR, to_days(2)::VARCHAR
SELECT date_trunc('hour', INTERVAL '3 days 25 hours 30 minutes')::VARCHAR
SELECT normalized_interval(INTERVAL '400 days 50 hours')::VARCHAR
""".strip().splitlines()

TOO_LONG = (
    "SELECT INTERVAL '1 day' * 3000000000",
    "SELECT INTERVAL '2147483647 days' + INTERVAL '1 day'",
    "SELECT -INTERVAL '-2147483648 days'",
    "SELECT INTERVAL '1 hour' * 9223372036854775807",
    "SELECT INTERVAL '1 month' / 0",
    "SELECT INTERVAL '1' YEAR TO MONTH",
    "SELECT INTERVAL '1 day' DAY",
    "SELECT INTERVAL (3)",
    "SELECT INTERVAL '1 day' + 1",
    "SELECT sum(iv) FROM (SELECT INTERVAL '1 day' AS iv)",
)


@pytest.mark.parametrize("compact", [pytest.param(False, marks=pytest.mark.long), True], ids=["tail", "sealed"])
def test_a_script_of_intervals_agrees_with_duckdb(compact):
    """Stored, changed, compared, sorted, grouped, joined, aggregated, multiplied and added to dates."""
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        for text in STEPS:
            expected = oracle.execute(text).fetchall()
            actual = db.sql(text)
            if compact and not text.startswith("SELECT"):
                db.compact()
            if text.startswith("SELECT"):
                assert actual.rows() == expected, text


def test_what_duckdb_refuses_is_refused():
    """Overflow, division by zero, spans, and what is no interval."""
    with rem.connect() as db:
        for text in TOO_LONG:
            with pytest.raises(duckdb.Error):
                duckdb.sql(text).fetchall()
            with pytest.raises(rem.RemError):
                pytest.fail(f"{text} gives {db.sql(text)}")


def test_the_first_of_equal_intervals_stands_for_its_group():
    """30 days are a month, and stay 30 days where they came first."""
    with rem.connect() as db:
        rows = db.sql(
            "SELECT i::VARCHAR AS i, count(*) AS n FROM (VALUES (INTERVAL '30 days'), (INTERVAL '1 month'), "
            "(INTERVAL '720 hours'), (INTERVAL '1 day')) t(i) GROUP BY t.i ORDER BY t.i"
        ).rows()
    assert rows == [("1 day", 1), ("30 days", 3)]


def test_the_largest_interval_is_the_longest():
    """DuckDB 2.0 compares months, then days, then time."""
    with rem.connect() as db:
        text = (
            "SELECT list_transform(max(i, 2), x -> x::VARCHAR) "
            "FROM (VALUES (INTERVAL '31 days'), (INTERVAL '1 month')) t(i)"
        )
        assert db.sql(text).row(0) == (["31 days", "1 month"],)


def test_a_duration_takes_no_months():
    """A column that a frame of Polars made holds microseconds; months in it are an error."""
    with rem.connect() as db:
        db.load("t", pl.DataFrame({"i": [dt.timedelta(days=2)]}))
        db.sql("INSERT INTO t VALUES (INTERVAL '36 hours')")
        with pytest.raises(rem.InputError, match=re.escape('does not fit the column "i" of t')):
            db.sql("INSERT INTO t VALUES (INTERVAL '1 month')")
        assert db.sql("SELECT i FROM t ORDER BY i").to_series().to_list() == [dt.timedelta(hours=36), dt.timedelta(2)]


def test_intervals_leave_and_enter_as_arrows(tmp_path):
    """Arrow's month_day_nano, and so INTERVAL in DuckDB; a DuckDB file is imported with its months."""
    with rem.connect() as db:
        db.sql("CREATE TABLE t (id INTEGER, i INTERVAL)")
        db.sql("INSERT INTO t VALUES (1, '1 year 2 days 03:00:00.5'), (2, NULL), (3, '-1 month 25 hours')")
        arrows = db.table("t").to_arrow()
        assert str(arrows.schema.field("i").type) == "month_day_nano_interval"
        shown = "SELECT id, i::VARCHAR AS i FROM {} ORDER BY id"
        expected = [(1, "1 year 2 days 03:00:00.5"), (2, None), (3, "-1 month 25:00:00")]
        assert duckdb.sql(shown.format("arrows")).fetchall() == expected
        with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
            con.execute("CREATE TABLE u AS FROM arrows")
        db.import_from(tmp_path / "x.duckdb")
        assert db.sql(shown.format("u")).rows() == expected
        db.load("v", arrows.slice(1))
        assert db.sql(shown.format("v")).rows() == expected[1:]
        db.export(tmp_path / "out", format="csv")
        with rem.connect() as other:
            other.import_from(tmp_path / "out")
            assert other.sql(shown.format("t")).rows() == expected
