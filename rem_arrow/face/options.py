"""Checks of the arguments of `connect`."""

from __future__ import annotations

import os

import polars as pl

from rem_arrow import checks
from rem_arrow.errors import InputError

_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_MEMORY_BYTES_MIN = 64 << 20
_DEFAULT_THREADS_MAX = 8


def memory_bytes(limit: str | int) -> int:
    """Return the bytes of a size such as 512MB."""
    if isinstance(limit, str):
        text = limit.strip().upper().replace("IB", "B")
        unit = next((u for u in ("KB", "MB", "GB", "TB", "B") if text.endswith(u)), "")
        try:
            size = int(float(text.removesuffix(unit)) * _UNITS.get(unit, 1))
        except ValueError as error:
            raise InputError(
                f"memory_limit {limit!r} is not a size; write bytes, or a text such as '512MB' or '4GB'"
            ) from error
    else:
        size = limit
    if size < _MEMORY_BYTES_MIN:
        raise InputError(f"memory_limit {limit!r} is less than 64MB, the least that a database needs")
    return size


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
