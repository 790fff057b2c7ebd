"""PRIMARY KEY, UNIQUE, CHECK, NOT NULL, DEFAULT and generated columns of plain tables."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from tests.effort import some
from tests.sql.compare import multiset

SCRIPT = Path(__file__).with_name("constraints.script")


def _blocks() -> list[list[str]]:
    lines = (line for line in SCRIPT.read_text(encoding="utf-8").split("\n") if not line.startswith("#"))
    blocks = "\n".join(lines).strip().split("\n\n")
    return [block.split("\n") for block in blocks]


def _outcome(run, text: str) -> object:
    try:
        rows = run(text)
    except (rem.RemError, duckdb.Error):
        return "refused"
    return (
        multiset(rows)
        if text.startswith("SELECT")
        else rows
        if text.startswith(("INSERT", "UPDATE", "MERGE"))
        else "done"
    )


@pytest.mark.parametrize(
    ("block", "sealed"),
    [case for i, block in enumerate(_blocks()) for case in some([(block, False), (block, True)], first=i % 2, every=2)],
    ids=lambda value: value if isinstance(value, bool) else value[0][:60],
)
def test_statements_do_what_duckdb_does(block: list[str], sealed: bool) -> None:
    """Over rows in the tail, and over rows in segments; all differences in one message."""
    differences = []
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        for text in block:
            expected = _outcome(lambda t: oracle.execute(t).fetchall(), text)
            actual = _outcome(lambda t: db.sql(t).rows(), text)
            if actual != expected:
                differences.append(f"{text}\nrem_arrow {actual}\nDuckDB    {expected}")
            if sealed and "BEGIN" not in block:
                db.compact()
        assert db.verify().height == 0
    assert not differences, "\n\n".join(differences)


@pytest.fixture
def db():
    with rem.connect(background=False) as database:
        database.sql(
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR CONSTRAINT long CHECK (length(b) > 1), c INTEGER UNIQUE)"
        )
        database.sql("INSERT INTO t VALUES (1, 'one', 10), (2, 'two', 20)")
        yield database


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "INSERT INTO t VALUES (3, 'xx', 1), (1, 'xx', 2)",
            "t: the key a = 1 is there already; PRIMARY KEY (a), named t_a_pkey, allows it once",
        ),
        (
            "INSERT INTO t VALUES (3, 'xx', 1), (4, 'xx', 1)",
            "t: the key c = 1 comes more than once; UNIQUE (c), named t_c_key, allows it once",
        ),
        ("UPDATE t SET b = 'x' WHERE a = 2", "t: a row breaks CHECK (LENGTH(b) > 1), named long: b = 'x'"),
        ("INSERT INTO t (b) VALUES ('xx')", 't needs the column "a"'),
        ("INSERT INTO t (a) VALUES (NULL)", 'row 0: t, field "a" must not be NULL'),
        ("ALTER TABLE t ADD UNIQUE (b, a); ALTER TABLE t ADD PRIMARY KEY (c)", "t has a primary key already"),
        ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL", "is part of PRIMARY KEY (a), and may not be NULL"),
        ("ALTER TABLE t DROP COLUMN b", "cannot be dropped: CHECK (LENGTH(b) > 1) reads it"),
        ("CREATE UNIQUE INDEX i ON t (b); ALTER TABLE t DROP CONSTRAINT i", "Write DROP INDEX"),
        ("INSERT INTO t VALUES (5, 'xx', 5) ON CONFLICT (b) DO NOTHING", "Keys: PRIMARY KEY (a); UNIQUE (c)."),
        ("INSERT OR REPLACE INTO t VALUES (5, 'xx', 5)", "t has several keys"),
    ],
)
def test_an_error_names_table_constraint_and_value(db: rem.Database, text: str, message: str) -> None:
    with pytest.raises(rem.RemError) as caught:
        db.sql(text)
    assert message in str(caught.value)
    assert db.sql("SELECT a, c FROM t").rows() == [(1, 10), (2, 20)]


def test_a_broken_constraint_is_an_input_error_of_its_own_kind(db: rem.Database) -> None:
    with pytest.raises(rem.ConstraintError):
        db.sql("INSERT INTO t VALUES (1, 'xx', 1)")
    assert issubclass(rem.ConstraintError, rem.InputError)


def test_every_way_to_write_is_checked(db: rem.Database, tmp_path: Path) -> None:
    """Small and large loads, files, and imports of an export."""
    rows = pl.DataFrame({"a": [3, 1], "b": ["xx", "yy"], "c": [1, 2]})
    with pytest.raises(rem.ConstraintError, match="a = 1 is there already"):
        db.load("t", rows)
    many = pl.DataFrame({"a": range(3, 40_003), "b": ["xx"] * 40_000, "c": range(100, 40_100)})
    for broken, message in (
        (many.with_columns(a=pl.col("a").replace(39_999, 2)), "a = 2 is there already"),
        (many.with_columns(a=pl.col("a").replace(39_999, 5)), "a = 5 comes more than once"),
        (many.with_columns(b=pl.when(pl.col("a") == 30_000).then(pl.lit("x")).otherwise("b")), "b = 'x'"),
    ):
        with pytest.raises(rem.ConstraintError, match=message):
            db.load("t", broken)
        with pytest.raises(rem.ConstraintError, match=message):
            db.sql("INSERT INTO t SELECT * FROM given", frames={"given": broken})
    rows.write_csv(tmp_path / "rows.csv")
    with pytest.raises(rem.ConstraintError, match="a = 1 is there already"):
        db.sql(f"COPY t FROM '{tmp_path / 'rows.csv'}'")
    assert db.load("t", many) == 40_000
    assert db.sql("SELECT count(*), sum(a) FROM t").rows() == [(40_002, 800_100_003)]
    with pytest.raises(rem.ConstraintError):
        db.load("t", many)
    with pytest.raises(rem.ConstraintError):
        db.sql("UPDATE t SET a = a - 1 WHERE a > 20000")
    db.sql("UPDATE t SET a = a + 1")
    assert db.sql("SELECT b FROM t WHERE a = 40003").rows() == [("xx",)]


def test_keys_are_found_by_their_index(db: rem.Database) -> None:
    """In the tail and in segments; of several columns too."""
    db.sql("CREATE TABLE p (x INTEGER, y VARCHAR, z INTEGER, PRIMARY KEY (x, y))")
    db.load("p", pl.DataFrame({"x": [i % 300 for i in range(30_000)], "y": [f"y{i}" for i in range(30_000)], "z": 1}))
    db.sql("INSERT INTO p VALUES (7, 'tail', 2)")
    for condition in ("x = 7 AND y = 'tail'", "y = 'y307' AND x = 7 AND z = 1"):
        assert "by index x, y" in db.sql(f"EXPLAIN ANALYZE SELECT * FROM p WHERE {condition}")["plan"].str.join("\n")[0]
        assert db.sql(f"SELECT count(*) FROM p WHERE {condition}").item() == 1
    assert db.sql("SELECT count(*) FROM p WHERE x = 7 AND y = 'y308'").item() == 0
    db.sql("UPDATE p SET y = 'moved' WHERE x = 7 AND y = 'y307'")
    assert db.sql("SELECT count(*) FROM p WHERE x = 7 AND y = 'y307'").item() == 0
    assert db.sql("SELECT z FROM p WHERE x = 7 AND y = 'moved'").rows() == [(1,)]


def test_constraints_outlive_the_connection(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db") as db:
        db.sql("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER DEFAULT 3 CHECK (b < 10), c AS (a + b))")
        db.load("t", pl.DataFrame({"a": range(30_000)}))
        db.sql("INSERT INTO t (a) VALUES (50000)")
    with rem.connect(tmp_path / "db") as db:
        for text in ("(1, 1)", "(50000, 1)", "(-1, 10)", "(NULL, 1)"):
            with pytest.raises(rem.ConstraintError):
                db.sql(f"INSERT INTO t VALUES {text}")
        db.sql("INSERT INTO t (a) VALUES (-1)")
        assert db.sql("SELECT * FROM t WHERE a IN (-1, 50000, 29999) ORDER BY a").rows() == [
            (-1, 3, 2),
            (29_999, 3, 30_002),
            (50_000, 3, 50_003),
        ]
        assert db.verify().height == 0
    with rem.connect(tmp_path / "db", read_only=True) as reader:
        assert reader.sql("SELECT c FROM t WHERE a = 50000").item() == 50_003


def test_a_default_is_computed_for_each_row(db: rem.Database) -> None:
    db.sql(
        "CREATE TABLE d (n INTEGER, id VARCHAR DEFAULT uuid(), x DOUBLE DEFAULT random(), t TIMESTAMPTZ DEFAULT now())"
    )
    db.sql("INSERT INTO d (n) SELECT * FROM range(50)")
    db.sql("INSERT INTO d VALUES (1, DEFAULT, DEFAULT, DEFAULT), (2, DEFAULT, DEFAULT, DEFAULT)")
    db.load("d", pl.DataFrame({"n": [7, 8]}))
    assert db.sql("SELECT count(DISTINCT id), count(DISTINCT x), count(t) FROM d").rows() == [(54, 54, 54)]
    db.sql("ALTER TABLE d ADD COLUMN y DOUBLE DEFAULT random()")
    assert db.sql("SELECT count(DISTINCT y) FROM d").item() == 54


def test_two_transactions_that_bring_one_key_conflict(db: rem.Database) -> None:
    first, second, third = db.transaction(), db.transaction(), db.transaction()
    first.sql("INSERT INTO t VALUES (3, 'three', 30)")
    second.sql("INSERT INTO t VALUES (4, 'four', 30)")
    third.sql("INSERT INTO t VALUES (5, 'five', 50)")
    with pytest.raises(rem.ConstraintError, match="c = 50 is there already"):
        third.sql("INSERT INTO t VALUES (6, 'six', 50)")
    first.commit()
    with pytest.raises(rem.ConflictError, match="c = 30 is there already; UNIQUE .c., named t_c_key"):
        second.commit()
    third.commit()
    assert db.sql("SELECT a, c FROM t ORDER BY a").rows() == [(1, 10), (2, 20), (3, 30), (5, 50)]


@pytest.mark.parametrize(
    "change", ["ALTER TABLE t RENAME COLUMN c TO d", "ALTER TABLE t ADD UNIQUE (b)", "DROP TABLE t", "DROP INDEX i"]
)
def test_a_transaction_conflicts_with_a_change_of_its_table(db: rem.Database, change: str) -> None:
    db.sql("CREATE UNIQUE INDEX i ON t (b, c)")
    with pytest.raises(rem.ConflictError, match="meanwhile"), db.transaction() as tx:
        tx.sql("INSERT INTO t VALUES (3, 'one', 30)")
        db.sql(change)


def test_a_transaction_may_take_over_a_key_that_it_frees(db: rem.Database) -> None:
    with db.transaction() as tx:
        tx.sql("DELETE FROM t WHERE a = 1")
        tx.sql("INSERT INTO t VALUES (1, 'again', 10)")
        tx.sql("UPDATE t SET c = 30 - c")
        assert tx.sql("SELECT c FROM t WHERE a = 1").item() == 20
    assert db.sql("SELECT * FROM t ORDER BY a").rows() == [(1, "again", 20), (2, "two", 10)]


def test_of_threads_that_insert_one_key_one_succeeds(db: rem.Database) -> None:
    outcomes: list[str] = []

    def insert(own: bool) -> None:
        for key in range(100, 130):
            try:
                if own:
                    with db.transaction() as tx:
                        tx.sql(f"INSERT INTO t VALUES ({key}, 'xx', NULL)")
                else:
                    db.sql(f"INSERT INTO t VALUES ({key}, 'xx', NULL)")
                outcomes.append("stored")
            except (rem.ConstraintError, rem.ConflictError):
                outcomes.append("refused")

    threads = [threading.Thread(target=insert, args=(own,)) for own in (False, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("stored"), outcomes.count("refused")) == (30, 60)
    assert db.sql("SELECT count(*), count(DISTINCT a) FROM t").rows() == [(32, 32)]


def test_describe_shows_keys_defaults_and_generated_columns(db: rem.Database) -> None:
    db.sql("CREATE TABLE s (a INTEGER PRIMARY KEY, b INTEGER UNIQUE DEFAULT 1 + 2, c AS (a + b), d DATE NOT NULL)")
    assert db.sql("DESCRIBE s").select("column_name", "null", "key", "default", "extra").rows() == [
        ("a", "NO", "PRI", None, None),
        ("b", "YES", "UNI", "1 + 2", None),
        ("c", "YES", None, None, None),
        ("d", "NO", None, None, None),
    ]


def test_a_generated_column_of_another_one_takes_its_rounded_value(db: rem.Database) -> None:
    db.sql("CREATE TABLE g (a DOUBLE, b INTEGER GENERATED ALWAYS AS (a / 2) STORED, c AS (b * 2), CHECK (c < 10))")
    db.sql("INSERT INTO g VALUES (3.0), (5)")
    assert db.sql("SELECT c FROM g").rows() == [(4,), (4,)]
    with pytest.raises(rem.ConstraintError, match="c = 12"):
        db.sql("UPDATE g SET a = 11")
    with pytest.raises(rem.InputError, match='"b" of g is generated; leave it out of the data'):
        db.load("g", pl.DataFrame({"a": [1.0], "b": [1]}))
    db.sql("ALTER TABLE g ADD COLUMN d AS (a + c)")
    assert db.sql("SELECT d FROM g").rows() == [(7.0,), (9.0,)]


def test_an_export_keeps_constraints(db: rem.Database, tmp_path: Path) -> None:
    db.sql(
        "CREATE TABLE e (a INTEGER DEFAULT 7 CHECK (a > 0), b AS (a * 2), UNIQUE (b)); INSERT INTO e VALUES (1), (2)"
    )
    db.export(tmp_path / "out", tables=["e"])
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        other.sql("INSERT INTO e DEFAULT VALUES")
        assert other.sql("SELECT * FROM e").rows() == [(1, 2), (2, 4), (7, 14)]
        for text in ("(0)", "(2)"):
            with pytest.raises(rem.ConstraintError):
                other.sql(f"INSERT INTO e VALUES {text}")


def test_verify_finds_keys_without_entries(db: rem.Database) -> None:
    """They are written anew with the constraint."""
    db.sql("CREATE TABLE big (a INTEGER PRIMARY KEY, b INTEGER)")
    db.load("big", pl.DataFrame({"a": range(25_000), "b": 1}))
    assert db.verify().height == 0
    kv, number = db._instance.store.kv, db._instance.store.version.find("big").table.number
    lost = [key for key, _ in kv.scan("index", number.to_bytes(2, "big"))][100:103]
    kv.write([("index", key, None) for key in lost])
    assert db.verify().select("table", "column", "problem").rows() == [
        (
            "big",
            "a",
            "3 rows have no entry in the index of PRIMARY KEY (a); DROP CONSTRAINT big_a_pkey and ADD it again to "
            "write them anew",
        )
    ]
    db.sql("ALTER TABLE big DROP CONSTRAINT big_a_pkey; ALTER TABLE big ADD PRIMARY KEY (a)")
    assert db.verify().height == 0
    with pytest.raises(rem.ConstraintError):
        db.sql("INSERT INTO big VALUES (101, 1)")


def test_schema_names_the_columns_of_keys(db: rem.Database) -> None:
    assert db.schema("t").select("column", "nullable", "key", "indexed").rows() == [
        ("a", False, True, True),
        ("b", True, False, False),
        ("c", True, False, True),
    ]
