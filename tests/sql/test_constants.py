"""Expressions without columns, constant or of parameters: one value for each row, on each of Polars' engines."""

from __future__ import annotations

import pytest

import rem_arrow as rem
from rem_arrow import engine


@pytest.mark.parametrize("few_rows", [0, engine.FEW_ROWS])
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
        ("SELECT regexp_replace($x::VARCHAR, '1', 'b') c, strftime(DATE '2020-01-01' + $x, '%d') d FROM t", [("b", "02")] * 3),
        ("SELECT COUNT(DISTINCT random()) c FROM t", [(3,)]),
    ],
)
def test_a_constant_stands_in_every_row(text: str, expected: list[tuple[object, ...]], few_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FEW_ROWS", few_rows)
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (0), (1), (2)")
        assert db.sql(text, {"x": 1} if "$x" in text else None).rows() == expected
