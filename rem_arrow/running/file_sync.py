"""Files and folders that survive a power cut: a file is synced for its bytes, its folder for its name.

What is written in several steps is written beside its target, under a name that ends in `.writing`, synced, and then
renamed: after a cut, a kill or an error the target is whole, or is not there.
"""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WRITING = ".writing"

_numbers = itertools.count()
# The names that this process writes to at present.
_in_use: set[str] = set()


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
    _sweep(target)
    temporary = _beside(target)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
        sync_file(target.parent)
    finally:
        _remove(temporary)


@contextmanager
def file_written_once(target: Path) -> Iterator[Path]:
    """Yield a path to write a file to, which becomes `target` at the end. Raises FileExistsError if another writer was
    first, or OSError; the file that is there stays as it is."""
    _sweep(target)
    temporary = _beside(target)
    try:
        yield temporary
        sync_file(temporary)
        target.hardlink_to(temporary)
        sync_file(target.parent)
    finally:
        _remove(temporary)


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
    folder = _beside(target)
    try:
        folder.mkdir()
        yield folder
        _sync_tree(folder)
        folder.rename(target)
        try:
            sync_file(target.parent)
        except OSError:
            _remove(target)
            raise
    finally:
        _remove(folder)


def _beside(target: Path) -> Path:
    """Return a name that nobody else has, to be given up by `_remove`."""
    path = target.with_name(f"{target.name}.{os.getpid()}-{next(_numbers)}{WRITING}")
    _in_use.add(path.name)
    return path


def _remove(path: Path) -> None:
    """Remove what is left of a path; where the disk does not let us, it is swept later."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    _in_use.discard(path.name)


def _sweep(target: Path) -> None:
    """Remove what killed processes, and failed attempts, left behind of this target."""
    for path in target.parent.glob(f"{glob.escape(target.name)}.*{WRITING}*"):
        # RocksDB adds an ending of its own.
        name = path.name[: path.name.rindex(WRITING) + len(WRITING)]
        process = name.removesuffix(WRITING).rpartition(".")[2].partition("-")[0]
        if name not in _in_use and process.isdecimal() and not _lives(int(process)):
            _remove(path)


def _lives(process: int) -> bool:
    """Say whether another process lives, as far as the system tells."""
    return process != os.getpid() and (Path(f"/proc/{process}").exists() or not Path("/proc/self").exists())


def _sync_tree(folder: Path) -> None:
    for where, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(Path(where, name))
        sync_file(Path(where))
