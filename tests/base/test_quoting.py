"""One file of the package writes quotes into SQL, so that DuckDB and SQLite read back what was meant."""

from __future__ import annotations

import ast
import sqlite3
from pathlib import Path

import duckdb
import pytest

from rem_arrow.base.quoting import KEYWORDS, identifier, literal, readable

ROOT = Path(__file__).parents[2] / "rem_arrow"
NAMES = ["name", "select", "Order", "a b", 'a"b', '"', "it's", "_0", "x_1", "1x", "größe", "", "a\n", "CamelCase"]


@pytest.mark.parametrize("name", [n for n in NAMES if n])
def test_a_name_in_quotes_is_that_name(name):
    """DuckDB and SQLite, whose rule is the same, give the column just this name."""
    assert duckdb.sql(f"SELECT 1 AS {identifier(name)}").columns == [name]
    assert sqlite3.connect(":memory:").execute(f"SELECT 1 AS {identifier(name)}").description[0][0] == name


@pytest.mark.parametrize("name", [n for n in NAMES if n])
def test_a_readable_name_is_quoted_as_duckdb_does(name):
    """DuckDB writes the fields of a STRUCT so."""
    printed = duckdb.sql(f"SELECT typeof({{{literal(name)}: 1}})").fetchall()[0][0]
    assert printed == f"STRUCT({readable(name)} INTEGER)"


def test_the_keywords_are_those_of_duckdb():
    """None is missing, and none is more."""
    assert {word for (word,) in duckdb.sql("SELECT keyword_name FROM duckdb_keywords()").fetchall()} == KEYWORDS


@pytest.mark.parametrize("text", NAMES)
def test_a_literal_is_its_text(text):
    """A quote inside is doubled; a backslash or a line break stands as it is."""
    assert duckdb.sql(f"SELECT {literal(text)}").fetchall() == [(text,)]
    assert sqlite3.connect(":memory:").execute(f"SELECT {literal(text)}").fetchall() == [(text,)]


def test_no_other_file_doubles_quotes():
    """`quoting` is the one writer of identifiers and literals."""
    places = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
    doubled = [
        f"{place}:{node.lineno} doubles quotes by itself; use rem_arrow.base.quoting"
        for place, path in places.items()
        if place not in ("base/quoting.py", "interop/imports.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in ('""', "''")
    ]
    assert not doubled, "\n".join(doubled)
