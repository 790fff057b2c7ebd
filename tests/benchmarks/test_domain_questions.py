"""Questions over domains that the rules were not written for: the shares that the benchmark prints, and its judge."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks import domain_questions as questions


@pytest.mark.long
def test_most_questions_come_out_right():
    """At least 80 % of those that can be answered, 92 % of the sure answers; 90 % of the others are declined."""
    parts = questions.shares(list(questions.outcomes(questions.questions())))
    assert parts.right >= 0.8 and parts.sure_right >= 0.92 and parts.declined >= 0.9, parts


@pytest.mark.parametrize(
    ("answer", "rows", "right"),
    [
        ({"rows": ["a", "b"], "column": "x"}, {"y": ["b", "a"]}, True),
        ({"rows": ["a", "b"], "column": "x"}, {"y": ["a", "b", "c"]}, False),
        ({"rows": [], "column": "x"}, {"y": []}, True),
        ({"value": 2.5}, {"n": [2.5]}, True),
        ({"value": 2.5}, {"n": [2.5, 3]}, False),
        ({"boolean": False}, {"answer": [False]}, True),
        ({"boolean": False}, {"answer": []}, False),
        ({"groups": {"a | x": 1, "b | x": 2}}, {"k": ["b", "a"], "l": ["x", "x"], "n": [2, 1]}, True),
        ({"groups": {"a": 1, "b": 2}}, {"k": ["b", "a"], "n": [1, 2]}, False),
        ({"ordered": ["a", "b", "c"], "measures": [2, 1, 1]}, {"k": ["a", "c", "b"]}, True),
        ({"ordered": ["a", "b", "c"], "measures": [3, 2, 1]}, {"k": ["a", "c", "b"]}, False),
    ],
)
def test_what_is_right(answer, rows, right):
    assert questions.is_right({"answer": answer}, pl.DataFrame(rows, strict=False)) is right
