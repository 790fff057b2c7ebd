"""Folders that others wrote: whether what lies in them are files and folders of their own; and folders to write.

A link may lead to any file of this machine: a copy would take it along, and a database would write through it. A pipe
or a device stops whoever reads it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from rem_arrow.base.errors import InputError


def check_real_files(folder: Path, *, apart_from: Collection[str] = ()) -> None:
    """Raise InputError if anything below a folder is neither a file nor a folder; a link to a file within is one.

    Args:
        apart_from: names directly in the folder that are not looked into.
    """
    for entry in _entries(folder, apart_from):
        if entry.is_symlink():
            path = Path(entry.path)
            if not (path.is_file() and path.resolve().is_relative_to(folder.resolve())):
                raise InputError(f"{entry.path} is a link that leads out of {folder}; put the file itself there")
        elif not entry.is_file() and not entry.is_dir():
            raise InputError(f"{entry.path} is a pipe or a device, and no file; remove it")


def _entries(folder: Path, apart_from: Collection[str]) -> Iterator[os.DirEntry[str]]:
    """Yield all entries below a folder. A file that goes meanwhile is passed over: another process may be writing."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name in apart_from:
                    continue
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    yield from _entries(Path(entry.path), ())
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}") from error


def check_outside_databases(path: Path, what: str) -> None:
    """Raise InputError for a path in the folder of a database: what is written there would be taken for a part of
    it."""
    database = next((p for p in path.resolve().parents if (p / "CURRENT").is_file()), None)
    if database is not None:
        raise InputError(f"{path} lies inside the database {database}; name a folder outside of it for {what}")
