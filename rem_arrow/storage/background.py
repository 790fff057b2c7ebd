"""A thread that does one piece of work after the other, whatever it is. It goes on after a failure, which is kept until
`wait` has raised it and work has succeeded since."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeAlias

from rem_arrow.base.errors import ExecuteError, InputError, RemError
from rem_arrow.base.telemetry import logger, span

# Is told by a function whether to stop, and does so at its next boundary.
Work: TypeAlias = Callable[[Callable[[], bool]], object]

_IDLE_S = 0.5
_TICK_S = 0.2


class Background:
    """One worker.

    Args:
        between: called after each piece of work, and now and then where there is none.
    """

    def __init__(self, between: Callable[[], object]) -> None:
        self._between = between
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._queued = 0
        self._idle = threading.Condition()
        self._stopping = False
        self._paused = threading.Event()
        self._paused.set()
        self.failure: RemError | None = None
        self.runs = self.failures = 0
        # Whether `wait` has raised it.
        self._told = False
        self._thread = threading.Thread(target=self._run, name="rem-background", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive() and self.failure is None and self._paused.is_set()

    def is_here(self) -> bool:
        """Say whether the caller is the worker itself."""
        return threading.current_thread() is self._thread

    def run(self, work: Work) -> None:
        """Ask for work to be done."""
        with self._idle:
            self._queued += 1
        self._work.put(work)

    def pause(self) -> None:
        """Begin nothing new until `resume`."""
        self._paused.clear()

    def resume(self) -> None:
        self._paused.set()

    @property
    def queued(self) -> int:
        """How many pieces of work are not done."""
        return self._queued

    def wait(self, timeout_s: float | None = None, tick: Callable[[], None] = lambda: None) -> None:
        """Return when all that was asked for is done; `tick` is called now and then. Raises the failure of the work,
        if it failed, and InputError if it was stopped."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        done = False
        while not done:
            tick()
            left = _TICK_S if deadline is None else min(_TICK_S, deadline - time.monotonic())
            with self._idle:
                done = self._idle.wait_for(self._is_over, max(0.0, left))
            if deadline is not None and time.monotonic() >= deadline:
                break
        if self.failure is not None:
            self._told = True
            raise ExecuteError(f"background work failed: {self.failure}") from self.failure
        if self._stopping and self._queued:
            raise InputError("the database was closed; background work goes on when it is opened again")
        if not done:
            raise ExecuteError(f"background work was not done after {timeout_s} s")

    def stop(self, timeout_s: float) -> None:
        """Stop at the next boundary; what is left is not done."""
        with self._idle:
            self._stopping = True
            self._idle.notify_all()
        self._paused.set()
        self._work.put(None)
        self._thread.join(timeout_s)

    def _is_over(self) -> bool:
        return self._queued == 0 or self.failure is not None or self._stopping

    def _run(self) -> None:
        while not self._stopping:
            try:
                work = self._work.get(timeout=_IDLE_S)
            except queue.Empty:
                self._guard(None)
                continue
            self._paused.wait()
            if work is None or self._stopping:
                return
            self._guard(work)
            with self._idle:
                self._queued -= 1
                self._idle.notify_all()

    def _guard(self, work: Work | None) -> None:
        started = time.perf_counter()
        with _Outcome() as outcome:
            if work is not None:
                with span("background"):
                    work(lambda: self._stopping)
            self._between()
        error = outcome.error
        if work is not None:
            self.runs += 1
            logger("background").debug("background work took %.3f s", time.perf_counter() - started)
        if isinstance(error, RuntimeError) and "shutdown" in str(error):
            # The interpreter ends, and its pools take no more work; the next process begins it again.
            self._stopping = True
        elif error is not None and not self._stopping:
            with self._idle:
                self.failure, self._told = _failure(error), False
                self._idle.notify_all()
            self.failures += 1
            # The text of an error may quote a row; stats and wait tell it to the program itself.
            logger("background").error("background work failed: %s; wait() raises it", type(error).__name__)
        elif work is not None and self._told:
            self.failure, self._told = None, False


class _Outcome:
    """What becomes of a piece of work: whatever it raises is kept, and the thread goes on."""

    error: Exception | None = None

    def __enter__(self) -> _Outcome:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


def _failure(error: Exception) -> RemError:
    if isinstance(error, RemError):
        return error
    failure = ExecuteError(f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
