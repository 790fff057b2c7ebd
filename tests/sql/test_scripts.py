"""Scripts beside DuckDB: each statement gives the same rows in both, or an error in both.

`scripts/*.sql` holds one statement a line; lines after `--` are remarks. What a statement without rows answers is not
compared: DuckDB answers with counts or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem
from tests.effort import some
from tests.sql.compare import multiset

SCRIPTS = sorted(Path(__file__).parent.joinpath("scripts").glob("*.sql"))
_ROWS = re.compile(
    r"^(WITH|SELECT|FROM|TABLE|VALUES|EXECUTE|SHOW|DESCRIBE|SUMMARIZE|PRAGMA|CALL)\b|\bRETURNING\b", re.I
)


def _outcome(run: Callable[[str], list[tuple[object, ...]]], text: str) -> object:
    try:
        found = run(text)
    except (duckdb.Error, rem.RemError):
        return "an error"
    return multiset(found) if _ROWS.search(text) else "done"


@pytest.mark.parametrize("path", some(SCRIPTS, every=2), ids=lambda p: p.stem)
def test_a_script_does_what_it_does_in_duckdb(path: Path):
    """Every statement of a script gives what it gives in DuckDB, and leaves what it leaves there."""
    statements = [s for s in path.read_text(encoding="utf-8").splitlines() if s and not s.startswith("--")]
    theirs = duckdb.connect()
    differing = []
    with rem.connect(background=False) as ours:
        for text in statements:
            expected = _outcome(lambda sql: theirs.execute(sql).fetchall(), text)
            got = _outcome(lambda sql: ours.sql(sql).rows(), text)
            if got != expected:
                differing.append((text, got, expected))
    assert not differing
