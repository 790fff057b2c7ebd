"""Which rows of each partition are in a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.lower.frame_bounds import Layout

if TYPE_CHECKING:
    import numpy.typing as npt

# Rows that the system's method takes or leaves together: a vector of DuckDB.
_BLOCK_ROWS = 2048


def sampled(layout: Layout, args: list[pl.Series]) -> npt.NDArray[np.bool_]:
    """Return the mark of each row; the first rows of `args` hold method, size and seed.

    ROWS and RESERVOIR keep an exact number, each set of rows as likely as any other; BERNOULLI decides for each row,
    SYSTEM for each block of rows.
    """
    method, size, seed = (a[0] for a in args)
    chance = np.random.default_rng(None if seed is None else abs(seed)).random(layout.rows)
    if method == "BERNOULLI":
        return np.asarray(chance < size / 100)
    within = layout.place - layout.partition_start
    if method == "SYSTEM":
        return np.asarray(chance[layout.partition_start + within // _BLOCK_ROWS * _BLOCK_ROWS] < size / 100)
    order = np.lexsort((chance, layout.partition_start))
    place = np.empty(layout.rows, dtype=np.int64)
    place[order] = within
    counts = (
        np.floor((layout.partition_end - layout.partition_start) * size / 100 + 0.5) if method == "RESERVOIR" else size
    )
    return np.asarray(place < counts)
