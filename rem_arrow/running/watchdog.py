"""Work that is abandoned when it exceeds its time or memory limit, or its caller has gone away.

It runs on another thread, while the caller's thread waits and checks. Polars cannot be stopped from outside, so each
batch of rows that a scan reads or a join returns passes a gate, which raises once the work has been abandoned. The
caller does not wait for that.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.running.memory import resident_bytes
from rem_arrow.running.passing import passing
from rem_arrow.running.threads import Threads

T = TypeVar("T")

_POLL_S = 0.002

# Work that waits for other watched work must not keep it from starting.
_threads = Threads(1_000, "rem-watched")


class MemoryExceededError(ExecuteError):
    """The work needed more memory than it may use."""


class Watch:
    """Watches one piece of work.

    Args:
        timeout_s: the time limit, from `started`, a time of the monotonic clock; None is no limit.
        memory_bytes: the memory limit; the process may grow by half of it after `collecting`. None is no limit.
    """

    def __init__(self, timeout_s: float | None, started: float, memory_bytes: int | None) -> None:
        self._timeout_s, self._memory_bytes = timeout_s, memory_bytes
        self._deadline = None if timeout_s is None else started + timeout_s
        self._before: int | None = None
        self._given_up: str | None = None

    def collecting(self) -> None:
        """Measure the growth of the process from now on: earlier growth is that of the caches."""
        self._before = None if self._memory_bytes is None else resident_bytes()

    def growth(self) -> int:
        """Return by how many bytes the process has grown since then."""
        return 0 if self._before is None else max(0, resident_bytes() - self._before)

    def gate(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the frame with a gate: its batches pass until the work is abandoned."""
        return passing(frame, lambda _: self.check())

    def check(self) -> None:
        """Raise ExecuteError if the work has been abandoned."""
        if self._given_up is not None:
            raise ExecuteError(self._given_up)

    def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises.

        Raises:
            ExecuteError: it was abandoned.
        """
        running = _threads.pool.submit(contextvars.copy_context().run, work)
        try:
            while not running.done():
                with suppress(TimeoutError):
                    return running.result(_POLL_S)
                self._look()
            return running.result()
        except MemoryExceededError as error:
            self._given_up = str(error)
            # What it holds is given back before another attempt begins.
            while not running.done():
                with suppress(TimeoutError, ExecuteError):
                    running.result(_POLL_S)
                self._look_at_time()
            raise
        except BaseException as error:
            self._given_up = str(error)
            raise

    def _look_at_time(self) -> None:
        check_stopped()
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ExecuteError(f"the statement ran longer than {self._timeout_s} s and was stopped")

    def _look(self) -> None:
        self._look_at_time()
        # Half of the limit is for the caches and RocksDB, half for running work.
        if self._memory_bytes is not None and self.growth() > self._memory_bytes // 2:
            raise MemoryExceededError(
                f"the statement needs more memory than memory_limit allows ({self._memory_bytes >> 20} MiB) and was "
                "stopped; filter more, or raise memory_limit"
            )
