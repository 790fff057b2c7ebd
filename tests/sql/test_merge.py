"""MERGE INTO: on plain tables what DuckDB does, on entity tables and edges what INSERT, UPDATE and DELETE do there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from tests.effort import some
from tests.sql.compare import multiset

TABLES = [
    "CREATE TABLE a (i INTEGER, j INTEGER DEFAULT 77, s VARCHAR)",
    "INSERT INTO a VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'z'), (NULL, 40, 'n')",
    "CREATE TABLE b (i INTEGER, j INTEGER, s VARCHAR)",
    "INSERT INTO b VALUES (2, 200, 'B'), (3, 300, 'C'), (4, 400, 'D'), (NULL, 500, 'N')",
]
MERGES = [
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = b.j",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED AND b.j > 250 THEN UPDATE SET j = b.j + a.j WHEN MATCHED THEN "
    "DELETE",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED AND a.s > NULL THEN DELETE WHEN MATCHED THEN UPDATE SET s = 'kept'",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED AND a.j = 20 THEN DO NOTHING WHEN MATCHED THEN DELETE",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT VALUES (b.i, b.j, b.s)",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT (i) VALUES (b.i)",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT VALUES (b.i, DEFAULT, 'q')",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED BY TARGET THEN INSERT",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT BY NAME",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED AND b.j > 450 THEN INSERT (s, i) VALUES ('new', b.i) WHEN "
    "NOT MATCHED THEN DO NOTHING",
    "MERGE INTO a USING b USING (i) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT",
    "MERGE INTO a USING b USING (i) WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED BY SOURCE THEN DELETE",
    "MERGE INTO a USING b ON a.i = b.i WHEN NOT MATCHED BY SOURCE AND a.i = 1 THEN UPDATE SET j = 0",
    "MERGE INTO a USING b ON false WHEN NOT MATCHED THEN INSERT VALUES (i, j, s)",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = DEFAULT",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET (j, s) = (1, 'k')",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = (SELECT max(j) FROM b)",
    "MERGE INTO a USING a b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = b.j + 1",
    "MERGE INTO a t USING b s ON t.i = s.i AND s.j < 250 WHEN MATCHED THEN UPDATE SET j = s.j WHEN NOT MATCHED THEN "
    "INSERT",
    "MERGE INTO a USING (SELECT i, count(*) AS n FROM b GROUP BY i) ON a.i = unnamed_subquery.i WHEN MATCHED THEN "
    "UPDATE SET j = n",
    "MERGE INTO a USING (VALUES (1, 5), (9, 6)) v(i, j) ON a.i = v.i WHEN MATCHED THEN UPDATE SET j = v.j WHEN NOT "
    "MATCHED THEN INSERT (i, j) VALUES (v.i, v.j)",
    "WITH q AS (SELECT * FROM b WHERE i = 2) MERGE INTO a USING q ON a.i = q.i WHEN MATCHED THEN DELETE",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = b.j RETURNING *",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = b.j WHEN NOT MATCHED THEN INSERT WHEN NOT "
    "MATCHED BY SOURCE THEN DELETE RETURNING merge_action, *",
    "MERGE INTO a USING b ON a.i = b.i WHEN MATCHED AND false THEN DELETE RETURNING lower(merge_action) AS did, i + 1",
]


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[rem.Database, duckdb.DuckDBPyConnection]]:
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        yield db, oracle


@pytest.mark.parametrize(
    ("text", "sealed"), [*((text, False) for text in MERGES), *some([(text, True) for text in MERGES])]
)
def test_a_merge_does_what_duckdb_does(both: tuple[rem.Database, duckdb.DuckDBPyConnection], text, sealed) -> None:
    """The answer, and the rows that it leaves."""
    db, oracle = both
    for statement in ("DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS b", *TABLES):
        db.sql(statement)
        oracle.execute(statement)
    if sealed:
        db.compact()
    assert multiset(db.sql(text).rows()) == multiset(oracle.execute(text).fetchall())
    assert multiset(db.sql("FROM a").rows()) == multiset(oracle.execute("FROM a").fetchall())


class Ticket(BaseModel):
    """A ticket."""

    model_config = ConfigDict(json_schema_extra={"key_field": "code"})

    code: str
    status: str = "open"


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        for statement in TABLES:
            database.sql(statement)
        database.register(Ticket)
        database.sql("INSERT INTO tickets (id, code) VALUES ('t1', 'A'), ('t2', 'B')")
        database.load("news", pl.DataFrame({"code": ["B", "C"], "status": ["closed", "new"]}))
        yield database


def test_a_merge_writes_entities_through_their_model(db: rem.Database) -> None:
    """Updates keep the id, inserts get one, deletes are soft; what is not said takes the model's default."""
    text = """MERGE INTO tickets t USING news n ON t.code = n.code WHEN MATCHED THEN UPDATE SET status = n.status
              WHEN NOT MATCHED THEN INSERT (code) VALUES (n.code)
              WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action, code, status"""
    assert sorted(db.sql(text).rows()) == [("DELETE", "A", "open"), ("INSERT", "C", "open"), ("UPDATE", "B", "closed")]
    assert sorted(db.sql("SELECT code, status, id = 't2' FROM tickets").rows()) == [
        ("B", "closed", True),
        ("C", "open", False),
    ]
    assert db.sql("SELECT code FROM tickets WHERE id = 't1'", include_deleted=True).rows() == [("A",)]


