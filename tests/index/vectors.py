"""Vectors for tests, and brute force over them in float64."""

from __future__ import annotations

import numpy as np


def clustered(rows: int, dimension: int, seed: int, clusters: int = 50) -> np.ndarray:
    """Return vectors around centres, float32: nearer to what texts give than uniform ones."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dimension))
    return (centres[rng.integers(0, clusters, rows)] + 0.7 * rng.standard_normal((rows, dimension))).astype(np.float32)


def brute(matrix: np.ndarray, query: np.ndarray, metric: str) -> np.ndarray:
    """Return the scores in float64, one row at a time."""
    wide, aim = matrix.astype(np.float64), query.astype(np.float64)
    with np.errstate(all="ignore"):
        match metric:
            case "cosine":
                return np.array([row @ aim / (np.sqrt(row @ row) * np.sqrt(aim @ aim)) for row in wide])
            case "inner_product":
                return np.array([row @ aim for row in wide])
            case _:
                return np.array([np.sqrt((row - aim) @ (row - aim)) for row in wide])


def nearest(rowids: np.ndarray, matrix: np.ndarray, query: np.ndarray, k: int, metric: str) -> list[int]:
    """Return the rowids of the `k` best rows, best first, ties by rowid; rows without a score are left out."""
    found = brute(matrix, query, metric)
    order = found if metric == "l2" else -found
    ranked = sorted((o, r) for o, r in zip(order.tolist(), rowids.tolist(), strict=True) if not np.isnan(o))
    return [r for _, r in ranked[:k]]
