"""Exact scores agree with brute force in float64, and depend on the row and the query alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.index import exact
from rem_arrow.index.metrics import METRICS, higher_is_better
from tests.index.vectors import brute, clustered


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dimension", [1, 3, 8, 127, 384, 1536])
def test_scores_are_those_of_brute_force(metric, dimension):
    """Within 1e-6 of the product of the lengths, over several blocks and a last one that is not full."""
    rows = clustered(1_003, dimension, 1)
    query = clustered(1, dimension, 2)[0]
    scale = (
        np.sqrt((rows.astype(float) ** 2).sum(axis=1) * (query.astype(float) ** 2).sum()).max()
        if metric == "inner_product"
        else 1.0
    )
    found = exact.scores(rows, query, metric)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, brute(rows, query, metric), rtol=2e-6, atol=1e-6 * scale)
    np.testing.assert_array_equal(exact.scores(rows, query, metric, norms=exact.lengths(rows)), found)


@pytest.mark.parametrize("metric", METRICS)
def test_a_score_does_not_depend_on_the_place_of_its_row(metric):
    """Equal rows have equal scores, alone or among others, wherever the matrix begins."""
    row, query = clustered(2, 387, 3)
    rows = np.repeat(row[None], 1_100, axis=0)
    alone = exact.scores(row[None], query, metric)
    for part in (rows, rows[1:], rows[7:30], rows[:, :]):
        assert set(exact.scores(part, query, metric).tolist()) == set(alone.tolist())


@pytest.mark.parametrize("factor", [1e-30, 1e-22, 1e-15, 1.0, 1e15, 1e25, 1e37])
@pytest.mark.parametrize("metric", METRICS)
def test_small_and_large_vectors_keep_their_scores(metric, factor):
    """Squares that leave float32 are computed again in float64."""
    rows = (clustered(50, 16, 4) * np.float32(factor)).astype(np.float32)
    for query in (rows[0].copy(), clustered(1, 16, 5)[0]):
        # Products below float32's smallest numbers are zero: that is below any score that can be told from zero.
        scale = float(np.abs(rows).max()) * float(np.abs(query).max()) * 16 if metric == "inner_product" else 1.0
        atol = {"cosine": 1e-6, "inner_product": max(1e-6 * scale, 1e-37), "l2": 0.0}[metric]
        expected = brute(rows, query, metric)
        np.testing.assert_allclose(
            exact.scores(rows, query, metric),
            expected,
            rtol=2e-6,
            atol=atol + 1e-6 * (metric == "l2" and factor < 1e-10),
        )


def test_near_vectors_keep_the_digits_of_their_distance():
    """The square of a difference, not a difference of squares."""
    rows = np.full((3, 64), 1000.0, dtype=np.float32)
    rows[1, 0] += 0.125
    assert exact.scores(rows, rows[0], "l2").tolist() == [0.0, 0.125, 0.0]


def test_zero_has_no_cosine():
    """Not a zero row, and no row with a zero query; the other metrics score them."""
    rows = np.array([[1, 0], [0, 0], [3, 4]], dtype=np.float32)
    query = np.array([1, 0], dtype=np.float32)
    assert np.isnan(exact.scores(rows, query, "cosine")).tolist() == [False, True, False]
    assert np.isnan(exact.scores(rows, np.zeros(2, dtype=np.float32), "cosine")).all()
    assert exact.scores(rows, query, "inner_product").tolist() == [1, 0, 3]
    assert exact.scores(rows, query, "l2")[1] == 1


def test_no_rows_have_no_scores():
    """Neither from a matrix without rows nor from no parts."""
    assert exact.scores(np.empty((0, 4), dtype=np.float32), np.ones(4, dtype=np.float32), "l2").shape == (0,)
    rowids, found = exact.merged([], 3, "l2")
    assert rowids.dtype == np.int64 and found.dtype == np.float64 and not len(rowids)


SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.0, float("nan"), float("inf"), float("-inf")]), max_size=30)


@given(found=SCORES, k=st.integers(0, 40), metric=st.sampled_from(METRICS), cut=st.integers(0, 30), data=st.data())
def test_the_best_come_first_and_ties_go_by_rowid(found, k, metric, cut, data):
    """As sorting all of it by (score, rowid) has it; so too when the rows come in two parts that overlap."""
    rowids = data.draw(st.permutations(range(len(found))))
    pairs = [(-s if higher_is_better(metric) else s, r) for s, r in zip(found, rowids, strict=True) if s == s]
    expected = [r for _, r in sorted(pairs)[:k]]
    ids, values = np.array(rowids, dtype=np.int64), np.array(found, dtype=np.float64)
    assert exact.best(ids, values, k, metric)[0].tolist() == expected
    parts = [(ids[:cut], values[:cut]), (ids[max(0, cut - 3) :], values[max(0, cut - 3) :])]
    assert exact.merged(parts, k, metric)[0].tolist() == expected
