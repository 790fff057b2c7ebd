"""Statements on Sail in this process, against DuckDB and against the database itself."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.base.errors import ExecuteError, InputError, UnsupportedError
from rem_arrow.remote import spark_session

SALES = pl.DataFrame(
    {
        "id": list(range(60)),
        "region": [["north", "south", None][i % 3] for i in range(60)],
        "amount": [None if i % 7 == 0 else i * 13 % 50 for i in range(60)],
        "price": [i % 9 - 4.5 if i % 5 else None for i in range(60)],
        "day": [date(2024, 1 + i % 12, 1 + i % 28) for i in range(60)],
        "big": pl.Series([2**63 + i for i in range(60)], dtype=pl.UInt64),
    }
).with_columns(cost=(pl.col("id") / 8).cast(pl.Decimal(12, 3)))

STATEMENTS = [
    "SELECT region, sum(amount) AS s, count(*) AS n, avg(cost) AS a, min(day) AS d, max(price) AS p FROM sales "
    "GROUP BY region",
    "SELECT id, amount / price AS q, amount // 4 AS w, amount % 4 AS r, cost * 3 AS c, -amount AS m FROM sales",
    "SELECT id, price FROM sales ORDER BY price DESC NULLS FIRST, id LIMIT 7 OFFSET 2",
    "SELECT id, row_number() OVER (PARTITION BY region ORDER BY amount, id) AS r, "
    "lag(amount, 2) OVER (ORDER BY id) AS l, "
    "sum(cost) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) AS s FROM sales",
    "SELECT a.id, b.id AS other FROM sales a LEFT JOIN sales b ON a.amount = b.id AND b.region = 'north'",
    "SELECT id, big, big + 1 AS more FROM sales WHERE big >= 9223372036854775850",
    "SELECT id FROM sales s WHERE amount > (SELECT avg(amount) FROM sales o WHERE o.region = s.region)",
    "SELECT id, upper(region) || '-' || id AS u, strftime(day, '%d.%m.%Y') AS f, round(price, 1) AS p, "
    "CASE WHEN price > 0 THEN 10 // CAST(price + 5 AS INTEGER) ELSE 0 END AS g FROM sales",
    "SELECT region, median(price) AS m, string_agg(id::VARCHAR, ',' ORDER BY id DESC) AS t, mad(price) AS o "
    "FROM sales WHERE id < 30 GROUP BY region",
    "SELECT region, day, sum(amount) AS s FROM sales WHERE id < 9 GROUP BY ROLLUP (region, day)",
    "SELECT grouping(region) AS g FROM sales GROUP BY GROUPING SETS ((), (region), CUBE (region))",
    "SELECT id AS output_1, region FROM sales ORDER BY region DESC, output_1 LIMIT 5",
    "SELECT DISTINCT region FROM sales UNION ALL SELECT 'it''s \\ é' WHERE 1 NOT IN (SELECT amount FROM sales)",
]  # fmt: skip


@pytest.fixture(scope="module")
def db():
    with rem.connect(background=False, embedder="hash") as database:
        database.load("sales", SALES)
        for name in ("Ada", "Bob", "Eve"):
            database.insert("entities", {"id": name.lower(), "name": name})
        database.add_edge("ada", "bob", "knows")
        yield database


@pytest.fixture(scope="module")
def remote(address, db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    db.publish(folder)
    with rem.distributed(address, published=folder, database=db) as opened:
        yield opened


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_gives_the_same_there(db, remote, text):
    """The rows are DuckDB's, and the types those of the database."""
    ours, there = db.sql(text), remote.sql(text)
    assert there.schema == ours.schema
    con = duckdb.connect()
    con.register("sales", SALES.to_arrow())
    expected = sorted(map(repr, con.sql(text).pl().cast(dict(ours.schema)).rows()))
    assert sorted(map(repr, there.rows())) == expected
    if "LIMIT" in text:
        assert_frame_equal(there, ours)


def test_search_and_graph_are_computed_here_and_joined_there(db, remote):
    """A lookup, a walk and the rows of a table meet in one statement."""
    text = (
        "SELECT e.name, count(*) AS n FROM TRAVERSE('ada', depth => 1) w JOIN entities e ON e.id = w.id "
        "JOIN sales ON w.depth >= sales.id GROUP BY e.name ORDER BY e.name"
    )
    assert_frame_equal(remote.sql(text), db.sql(text))
    near = "SELECT name FROM entities ORDER BY embedding.cosine('Ada') DESC LIMIT 1"
    assert_frame_equal(remote.sql(near), db.sql(near))


def test_what_fails_there_is_an_error_here(remote, tmp_path, monkeypatch):
    """An overflow, a value that a worker refuses, and an engine, a client or a publication that is not there."""
    with pytest.raises(ExecuteError, match="the engine at sc://"):
        remote.sql("SELECT CAST(id + 9223372036854775800 AS BIGINT) + 100 FROM sales")
    with pytest.raises(ExecuteError, match="the engine at sc://"):
        remote.sql("SELECT CAST(region AS INTEGER) FROM sales")
    with pytest.raises(InputError, match="holds no publication"):
        rem.distributed("sc://localhost:1", published=tmp_path)
    monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="needs a client of Spark Connect"):
        rem.distributed("sc://localhost:1", published=remote._target.address)
