"""Work that is given up when it exceeds its time or memory limit, or its caller has gone away.

Polars cannot be stopped from outside, so each batch of rows that a scan reads or a join returns passes a gate. The gate
measures by how much the process has grown, and raises once the work has been given up: then Polars lets go of what it
holds. Work with a time limit runs on another thread, while the caller's thread waits and looks at the clock; the caller
does not wait for what was given up.
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
from rem_arrow.running.memory import give_back, resident_bytes
from rem_arrow.running.passing import passing
from rem_arrow.running.threads import Threads

T = TypeVar("T")

_POLL_S = 0.002
# Batches that pass within this time are measured once.
_MEASURED_S = 0.001
# What Polars holds for a row beside its values, where it looks rows up by their keys.
_ROW_BYTES = 48
# A statement whose rows take less than this share of the growth is not what makes the process grow.
_OWN_SHARE = 1 / 8
# Polars' allocator gives memory back half a second after it was freed. It is waited for until this share of the limit
# is left of it, or for this time.
_LEFT_SHARE, _GIVEN_BACK_S = 1 / 16, 2.0

# Work that waits for other watched work must not keep it from starting.
_threads = Threads(1_000, "rem-watched")


class MemoryExceededError(ExecuteError):
    """The work needed more memory than it may use."""


class Watch:
    """Watches one piece of work.

    Args:
        timeout_s: the time limit, from `started`, a time of the monotonic clock; None is no limit.
        memory_bytes: the memory limit; the process may grow by half of it after `collecting`. None is no limit.
        cached_bytes: tells what the caches hold; their growth is not that of the work.
    """

    def __init__(
        self,
        timeout_s: float | None,
        started: float,
        memory_bytes: int | None,
        cached_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self._timeout_s, self._started, self._memory_bytes = timeout_s, started, memory_bytes
        self._cached_bytes = cached_bytes
        self._deadline = None if timeout_s is None else started + timeout_s
        self._before: int | None = None
        self._has_gates = False
        self._measured_at = 0.0
        self._passed_bytes = 0.0
        self._given_up: ExecuteError | None = None

    def collecting(self) -> None:
        """Measure the growth of the process from now on, if it is not measured already, and there are gates."""
        if self._before is None and self._memory_bytes is not None and self._has_gates:
            self._before = resident_bytes() - self._cached_bytes()

    def growth(self) -> int:
        """Return by how many bytes the process has grown since then, without its caches."""
        return 0 if self._before is None else max(0, resident_bytes() - self._cached_bytes() - self._before)

    def again(self) -> Watch:
        """Return a watch of the same work, which begins anew; what it has made is gone already."""
        self.settle()
        watch = Watch(self._timeout_s, self._started, self._memory_bytes, self._cached_bytes)
        watch._before = self._before
        return watch

    def settle(self) -> None:
        """Wait until the memory of the work, which has ended, is given back; not for long."""
        give_back()
        until = time.monotonic() + _GIVEN_BACK_S
        while self._memory_bytes is not None and self.growth() > self._memory_bytes * _LEFT_SHARE:
            self._look_at_time()
            if time.monotonic() > until:
                return
            time.sleep(_POLL_S)

    def gate(self, frame: pl.LazyFrame, *, filters: bool = True) -> pl.LazyFrame:
        """Return the frame with a gate: its batches pass until the work is given up; with `filters` those behind it
        may run before it."""
        self._has_gates = True
        return passing(frame, self._pass, filters=filters)

    def check(self) -> None:
        """Raise ExecuteError if the work has been given up."""
        if self._given_up is not None:
            # A new one: several threads may raise it at once.
            raise type(self._given_up)(str(self._given_up))

    def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns, or raise what it raises; it runs on another thread.

        Raises:
            ExecuteError: it was given up.
        """
        running = _threads.pool.submit(contextvars.copy_context().run, work)
        try:
            while not running.done():
                with suppress(TimeoutError):
                    return running.result(_POLL_S)
                self._look_at_time()
            return running.result()
        except ExecuteError as error:
            self._given_up = self._given_up or error
            raise
        except BaseException as error:
            self._given_up = self._given_up or ExecuteError(str(error))
            raise

    def _pass(self, rows: pl.DataFrame) -> None:
        self.check()
        self._passed_bytes += rows.estimated_size() + rows.height * _ROW_BYTES
        now = time.monotonic()
        if now < self._measured_at + _MEASURED_S:
            return
        self._measured_at = now
        self._look_at_memory()

    def _look_at_time(self) -> None:
        check_stopped()
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ExecuteError(f"the statement ran longer than {self._timeout_s} s and was stopped")

    def _look_at_memory(self) -> None:
        if self._memory_bytes is None:
            return
        # Half of the limit is for the caches and RocksDB, half for running work.
        growth = self.growth()
        if growth > self._memory_bytes // 2 and self._passed_bytes >= growth * _OWN_SHARE:
            self._given_up = MemoryExceededError(
                f"the statement needs more memory than memory_limit allows ({self._memory_bytes >> 20} MiB) and was "
                "stopped; filter more, or raise memory_limit"
            )
            self.check()
