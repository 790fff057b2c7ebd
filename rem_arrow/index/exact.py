"""Exact scores of vectors, and the best of them.

A score depends on its row and the query alone: the same number comes out wherever the row lies and however many rows
are scored with it, so that equal vectors tie, and every path of a search shows one score. That is why each row has a
dot product of its own (BLAS `dot`): a matrix-vector product (BLAS `gemv`) sums the last rows of a block in another
order.

Precision: products and sums in float32, whose relative error is below 1e-6 of |row| * |query| at a few hundred
dimensions; norms, quotients and roots in float64. A row whose squares leave the range of float32 is computed again in
float64.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from rem_arrow.index.metrics import Metric, higher_is_better

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = "npt.NDArray[np.float32]"
    Scores: TypeAlias = "npt.NDArray[np.float64]"
    Rowids: TypeAlias = "npt.NDArray[np.int64]"
    Places: TypeAlias = "npt.NDArray[np.intp]"

# A block is read from memory once: its second use finds it in the cache. Smaller ones have the threads wait for the
# interpreter.
_BLOCK_FLOATS = 1 << 19
# A thread of its own is worth while for this much; memory has no more to give than a few cores take.
_THREAD_FLOATS_MIN = 1 << 21
_THREADS_MAX = 8
_CORES = os.cpu_count() or 1
# The squares of what is shorter lose digits to float32's smallest numbers.
LENGTH_MIN = 1e-15
_AGAIN_ROWS = 1024


def scores(matrix: Floats, query: Floats, metric: Metric, *, norms: Scores | None = None) -> Scores:
    """Return the score of each row of `matrix`.

    Args:
        matrix: float32, shape (n, dim), rows contiguous; read without a copy.
        query: float32, shape (dim,). Need not be normalised.
        norms: the rows' lengths, as `lengths` returns them; without, cosine computes them, which takes twice as long.

    Returns:
        float64, shape (n,). Under cosine a zero row has NaN, and so has every row when the query is zero.
    """
    assert matrix.ndim == 2 and matrix.dtype == np.float32 and query.dtype == np.float32
    assert query.shape == (matrix.shape[1],), f"query of shape {query.shape} for vectors of dimension {matrix.shape[1]}"
    with np.errstate(all="ignore"):
        match metric:
            case "inner_product":
                return _products(matrix, query)
            case "l2":
                return np.sqrt(_distances_squared(matrix, query))
            case "cosine":
                # A tiny or huge query leaves float32 with any row; its direction does not.
                return _cosines(matrix, unit(query), norms)


def lengths(matrix: Floats) -> Scores:
    """Return the Euclidean length of each row, for `scores`."""
    with np.errstate(all="ignore"):
        squares = np.empty(len(matrix), dtype=np.float32)
        _on_all_cores(matrix, lambda part, place: np.vecdot(part, part, out=squares[place]))
        return _roots(matrix, squares)


def best(rowids: Rowids, row_scores: Scores, k: int, metric: Metric) -> tuple[Rowids, Scores]:
    """Return the `k` rows with the best scores, best first, ties by ascending rowid; NaN is no score."""
    assert rowids.shape == row_scores.shape and k >= 0
    order = -row_scores if higher_is_better(metric) else row_scores
    chosen = np.flatnonzero(~np.isnan(order))
    if k < len(chosen):
        # All that tie with the last one take part: the rowid decides between them.
        last = np.partition(order[chosen], k - 1)[k - 1] if k else -np.inf
        chosen = chosen[order[chosen] <= last]
    chosen = chosen[np.lexsort((rowids[chosen], order[chosen]))][:k]
    return rowids[chosen], row_scores[chosen]


def merged(parts: Iterable[tuple[Rowids, Scores]], k: int, metric: Metric) -> tuple[Rowids, Scores]:
    """Return the `k` best rows of several results; a rowid that is in more than one of them counts once, as in the
    first."""
    pairs = list(parts)
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    rowids, places = np.unique(np.concatenate([r for r, _ in pairs]), return_index=True)
    return best(rowids, np.concatenate([s for _, s in pairs])[places], k, metric)


def _on_all_cores(matrix: Floats, work: Callable[[Floats, slice], object]) -> None:
    """Do `work(rows, their place)` for blocks of the matrix that stay in a core's cache from one use to the next."""
    step = max(1, _BLOCK_FLOATS // matrix.shape[1])
    threads = max(1, min(_CORES, _THREADS_MAX, matrix.size // _THREAD_FLOATS_MIN))

    def some(start: int, stop: int) -> None:
        for at in range(start, stop, step):
            place = slice(at, min(at + step, stop))
            work(matrix[place], place)

    ends = [len(matrix) * i // threads for i in range(threads + 1)]
    if threads == 1:
        some(*ends)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, ends[:-1], ends[1:]))


def unit(query: Floats) -> Floats:
    """Return the query's direction; NaN for a zero query."""
    wide = query.astype(np.float64)
    unit: Floats = (wide / np.sqrt(wide @ wide)).astype(np.float32)
    return unit


def _products(matrix: Floats, query: Floats) -> Scores:
    narrow = np.empty(len(matrix), dtype=np.float32)
    _on_all_cores(matrix, lambda part, place: np.vecdot(part, query, out=narrow[place]))
    return _wide_where(~np.isfinite(narrow), narrow, lambda odd: np.vecdot(_wide(matrix[odd]), _wide(query)))


def _cosines(matrix: Floats, aim: Floats, norms: Scores | None) -> Scores:
    narrow = np.empty(len(matrix), dtype=np.float32)
    if norms is None:
        squares = np.empty(len(matrix), dtype=np.float32)

        def both(part: Floats, place: slice) -> None:
            np.vecdot(part, aim, out=narrow[place])
            np.vecdot(part, part, out=squares[place])

        _on_all_cores(matrix, both)
        norms = _roots(matrix, squares)
    else:
        _on_all_cores(matrix, lambda part, place: np.vecdot(part, aim, out=narrow[place]))
    odd = ~np.isfinite(narrow) | (norms < LENGTH_MIN)
    cosines: Scores = _wide_where(odd, narrow, lambda odd: np.vecdot(_wide(matrix[odd]), _wide(aim)))
    cosines /= norms
    return np.clip(cosines, -1.0, 1.0, out=cosines)


def _distances_squared(matrix: Floats, query: Floats) -> Scores:
    """Return the squares of the differences, summed: |x|^2 - 2xq + |q|^2 would lose the digits of what lies close."""
    narrow = np.empty(len(matrix), dtype=np.float32)

    def work(part: Floats, place: slice) -> None:
        rest = part - query
        np.vecdot(rest, rest, out=narrow[place])

    _on_all_cores(matrix, work)

    def again(odd: Places) -> Scores:
        rest = _wide(matrix[odd]) - _wide(query)
        squares: Scores = np.vecdot(rest, rest)
        return squares

    return _wide_where(_beyond(narrow), narrow, again)


def _roots(matrix: Floats, squares: Floats) -> Scores:
    """Return the rows' lengths from their squares as float32 has them."""

    def again(odd: Places) -> Scores:
        rows = _wide(matrix[odd])
        squares: Scores = np.vecdot(rows, rows)
        return squares

    return np.sqrt(_wide_where(_beyond(squares), squares, again))


def _beyond(squares: Floats) -> npt.NDArray[np.bool_]:
    """Return which sums of squares float32 does not hold, or not to all of its digits; zero among them."""
    return ~((squares > LENGTH_MIN**2) & (squares < np.inf))


def _wide_where(beyond: npt.NDArray[np.bool_], narrow: Floats, again: Callable[[Places], Scores]) -> Scores:
    """Return what was computed in float32, and computed again where that does not do."""
    wide = narrow.astype(np.float64)
    places = np.flatnonzero(beyond)
    for start in range(0, len(places), _AGAIN_ROWS):
        odd = places[start : start + _AGAIN_ROWS]
        wide[odd] = again(odd)
    return wide


def _wide(values: Floats) -> Scores:
    return values.astype(np.float64)
