"""Cancellation: work checks here, between its steps, whether its caller has gone away.

A statement checks every few milliseconds while it reads, a recursive CTE between two rounds, a text of several
statements between two of them, and a load or anything else with a progress bar after each piece. What waits for a
server is told by `when_stopped`. Other work cannot be stopped; its result is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rem_arrow.base.errors import ExecuteError

# How often a watcher looks whether the caller has gone away.
_POLL_S = 0.05
_stop_event: ContextVar[threading.Event | None] = ContextVar("rem_arrow_stopping", default=None)


@contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """Stop the work in the block, on this thread, when the event is set."""
    token = _stop_event.set(stop)
    try:
        yield
    finally:
        _stop_event.reset(token)


@contextmanager
def when_stopped(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop`, on another thread, when the caller of the work in the block goes away: for work that waits for
    another process."""
    event = _stop_event.get()
    if event is None:
        yield
        return
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_POLL_S):
            if event.is_set():
                stop()
                return

    watcher = threading.Thread(target=watch, name="rem-stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def can_be_stopped() -> bool:
    """Return whether the caller of this work may go away."""
    return _stop_event.get() is not None


def is_stopped() -> bool:
    """Return whether the caller of this work has gone away."""
    stop = _stop_event.get()
    return stop is not None and stop.is_set()


def check_stopped() -> None:
    """Raise ExecuteError if the caller of this work has gone away."""
    if is_stopped():
        raise ExecuteError("the task that asked for this was cancelled, and it was stopped")
