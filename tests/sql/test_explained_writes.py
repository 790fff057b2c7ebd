"""EXPLAIN of statements that write: what becomes of the rows, over the plans that give them; and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rem_arrow as rem

EXPLAINED = [
    ("INSERT INTO t SELECT a + 1, b FROM s", ["Insert into t (a, b)", "Scan s"]),
    ("INSERT INTO t (a) VALUES (1)", ["Insert into t (a)", "Values (1 rows)"]),
    ("INSERT INTO t DEFAULT VALUES RETURNING a", ["Insert into t", "Default values"]),
    (
        "INSERT INTO t VALUES (1, 'x') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
        ["Insert into t, on conflict update"],
    ),
    ("INSERT INTO edges (src, dst, edge_type) VALUES ('a', 'b', 'c')", ["Insert into edges (src, dst, edge_type)"]),
    ("UPDATE t SET b = 'z' WHERE a > 1", ["Update t", "Filter (t.a > 1)", "Scan t (a, rowid"]),
    ("UPDATE t SET b = s.b FROM s WHERE s.a = t.a RETURNING t.a", ["Update t", "Join", "Scan s"]),
    ("UPDATE entities SET name = 'x' WHERE id = 'e'", ["Update entities", "Scan entities"]),
    ("DELETE FROM t WHERE a IN (SELECT a FROM s)", ["Delete from t", "Scan t", "Scan s"]),
    ("TRUNCATE t", ["Delete from t"]),
    ("CREATE TABLE u AS SELECT count(*) AS n FROM s", ["Create table u", "Aggregate count(*)", "Scan s"]),
    ("CREATE TEMP TABLE u AS SELECT 1 AS n", ["Create table u", "Values"]),
    ("COPY t TO '{0}/out.csv'", ["Copy to {0}/out.csv as csv", "Scan t (a, b)"]),
    ("COPY (SELECT a FROM s) TO '{0}/out' (FORMAT parquet)", ["as parquet", "Scan s (a)"]),
    ("COPY t FROM '{0}/in.csv'", ["Insert into t", "Read {0}/in.csv as csv"]),
    (
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b = 'x' THEN DELETE WHEN MATCHED THEN DO NOTHING "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b) RETURNING a",
        ["Merge into t", "When matched delete", "When matched nothing", "When not matched insert", "Join anti"],
    ),
]
REFUSED = [
    ("EXPLAIN CREATE TABLE u (a INTEGER)", "EXPLAIN takes a query, or a statement that reads rows"),
    ("EXPLAIN CREATE VIEW u AS SELECT 1", "EXPLAIN takes a query, or a statement that reads rows"),
    ("EXPLAIN DROP TABLE t", "EXPLAIN takes a query, or a statement that reads rows"),
    ("EXPLAIN ANALYZE DELETE FROM t", "EXPLAIN ANALYZE takes a query"),
    ("EXPLAIN INSERT INTO nosuch VALUES (1)", 'no table "nosuch"'),
    ("EXPLAIN INSERT INTO t VALUES (1, 'x', 2)", "2 columns of t are to be filled, and 3 values are given"),
    ("EXPLAIN UPDATE t SET c = 1", 'no column "c"'),
    ("EXPLAIN DELETE FROM t RETURNING c", 'no column "c"'),
    ("EXPLAIN COPY t TO 'x' (FORMAT lance)", "COPY knows no FORMAT lance"),
]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (a INTEGER PRIMARY KEY, b VARCHAR); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        db.sql("CREATE TABLE s (a INTEGER, b VARCHAR); INSERT INTO s VALUES (2, 'x'), (3, 'y')")
        db.sql("INSERT INTO entities (id, name) VALUES ('e', 'E')")
        yield db


def _contents(db: rem.Database) -> object:
    tables = ("t", "s", "entities", "edges")
    return db.tables().rows(), [db.sql(f"SELECT * FROM {name} ORDER BY ALL").rows() for name in tables]


@pytest.mark.parametrize(("text", "parts"), EXPLAINED, ids=lambda p: p[:30] if isinstance(p, str) else "")
def test_explain_shows_what_would_be_written(db: rem.Database, tmp_path: Path, text: str, parts: list[str]) -> None:
    """The first line is the write, the others stand below it; the tables, the catalog and the folder stay."""
    before, commits = _contents(db), db.stats()["commit"]
    lines = db.sql("EXPLAIN " + text.format(tmp_path))["plan"].to_list()
    shown = "\n".join(lines)
    assert [p for p in (part.format(tmp_path) for part in parts) if p not in shown] == []
    assert all(line.startswith("  ") for line in lines[1:])
    assert (_contents(db), db.stats()["commit"], list(tmp_path.iterdir())) == (before, commits, [])


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_explain_cannot_show_is_refused(db: rem.Database, text: str, message: str) -> None:
    before = _contents(db)
    with pytest.raises(rem.RemError, match=message.replace("(", r"\(")):
        db.sql(text)
    assert _contents(db) == before


def test_explain_names_temporary_tables_and_takes_parameters(db: rem.Database) -> None:
    db.sql("CREATE TEMP TABLE gone (a INTEGER)")
    plan = db.sql("EXPLAIN INSERT INTO gone SELECT a FROM t WHERE a > $least", {"least": 1})["plan"]
    assert plan[0] == "Insert into gone (a)"
    assert any("$least" in line for line in plan)
    assert db.sql("SELECT count(*) FROM gone").item() == 0
