"""The folders that this process has open for writing, by device and inode.

RocksDB's lock goes by the spelling of a path, and files' locks do not hold within a process.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rem_arrow.base.errors import ConflictError


class _Claims:
    """The claims of this process. A forked one begins with none, and with a lock that nobody holds."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.lock = threading.Lock()
        self.folders: set[tuple[int, int]] = set()


_claims = _Claims()


def claim(path: Path) -> tuple[int, int]:
    """Return what tells a folder from all others, under whatever names it is reached, once nobody else in this process
    has it open for writing. Raises ConflictError."""
    stat = path.stat()
    folder = (stat.st_dev, stat.st_ino)
    with _claims.lock:
        if folder in _claims.folders:
            raise ConflictError(
                f"cannot open {path}: this process has this database open for writing already. Use that one, or close "
                "it first"
            )
        _claims.folders.add(folder)
    return folder


def release(folder: tuple[int, int]) -> None:
    """Let the folder be opened again."""
    with _claims.lock:
        _claims.folders.discard(folder)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every writer out of a folder without opening it, in this process and in others. Raises ConflictError."""
    folder = claim(path)
    try:
        with (path / "LOCK").open("a") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ConflictError(
                    f"{path}: another process has this database open for writing; close it first ({error.strerror})"
                ) from error
            yield
    finally:
        release(folder)
