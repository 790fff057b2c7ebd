"""Few texts of one side of a join are looked up in an index on the other, instead of reading the column: only the cost
changes."""

from __future__ import annotations

import polars as pl
import pytest

import rem_arrow as rem

ROWS = 130_000


@pytest.fixture(scope="module")
def db():
    with rem.connect() as db:
        db.load(
            "facts",
            pl.DataFrame({"n": range(ROWS), "name": [f"k{i % 40_000}" for i in range(ROWS)]}).with_columns(
                pl.when(pl.col("n") % 1000 == 0).then(None).otherwise("name").alias("name")
            ),
        )
        db.sql("CREATE INDEX by_name ON facts (name)")
        db.load("few", pl.DataFrame({"k": ["k7", "k8", "k8", None, "nothing", "k39999"], "w": range(6)}))
        db.compact()
        yield db


JOINS = [
    "SELECT f.n, w FROM few JOIN facts f ON f.name = few.k WHERE w < 9",
    "SELECT f.n, w FROM few LEFT JOIN facts f ON f.name = few.k WHERE w < 9",
    "SELECT n FROM facts WHERE name IN (SELECT k FROM few WHERE w < 9)",
    "SELECT w FROM few WHERE w < 9 AND EXISTS (SELECT 1 FROM facts f WHERE f.name = few.k AND f.n > 50000)",
]


@pytest.mark.parametrize("text", JOINS)
def test_an_index_gives_what_a_scan_gives(db, text):
    """The rows are those of a join without an index, after deletes and in the tail too."""
    plain = text.replace("f.name = few.k", "f.name || '' = few.k").replace("WHERE name IN", "WHERE name || '' IN")
    assert sorted(db.sql(text).rows(), key=repr) == sorted(db.sql(plain).rows(), key=repr)
    with db.transaction() as tx:
        tx.sql("DELETE FROM facts WHERE n = 8")
        tx.sql("INSERT INTO facts VALUES (-1, 'k7')")
        assert sorted(tx.sql(text).rows(), key=repr) == sorted(tx.sql(plain).rows(), key=repr)
        tx.rollback()


def test_explain_tells_of_the_index(db):
    plan = db.explain(JOINS[0], analyze=True)
    assert "by index name" in plan
    assert "by index" not in db.explain(
        "SELECT count(*) FROM facts a JOIN facts b ON a.name = b.name WHERE a.n < 10000", analyze=True
    )
