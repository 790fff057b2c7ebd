"""The questions of the ask benchmark have answers, and what calls an answer right can tell right from wrong."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.ask_questions import COMPANY, DEMO, QUESTIONS
from benchmarks.ask_questions_company import PROTOTYPE
from benchmarks.question import Question, expected, has_right_type, is_right

BY_MEANING = [q for q in QUESTIONS if q.reference is not None]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.text)
def test_an_oracle_gives_an_answer_that_is_right(databases, question):
    """Every oracle runs and is not empty; compared with itself it is right, and nothing at all is wrong."""
    frame = expected(question, databases[question.database])
    assert frame.height or question.may_be_empty
    assert frame.width <= 2 and frame.height >= (question.n if question.compare == "top" else 1)
    assert frame.null_count().sum_horizontal().item() == 0
    assert is_right(question, frame, frame)
    assert not is_right(question, frame, frame.clear())


@pytest.mark.parametrize("question", BY_MEANING, ids=lambda q: q.text)
def test_a_question_by_meaning_can_be_answered(databases, question):
    """The statement written by hand gives a right answer, so a planner can."""
    db = databases[question.database]
    assert is_right(question, expected(question, db), db.sql(question.reference))


def test_the_set_is_as_wide_as_it_claims():
    """Enough questions over both databases, of every type; no text twice; a reference wherever meaning decides."""
    assert len(COMPANY) >= 45 and len(DEMO) >= 25
    assert len({q.text for q in QUESTIONS}) == len(QUESTIONS)
    counts = {kind: sum(q.query_type == kind for q in QUESTIONS) for kind in {q.query_type for q in QUESTIONS}}
    assert len(counts) == 8 and min(counts.values()) >= 8
    assert all(q.reference for q in QUESTIONS if q.query_type in ("vector", "hybrid"))


def test_the_ten_of_the_prototype_are_there():
    """With the types that the problem set states, and no others."""
    kinds = ["entity_lookup"] * 3 + ["sql"] * 3 + ["vector"] * 2 + ["hybrid", "graph"]
    assert [q.query_type for q in PROTOTYPE] == kinds
    assert not any(q.also for q in PROTOTYPE)


def ids(*values: str) -> pl.DataFrame:
    return pl.DataFrame({"id": values}, schema={"id": pl.String})


def test_equal_wants_the_same_rows():
    """In any order and column; nothing missing, nothing more."""
    question = Question("q", "sql", "")
    assert is_right(question, ids("a", "b"), pl.DataFrame({"n": [1, 2], "code": ["b", "a"]}))
    assert not is_right(question, ids("a", "b"), ids("a"))
    assert not is_right(question, ids("a"), ids("a", "b"))


def test_values_are_equal_whatever_their_width():
    """A count is 3 or 3.0; a group and its value belong together."""
    question = Question("q", "aggregate", "")
    assert is_right(question, pl.DataFrame({"n": [3]}), pl.DataFrame({"what": ["x"], "n": [3.0]}))
    groups = pl.DataFrame({"k": ["a", "b"], "n": [1, 2]})
    assert is_right(question, groups, pl.DataFrame({"n": [2, 1], "status": ["b", "a"]}))
    assert not is_right(question, groups, pl.DataFrame({"n": [1, 2], "status": ["b", "a"]}))


def test_top_and_contains_look_at_the_first_rows():
    """`top` wants n of them, `contains` all of them."""
    top = Question("q", "vector", "", "top", n=2, k=3)
    assert is_right(top, ids("a", "b", "c"), ids("x", "a", "b"))
    assert not is_right(top, ids("a", "b", "c"), ids("x", "y", "a", "b"))
    contains = Question("q", "graph", "", "contains", k=3)
    assert is_right(contains, ids("a", "b"), ids("b", "x", "a"))
    assert not is_right(contains, ids("a", "b"), ids("b", "x", "y", "a"))


def test_another_type_may_be_as_good():
    """Only those that the question names."""
    question = Question("q", "temporal", "", also=("sql",))
    assert has_right_type(question, "sql") and has_right_type(question, "temporal")
    assert not has_right_type(question, "graph")
