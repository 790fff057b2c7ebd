"""CTEs that write, beyond what scripts/writing_ctes.sql compares: errors, entities and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rem_arrow as rem


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.sql("CREATE TABLE t (a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 2)")
        yield database


def test_a_write_that_fails_leaves_nothing_of_those_before_it(db):
    """The writes of a WITH are one: also within a transaction, which goes on without them."""
    text = "WITH x AS (INSERT INTO t VALUES (5, 5) RETURNING a), y AS (INSERT INTO t VALUES ('no', 1)) SELECT * FROM x"
    with pytest.raises(rem.InputError, match="does not fit"):
        db.sql(text)
    assert db.sql("SELECT a FROM t").rows() == [(1,)]
    db.sql("BEGIN; INSERT INTO t VALUES (3, 3)")
    with pytest.raises(rem.InputError, match="does not fit"):
        db.sql(text)
    db.sql("COMMIT")
    assert db.sql("SELECT a FROM t ORDER BY a").rows() == [(1,), (3,)]


def test_entities_and_edges_are_written_in_one_statement(db):
    """A CTE may write entities, another change what the first wrote, and an edge bind to it."""
    db.insert("entities", {"id": "ada", "name": "Ada"})
    rows = db.sql(
        "WITH x AS (INSERT INTO entities (id, name) VALUES ('bob', 'Bob') RETURNING id), "
        "y AS (UPDATE entities SET name = 'Robert' WHERE id IN (FROM x) RETURNING name), "
        "z AS (INSERT INTO edges (src_table, src, dst_table, dst, edge_type) "
        "VALUES ('entities', 'ada', 'entities', 'bob', 'knows')) SELECT * FROM y"
    ).rows()
    assert rows == [("Robert",)]
    assert db.lookup_entity("Robert")["id"].to_list() == ["bob"]
    assert db.neighbors(["ada"])["id"].to_list() == ["bob"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT (WITH x AS (DELETE FROM t RETURNING a) FROM x)", "DELETE cannot stand here"),
        ("CREATE VIEW v AS WITH x AS (INSERT INTO t VALUES (1, 2) RETURNING a) FROM x", "INSERT cannot stand here"),
        ("WITH RECURSIVE x AS (UPDATE t SET a = 1 RETURNING a) FROM x", "cannot stand in WITH RECURSIVE"),
    ],
)
def test_a_cte_that_writes_stands_in_the_first_with_only(db, text, message):
    """Elsewhere it is refused, and nothing is written."""
    with pytest.raises(rem.RemError, match=message):
        db.sql(text)
    assert db.sql("FROM t").rows() == [(1, 2)]
