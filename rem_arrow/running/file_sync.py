"""Files and folders that survive a power cut: a file is synced for its bytes, its folder for its name.

What is written in several steps is written beside its target, under a name that ends in `.writing`, synced, and then
renamed: after a cut, a kill or an error the target is whole, or is not there.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WRITING = ".writing"


def sync_file(path: Path) -> None:
    """Make the bytes of a file, or the names in a folder, survive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that do not exist; their names survive a power cut. Raises OSError."""
    if not path.is_dir():
        if not path.parent.is_dir():
            make_folder(path.parent)
        path.mkdir(exist_ok=True)
    # A folder above may be one that this user may not read.
    with contextlib.suppress(PermissionError):
        sync_file(path.parent)


@contextmanager
def file_written_beside(target: Path) -> Iterator[Path]:
    """Yield a path to write a file to, which takes the place of `target` at the end, or is removed on an error. Raises
    OSError."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}{WRITING}")
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
        sync_file(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder_written_beside(target: Path) -> Iterator[Path]:
    """Yield an empty folder to write to, which is renamed to `target` at the end, or removed on an error.

    Args:
        target: does not exist, or is an empty folder.

    Raises:
        OSError: a folder cannot be made, synced or renamed.
    """
    make_folder(target.parent)
    _sweep(target)
    folder = target.with_name(f"{target.name}.{os.getpid()}{WRITING}")
    folder.mkdir()
    try:
        yield folder
        _sync_tree(folder)
        folder.rename(target)
        sync_file(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove the folders that killed processes left behind of this target."""
    for folder in target.parent.glob(f"{glob.escape(target.name)}.*{WRITING}"):
        process = folder.name.removesuffix(WRITING).rpartition(".")[2]
        if process.isdecimal() and not Path("/proc", process).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for where, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(Path(where, name))
        sync_file(Path(where))
