"""Threads that many callers share."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


class Threads:
    """A pool of threads; a forked process has none of its parent's, and starts its own."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.pool = ThreadPoolExecutor(self._count, thread_name_prefix=self._name)


def worked_ahead(executor: Executor, work: Callable[[_T], _R], items: Iterable[_T], count: int) -> Iterator[_R]:
    """Yield the result of `work` for each item, in their order, while it runs for `count` more of them."""
    running: deque[Future[_R]] = deque()
    try:
        for item in items:
            running.append(executor.submit(work, item))
            if len(running) > count:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()
