"""The threads that encode and decode the pages of one store."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from rem_arrow.storage.kv_errors import closed_meanwhile

P = ParamSpec("P")
T = TypeVar("T")


class PageThreads(ThreadPoolExecutor):
    """A pool that tells work which comes too late that the database was closed."""

    def __init__(self, threads: int, path: Path) -> None:
        super().__init__(threads, thread_name_prefix="rem-pages")
        self._path = path

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin a call. Raises InputError once the database is closed."""
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as error:
            # At the end of the interpreter no pool takes work, whether it is shut down or not.
            if "interpreter" in str(error):
                raise
            raise closed_meanwhile(self._path) from error
