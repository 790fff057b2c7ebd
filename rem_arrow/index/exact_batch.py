"""The best rows for each of many queries: a matrix product says which may be among them, and these are scored exactly.

A product of matrices sums in another order than the scores that count (`exact`), so a row comes into question whose
product is at most two error bounds below that of the k-th. Source of the bound: Higham, "Accuracy and Stability of
Numerical Algorithms", 2002, section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.index import exact
from rem_arrow.index.metrics import Metric

if TYPE_CHECKING:
    from rem_arrow.index.exact import Floats, Rowids, Scores

# Fewer are searched one by one.
_QUERIES_MIN = 4
_PRODUCTS_MAX = 1 << 23
_UNIT_ROUNDOFF, _SMALLEST = 2.0**-24, 2.0**-126


def best_of_each(
    rowids: Rowids, matrix: Floats, queries: Floats, k: int, metric: Metric
) -> list[tuple[Rowids, Scores]]:
    """Return for each query what `exact.best` gives of the rows' scores.

    Args:
        rowids: int64, shape (n,), of the rows of `matrix`, float32, shape (n, dim).
        queries: float32, shape (queries, dim), finite.
    """
    assert len(rowids) == len(matrix) and queries.ndim == 2

    def of_rows(query: Floats, places: slice | Rowids) -> tuple[Rowids, Scores]:
        return exact.best(rowids[places], exact.scores(matrix[places], query, metric), k, metric)

    if len(queries) < _QUERIES_MIN or k >= len(matrix):
        return [of_rows(query, slice(None)) for query in queries]
    with np.errstate(all="ignore"):
        squares = np.vecdot(matrix, matrix)
        lengths = np.sqrt(squares)
        step = max(1, _PRODUCTS_MAX // len(matrix))
        return [
            of_rows(query, places)
            for start in range(0, len(queries), step)
            for query, places in zip(
                queries[start : start + step],
                _candidates(matrix, squares, lengths, queries[start : start + step], k, metric),
                strict=True,
            )
        ]


def _candidates(
    matrix: Floats, squares: Floats, lengths: Floats, queries: Floats, k: int, metric: Metric
) -> list[Rowids]:
    """Return for each query the places of the rows that may be among its best."""
    aims = np.stack([exact.unit(query) for query in queries]) if metric == "cosine" else queries
    products = aims @ matrix.T
    own = np.sqrt(np.vecdot(aims, aims)).astype(np.float64)
    longest = float(lengths.max())
    match metric:
        case "cosine":
            products /= lengths
            size = own
        case "inner_product":
            size = own * longest
        case "l2":
            products *= 2
            products -= squares
            size = (own + longest) ** 2
    # Two bounds, of the product and of the score that counts, for each of two rows; and what is too small for float32.
    margin = 4 * (matrix.shape[1] + 8) * (_UNIT_ROUNDOFF * size + _SMALLEST)
    # What left the range of float32, and what is too short to have digits there, is scored in any case.
    unsure = ~np.isfinite(products) | ~((squares > exact.LENGTH_MIN**2) & np.isfinite(squares))
    products[unsure] = -np.inf
    last = np.partition(products, -k, axis=1)[:, -k] - margin
    unsure |= products >= np.nan_to_num(last, nan=-np.inf, neginf=-np.inf)[:, None]
    return [np.flatnonzero(row) for row in unsure]
