"""What a join without keys makes at once, where its sides hold lists: it copies those of one side for each row of the
other."""

from __future__ import annotations

from threading import Lock

import polars as pl

from rem_arrow.lower.growth import bytes_in
from rem_arrow.running.allowance import Allowance, current_allowance
from rem_arrow.running.passing import passing

# The rows of a batch of Polars' streaming engine.
_BATCH_ROWS = 100_000


def asked(left: pl.LazyFrame, right: pl.LazyFrame, *, in_memory: bool) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return the sides of such a join, which ask for what a batch of it needs, or with `in_memory` all of it."""
    crossing = _Crossing(current_allowance(), in_memory=in_memory)
    return crossing.side(left, 0), crossing.side(right, 1)


class _Crossing:
    """The rows of each side so far, and the bytes of the lists in a row. A side has come whole before they meet."""

    def __init__(self, allowance: Allowance, *, in_memory: bool) -> None:
        self._allowance, self._in_memory = allowance, in_memory
        self._rows, self._row_bytes = [0, 0], [0.0, 0.0]
        self._lock = Lock()

    def side(self, frame: pl.LazyFrame, which: int) -> pl.LazyFrame:
        def look(rows: pl.DataFrame) -> None:
            size = sum(bytes_in(column) for column in rows if column.dtype.is_nested())
            with self._lock:
                self._rows[which] += rows.height
                self._row_bytes[which] = max(self._row_bytes[which], size / max(rows.height, 1))
                count = self._rows[0] * self._rows[1]
            made = (count if self._in_memory else min(count, _BATCH_ROWS)) * sum(self._row_bytes)
            with self._allowance.asked("a join that repeats lists", made):
                pass

        return passing(frame, look)
