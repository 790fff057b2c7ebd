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
    "SELECT 'x' IN (SELECT x FROM (VALUES (1)) t(x) WHERE x > 5)": "a constant that does not cast is an error here "
    "also where there is no row to compare it with",
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
