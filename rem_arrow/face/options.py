"""The arguments of `connect`: checks, and those that name a server."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import re
from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.running.memory_size import size_bytes
from rem_arrow.storage.history_notes import Retention

_DEFAULT_THREADS_MAX = 8
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


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


def asked_retention(
    history: object, history_bytes: str | int | None, *, read_only: bool
) -> Retention | Literal["off"] | None:
    """Return how long older versions are to be kept; None where nothing is asked. Raises InputError."""
    if history is None and history_bytes is None:
        return None
    if read_only:
        raise InputError("history is kept by whoever writes; open the database without read_only to change it")
    if history is None:
        raise InputError("history_bytes bounds what history keeps: give history too, for example history='7d'")
    size = None if history_bytes is None else size_bytes(history_bytes, "history_bytes")
    if isinstance(history, dt.timedelta) and history > dt.timedelta():
        return Retention(history.total_seconds(), size)
    words = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", history) if isinstance(history, str) else None
    if words is not None and float(words[1]) > 0:
        return Retention(float(words[1]) * _SECONDS[words[2]], size)
    if history == "forever":
        return Retention(None, size)
    if history == "off" and size is None:
        return "off"
    raise InputError(
        f"history {history!r} is no time; write one such as '12h' or '7d' (s, m, h, d or w), a timedelta, 'forever' or "
        "'off'"
    )
