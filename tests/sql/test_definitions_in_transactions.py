"""CREATE, ALTER and DROP inside a transaction: beyond what `scripts/transactions.sql` compares with DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import rem_arrow as rem
from tests.children import killed


@pytest.fixture
def db():
    with rem.connect(background=False) as database:
        database.sql("CREATE TABLE t (a INTEGER, b VARCHAR)")
        database.load("t", pl.DataFrame({"a": range(30_000), "b": [f"b{i}" for i in range(30_000)]}))
        database.sql("INSERT INTO t VALUES (-1, 'tail')")
        yield database


def test_others_see_nothing_before_the_commit(db: rem.Database) -> None:
    """Of a table that is new, of one that changes, and of one that goes."""
    db.sql("CREATE TABLE gone AS SELECT 1 AS x")
    tx = db.transaction()
    tx.sql("CREATE TABLE n AS SELECT 2 AS y; ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 5; DROP TABLE gone")
    tx.sql("ALTER TABLE t RENAME COLUMN b TO bb; UPDATE t SET c = 6 WHERE a < 0; ALTER TABLE t ADD UNIQUE (bb)")
    assert tx.sql("SELECT * FROM t WHERE bb IN ('tail', 'b7') ORDER BY a").rows() == [(-1, "tail", 6), (7, "b7", 5)]
    with pytest.raises(rem.ConstraintError, match="bb = 'b7' is there already"):
        tx.sql("INSERT INTO t VALUES (0, 'b7', 1)")
    assert db.sql("SELECT * FROM t WHERE b = 'tail'").rows() == [(-1, "tail")]
    assert db.sql("FROM gone").rows() == [(1,)]
    with pytest.raises(rem.BindError, match="n"):
        db.sql("FROM n")
    db.compact()
    tx.commit()
    assert db.sql("SELECT * FROM t WHERE bb IN ('tail', 'b7') ORDER BY a").rows() == [(-1, "tail", 6), (7, "b7", 5)]
    for bb in ("b7", "tail"):
        with pytest.raises(rem.ConstraintError):
            db.sql(f"INSERT INTO t VALUES (0, '{bb}', 1)")
    with pytest.raises(rem.BindError):
        db.sql("FROM gone")
    assert db.verify().height == 0


def test_it_is_one_commit_and_a_rollback_is_none(db: rem.Database) -> None:
    before = db.stats()["commit"]
    for end in ("ROLLBACK", "COMMIT"):
        db.sql(
            "BEGIN; CREATE TABLE n (i INTEGER PRIMARY KEY); INSERT INTO n VALUES (1), (2); ALTER TABLE n ADD j INTEGER"
        )
        db.sql("CREATE TABLE o AS SELECT 1 AS x; DROP TABLE o; CREATE INDEX i ON n (j); CREATE VIEW v AS FROM n")
        db.sql(end)
        assert db.stats()["commit"] - before == (end == "COMMIT")
    assert db.sql("FROM v ORDER BY i").rows() == [(1, None), (2, None)]


@pytest.mark.parametrize(
    ("inside", "meanwhile"),
    [
        ("CREATE TABLE n (i INTEGER)", "CREATE TABLE n (j VARCHAR)"),
        ("CREATE TABLE n (i INTEGER)", "DROP TABLE t"),
        ("ALTER TABLE t ADD COLUMN c INTEGER", "ALTER TABLE t DROP COLUMN b"),
        ("ALTER TABLE t ADD COLUMN c INTEGER", "INSERT INTO t VALUES (-2, 'x')"),
        ("ALTER TABLE t ADD UNIQUE (a)", "UPDATE t SET a = 1 WHERE a = 2"),
        ("DROP TABLE t", "DELETE FROM t WHERE a = 2"),
        ("CREATE TYPE m AS ENUM ('a')", "CREATE SCHEMA s"),
    ],
)
def test_it_conflicts_with_other_definitions_and_with_rows_of_its_tables(
    db: rem.Database, inside: str, meanwhile: str
) -> None:
    with pytest.raises(rem.ConflictError, match="nothing was stored, run it again"), db.transaction() as tx:
        tx.sql(inside)
        db.sql(meanwhile)
    with db.transaction() as tx:
        tx.sql("CREATE TABLE again (i INTEGER)")


def test_rows_of_other_tables_may_be_written_meanwhile(db: rem.Database) -> None:
    db.sql("CREATE TABLE other (i INTEGER PRIMARY KEY)")
    with db.transaction() as tx:
        tx.sql("CREATE TABLE n (i INTEGER); ALTER TABLE t ALTER COLUMN a TYPE VARCHAR USING 'n' || a")
        db.sql("INSERT INTO other VALUES (1)")
        tx.sql("INSERT INTO other VALUES (2)")
    assert db.sql("SELECT count(*) FROM other").item() == 2
    assert db.sql("SELECT a FROM t WHERE b = 'b9'").item() == "n9"
    with pytest.raises(rem.ConflictError, match="i = 3 is there already"), db.transaction() as tx:
        tx.sql("CREATE TABLE m (i INTEGER); INSERT INTO other VALUES (3)")
        db.sql("INSERT INTO other VALUES (3)")


def test_entity_tables_and_temporary_ones_go_with_it(db: rem.Database) -> None:
    db.insert("entities", [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])

    class Note(BaseModel):
        text: str

    db.register(Note)
    db.insert("notes", {"id": "n", "text": "x"})
    db.add_edge("n", "a", "about")
    db.sql("CREATE TEMP TABLE own AS SELECT 1 AS x")
    for end in ("ROLLBACK", "COMMIT"):
        db.sql(
            "BEGIN; DROP TABLE notes; ALTER TABLE own ADD COLUMN y INT DEFAULT 2; CREATE TEMP TABLE more AS FROM own"
        )
        assert db.sql("SELECT count(*) FROM edges").item() == 0
        assert db.sql("FROM more").rows() == [(1, 2)]
        db.sql(end)
        assert db.sql("SELECT count(*) FROM edges").item() == (end == "ROLLBACK")
        assert db.sql("FROM own").rows() == ([(1,)] if end == "ROLLBACK" else [(1, 2)])
        assert ("notes" in db.tables()["name"]) == (end == "ROLLBACK")


_CHILD = """
import sys
import rem_arrow as rem
with rem.connect(sys.argv[1]) as db:
    while True:
        n = db.sql("SELECT max(g) FROM pair").item() + 1
        db.sql(f"BEGIN; DROP TABLE IF EXISTS t{n - 1}; CREATE TABLE t{n} (i INTEGER PRIMARY KEY, g INTEGER); "
            f"INSERT INTO t{n} SELECT i, {n} FROM range(500) r(i); ALTER TABLE pair RENAME COLUMN x{n - 1} TO x{n}; "
            f"UPDATE pair SET g = {n}; COMMIT")
        print(n, flush=True)
