"""How tests wait: for what happens, not for a time. What is waited for comes at once, or the test has failed; the limit
is minutes, so that a slow or busy machine is not mistaken for a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

PATIENCE_S = 600.0


def until(holds: Callable[[], object], what: str) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.001)


def await_event(event: threading.Event, what: str) -> None:
    """Return when an event is set."""
    assert event.wait(PATIENCE_S), f"waited in vain: {what}"


def started(*targets: Callable[[], object]) -> list[threading.Thread]:
    """Start a thread for each target."""
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads: Iterable[threading.Thread]) -> None:
    """Return when all threads have ended."""
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "a thread waits for ever"
