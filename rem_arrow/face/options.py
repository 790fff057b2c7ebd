"""The arguments of `connect`: checks, and those that name a server."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from typing import Any

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


def is_address(path: object) -> bool:
    """Say whether an argument of `connect` names a server."""
    return isinstance(path, str) and path.startswith(("rem://", "rems://"))


def remote(given: Mapping[str, Any], signature: inspect.Signature) -> object:
    """Return the database at the address of a server, which has the verbs of `Database`. Raises InputError for
    arguments that only a folder has."""
    # It brings Arrow Flight, which few need.
    from rem_arrow.face.remote_database import open_remote

    for name, parameter in signature.parameters.items():
        if name not in ("path", "token", "certificate") and given[name] != parameter.default:
            raise InputError(f"{name} is said where the database is served: rem-arrow serve; not by its clients")
    return open_remote(given["path"], given["token"], given["certificate"])
