"""Waiting for no longer than until a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held(lock: threading.RLock, deadline: float) -> Iterator[None]:
    """Hold a lock, or do without it if it is not free by then.

    Args:
        deadline: on the monotonic clock, in seconds.
    """
    is_held = lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
    try:
        yield
    finally:
        if is_held:
            lock.release()
