"""The questions of the demo are valid SQL and have answers: DuckDB runs them over the frames."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from rem_arrow.demo import stdlib
from rem_arrow.demo.questions import LOOKUP, QUESTIONS, Question
from tests.demo.library import library


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    read = stdlib.read(library(tmp_path_factory.mktemp("library")))
    with duckdb.connect() as connection:
        for name in ("modules", "classes", "functions", "resources", "edges"):
            connection.register(name, getattr(read, name).to_arrow())
        yield connection


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.title)
def test_a_question_has_an_answer(duck: duckdb.DuckDBPyConnection, question: Question) -> None:
    rows = duck.execute(question.sql).fetchall()
    assert 1 <= len(rows) <= 8
    assert len(set(rows)) == len(rows)


def test_the_name_that_is_looked_up_exists(duck: duckdb.DuckDBPyConnection) -> None:
    assert duck.execute("SELECT COUNT(*) FROM functions WHERE id = ?", [LOOKUP]).fetchall() == [(1,)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.title)
def test_a_question_fits_a_line_of_100_columns(question: Question) -> None:
    assert max(map(len, question.sql.splitlines())) <= 98
    assert len(question.note) <= 86