def test_a_merge_is_part_of_a_transaction(db: rem.Database) -> None:
    db.sql("BEGIN; MERGE INTO a USING b ON a.i = b.i WHEN MATCHED THEN DELETE")
    assert db.sql("SELECT count(*) FROM a").item() == 2
    db.sql("ROLLBACK")
    assert db.sql("SELECT count(*) FROM a").item() == 4


def test_a_merge_takes_parameters_and_frames(db: rem.Database) -> None:
    frame = pl.DataFrame({"i": [1], "j": [5]})
    db.sql("MERGE INTO a USING f ON a.i = f.i WHEN MATCHED THEN UPDATE SET j = f.j + $n", {"n": 3}, frames={"f": frame})
    assert db.sql("SELECT j FROM a WHERE i = 1").item() == 8


REFUSED: list[tuple[str, str]] = [
    (
        "USING (VALUES (1, 5), (1, 6)) v(i, j) ON a.i = v.i WHEN MATCHED THEN DELETE",
        "a row of a is found by several rows of the source",
    ),
    ("USING b ON a.i = b.i WHEN NOT MATCHED BY SOURCE THEN UPDATE SET j = b.j", 'no table "b" in FROM'),
    ("USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT VALUES (a.i, 1, 'x')", 'no table "a" in FROM'),
    ("USING b ON a.i = b.i WHEN MATCHED AND j > 5 THEN DELETE", 'the column "j" is ambiguous'),
    (
        "USING b ON a.i = b.i WHEN NOT MATCHED THEN UPDATE SET j = 1",
        "WHEN NOT MATCHED finds no row of the table to update",
    ),
    (
        "USING b ON a.i = b.i WHEN NOT MATCHED BY SOURCE THEN UPDATE",
        "UPDATE without SET takes the columns of the source",
    ),
    ("USING b ON a.i = b.i WHEN MATCHED THEN INSERT", "INSERT belongs after WHEN NOT MATCHED"),
    (
        "USING b ON a.i = b.i WHEN NOT MATCHED THEN INSERT VALUES (b.i)",
        "3 columns of a are to be filled, and 1 values are given",
    ),
    (
        "USING (SELECT i, j FROM b) q USING (i) WHEN MATCHED THEN UPDATE",
        "UPDATE without SET needs the 3 columns of a, and the source has 2",
    ),
    ("USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET nope = 1", 'no column "nope" in a'),
    ("USING b ON a.i = b.i WHEN MATCHED THEN UPDATE SET j = 'x'", 'a value does not fit the column "j"'),
    ("USING nobody ON true WHEN MATCHED THEN DELETE", 'no table "nobody"'),
]


@pytest.mark.parametrize(("rest", "message"), REFUSED)
def test_what_a_merge_cannot_do_is_refused_in_words(db: rem.Database, rest: str, message: str) -> None:
    """And leaves the rows as they were."""
    before = db.sql("FROM a").rows()
    with pytest.raises(rem.RemError) as caught:
        db.sql(f"MERGE INTO a {rest}")
    assert message in str(caught.value)
    assert db.sql("FROM a").rows() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "MERGE INTO tickets t USING news n ON t.code = n.code WHEN MATCHED THEN UPDATE SET id = 'x'",
            "the id of a row of tickets cannot be changed",
        ),
        (
            "MERGE INTO tickets t USING news n ON t.code = n.code WHEN NOT MATCHED THEN INSERT (id, code) VALUES "
            "('t2', n.code) WHEN MATCHED THEN DELETE",
            "an id of tickets comes more than once",
        ),
    ],
)
def test_a_merge_writes_an_entity_once_and_keeps_its_id(db: rem.Database, text: str, message: str) -> None:
    with pytest.raises(rem.RemError) as caught:
        db.sql(text)
    assert message in str(caught.value)


def test_edges_are_merged_by_their_ends(db: rem.Database) -> None:
    db.add_edge("t1", "t2", "blocks")
    made: Any = db.sql(
        "MERGE INTO edges e USING (VALUES ('t1', 't2', 5.0), ('t2', 't1', 7.0)) v(x, y, w) ON e.src = v.x AND e.dst "
        "= v.y "
        "WHEN MATCHED THEN UPDATE SET weight = v.w WHEN NOT MATCHED THEN INSERT (src, dst, edge_type, weight) VALUES "
        "(v.x, v.y, 'blocks', v.w)"
    ).item()
    assert made == 2
    assert sorted(db.sql("SELECT src, dst, weight FROM edges").rows()) == [("t1", "t2", 5.0), ("t2", "t1", 7.0)]