"""


@pytest.mark.long
def test_a_killed_process_leaves_all_of_a_transaction_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with rem.connect(path) as db:
        db.sql("CREATE TABLE pair AS SELECT 0 AS g, 1 AS x0")
    for seed in range(3):
        said = int(killed("-c", _CHILD, path, after_s=0.2 + 0.15 * seed).lines[-1])
        with rem.connect(path) as db:
            assert db.verify().height == 0
            n = db.sql("SELECT g FROM pair").item()
            assert n - said in (0, 1)
            assert db.sql("FROM pair").columns == ["g", f"x{n}"]
            assert [t for t in db.sql("SHOW TABLES")["name"] if t.startswith("t")] == [f"t{n}"]
            assert db.sql(f"SELECT count(*), min(g), max(g) FROM t{n}").rows() == [(500, n, n)]


TABLE = st.sampled_from(["a", "b"])
NUMBER = st.integers(0, 5)
STATEMENT = st.one_of(
    st.builds("CREATE TABLE {} (i INTEGER PRIMARY KEY, v VARCHAR DEFAULT 'd{}')".format, TABLE, NUMBER),
    st.builds(
        "CREATE OR REPLACE TABLE {} AS SELECT x::INTEGER AS i, 'c' || x AS v FROM range({}) r(x)".format, TABLE, NUMBER
    ),
    st.builds("INSERT INTO {} (i) VALUES ({}), ({})".format, TABLE, NUMBER, st.integers(6, 9)),
    st.builds("INSERT INTO {} (i) SELECT i + {} FROM {}".format, TABLE, st.integers(10, 20), TABLE),
    st.builds("UPDATE {} SET v = 'u{}' WHERE i > {}".format, TABLE, NUMBER, NUMBER),
    st.builds("UPDATE {} SET i = i + 1 WHERE i > {}".format, TABLE, NUMBER),
    st.builds("DELETE FROM {} WHERE i <= {}".format, TABLE, NUMBER),
    st.builds("ALTER TABLE {} ADD COLUMN x INTEGER DEFAULT {}".format, TABLE, NUMBER),
    st.builds("ALTER TABLE {} DROP COLUMN x".format, TABLE),
    st.builds("ALTER TABLE {} RENAME COLUMN v TO w".format, TABLE),
    st.builds("ALTER TABLE {} RENAME COLUMN w TO v".format, TABLE),
    st.builds("ALTER TABLE {} ALTER COLUMN x TYPE {}".format, TABLE, st.sampled_from(["BIGINT", "VARCHAR", "DOUBLE"])),
    st.builds("ALTER TABLE {} ALTER COLUMN v SET DEFAULT 'e{}'".format, TABLE, NUMBER),
    st.builds("ALTER TABLE {} RENAME TO {}".format, TABLE, TABLE),
    st.builds("DROP TABLE {}".format, TABLE),
    st.sampled_from(["BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "-- compact"]),
)


class _Oracle:
    """DuckDB without transactions: a rollback makes the state of the last commit anew. Its own refuse some changes of
    what they have written."""

    def __init__(self) -> None:
        self.con, self.committed, self.open = duckdb.connect(), [], []

    def run(self, text: str) -> bool:
        try:
            self.con.execute(text)
        except duckdb.Error:
            return False
        self.open.append(text)
        return True

    def rows(self, name: str) -> object:
        return _rows(lambda t: self.con.execute(t).fetchall(), name)

    def end(self, keep: bool) -> None:
        if keep:
            self.committed += self.open
        else:
            self.con.close()
            self.con = duckdb.connect()
            for text in self.committed:
                self.con.execute(text)
        self.open = []


def _rows(run, name: str) -> object:
    try:
        return sorted(run(f"SELECT * FROM {name}"), key=repr)
    except (rem.RemError, duckdb.Error):
        return "none"


@pytest.mark.parametrize("examples", [5, pytest.param(400, marks=pytest.mark.long)])
def test_any_statements_leave_the_tables_that_they_leave_in_duckdb(examples: int) -> None:
    """After each statement, inside and outside of transactions, with rows in tails and in segments."""

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(st.lists(STATEMENT, min_size=10, max_size=30))
    def run(statements: list[str]) -> None:
        with rem.connect(background=False) as db:
            oracle, opened = _Oracle(), False
            for text in statements:
                if text == "-- compact":
                    if not opened:
                        db.compact()
                elif text in ("BEGIN", "COMMIT", "ROLLBACK"):
                    if opened == (text != "BEGIN"):
                        db.sql(text)
                        oracle.end(keep=text != "ROLLBACK")
                        opened = text == "BEGIN"
                else:
                    try:
                        db.sql(text)
                        done = True
                    except rem.RemError:
                        done = False
                    assert oracle.run(text) == done, text
                    if not opened:
                        oracle.end(keep=True)
                for name in "ab":
                    assert _rows(lambda t: db.sql(t).rows(), name) == oracle.rows(name), text
            if opened:
                db.sql("COMMIT")
            assert db.verify().height == 0

    run()
