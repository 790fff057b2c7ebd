"""A constant, or the text of a column, that is no value of a type is an error only when a row reaches it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

import rem_arrow as rem
from tests.sql.compare import multiset

_SETUP = (
    "CREATE TABLE e (i INT, d DECIMAL(18,3), s VARCHAR)",
    "CREATE TABLE f (i INT, d DECIMAL(18,3), s VARCHAR)",
    "INSERT INTO f VALUES (1, 1, '1'), (2, 2, 'x')",
)
# e has no rows, f has two.
_QUERIES = (
    "SELECT 'x'::INT FROM e",
    "SELECT 'x'::INT FROM f",
    "SELECT 1 FROM e WHERE 'x'::INT = 1",
    "SELECT 'x'::INT FROM e, f",
    "SELECT i + 'x'::INT FROM f WHERE i > 7",
    "SELECT i + 'x'::INT FROM f WHERE i > 1",
    "SELECT * FROM e WHERE d = 'Infinity'",
    "SELECT * FROM f WHERE d = 'Infinity'",
    "SELECT * FROM f WHERE d = 'Infinity' AND i > 10",
    "SELECT * FROM f WHERE i > 10 AND 'x'::INT = 1",
    "SELECT i = 5 AND i = 'x' FROM f",
    "SELECT i FROM e WHERE i IN (1, 'x')",
    "SELECT i FROM f WHERE i IN (1, 'x')",
    "SELECT coalesce(i, 'x'::INT) FROM f",
    "SELECT nullif(i, 'x'), greatest(i, 'x'::INT) FROM e",
    "SELECT CASE WHEN i = 5 THEN 'x'::INT END FROM f",
    "SELECT CASE WHEN i = 2 THEN 'x'::INT END FROM f",
    "SELECT sum('x'::INT) FROM e",
    "SELECT row_number() OVER (ORDER BY 'x'::INT) FROM e",
    "SELECT string_agg(s, 'x'::INT::VARCHAR) FROM f",
    "SELECT * FROM f JOIN e ON f.i = 'x'::INT",
    "SELECT * FROM e, f WHERE e.i = 'x'::INT",
    "SELECT * FROM f LEFT JOIN e ON e.i = 'x'::INT",
    "SELECT i IN (SELECT 'x'::INT FROM e) FROM f",
    "SELECT i, 'hello' IN (SELECT i FROM e) FROM f",
    "SELECT i, 'hello' IN (SELECT i FROM f) FROM f",
    "SELECT '2' IN (SELECT i FROM f), '7' NOT IN (SELECT i FROM f), '7' IN (SELECT NULL::INT FROM f)",
    "SELECT (SELECT 'x'::INT FROM e)",
    "SELECT i FROM e UNION ALL SELECT 'x'::INT FROM e",
    "SELECT * FROM f WHERE i = 2 OR s::INT > 0",
    "SELECT * FROM f WHERE i = 1 OR s::INT > 0",
    "SELECT * FROM f WHERE d OR concat(s)",
    "SELECT * FROM f WHERE (d = 2 OR s::INT > 5) AND (i = 2 OR s::INT = 1)",
    "SELECT i FROM f WHERE i = 1 AND s::INT > 0",
    "SELECT i FROM f WHERE i = 3 AND s::INT > 0",
    "SELECT 2147483647 + 1 FROM e",
    "SELECT -(-128)::TINYINT FROM e",
)


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[rem.Database, duckdb.DuckDBPyConnection]]:
    with rem.connect(background=False) as db, duckdb.connect() as other:
        for statement in _SETUP:
            db.sql(statement)
            other.execute(statement)
        yield db, other


@pytest.mark.parametrize("text", _QUERIES)
def test_an_error_comes_with_the_row_that_reaches_it(engines, text: str) -> None:
    db, other = engines
    try:
        expected = multiset(other.execute(text).fetchall())
    except duckdb.Error:
        with pytest.raises(rem.RemError):
            db.sql(text)
    else:
        assert multiset(db.sql(text).rows()) == expected


def test_an_ordered_sum_of_floats_is_added_row_by_row(engines) -> None:
    values = "(VALUES (1, 1e0), (1, 9007199254740992), (1, 1), (1, 1), (2, NULL)) t(i, x)"
    text = f"SELECT i, sum(x ORDER BY abs(x)), sum(x ORDER BY x DESC) FROM {values} GROUP BY i"
    db, other = engines
    assert multiset(db.sql(text).rows()) == multiset(other.execute(text).fetchall())
