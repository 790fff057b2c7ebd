"""The expressions of expressions.txt, one a line, and a line that begins with SELECT a query: each is in DuckDB what it
is here, a value of a type or an error."""

from __future__ import annotations

from pathlib import Path

import duckdb

import rem_arrow as rem
from tests.functions.answers import comparable

_TEXTS = (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").splitlines()


def _answer(run, text):
    try:
        return comparable(run(text))
    except (duckdb.Error, rem.RemError):
        return "an error"


def test_each_expression_means_what_it_means_in_duckdb():
    """All differences in one message."""
    failures = []
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        oracle.execute("SET timezone = 'UTC'")
        for text in _TEXTS:
            query = text if text.startswith("SELECT ") else f"SELECT {text} AS r, typeof({text}) AS t"
            theirs = _answer(lambda q: oracle.execute(q).fetchall(), query)
            ours = _answer(lambda q: db.sql(q).rows(), query)
            if ours != theirs:
                failures.append(f"{text}\n  rem_arrow {ours}\n  DuckDB    {theirs}")
    assert not failures, "\n".join(failures)


def test_there_are_errors_among_them():
    """A comparison that takes every expression for an error would pass."""
    with duckdb.connect() as oracle:
        errors = [
            t for t in _TEXTS[:60] if _answer(lambda q: oracle.execute(q).fetchall(), f"SELECT {t}") == "an error"
        ]
    assert 0 < len(errors) < 40
