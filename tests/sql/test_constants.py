"""Expressions without columns, constant or of parameters: one value for each row, on each of Polars' engines."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.effort import some
from tests.sql.compare import multiset


@pytest.mark.parametrize("few_rows", [0, prepared.FEW_ROWS])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT $x IN (1, 2) c, a FROM t ORDER BY a", [(True, 0), (True, 1), (True, 2)]),
        ("SELECT $x IN (2, NULL) c FROM t", [(None,)] * 3),
        ("SELECT $x NOT IN (2, 3) c FROM t", [(True,)] * 3),
        ("SELECT list_count([$x]) IN (2, 3) c FROM t", [(False,)] * 3),
        ("SELECT list_count([]) IN (3, 2) c FROM t", [(False,)] * 3),
        ("SELECT a FROM t WHERE $x IN (1, 2) ORDER BY $x IN (1, 2), a DESC", [(2,), (1,), (0,)]),
        ("SELECT CASE WHEN list_count([$x]) IN (1, 2) THEN 1 WHEN a > 1 THEN 2 END c FROM t", [(1,)] * 3),
        ("SELECT $x IN (1, 2) c, COUNT(*) n FROM t GROUP BY 1", [(True, 3)]),
        ("SELECT MAX($x IN (1, 2)) c, SUM(list_count([$x])) n FROM t", [(True, 3)]),
        ("SELECT SUM(a) OVER (PARTITION BY $x IN (1, 2)) c FROM t", [(3,)] * 3),
        ("SELECT COUNT(*) c FROM t b JOIN t d ON b.a = d.a AND $x IN (1, 2)", [(3,)]),
        (
            "SELECT regexp_replace($x::VARCHAR, '1', 'b') c, strftime(DATE '2020-01-01' + $x, '%d') d FROM t",
            [("b", "02")] * 3,
        ),
        ("SELECT COUNT(DISTINCT random()) c FROM t", [(3,)]),
    ],
)
def test_a_constant_stands_in_every_row(
    text: str, expected: list[tuple[object, ...]], few_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "FEW_ROWS", few_rows)
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (0), (1), (2)")
        assert db.sql(text, {"x": 1} if "$x" in text else None).rows() == expected


@pytest.mark.parametrize(
    ("kind", "few_rows"),
    some([(kind, few) for kind in ("", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI") for few in (0, prepared.FEW_ROWS)]),
)
def test_nan_joins_nan(few_rows: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in DuckDB, also where there is one row, or where rows are known to be in order."""
    monkeypatch.setattr(prepared, "FEW_ROWS", few_rows)
    nan = float("nan")
    text = f"SELECT * FROM a {kind} JOIN b ON a.x = b.y"
    for left, right in (
        ([nan], [nan]),
        ([1.0, nan], [nan, 2.0]),
        ([None, 0.0, nan], [None, -0.0, nan]),
        ([nan], []),
        ([1.0], [nan]),
    ):
        a, b = pl.DataFrame({"x": left}, schema={"x": pl.Float64}), pl.DataFrame({"y": right}, schema={"y": pl.Float64})
        with rem.connect(background=False) as db, duckdb.connect() as oracle:
            for name, frame in (("a", a), ("b", b)):
                db.load(name, frame.sort(frame.columns))
                oracle.register(name, frame)
            assert multiset(db.sql(text).rows()) == multiset(oracle.sql(text).fetchall())


def test_a_text_beside_no_rows() -> None:
    """What one engine of Polars cannot broadcast, the other can."""
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (s VARCHAR)")
        assert db.sql("SELECT s, COUNT(*) FILTER (WHERE NULL::VARCHAR NOT LIKE s) n FROM t GROUP BY s").rows() == []
