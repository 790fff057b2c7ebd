"""The folders that this process has open for writing, by device and inode: RocksDB's lock goes by the spelling of a
path, and files' locks do not hold within a process."""

from __future__ import annotations

import threading
from pathlib import Path

from rem_arrow.base.errors import ConflictError

_claimed: set[tuple[int, int]] = set()
_lock = threading.Lock()


def claim(path: Path) -> tuple[int, int]:
    """Return what tells a folder from all others, under whatever names it is reached, once nobody else in this process
    has it open for writing. Raises ConflictError."""
    stat = path.stat()
    folder = (stat.st_dev, stat.st_ino)
    with _lock:
        if folder in _claimed:
            raise ConflictError(
                f"cannot open {path}: this process has this database open for writing already. Use that one, or close "
                "it first"
            )
        _claimed.add(folder)
    return folder


def release(folder: tuple[int, int]) -> None:
    """Give a folder up."""
    with _lock:
        _claimed.discard(folder)
