"""Files and names that survive a power cut: a file is synced for its bytes, its folder for its name."""

from __future__ import annotations

import os
from pathlib import Path


def sync_file(path: Path) -> None:
    """Make the bytes of a file, or the names in a folder, survive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Make a folder and all below it survive a power cut, but for its own name. Raises OSError."""
    for where, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(Path(where, name))
        sync_file(Path(where))


def publish(temporary: Path, target: Path) -> None:
    """Give a folder that is complete its name: after a power cut it has all its bytes, or not that name. `target` must
    not exist, or be an empty folder. Raises OSError."""
    sync_tree(temporary)
    temporary.rename(target)
    sync_file(target.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it that do not exist, and their names survive a power cut. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_file(path.parent)
