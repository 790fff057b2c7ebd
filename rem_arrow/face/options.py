"""Checks of the arguments of `connect`."""

from __future__ import annotations

import os

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError

_DEFAULT_THREADS_MAX = 8


def thread_count(threads: int | None) -> int:
    """Return the number of threads. Polars makes its pool when it is imported, so a smaller number is refused."""
    cores = os.cpu_count() or 1
    if threads is None:
        return max(2, min(cores, _DEFAULT_THREADS_MAX))
    checks.whole(threads, "threads")
    running = pl.thread_pool_size()
    if running > threads:
        raise InputError(
            f"threads={threads} asks for less than the {running} threads that Polars runs in this process already; set "
            f"POLARS_MAX_THREADS={threads} before it starts"
        )
    return threads
