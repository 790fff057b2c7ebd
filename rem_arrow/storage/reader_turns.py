"""Turns between readers that open a folder and the writer that changes its files.

A reader that opens while files are flushed or compacted begins again (`recovery.open_reader`). Where the writer never
rests, or the machine is slow, it would begin again for ever. So from its second attempt on a reader holds a shared lock
on the file IDENTITY, and the writer, before it flushes or compacts, waits until nobody holds one: some seconds at the
most, and after that not for a minute, so that no reader keeps a writer from its work.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# RocksDB writes it once, and locks another file.
_FILE = "IDENTITY"
_WAIT_S, _STEP_S, _PAUSE_S = 5.0, 0.005, 60.0


@contextmanager
def asked(path: Path) -> Iterator[None]:
    """In a reader: keep the files of a folder as they are, if its writer has the patience."""
    file = _opened(path)
    if file is None:
        yield
        return
    with file:
        end = time.monotonic() + _WAIT_S
        # A writer that looks whether somebody asks holds the lock for a moment.
        while not _taken(file, fcntl.LOCK_SH) and time.monotonic() < end:
            time.sleep(_STEP_S)
        yield


class ReaderTurns:
    """In a writer: what lets readers open the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._not_before = 0.0

    def give(self) -> None:
        """Wait for the readers that ask."""
        if self._file is None:
            self._file = _opened(self._path)
        begun = time.monotonic()
        if self._file is None or begun < self._not_before:
            return
        while not _taken(self._file, fcntl.LOCK_EX):
            if time.monotonic() > begun + _WAIT_S:
                self._not_before = time.monotonic() + _PAUSE_S
                return
            time.sleep(_STEP_S)
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _opened(path: Path) -> BinaryIO | None:
    with contextlib.suppress(OSError):
        return (path / _FILE).open("rb")
    return None


def _taken(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without such locks.
        return True
    return True
