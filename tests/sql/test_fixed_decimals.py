"""Decimals that run as integers inside give what DuckDB gives, up to the ends of their types."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from tests.effort import examples
from tests.sql.compare import multiset


def _decimals(digits: int, places: int) -> st.SearchStrategy[Decimal | None]:
    top = 10**digits - 1
    return (
        st.none()
        | st.integers(-top, top).map(lambda v: Decimal(v).scaleb(-places))
        | st.sampled_from([Decimal(0), Decimal(top).scaleb(-places), Decimal(-top).scaleb(-places)])
    )


ROWS = st.lists(
    st.tuples(_decimals(7, 2), _decimals(5, 4), _decimals(18, 3), st.none() | st.integers(-50, 50)),
    min_size=1,
    max_size=30,
)
SCHEMA = {"a": pl.Decimal(7, 2), "b": pl.Decimal(5, 4), "c": pl.Decimal(18, 3), "i": pl.Int32}
QUERIES = (
    "SELECT a, b, c FROM t",
    "SELECT a + b, a - b, -a, a * b, a + i, b * i FROM t",
    "SELECT a * (1 - b) * (1 + b) FROM t",
    "SELECT sum(a), sum(c), sum(a * b), sum(a * b * (1 - b)), avg(a), avg(c), min(b), max(c), count(a) FROM t",
    "SELECT i, sum(a), avg(b), sum(c), max(a - b) FROM t GROUP BY i",
    "SELECT a, count(*) FROM t GROUP BY a HAVING sum(b) > 0",
    "SELECT a FROM t WHERE a > b AND c <= 5 AND a <> 0.5",
    "SELECT a FROM t WHERE a IN (0, 1.5, 99999.99) OR b BETWEEN -0.00005 AND 1 OR a IS NULL",
    "SELECT CASE WHEN a > b THEN a WHEN i > 0 THEN 0 ELSE b END, coalesce(a, b, 0), a::DOUBLE, a::VARCHAR, round(a, "
    "1) FROM t",
    "SELECT x.a, y.b FROM t x JOIN t y ON x.a = y.b",
    "SELECT x.a, y.c FROM t x LEFT JOIN t y ON x.a = y.c",
    "SELECT a FROM t UNION ALL SELECT b FROM t UNION ALL SELECT 0.00",
    "SELECT DISTINCT a, b FROM t",
    "SELECT a, sum(a) OVER (ORDER BY a), rank() OVER (ORDER BY c) FROM t",
    "SELECT a FROM t WHERE c > (SELECT avg(a) FROM t) OR EXISTS (SELECT 1 FROM t u WHERE u.b = t.a)",
)


@pytest.mark.parametrize("sealed", [pytest.param(False, marks=pytest.mark.long), True], ids=["tail", "sealed"])
@settings(max_examples=examples(12))
@given(rows=ROWS)
def test_decimals_agree_with_duckdb(sealed, rows):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        db.load("t", frame)
        if sealed:
            db.compact()
        given_ = frame.to_arrow()
        oracle.execute("CREATE TABLE t AS SELECT * FROM given_")
        assert given_.num_rows == len(rows)
        for text in QUERIES:
            wanted = oracle.execute(text).fetchall()
            assert multiset(db.sql(text).rows()) == multiset(wanted), text
