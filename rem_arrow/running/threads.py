"""Threads that many callers share."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor


class Threads:
    """A pool of threads; a forked process has none of its parent's, and starts its own."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.pool = ThreadPoolExecutor(self._count, thread_name_prefix=self._name)
