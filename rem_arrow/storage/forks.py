"""A process that was forked from one that has used a database: it may use none.

Neither the threads of RocksDB nor those of Polars are in the child, so what it asks of either would wait for ever. Its
copies of the parent's handles are never closed: closing one would wait for those threads, or change the parent's files.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

from rem_arrow.base.errors import InputError

ADVICE = (
    "the threads of Polars and RocksDB do not survive a fork: start the process by multiprocessing's 'spawn' or "
    "'forkserver', or by subprocess, and open the folder there (beside a writer with read_only=True)"
)


class _Process:
    """What this process knows of its parents."""

    def __init__(self) -> None:
        # Whether a database was opened here, or before the fork.
        self.has_opened = False
        self.forked_from: int | None = None
        self.handles: weakref.WeakKeyDictionary[object, Callable[[], Iterable[object]]] = weakref.WeakKeyDictionary()

    def forked(self, parent: int) -> None:
        """Remember whose copy this process is, and keep what it has open for ever."""
        if not self.has_opened:
            return
        self.forked_from = parent
        _skip_destructors()
        for handles in list(self.handles.values()):
            for handle in handles():
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))


def _skip_destructors() -> None:
    """At the exit of this process, do not run what C++ libraries registered before: RocksDB would join its threads."""
    libc = ctypes.CDLL(None)
    # Of glibc: the function gets the exit status. The last to be registered is the first to run.
    if hasattr(libc, "on_exit"):
        libc.on_exit(ctypes.cast(libc._exit, ctypes.c_void_p), None)


_process = _Process()


def check_opening() -> None:
    """Raise InputError where a database may not be opened: in a child of a process that has used one."""
    if _process.forked_from is not None:
        raise InputError(
            f"this process was forked from process {_process.forked_from}, which has used a database; {ADVICE}"
        )


def check_handle(path: Path, process: int) -> None:
    """Raise InputError in a process that was forked from the one that opened the handle."""
    if os.getpid() != process:
        raise InputError(
            f"this handle of {path} belongs to process {process}, and this one was forked from it; {ADVICE}"
        )


def register(owner: object, handles: Callable[[], Iterable[object]]) -> None:
    """Keep what `handles` returns from being closed in a forked process, for as long as `owner` lives here."""
    _process.has_opened = True
    _process.handles[owner] = handles


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _process.forked(os.getppid()))
