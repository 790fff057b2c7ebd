"""Macros, beyond what scripts/macros.sql compares: what an argument means within, reopening, and errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rem_arrow as rem


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.sql("CREATE TABLE t AS SELECT 1 AS a, 2 AS b UNION ALL SELECT 5, 6")
        yield database


def test_a_column_of_the_argument_keeps_its_meaning(db):
    """A column of a query within the macro that has its name does not get in between."""
    db.sql("CREATE MACRO at(x) AS (SELECT max(b) FROM t WHERE a = x)")
    assert db.sql("SELECT a, at(a) FROM (VALUES (5), (3)) v(a) ORDER BY 1").rows() == [(3, None), (5, 6)]
    assert db.sql("SELECT at(a + 4) FROM (VALUES (1)) v(a)").item() == 6
    db.sql("CREATE MACRO rows_at(x) AS TABLE SELECT * FROM t WHERE a = x")
    rows = db.sql("SELECT v.a, r.b FROM (VALUES (5), (3)) v(a), LATERAL rows_at(v.a) r").rows()
    assert rows == [(5, 6)]


def test_macros_survive_reopening_and_a_temporary_one_does_not(tmp_path):
    """They are entries of the catalog; a plan that was kept does not outlive a change."""
    with rem.connect(tmp_path / "m", background=False) as db:
        db.sql("CREATE SCHEMA s; CREATE MACRO s.twice(x, n := 2) AS x * n, (x, y, z) AS x + y + z")
        db.sql("CREATE MACRO upto(n) AS TABLE FROM range(n); CREATE TEMP MACRO own() AS 1")
        assert db.sql("SELECT own()").item() == 1
    with rem.connect(tmp_path / "m", background=False) as db:
        assert db.sql("SELECT s.twice(4), s.twice(1, 2, 3), (SELECT count(*) FROM upto(7))").rows() == [(8, 6, 7)]
        with pytest.raises(rem.BindError, match="no function own"):
            db.sql("SELECT own()")
        db.sql("CREATE OR REPLACE MACRO s.twice(x) AS 'new'")
        assert db.sql("SELECT s.twice(4)").item() == "new"
    with rem.connect(tmp_path / "m", read_only=True) as db:
        db.sql("CREATE TEMP MACRO own(x) AS x")
        assert db.sql("SELECT own(s.twice(1))").item() == "new"


def test_macros_that_call_each_other_are_refused_where_they_run(db):
    """The one that closes the circle is made while the other exists."""
    db.sql("CREATE MACRO f(x) AS x; CREATE MACRO g(x) AS f(x); CREATE OR REPLACE MACRO f(x) AS x + 1")
    assert db.sql("SELECT g(1)").item() == 2
    with pytest.raises(rem.BindError, match="calls itself: f -> g -> f"):
        db.sql("CREATE OR REPLACE MACRO f(x) AS g(x)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE MACRO m(a) AS (SELECT max(a) FROM t)", "the parameter a has the name of a column"),
        ("CREATE MACRO m(x, x) AS x", "the parameter x of m is named twice"),
        ("CREATE MACRO m(x := 1, y) AS x", "a parameter of m without a default"),
        ("CREATE MACRO m(x, y := x) AS x", "the default of y names a column"),
        ("CREATE MACRO m(x) AS nosuch(x)", "the macro m: no function nosuch"),
        ("CREATE MACRO m(x) AS y", 'the macro m: no column "y"'),
        ("CREATE MACRO m(x) AS TABLE FROM nosuch", 'the macro m: no table "nosuch"'),
        ("CREATE MACRO m(x) AS m(x - 1)", "the macro m: no function m"),
        ("CREATE MACRO m(x) AS x FROM t", "one expression is expected"),
        ("CREATE MACRO m(x) AS 1, (y) AS TABLE SELECT 2", "are all expressions, or all queries"),
        ("CREATE MACRO m(x) AS", "what the macro stands for is expected"),
        ("CREATE MACRO m(x AS 1", "a parenthesis is missing"),
        ("CREATE MACRO m AS 1", r"\( is expected"),
        ("CREATE OR REPLACE MACRO IF NOT EXISTS m() AS 1", "exclude each other"),
        ("DROP MACRO m n", "the end is expected"),
        ("DROP MACRO m", "no macro m"),
        ("CREATE MACRO m(x) AS x; SELECT m()", r"no overload takes these arguments"),
        ("SELECT m(1) OVER () FROM t", "stands for one aggregate"),
    ],
)
def test_what_cannot_be_a_macro_is_refused(db, text, message):
    """The error says what is wrong with it."""
    if "OVER" in text:
        db.sql("CREATE MACRO m(x) AS x + 1")
    with pytest.raises(rem.RemError, match=message):
        db.sql(text)
