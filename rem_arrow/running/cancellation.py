"""Asking work to stop: what runs for a caller that has gone away looks here at its next step.

A statement that has a time limit or may be long looks every few milliseconds, a recursive CTE between two rounds,
several statements between two of them, a load and whatever else shows its
progress after each piece. Nothing else can be stopped; its result is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rem_arrow.errors import ExecuteError

_asked: ContextVar[threading.Event | None] = ContextVar("rem_arrow_stopping", default=None)


@contextmanager
def stoppable(asked: threading.Event) -> Iterator[None]:
    """Let what runs inside, on this thread, stop when the event is set."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def can_be_stopped() -> bool:
    """Say whether who asked for this work may go away."""
    return _asked.get() is not None


def is_stopped() -> bool:
    """Say whether who asked for this work has gone away."""
    asked = _asked.get()
    return asked is not None and asked.is_set()


def check_stopped() -> None:
    """Raise ExecuteError if who asked for this work has gone away."""
    if is_stopped():
        raise ExecuteError("the task that asked for this was cancelled, and it was stopped")
