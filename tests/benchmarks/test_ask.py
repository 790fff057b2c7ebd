"""The planner by rules keeps its bounds on the whole set of questions, and the benchmark runs."""

from __future__ import annotations

import pytest

from benchmarks import ask
from benchmarks.ask_questions import QUESTIONS
from benchmarks.ask_questions_company import PROTOTYPE


def test_most_questions_come_out_right(databases):
    """At least 85 % of the types and 75 % of the rows."""
    graded = [ask.grade(q, databases[q.database], "rules", None) for q in QUESTIONS]
    assert not [g.error for g in graded if g.error]
    assert sum(g.right_type for g in graded) >= 0.85 * len(graded)
    assert sum(g.right_rows for g in graded) >= 0.75 * len(graded)


@pytest.mark.parametrize("question", PROTOTYPE, ids=lambda q: q.text)
def test_the_ten_of_the_prototype_come_out_right(databases, question):
    graded = ask.grade(question, databases["company"], "rules", None)
    assert graded.right_type and graded.right_rows, graded


@pytest.mark.long
def test_the_command_grades(capsys, monkeypatch):
    """`python -m benchmarks.ask` prints each kind, and the shares."""
    monkeypatch.setattr(ask, "QUESTIONS", QUESTIONS[:4])
    assert ask.main([]) == 0
    assert "questions of the right type" in capsys.readouterr().out
