"""The *.slt files of this folder: their queries give DuckDB's rows, over rows in the tail and over sealed ones.

Blocks are parted by blank lines. A block `statement` is SQL that makes tables, run in DuckDB; each table is handed to
`db.load` as Arrow. A block `query` runs on both: rows in order where it has an ORDER BY at its end, else as a multiset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.sql.compare import multiset, rows

FILES = sorted(Path(__file__).parent.glob("*.slt"))
PLACES = ("tail", "sealed")
_ORDERED = re.compile(r"\bORDER BY\b(?!.*\))", re.IGNORECASE | re.DOTALL)


def blocks(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield kind, SQL and line number of each block."""
    kind, lines, start = "", [], 0
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip() and not kind:
            kind, start = line.strip(), number
        elif line.strip():
            lines.append(line)
        elif kind:
            yield kind, "\n".join(lines), start
            kind, lines = "", []


def cases() -> Iterator[object]:
    """Yield every file with both places of the rows; each in one of them, in turn, is not long."""
    for number, path in enumerate(FILES):
        for turn, place in enumerate(PLACES):
            marks = [] if number % len(PLACES) == turn else [pytest.mark.long]
            yield pytest.param(path, place, id=f"{place}-{path.stem}", marks=marks)


@pytest.mark.parametrize(("path", "place"), list(cases()))
def test_a_file_agrees_with_duckdb(path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query of the file, all failures in one message; sealed rows run as if they were many."""
    failures = []
    if place == "sealed":
        monkeypatch.setattr(prepared, "FEW_ROWS", 0)
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        oracle.execute("SET timezone = 'UTC'")
        found = list(blocks(path))
        for kind, text, _ in found:
            if kind == "statement":
                oracle.execute(text)
        for (name,) in oracle.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
            db.load(name, oracle.sql(f'SELECT * FROM "{name}"').to_arrow_table())
        if place == "sealed":
            db.compact()
        for kind, text, line in found:
            if kind == "query":
                failures += _difference(text, db, oracle, line)
    assert not failures, "\n\n".join(failures)


def _difference(text: str, db: rem.Database, oracle: duckdb.DuckDBPyConnection, line: int) -> list[str]:
    expected = oracle.execute(text).fetchall()
    try:
        actual = db.sql(text).rows()
    except rem.RemError as error:
        return [f"line {line}: {text}\n{error}"]
    same = rows(actual) == rows(expected) if _ORDERED.search(text) else multiset(actual) == multiset(expected)
    return [] if same else [f"line {line}: {text}\nrem_arrow {actual}\nDuckDB    {expected}"]


def test_there_are_files_for_each_topic() -> None:
    assert len(FILES) >= 13
    assert all(sum(kind == "query" for kind, _, _ in blocks(path)) >= 8 for path in FILES)
