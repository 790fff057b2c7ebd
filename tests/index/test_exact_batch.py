"""The best rows for many queries are those of each alone, with the same scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rem_arrow.index import exact, exact_batch
from rem_arrow.index.metrics import METRICS
from tests.effort import examples
from tests.index.vectors import clustered


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("factor", [1e-25, 1e-18, 1.0, 1e18, 1e30])
@given(seed=st.integers(0, 1_000), rows=st.integers(1, 60), queries=st.integers(0, 9), k=st.integers(1, 12))
@settings(max_examples=examples(15))
def test_many_queries_find_what_each_finds_alone(metric, factor, seed, rows, queries, k):
    """With equal rows, rows of zeros, and rows and queries far out of float32's middle range."""
    generator = np.random.default_rng(seed)
    matrix = clustered(rows, 5, seed)[generator.integers(0, rows, rows)]
    matrix[generator.random(rows) < 0.2] *= np.float32(factor)
    matrix[generator.random(rows) < 0.1] = 0
    asked = np.concatenate([clustered(queries, 5, seed + 1), matrix[:2], np.zeros((1, 5), dtype=np.float32)])
    rowids = np.sort(generator.choice(1_000, rows, replace=False)).astype(np.int64)
    found = exact_batch.best_of_each(rowids, matrix, asked, k, metric)
    assert len(found) == len(asked)
    for query, (own, scores) in zip(asked, found, strict=True):
        expected = exact.best(rowids, exact.scores(matrix, query, metric), k, metric)
        np.testing.assert_array_equal(own, expected[0])
        np.testing.assert_array_equal(scores, expected[1])


@pytest.mark.parametrize("metric", METRICS)
def test_many_queries_over_several_blocks(metric, monkeypatch):
    """As in one block."""
    matrix, asked, rowids = clustered(700, 48, 1), clustered(33, 48, 2), np.arange(700)
    monkeypatch.setattr(exact_batch, "_PRODUCTS_MAX", 5_000)
    for query, (own, scores) in zip(asked, exact_batch.best_of_each(rowids, matrix, asked, 7, metric), strict=True):
        expected = exact.best(rowids, exact.scores(matrix, query, metric), 7, metric)
        np.testing.assert_array_equal(own, expected[0])
        np.testing.assert_array_equal(scores, expected[1])
