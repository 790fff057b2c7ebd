"""Scores of two searches as one: against the formula in plain Python, and what it is for."""

from __future__ import annotations

import statistics

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.plan.score_fusion import fused

SCORES = st.dictionaries(st.integers(0, 30), st.sampled_from([0.5, 1.0, 1.5, 2.25, 7.0, 7.5]), max_size=20)


def hits(scores):
    """Return the rows of a search, best first."""
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return pl.DataFrame(
        {"rowid": [r for r, _ in best], "score": [s for _, s in best]}, {"rowid": pl.Int64, "score": pl.Float64}
    )


def slowly(words, nearest):
    total = {}
    for scores, absent in ((words, max(len(nearest) - len(words), 0)), (nearest, 0)):
        everything = [*scores.values(), *[0.0] * absent]
        alike = len(set(everything)) < 2
        spread = 1.0 if alike else statistics.pstdev(everything)
        for rowid, score in scores.items():
            total[rowid] = total.get(rowid, 0.0) + (1.0 if alike else (score - min(everything)) / spread)
    return total


@given(SCORES, SCORES, st.integers(1, 40))
def test_scores_are_those_of_the_formula(words, nearest, k):
    rows = fused(hits(words), hits(nearest), "cosine", k)
    expected = slowly(words, nearest)
    assert rows["rowid"].n_unique() == rows.height == min(k, len(expected))
    assert rows["score"].to_list() == pytest.approx(sorted(expected.values(), reverse=True)[:k])
    assert [expected[r] for r in rows["rowid"]] == pytest.approx(rows["score"].to_list())


@given(SCORES, SCORES)
def test_the_unit_of_a_score_does_not_matter(words, nearest):
    """BM25 has no bound, and a cosine has one."""
    larger = hits({r: 1000 * s for r, s in words.items()})
    expected = fused(hits(words), hits(nearest), "cosine", 40)
    assert fused(larger, hits(nearest), "cosine", 40)["score"].to_list() == pytest.approx(expected["score"].to_list())


def test_a_distance_is_better_when_smaller():
    rows = fused(hits({}), pl.DataFrame({"rowid": [1, 2, 3], "score": [0.1, 0.5, 2.0]}), "l2", 3)
    assert rows["rowid"].to_list() == [1, 2, 3]


def test_a_word_that_one_row_holds_puts_it_first():
    """Among fifty rows whose vectors are near and nearly alike, the first of them a little nearer."""
    nearest = {n: 0.5 - n / 1000 for n in range(50)}
    assert fused(hits({99: 8.0}), hits(nearest), "cosine", 1)["rowid"].to_list() == [99]
    assert fused(hits({}), hits(nearest), "cosine", 2)["rowid"].to_list() == [0, 1]


def test_the_surer_search_decides():
    """Words that every row holds say little beside one vector that stands out."""
    words = {n: 1.0 + n / 100 for n in range(10)}
    nearest = {n: 0.1 + n / 1000 for n in range(9)} | {0: 0.9}
    assert fused(hits(words), hits(nearest), "cosine", 1)["rowid"].to_list() == [0]
