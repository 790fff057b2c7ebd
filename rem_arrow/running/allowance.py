"""The bytes that one statement may still make, asked for before they are made.

What can make far more than it reads works on pieces of the rows of a batch, and asks before each piece: then a
statement is refused before its process has grown, and one that was abandoned ends soon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.running.watchdog import Watch

PIECE_BYTES = 1 << 25
# Without a memory limit, that of a database by default.
_MEMORY_BYTES = 4 << 30
_UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


class TooLargeError(ExecuteError):
    """What a statement would make needs more memory than it may have."""


class Allowance:
    """What a statement may make. Safe in many threads.

    Args:
        memory_bytes: the memory limit; half of it is for running work. None is the default of a database.
        watch: what may abandon the statement; None where nothing does.
    """

    def __init__(self, memory_bytes: int | None = None, watch: Watch | None = None) -> None:
        self._memory_bytes = _MEMORY_BYTES if memory_bytes is None else memory_bytes
        self._watch = watch
        self._asked = 0.0
        self._lock = threading.Lock()
        self.limit = self._memory_bytes // 2

    def check(self) -> None:
        """Raise ExecuteError if the statement has been abandoned."""
        if self._watch is not None:
            self._watch.check()

    @contextmanager
    def asked(self, what: str, size: float, made: float = 0.0) -> Iterator[None]:
        """Hold `size` bytes in the block, in which they are made; `made` are those that the caller has made before.

        Raises:
            ExecuteError: the statement has been abandoned, or would hold more than half of the memory limit.
        """
        self.check()
        if size > self.limit:
            raise TooLargeError(f"{what} would make {_shown(size)} at once, and {self._allowed()}")
        grown = 0 if self._watch is None else self._watch.growth()
        with self._lock:
            if self._asked + max(grown, made) + size > self.limit:
                raise TooLargeError(f"{what} would make {_shown(size)} more in this statement, and {self._allowed()}")
            self._asked += size
        try:
            yield
        finally:
            with self._lock:
                self._asked -= size

    def in_pieces(
        self, what: str, rows: pl.DataFrame, sizes: pl.Series, compute: Callable[[pl.DataFrame], pl.Series]
    ) -> pl.Series:
        """Return what `compute` makes of the rows; rows for which that is more than PIECE_BYTES in pieces.

        Args:
            what: names the work in errors.
            sizes: Float64, the most bytes that are made for each row.
        """
        self.check()
        if float(sizes.sum()) <= min(PIECE_BYTES, self.limit):
            return compute(rows)
        pieces: list[pl.Series] = []
        made = 0.0
        for begin, stop, size in _pieces(sizes.to_numpy()):
            with self.asked(what, size, made):
                piece = compute(rows.slice(begin, stop - begin))
            made += piece.estimated_size()
            pieces.append(piece)
        return pl.concat(pieces)

    def _allowed(self) -> str:
        return (
            f"memory_limit ({self._memory_bytes >> 20} MiB) allows {_shown(self.limit)} for running work; make it "
            "smaller, filter more, or raise memory_limit"
        )


_DEFAULT = Allowance()
_current: ContextVar[Allowance] = ContextVar("rem_arrow_allowance", default=_DEFAULT)


@contextmanager
def allowing(allowance: Allowance) -> Iterator[None]:
    """Bound what is lowered in the block, on this thread; what was lowered there stays bound by it."""
    token = _current.set(allowance)
    try:
        yield
    finally:
        _current.reset(token)


def current_allowance() -> Allowance:
    """Return what bounds the statement that is being lowered on this thread."""
    return _current.get()


def _pieces(sizes: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yield the first row of each piece, the row behind its last, and its bytes; a piece has one row at least."""
    edges = np.cumsum(sizes)
    begin, before = 0, 0.0
    while begin < len(edges):
        stop = max(begin + 1, int(np.searchsorted(edges, before + PIECE_BYTES, side="right")))
        yield begin, stop, float(edges[stop - 1]) - before
        begin, before = stop, float(edges[stop - 1])


def _shown(size: float) -> str:
    """Return a number of bytes in decimal units."""
    for unit, step in _UNITS:
        if size >= step:
            return f"{size / step:,.1f} {unit}"
    return f"{size:,.0f} bytes"
