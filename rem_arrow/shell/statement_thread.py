"""Calls on one thread of their own, which Ctrl-C stops while the shell goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from rem_arrow.running.cancellation import stoppable

T = TypeVar("T")

# What stops in this time needs no word.
_SOON_S = 0.5
# A signal that comes when a wait begins is seen after this time.
_POLL_S = 0.2


class StoppedError(Exception):
    """A call was stopped, or `is_running` still, and nobody waits for it."""

    def __init__(self, *, is_running: bool) -> None:
        super().__init__("no longer waited for; an open transaction is given up" if is_running else "stopped")
        self.is_running = is_running


class StatementThread:
    """Runs one call after another, for the main thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="rem-shell")

    def run(self, call: Callable[[], T], stopping: Callable[[], object]) -> T:
        """Return the result of a call. At KeyboardInterrupt it is asked to stop, and its end is waited for; `stopping`
        is called where that takes a while, and a second KeyboardInterrupt ends the wait. Raises StoppedError then, and
        what the call raises."""
        # Polars (2.1.0) has a handler before Python's: it stops all that the process computes, and what begins before
        # that has ended. Setting Python's anew takes its place.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop = threading.Event()

        def work() -> T:
            with stoppable(stop):
                return call()

        future = self._pool.submit(work)
        try:
            _await(future)
            return future.result()
        except KeyboardInterrupt:
            stop.set()
        try:
            if not wait([future], _SOON_S).done:
                stopping()
            _await(future)
        except KeyboardInterrupt:
            # It ends by itself, on a thread that nothing else needs.
            self.close()
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="rem-shell")
            raise StoppedError(is_running=True) from None
        raise StoppedError(is_running=False)

    def close(self) -> None:
        """Let go of the thread."""
        self._pool.shutdown(wait=False)


def _await(future: Future[T]) -> None:
    while not wait([future], _POLL_S).done:
        continue
