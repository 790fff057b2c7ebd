"""Schemas, beyond what scripts/schemas.sql compares: names that stay apart, reopening, and errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rem_arrow as rem


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.sql("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a; CREATE VIEW s.v AS FROM t")
        yield database


def test_columns_of_views_are_named_with_their_schema(db):
    """`s.v.a` is a column of the view s.v, also beside a view of the same name, and no column that can be searched."""
    db.sql("CREATE SCHEMA z; CREATE VIEW z.v AS SELECT 2 AS a; CREATE VIEW s.r AS SELECT rowid, 'x' AS b FROM s.t")
    assert db.sql("SELECT s.v.a, z.v.a FROM s.v, z.v").rows() == [(1, 2)]
    with pytest.raises(rem.BindError, match="no table"):
        db.sql("SELECT z.v.a FROM s.v")
    with pytest.raises(rem.BindError, match="bm25 ranks a column of a table"):
        db.sql("SELECT b.bm25('x') FROM s.r")


def test_schemas_survive_reopening(tmp_path):
    """Schemas, what is in them and views over that are there again; the schema in use is not."""
    with rem.connect(tmp_path / "shop", background=False) as db:
        db.sql("CREATE SCHEMA s; CREATE SCHEMA empty; USE s; CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW v AS FROM t")
    with rem.connect(tmp_path / "shop", background=False) as db:
        assert db.sql("SELECT current_schema(), current_database()").rows() == [("main", "shop")]
        assert db.sql("SELECT * FROM shop.s.v").rows() == [(1,)]
        with pytest.raises(rem.BindError, match="exists already"):
            db.sql("CREATE SCHEMA EMPTY")
    with rem.connect(tmp_path / "shop", read_only=True) as db:
        db.sql("USE s")
        assert db.sql("FROM t").rows() == [(1,)]


def test_the_full_name_is_the_name_in_python(db):
    """Verbs take the full name, and load makes a table in a schema that exists."""
    db.load("s.loaded", [{"x": 5}])
    assert db.sql("SELECT s.loaded.x FROM s.loaded").rows() == [(5,)]
    assert {"s.t", "s.v", "s.loaded"} <= set(db.tables()["name"])
    db.sql("USE s; CREATE TABLE entities (z INTEGER)")
    db.insert("entities", {"id": "ada", "name": "Ada"})
    assert db.lookup_entity("Ada")["id"].to_list() == ["ada"]
    assert db.sql("FROM entities").columns == ["z"]


def test_the_plan_of_a_text_is_that_of_the_schema_in_use(db):
    """USE changes what a text means that was planned before."""
    db.sql("CREATE TABLE t AS SELECT 2 AS a")
    assert db.sql("SELECT a FROM t").item() == 2
    db.sql("USE s")
    assert db.sql("SELECT a FROM t").item() == 1
    db.sql("SET search_path = ''")
    assert db.sql("SELECT a FROM t").item() == 2


def test_a_view_reads_the_schema_in_which_it_is(db):
    """A table of another schema in use does not get in between."""
    db.sql("CREATE SCHEMA r; CREATE TABLE r.t AS SELECT 3 AS a; USE r")
    assert db.sql("FROM s.v").rows() == [(1,)]
    db.sql("CREATE VIEW main.w AS FROM s.t")
    assert db.sql("FROM w").rows() == [(1,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE SCHEMA s", "the schema s exists already"),
        ("CREATE SCHEMA temp", "is no user's"),
        ('CREATE SCHEMA "a.b"', "holds no dot"),
        ("CREATE SCHEMA other.s", 'no database "other"; a connection has one, "memory"'),
        ("DROP SCHEMA nosuch", 'no schema "nosuch"'),
        ("DROP SCHEMA main", "cannot be dropped"),
        ("DROP SCHEMA s", r"not empty: it holds s.t, s.v; DROP SCHEMA s CASCADE"),
        ("USE nosuch", 'no schema "nosuch"'),
        ("USE temp", "comes first in any case"),
        ("SELECT * FROM nosuch.t", 'no schema "nosuch"'),
        ("SELECT * FROM s.nosuch", 'no table "s.nosuch"'),
        ("SELECT s.u.a FROM s.t", 'no table "s.u" in FROM'),
        ("SELECT nosuch.t.a FROM s.t", 'no schema "nosuch"'),
        ("INSERT INTO s.nosuch VALUES (1)", 'no table "s.nosuch"'),
        ("INSERT INTO nosuch.t VALUES (1)", 'no schema "nosuch"'),
        ("CREATE TABLE nosuch.t (a INTEGER)", 'no schema "nosuch"'),
        ("CREATE TABLE s.t (a INTEGER)", "the table s.t exists already"),
        ('CREATE TABLE "information_schema.x" (a INTEGER)', "which is no user's"),
    ],
)
def test_a_name_that_cannot_be_is_refused(db, text, message):
    """The error says what is wrong with it."""
    with pytest.raises(rem.RemError, match=message):
        db.sql(text)


def test_a_schema_does_not_take_over_tables(db):
    """A table of main whose name has a dot is not moved into a schema by making it."""
    db.sql('CREATE TABLE "q.w" (a INTEGER)')
    with pytest.raises(rem.InputError, match=r"the table q.w of the schema main would be in the schema q"):
        db.sql("CREATE SCHEMA q")


def test_a_schema_that_is_dropped_is_in_use_no_more(db):
    """The current schema is main again, and what was in the schema is gone."""
    db.sql("USE s; DROP SCHEMA s CASCADE; CREATE TABLE t (b INTEGER)")
    assert db.sql("SELECT current_schema()").item() == "main"
    assert db.sql("FROM main.t").columns == ["b"]
    assert "s.v" not in db.tables()["name"]


def test_an_export_holds_schemas_and_macros(db, tmp_path):
    """They are there again after an import, with what is in them."""
    db.sql("CREATE MACRO twice(x) AS x * 2; CREATE MACRO s.at(n) AS TABLE SELECT * FROM s.t WHERE a = n")
    db.sql("CREATE SCHEMA empty; CREATE MACRO t(x) AS x; CREATE TABLE t AS SELECT 7 AS b")
    db.export(tmp_path / "out")
    with rem.connect(background=False) as other:
        assert {"s.t", "s.v", "t"} <= set(other.import_from(tmp_path / "out")["table"])
        found = other.sql("SELECT twice(4), t(3), (SELECT a FROM s.v), (SELECT a FROM s.at(1)), (SELECT b FROM t)")
        assert found.rows() == [(8, 3, 1, 1, 7)]
        with pytest.raises(rem.BindError, match="exists already"):
            other.sql("CREATE SCHEMA empty")
