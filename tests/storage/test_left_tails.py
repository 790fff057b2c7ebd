"""Rows that a process left in the tail, because it was killed or closed early, are sealed by the next that writes."""

from __future__ import annotations

from pathlib import Path

import pytest

import rem_arrow as rem
from tests.children import run_python

CHILD = """
import os, sys
import rem_arrow as rem
db = rem.connect(sys.argv[1], embedder="hash")
db.sql("CREATE TABLE IF NOT EXISTS t (n BIGINT)")
start = db.sql("SELECT count(*) FROM t").item()
for part in range(4):
    db.sql("INSERT INTO t SELECT range FROM range($a, $b)", {"a": start + 500 * part, "b": start + 500 * (part + 1)})
db.insert("entities", {"id": f"e{start}", "name": "few"})
if sys.argv[2] == "killed":
    os._exit(0)
db.close()
"""


@pytest.mark.parametrize("how", ["killed", pytest.param("closed", marks=pytest.mark.long)])
def test_a_tail_that_was_left_is_sealed_by_the_next_process(tmp_path: Path, how: str) -> None:
    """And each row is there once; a small tail stays, and a reader changes nothing."""
    for _ in range(2):
        assert run_python(CHILD, tmp_path / "db", how).returncode == 0
    with rem.connect(tmp_path / "db", read_only=True) as reader:
        assert reader.stats()["tables"]["t"]["tail_rows"] >= 2_000
    with rem.connect(tmp_path / "db", embedder="hash") as db:
        db.wait()
        stats = db.stats()["tables"]
        assert (stats["t"]["rows"], stats["t"]["tail_rows"], stats["entities"]["tail_rows"]) == (4_000, 0, 2)
        assert sorted(db.sql("SELECT n FROM t")["n"].to_list()) == list(range(4_000))
        assert db.verify().is_empty()
