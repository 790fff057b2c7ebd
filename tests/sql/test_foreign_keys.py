"""FOREIGN KEY of plain tables: beyond what `constraints.script` compares with DuckDB."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem


@pytest.fixture
def db():
    with rem.connect(background=False) as database:
        database.sql("CREATE TABLE p (i INTEGER PRIMARY KEY, v VARCHAR)")
        database.sql("CREATE TABLE c (x INTEGER CONSTRAINT up REFERENCES p, w INTEGER)")
        database.sql("INSERT INTO p VALUES (1, 'one'), (2, 'two'); INSERT INTO c VALUES (1, 10), (NULL, 20)")
        yield database


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "INSERT INTO c VALUES (2, 1), (7, 1), (8, 1)",
            "c: p has no row with i = 7; FOREIGN KEY (x) REFERENCES p (i), named up, asks for one",
        ),
        (
            "DELETE FROM p",
            "p: rows of c refer to the one with i = 1; FOREIGN KEY (x) REFERENCES p (i), named up, keeps it",
        ),
        ("DROP TABLE p", "c refers to p: FOREIGN KEY (x) REFERENCES p (i), named up, keeps the table and its key"),
        ("ALTER TABLE p DROP CONSTRAINT p_i_pkey", "keeps the table and its key; ALTER TABLE c DROP CONSTRAINT up"),
        ("ALTER TABLE c DROP COLUMN x", '"x" of c cannot be dropped: FOREIGN KEY (x) reads it'),
        ("ALTER TABLE c ADD FOREIGN KEY (w) REFERENCES p", "c: p has no row with i = 10"),
        ("ALTER TABLE c ADD COLUMN z INTEGER DEFAULT 5 REFERENCES p", "c: p has no row with i = 5"),
        (
            "ALTER TABLE c ADD COLUMN z INTEGER DEFAULT (5 + random() * 0)::INTEGER REFERENCES p",
            "p has no row with i = 5",
        ),
    ],
)
def test_an_error_names_tables_constraint_and_value(db: rem.Database, text: str, message: str) -> None:
    with pytest.raises(rem.ConstraintError if "cannot be" not in message else rem.BindError) as caught:
        db.sql(text)
    assert message in str(caught.value)
    assert db.sql("SELECT x, w FROM c ORDER BY w").rows() == [(1, 10), (None, 20)]
    assert db.sql("SELECT * FROM p ORDER BY i").rows() == [(1, "one"), (2, "two")]


def test_a_statement_is_checked_at_its_end(db: rem.Database) -> None:
    """What DuckDB refuses since it checks row by row, and the SQL standard takes."""
    db.sql("CREATE TABLE t (i INTEGER PRIMARY KEY, up INTEGER REFERENCES t)")
    db.sql("INSERT INTO t VALUES (1, 1), (2, 3), (3, 2)")
    db.sql("UPDATE t SET i = i + 10, up = up + 10")
    with pytest.raises(rem.ConstraintError, match="t has no row with i = 11"):
        db.sql("UPDATE t SET i = i + 1")
    with pytest.raises(rem.ConstraintError):
        db.sql("DELETE FROM t WHERE i = 12")
    db.sql("DELETE FROM t WHERE i > 11")
    db.sql("DELETE FROM t")
    db.sql("UPDATE p SET v = 'ONE', i = i")
    db.sql("WITH gone AS (DELETE FROM c) DELETE FROM p")
    assert db.sql("SELECT count(*) FROM p").item() == 0


def test_references_come_and_go_with_alter_table(db: rem.Database) -> None:
    db.sql("ALTER TABLE c ADD COLUMN z INTEGER DEFAULT 2 REFERENCES p")
    with pytest.raises(rem.ConstraintError, match="refer to the one with i = 2"):
        db.sql("DELETE FROM p WHERE i = 2")
    db.sql("ALTER TABLE c DROP CONSTRAINT up; ALTER TABLE p RENAME TO q; ALTER TABLE q RENAME COLUMN i TO j")
    with pytest.raises(rem.ConstraintError, match=r"FOREIGN KEY .z. REFERENCES q .j., named c_z_i_fkey"):
        db.sql("DELETE FROM q WHERE j = 2")
    db.sql("DELETE FROM q WHERE j = 1")
    db.sql("UPDATE c SET x = 2 WHERE x = 1; ALTER TABLE c ADD CONSTRAINT again FOREIGN KEY (x) REFERENCES q (j)")
    assert db.sql("SELECT constraint_text FROM duckdb_constraints() WHERE table_name = 'c'").to_series().to_list() == [
        "FOREIGN KEY (z) REFERENCES q(j)",
        "FOREIGN KEY (x) REFERENCES q(j)",
    ]
    assert "FOREIGN KEY (x) REFERENCES q(j)" in db.sql("SELECT sql FROM duckdb_tables() WHERE table_name = 'c'").item()


def test_every_way_to_write_is_checked(db: rem.Database, tmp_path: Path) -> None:
    """Loads that go to segments, files, and both sides of a large table."""
    many = pl.DataFrame({"i": range(3, 40_003), "v": "x"}, schema_overrides={"i": pl.Int32})
    db.load("p", many)
    rows = pl.DataFrame({"x": many["i"], "w": 1})
    for broken in (rows.with_columns(x=pl.col("x").replace(39_999, 50_000)), pl.DataFrame({"x": [50_000], "w": [1]})):
        with pytest.raises(rem.ConstraintError, match="p has no row with i = 50000"):
            db.load("c", broken)
    broken.write_csv(tmp_path / "rows.csv")
    with pytest.raises(rem.ConstraintError, match="p has no row with i = 50000"):
        db.sql(f"COPY c FROM '{tmp_path / 'rows.csv'}'")
    assert db.load("c", rows) == 40_000
    db.compact()
    for text in ("DELETE FROM p WHERE i = 30000", "DELETE FROM p WHERE i > 100", "TRUNCATE p", "UPDATE p SET i = -i"):
        with pytest.raises(rem.ConstraintError, match="rows of c refer"):
            db.sql(text)
    db.sql("DELETE FROM c WHERE x > 100; DELETE FROM p WHERE i > 100")
    assert db.sql("SELECT count(*) FROM p").item() == 100
    assert db.verify().height == 0


def test_references_outlive_the_connection_and_a_backup(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db") as db:
        db.sql("CREATE TABLE p (i INTEGER PRIMARY KEY); CREATE TABLE c (x INTEGER REFERENCES p)")
        db.sql("INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)")
        db.backup(tmp_path / "copy")
    rem.restore(tmp_path / "copy", tmp_path / "restored")
    for folder in ("db", "restored"):
        with rem.connect(tmp_path / folder) as db:
            for text in ("INSERT INTO c VALUES (2)", "DELETE FROM p", "DROP TABLE p"):
                with pytest.raises(rem.ConstraintError):
                    db.sql(text)
            assert db.verify().height == 0


def test_an_export_keeps_references(db: rem.Database, tmp_path: Path) -> None:
    """In a database where the tables have other numbers; without what they refer to they are refused."""
    db.sql("CREATE TABLE a (x INTEGER REFERENCES p, own INTEGER UNIQUE, up INTEGER REFERENCES a (own))")
    db.sql("INSERT INTO a VALUES (1, 5, 5)")
    db.export(tmp_path / "out", tables=["a", "c", "p"])
    with rem.connect() as other:
        other.sql("CREATE TABLE first (i INTEGER)")
        other.import_from(tmp_path / "out", tables={"a": "b", "c": "c", "p": "parents"})
        for text in (
            "DELETE FROM parents WHERE i = 1",
            "INSERT INTO b VALUES (1, 6, 7)",
            "INSERT INTO c VALUES (9, 9)",
        ):
            with pytest.raises(rem.ConstraintError):
                other.sql(text)
        assert other.sql("SELECT * FROM b").rows() == [(1, 5, 5)]
    with rem.connect() as other:
        with pytest.raises(rem.InputError, match="c refers to a table that is not imported"):
            other.import_from(tmp_path / "out", tables=["c"])
        other.sql("CREATE TABLE p (i INTEGER, v VARCHAR)")
        with pytest.raises(rem.InputError, match="c refers to p .i., and p has no such key here"):
            other.import_from(tmp_path / "out", tables=["c", "p"])
        other.sql("ALTER TABLE p ADD PRIMARY KEY (i)")
        other.import_from(tmp_path / "out", tables=["c", "p"])
        with pytest.raises(rem.ConstraintError):
            other.sql("DROP TABLE p")


def test_transactions_that_break_a_reference_together_conflict(db: rem.Database) -> None:
    """Whichever side commits first, and where the reference itself comes meanwhile."""
    for first, second in (
        ("INSERT INTO c VALUES (2, 1)", "DELETE FROM p WHERE i = 2"),
        ("DELETE FROM p WHERE i = 2", "INSERT INTO c VALUES (2, 1)"),
        ("UPDATE p SET i = 3 WHERE i = 2", "UPDATE c SET x = 2"),
    ):
        one, two = db.transaction(), db.transaction()
        one.sql(first)
        two.sql(second)
        one.commit()
        with pytest.raises(rem.ConflictError, match="another writer has made it so since this transaction began"):
            two.commit()
        db.sql("DELETE FROM c WHERE x = 2; INSERT OR IGNORE INTO p VALUES (2, 'two')")
    with pytest.raises(rem.ConflictError), db.transaction() as late:
        late.sql("DELETE FROM p WHERE i = 2")
        db.sql("CREATE TABLE d (x INTEGER REFERENCES p); INSERT INTO d VALUES (2)")


def test_a_transaction_sees_its_own_partners(db: rem.Database) -> None:
    with db.transaction() as tx:
        tx.sql("INSERT INTO p VALUES (3, 'three')")
        tx.sql("INSERT INTO c VALUES (3, 3)")
        with pytest.raises(rem.ConstraintError):
            tx.sql("DELETE FROM p WHERE i = 3")
        tx.sql("DELETE FROM c WHERE x = 1")
        tx.sql("DELETE FROM p WHERE i = 1")
        with pytest.raises(rem.ConstraintError):
            tx.sql("INSERT INTO c VALUES (1, 1)")
    assert db.sql("SELECT i FROM p ORDER BY i").rows() == [(2,), (3,)]
    assert db.sql("SELECT x FROM c ORDER BY x").rows() == [(3,), (None,)]


def test_threads_leave_no_row_without_its_partner(db: rem.Database) -> None:
    db.sql("INSERT INTO p SELECT i, 'x' FROM range(10, 40) r(i)")

    def write(text: str) -> None:
        for key in range(10, 40):
            try:
                with db.transaction() as tx:
                    tx.sql(text, {"key": key})
            except (rem.ConstraintError, rem.ConflictError):
                continue

    texts = ("INSERT INTO c VALUES ($key, 1)", "DELETE FROM p WHERE i = $key", "INSERT INTO c VALUES ($key, 2)")
    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.sql("SELECT count(*) FROM c ANTI JOIN p ON c.x = p.i WHERE x IS NOT NULL").item() == 0
    assert db.verify().height == 0


def test_verify_finds_rows_without_a_partner(db: rem.Database) -> None:
    """As a fault below would leave them."""
    store = db._instance.store
    changes = rem.storage.changes.Changes()
    changes.kill(store.version.find("p").table.number, store.version.find("p").live_rowids().tolist()[:1])
    with store.lock:
        store.commit(changes)
    assert db.verify().select("table", "column", "problem").rows() == [
        ("c", "x", "c: p has no row with i = 1; FOREIGN KEY (x) REFERENCES p (i), named up, asks for one")
    ]


KEY = st.integers(0, 4)
STATEMENT = st.one_of(
    st.builds("INSERT INTO p VALUES ({}, {})".format, KEY, KEY),
    st.builds("INSERT INTO c VALUES ({}, {}), (NULL, {})".format, KEY, KEY, KEY),
    st.builds("INSERT INTO t VALUES ({}, {}), ({}, NULL)".format, KEY, KEY, st.integers(5, 7)),
    st.builds("UPDATE p SET i = {} WHERE i = {}".format, KEY, KEY),
    st.builds("UPDATE c SET x = x + 1 WHERE w > {}".format, KEY),
    st.builds("UPDATE t SET up = {} WHERE i <> {}".format, KEY, KEY),
    st.builds("DELETE FROM {} WHERE {} = {}".format, st.just("c"), st.sampled_from("xw"), KEY),
    st.builds("DELETE FROM p WHERE i > {}".format, KEY),
    st.builds("DELETE FROM t WHERE i >= {}".format, KEY),
    st.builds("INSERT INTO p VALUES ({}, 1) ON CONFLICT (i) DO UPDATE SET u = {}".format, KEY, KEY),
    st.builds("MERGE INTO c USING p ON c.x = p.i AND p.u = {} WHEN MATCHED THEN DELETE".format, KEY),
    st.sampled_from(["TRUNCATE p", "TRUNCATE c", "BEGIN", "COMMIT", "ROLLBACK", "-- compact"]),
)
TABLES = (
    "CREATE TABLE p (i INTEGER PRIMARY KEY, u INTEGER UNIQUE)",
    "CREATE TABLE c (x INTEGER REFERENCES p, w INTEGER REFERENCES p (u))",
    "CREATE TABLE t (i INTEGER PRIMARY KEY, up INTEGER REFERENCES t)",
)
# As queries: how many rows lack their partner.
BROKEN = (
    "SELECT count(*) FROM c WHERE x NOT IN (SELECT i FROM p)",
    "SELECT count(*) FROM c WHERE w NOT IN (SELECT u FROM p WHERE u IS NOT NULL)",
    "SELECT count(*) FROM t WHERE up NOT IN (SELECT i FROM t)",
)


@pytest.mark.parametrize("examples", [4, pytest.param(400, marks=pytest.mark.long)])
def test_what_duckdb_takes_is_taken_and_no_reference_breaks(examples: int) -> None:
    """DuckDB runs what is accepted here without its references, but with its keys: what is accepted must leave none of
    them broken there, and what is refused must break a reference or a key there."""

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(st.lists(STATEMENT, min_size=8, max_size=20))
    def run(statements: list[str]) -> None:
        with rem.connect(background=False) as db, duckdb.connect() as oracle:
            for text in TABLES:
                db.sql(text)
                oracle.execute(
                    text.replace("REFERENCES p (u)", "").replace("REFERENCES p", "").replace("REFERENCES t", "")
                )
            opened = False
            for text in statements:
                if text == "-- compact":
                    if not opened:
                        db.compact()
                    continue
                if text in ("BEGIN", "COMMIT", "ROLLBACK"):
                    if opened != (text == "BEGIN"):
                        opened = text == "BEGIN"
                        db.sql(text)
                        oracle.execute(text)
                    continue
                try:
                    db.sql(text)
                except rem.ConstraintError:
                    if not opened:
                        assert _breaks(oracle, text), text
                    continue
                oracle.execute(text)
                assert not any(oracle.execute(q).fetchone()[0] for q in BROKEN), text
            for name in "pct":
                ours = db.sql(f"SELECT * FROM {name} ORDER BY ALL").rows()
                assert ours == oracle.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            if opened:
                db.sql("ROLLBACK")
            assert db.verify().height == 0

    run()


def _breaks(oracle: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Say whether a statement breaks a key, or leaves a reference broken; nothing of it stays."""
    oracle.execute("BEGIN")
    try:
        oracle.execute(text)
        return any(oracle.execute(q).fetchone()[0] for q in BROKEN)
    except duckdb.ConstraintException:
        return True
    finally:
        oracle.execute("ROLLBACK")
