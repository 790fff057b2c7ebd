"""The columns of a result that the user does not name have the names that DuckDB gives them.

Each line of result_names.txt is an item of a SELECT over the table `t`, or a query.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import duckdb

import rem_arrow as rem

_TABLE = """
    CREATE TABLE t AS SELECT 1 a, 'x' b, [1, 2] l, {'k': 1} s, DATE '2020-01-01' d, true p, 1.5 f, 2 "Year", 3 "x y"
"""
_TEXTS = (Path(__file__).parent / "result_names.txt").read_text(encoding="utf-8").splitlines()
_GUIDE = Path(__file__).parents[2] / "notebooks" / "guides" / "sql.md"


def _names(text):
    """The names in both engines; None where an engine refuses the text."""
    query = text if text.startswith(("SELECT ", "WITH ")) else f"SELECT {text} FROM t"
    try:
        theirs = [column[0] for column in _oracle().execute(query).description]
    except duckdb.Error:
        theirs = None
    return query, theirs


@cache
def _oracle():
    oracle = duckdb.connect()
    oracle.execute(_TABLE)
    return oracle


def test_names_are_those_of_duckdb():
    """All differences in one message."""
    failures, compared = [], 0
    with rem.connect(background=False) as db:
        db.sql(_TABLE)
        for text in _TEXTS:
            query, theirs = _names(text)
            if theirs is None:
                continue
            compared += 1
            ours = db.sql(query).columns
            if ours != theirs:
                failures.append(f"{text}\n  rem_arrow {ours}\n  DuckDB    {theirs}")
    assert not failures, "\n".join(failures)
    assert compared > 250


def test_the_guide_lists_names_that_differ():
    """The table of reasons names forms whose names do differ: one that no longer does leaves it."""
    section = _GUIDE.read_text(encoding="utf-8").split("<!-- names -->")[1].split("<!-- names end -->")[0]
    forms = [form.replace("\\|", "|") for form in re.findall(r"^\| `([^`]*)`", section, re.MULTILINE)]
    assert forms
    with rem.connect(background=False) as db:
        db.sql(_TABLE)
        for form in forms:
            query, theirs = _names(form)
            assert db.sql(query).columns != theirs, form
