"""A process killed in the midst of statements leaves each of them done or not begun."""

from __future__ import annotations

from pathlib import Path

import rem_arrow as rem
from tests.children import killed
from tests.effort import examples

ROWS = 25_000
_CHILD = """
import sys
import rem_arrow as rem
with rem.connect(sys.argv[1]) as db:
    while True:
        g = db.sql("UPDATE t SET g = g + 1; SELECT MAX(g) FROM t").item()
        print(g, flush=True)
        db.sql("CREATE OR REPLACE TABLE copy AS SELECT * FROM t; "
            "DELETE FROM copy WHERE i % 2 = 0; ALTER TABLE copy ADD COLUMN h INTEGER DEFAULT 5")
        db.sql("BEGIN; UPDATE pair SET a = a - 1 WHERE k = 1; UPDATE pair SET a = a + 1 WHERE k = 2; COMMIT")
"""


def test_each_statement_is_done_or_not_begun_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "x"
    digits = ", ".join(f"({i})" for i in range(10))
    with rem.connect(path) as db:
        db.sql(f"CREATE TABLE d AS SELECT * FROM (VALUES {digits}) d(x)")
        db.sql(
            "CREATE TABLE t AS SELECT a.x + 10 * b.x + 100 * c.x + 1000 * e.x + 10000 * f.x AS i, 0 AS g FROM d a, d "
            "b, d c, d e, d f WHERE f.x < 3"
        )
        db.sql(f"DELETE FROM t WHERE i >= {ROWS}; CREATE TABLE pair AS SELECT * FROM (VALUES (1, 0), (2, 0)) p(k, a)")
    for seed in range(examples(4, least=2)):
        said = int(killed("-c", _CHILD, path, after_s=0.1 + 0.13 * seed).lines[-1])
        with rem.connect(path) as db:
            assert db.verify().height == 0
            ((count, low, high),) = db.sql("SELECT COUNT(*), MIN(g), MAX(g) FROM t").rows()
            assert (count, low) == (ROWS, high) and high - said in (0, 1)
            assert db.sql("SELECT SUM(a) FROM pair").item() == 0
            assert db.sql("SELECT COUNT(DISTINCT i) FROM t").item() == ROWS
            if "copy" in db.sql("SHOW TABLES")["name"]:
                assert db.sql("SELECT COUNT(*) FROM copy").item() in (ROWS, ROWS // 2)
