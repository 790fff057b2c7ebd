"""Temporary tables, beyond what scripts/temporary.sql compares: whose they are, and where they lie."""

from __future__ import annotations

import threading

import polars as pl
import pytest

import rem_arrow as rem


def test_they_belong_to_the_handle_and_vanish_at_close(tmp_path):
    """Another handle does not see them, and nothing of them stays."""
    with rem.connect(tmp_path / "m", background=False) as db:
        db.sql("CREATE TABLE t AS SELECT 1 AS a; CREATE TEMP TABLE t AS SELECT 2 AS a")
        assert db.sql("FROM t").rows() == [(2,)]
        with rem.connect(tmp_path / "m", read_only=True) as reader:
            assert reader.sql("FROM t").rows() == [(1,)]
        assert "t" in db.tables()["name"] and db.to_arrow("t").to_pydict() == {"a": [1]}
    assert not list((tmp_path / "m").glob("scratch/*"))
    with rem.connect(tmp_path / "m", background=False) as db:
        assert db.sql("FROM t").rows() == [(1,)]


def test_a_reader_may_have_them(tmp_path):
    """They take every statement where the database takes none."""
    with rem.connect(tmp_path / "m", background=False) as db:
        db.sql("CREATE TABLE t AS SELECT 1 AS a")
    with rem.connect(tmp_path / "m", read_only=True) as db:
        db.sql("CREATE TEMP TABLE x AS SELECT a + 1 AS a FROM t; INSERT INTO x VALUES (5); UPDATE x SET a = a * 2")
        assert sorted(db.sql("FROM x").rows()) == [(4,), (10,)]
        rows = db.sql("WITH d AS (DELETE FROM x WHERE a = 4 RETURNING a) INSERT INTO x SELECT a + 1 FROM d RETURNING a")
        assert rows.rows() == [(5,)]
        db.sql("BEGIN; DELETE FROM x")
        with pytest.raises(rem.InputError, match="reading only"):
            db.sql("INSERT INTO t VALUES (1)")
        db.sql("ROLLBACK")
        with pytest.raises(rem.InputError, match="reading only"):
            db.sql("WITH d AS (DELETE FROM x RETURNING a) INSERT INTO t SELECT a FROM d")
        assert sorted(db.sql("FROM x").rows()) == [(5,), (10,)]


def test_a_failure_leaves_neither_side_of_a_statement():
    """A WITH that writes a temporary table and a stored one is one."""
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (a INTEGER); CREATE TEMP TABLE x AS SELECT 1 AS a")
        with pytest.raises(rem.InputError, match="does not fit"):
            db.sql("WITH d AS (DELETE FROM x RETURNING a), i AS (INSERT INTO t FROM d) INSERT INTO t VALUES ('no')")
        assert (db.sql("FROM t").rows(), db.sql("FROM x").rows()) == ([], [(1,)])


def test_a_conflict_of_the_database_leaves_temporary_rows_too():
    """COMMIT stores the rows of both or of neither."""
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t AS SELECT 1 AS a; CREATE TEMP TABLE x AS SELECT 1 AS a; BEGIN; UPDATE t SET a = 2")
        db.sql("UPDATE x SET a = 2")
        other = threading.Thread(target=db.sql, args=("UPDATE t SET a = 3",))
        other.start()
        other.join()
        with pytest.raises(rem.ConflictError):
            db.sql("COMMIT")
        assert (db.sql("FROM t").rows(), db.sql("FROM x").rows()) == ([(3,)], [(1,)])


def test_many_rows_are_sealed_as_those_of_other_tables():
    """A temporary table that is larger than a tail lies in files, and answers the same."""
    with rem.connect(tail_rows_max=1000, memory_limit="64MB") as db:
        db.sql("CREATE TEMP TABLE x AS SELECT range AS a, repeat('t', 100) AS s FROM range(50000)")
        db.sql("CREATE INDEX i ON x (a)")
        assert db.sql("SELECT sum(a), count(DISTINCT s) FROM x WHERE a >= 49990").rows() == [(499945, 1)]
        assert db.sql("SELECT s FROM x WHERE a = 7").item() == "t" * 100
        assert db.lazy("SELECT max(a) AS m FROM x").collect().item() == 49999
        assert "temp.x" in db.explain("FROM x")


def test_internal_queries_do_not_read_them():
    """A temporary table of the name of a stored one is not what the verbs of Python read."""
    with rem.connect(background=False) as db:
        db.insert("entities", {"id": "ada", "name": "Ada"})
        db.sql("CREATE TEMP TABLE entities (z INTEGER)")
        assert db.get("entities", "ada")["name"] == "Ada"
        assert db.lookup_entity("Ada")["id"].to_list() == ["ada"]
        assert db.sql("FROM entities", frames={"entities": pl.DataFrame({"q": [1]})}).columns == ["q"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CREATE TEMP TABLE s.x (a INTEGER)", "in the schema temp, and in no other"),
        ("CREATE TEMP TABLE x (a INTEGER) ON COMMIT DELETE ROWS", "stay at a COMMIT|not supported"),
        ("CREATE UNLOGGED TABLE x (a INTEGER)", "takes no further properties"),
    ],
)
def test_what_a_temporary_table_cannot_be_is_refused(text, message):
    """The error says why."""
    with rem.connect(background=False) as db:
        db.sql("CREATE SCHEMA s")
        with pytest.raises(rem.RemError, match=message):
            db.sql(text)
