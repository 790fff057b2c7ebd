"""Where this engine and DuckDB are known to differ: each fails until it is mended, and then says so."""

from __future__ import annotations

import duckdb
import pytest

import rem_arrow as rem
from tests.sql.compare import multiset

GAPS = {
    "SELECT 1 WHERE [1]::BIGINT ARRAY = [1]": "SQLGlot reads `BIGINT ARRAY` as BIGINT, and drops the word ARRAY",
    "SELECT x::ROW(i INTEGER) FROM (VALUES (NULL::INT[])) t(x)": "DuckDB casts a list to a row where it is NULL; here "
    "the types decide, but for a constant",
    "SELECT (arg_min(d, b) EXPORT_STATE)::VARCHAR FROM (VALUES (1, 2)) t(d, b)": "the state of an aggregate is no "
    "value here",
    "SELECT typeof(max(y)) FROM (SELECT NULL y)": "an aggregate of nothing but NULL is INTEGER here, and has the "
    "type NULL in DuckDB",
    "SELECT v.a FROM (SELECT 1 a WHERE FALSE) v, (SELECT 1 a WHERE FALSE) w WHERE v.a = w": "a number and a row do not "
    "compare; DuckDB says so only when there is a row",
    "SELECT DATE 'x' FROM range(0)": "a text that is no date is an error, with its place, before any row is read",
    "WITH c(s1, s2) AS (SELECT 1::SMALLINT, 2) SELECT s1.s2 FROM c s1 JOIN c s2 ON (SELECT s1.s2 = s2 FROM c WHERE "
    "s2.s2 = s2)": "the name of a table goes before that of a column of a subquery around; DuckDB takes the column",
    "SELECT a.x FROM (SELECT 1 x, 'a' s) a LEFT JOIN (SELECT 1 x WHERE FALSE) b ON a.x = b.x AND a.s::INT > 3": "what "
    "a join asks of one side alone is computed for all of its rows",
    "SELECT x FROM range(10) t(x) LIMIT (SELECT 200) %": "a percentage over 100 that a subquery gives is no error here",
}


def _answer(run, text):
    try:
        return multiset([tuple(r) for r in run(text)])
    except (duckdb.Error, rem.RemError):
        return "an error"


@pytest.mark.parametrize(
    "text", [pytest.param(t, marks=pytest.mark.xfail(strict=True, reason=r)) for t, r in GAPS.items()]
)
def test_a_gap_is_closed(text):
    """This engine answers as DuckDB does, or refuses what it refuses."""
    with rem.connect() as db:
        assert _answer(lambda t: db.sql(t).rows(), text) == _answer(lambda t: duckdb.sql(t).fetchall(), text)
