"""Calls on threads, for tasks that may be cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rem_arrow.base.errors import InputError
from rem_arrow.running.cancellation import check_stopped, stoppable

T = TypeVar("T")


class Threads:
    """Runs calls on threads, for tasks that may be cancelled."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="rem-async")

    def start(self, call: Callable[[], T]) -> tuple[asyncio.Future[T], threading.Event]:
        """Begin a call. Returns a future of its result, and the event that asks it to stop."""
        stop = threading.Event()

        def run() -> T:
            with stoppable(stop):
                check_stopped()
                return call()

        try:
            return asyncio.get_running_loop().run_in_executor(self._pool, run), stop
        except RuntimeError as error:
            raise InputError("the database is closed; connect to it again") from error

    async def run(self, call: Callable[[], T]) -> T:
        """Return the result of a call. A cancelled task does not wait for it."""
        future, stop = self.start(call)
        try:
            return await future
        except asyncio.CancelledError:
            stop.set()
            raise

    def close(self) -> None:
        """Take no more calls; running ones finish."""
        self._pool.shutdown(wait=False)
