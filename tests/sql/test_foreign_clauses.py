"""Clauses of MySQL and SQL Server that DuckDB does not read, beside what they mean in DuckDB's own words."""

from __future__ import annotations

import duckdb
import pytest

import rem_arrow as rem
from tests.sql.compare import multiset

_ROWS = "(VALUES (1, 'x', 1), (2, 'X', 1), (3, 'y', 2)) t(a, s, g)"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (
            "SELECT a, g, sum(a) FROM {t} GROUP BY a, g WITH ROLLUP",
            "SELECT a, g, sum(a) FROM {t} GROUP BY ROLLUP (a, g)",
        ),
        ("SELECT a, g, sum(a) FROM {t} GROUP BY a, g WITH CUBE", "SELECT a, g, sum(a) FROM {t} GROUP BY CUBE (a, g)"),
        (
            "SELECT t.a, x.b FROM {t} CROSS APPLY (SELECT k AS b FROM range(4) r(k) WHERE k > t.a) x",
            "SELECT t.a, x.b FROM {t}, LATERAL (SELECT k AS b FROM range(4) r(k) WHERE k > t.a) x",
        ),
        (
            "SELECT t.a, x.b FROM {t} OUTER APPLY (SELECT k AS b FROM range(4) r(k) WHERE k > t.a) x",
            "SELECT t.a, x.b FROM {t} LEFT JOIN LATERAL (SELECT k AS b FROM range(4) r(k) WHERE k > t.a) x ON true",
        ),
        (
            "SELECT t.a, x.b FROM {t} OUTER APPLY (SELECT k AS b FROM range(2) r(k)) x",
            "SELECT t.a, x.b FROM {t} LEFT JOIN (SELECT k AS b FROM range(2) r(k)) x ON true",
        ),
    ],
)
def test_a_clause_means_what_its_standard_form_means(text: str, same: str) -> None:
    """WITH ROLLUP and WITH CUBE behind GROUP BY, CROSS APPLY and OUTER APPLY."""
    with rem.connect(background=False) as db:
        ours = db.sql(text.format(t=_ROWS)).rows()
    assert multiset(ours) == multiset(duckdb.sql(same.format(t=_ROWS)).fetchall())


def test_a_join_says_on_what() -> None:
    """JOIN without ON is no comma."""
    with rem.connect(background=False) as db, pytest.raises(rem.BindError, match="INNER JOIN needs ON or USING"):
        db.sql(f"SELECT * FROM {_ROWS} JOIN (SELECT 1 AS b) u")
