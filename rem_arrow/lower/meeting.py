"""How many rows a join makes, counted before they are made.

Polars' in-memory engine makes all rows of a join at once, and nothing can stop it. So its sides are held up until both
have come; where the rows that meet are many more than those that come, the join is left to the streaming engine, which
makes some at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.running.passing import passing

if TYPE_CHECKING:
    import numpy.typing as npt

# So many rows more than the sides have are not for the engine that holds them all.
_ROWS_MAX = 1_000_000
_COUNT = "#count"
# So many pairs, by chance, may have one hash and different keys.
_STRAY_PAIRS_MAX = 100_000


class MultipliesError(Exception):
    """A join makes many rows of few."""


class Meeting:
    """One join. Collecting it in memory raises MultipliesError if it makes many more rows than come.

    Args:
        keys: the columns of each side by which rows meet; without any, every row meets every row.
    """

    def __init__(self, keys: tuple[Sequence[str], Sequence[str]], *, nulls_equal: bool) -> None:
        self._keys, self._nulls_equal = keys, nulls_equal
        self._come: dict[int, pl.DataFrame] = {}
        self._is_done = True
        self._lock = Lock()

    def begin(self, *, in_memory: bool) -> None:
        """Count what comes from now on, if that is on the engine where each side comes whole."""
        self._come = {}
        self._is_done = not in_memory

    def side(self, frame: pl.LazyFrame, which: int) -> pl.LazyFrame:
        """Return one side of the join, the left one being 0."""

        def look(rows: pl.DataFrame) -> None:
            with self._lock:
                if self._is_done:
                    return
                self._come[which] = rows.select(self._keys[which]) if self._keys[which] else rows
                if len(self._come) < 2:
                    return
                left, right = self._come.pop(0), self._come.pop(1)
                self._is_done = True
            if self._made(left, right) > _ROWS_MAX + 2 * max(left.height, right.height):
                raise MultipliesError

        return passing(frame, look)

    def _made(self, left: pl.DataFrame, right: pl.DataFrame) -> int:
        """Return how many pairs of rows meet, or any number that is few and no less."""
        pairs = left.height * right.height
        if pairs <= _ROWS_MAX or not self._keys[0]:
            return pairs
        if left.dtypes == right.dtypes:
            bits = max(1, (pairs // _STRAY_PAIRS_MAX).bit_length())
            most = int((_by_hash(left, bits) * _by_hash(right, bits)).sum())
            if most <= _ROWS_MAX:
                return most
        by = [str(i) for i in range(left.width)]
        counts = [
            rows.rename(dict(zip(rows.columns, by, strict=True)))
            .group_by(by)
            .agg(pl.len().cast(pl.Int64).alias(_COUNT))
            for rows in (left, right)
        ]
        met = counts[0].join(counts[1], on=by, nulls_equal=self._nulls_equal)
        return int(met.select((pl.col(_COUNT) * pl.col(f"{_COUNT}_right")).sum()).item())


def _by_hash(rows: pl.DataFrame, bits: int) -> npt.NDArray[np.float64]:
    """Return how many rows there are of each hash of so many bits; rows of one key have one hash."""
    hashes = rows.to_series().hash() if rows.width == 1 else rows.hash_rows()
    places = (hashes.to_numpy() >> np.uint64(64 - bits)).view(np.int64)
    return np.bincount(places, minlength=1 << bits).astype(np.float64)
