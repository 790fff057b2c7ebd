"""Files for what does not fit into memory: made when they are needed, bounded, and always deleted.

A process writes below a folder of its own, which it holds locked; what a killed process has left is deleted by the next
one that begins to write there.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl

from rem_arrow.base.errors import ExecuteError, InputError, RemError
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_lock import locked
from rem_arrow.running.lazy_rows import lazy_rows

_PREFIX, _LOCK = "rem-scratch-", ".lock"
_LENGTH_BYTES = 8
# Of the disk that is free when a statement begins to write.
_SHARE = 0.9
# Rows that are written, and read, at once.
_PIECE_BYTES = 1 << 20


class Scratch:
    """The folder of one process.

    Args:
        parent: where it is made; None is the folder for temporary files.
    """

    def __init__(self, parent: Path | None) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._held: BinaryIO | None = None
        self._statements = 0
        self.is_closed = False

    def begin(self) -> Spill:
        """Return the place for the files of one statement."""
        return Spill(self)

    def folder(self) -> Path:
        """Return a new folder for one statement, and delete what killed processes have left. Raises RemError."""
        with self._lock:
            try:
                if self.is_closed:
                    raise OSError("it is closed")
                if self._folder is None or not self._folder.is_dir():
                    self._make()
                assert self._folder is not None, "it was made"
                self._statements += 1
                folder = self._folder / str(self._statements)
                folder.mkdir()
                return folder
            except OSError as error:
                raise self.failed(error) from error

    def failed(self, error: OSError) -> RemError:
        """Return an error of the disk as one of the statement."""
        if self.is_closed:
            return InputError("the database was closed while the statement ran")
        what = "what does not fit into memory_limit cannot be written to or read from files"
        return disk_error(error, what) or ExecuteError(f"{what}: {error}")

    def close(self) -> None:
        """Delete the folder; statements that need it end with an error."""
        with self._lock:
            self.is_closed = True
            self._give_up()
            if self._parent is not None:
                with suppress(OSError):
                    self._parent.rmdir()

    def _make(self) -> None:
        self._give_up()
        parent = Path(tempfile.gettempdir()) if self._parent is None else self._parent
        parent.mkdir(mode=0o700, exist_ok=True)
        sweep(parent)
        while self._held is None:
            folder = parent / f"{_PREFIX}{secrets.token_hex(8)}"
            self._held = locked(_lock_of(folder))
        folder.mkdir(mode=0o700)
        self._folder = folder

    def _give_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._held is not None:
                _lock_of(self._folder).unlink(missing_ok=True)
                self._held.close()
        self._folder = self._held = None


def sweep(parent: Path) -> None:
    """Delete the folders of processes that have ended: a process holds the lock beside its folder from before it makes
    the folder until it has deleted it."""
    for lock_path in parent.glob(f"{_PREFIX}*{_LOCK}"):
        lock = locked(lock_path, create=False)
        if lock is not None:
            _delete(lock_path.with_suffix(""))
            lock_path.unlink(missing_ok=True)
            lock.close()
    for folder in parent.glob(f"{_PREFIX}*"):
        if folder.suffix != _LOCK and not _lock_of(folder).exists():
            _delete(folder)


def _delete(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(_LOCK)


class Spill:
    """The files of one statement; as a context manager it deletes them."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._files = 0
        self._free = 0

    def file(self, schema: pl.Schema) -> SpillFile:
        """Return a new, empty file for rows of that schema."""
        with self._lock:
            if self._folder is None:
                self._folder = self._scratch.folder()
                try:
                    self._free = int(shutil.disk_usage(self._folder).free * _SHARE)
                except OSError as error:
                    raise self.failed(error) from error
            self._files += 1
            return SpillFile(self._folder / str(self._files), schema, self)

    def take(self, count: int) -> None:
        """Count bytes that are about to be written, or with a negative number have been deleted."""
        with self._lock:
            if count > self._free:
                raise ExecuteError(
                    "the statement does not fit into memory_limit, nor what it would write into the free space of the "
                    "disk; filter more, raise memory_limit, or free space"
                )
            self._free -= count

    def failed(self, error: OSError) -> RemError:
        """Return an error of the disk as one of the statement."""
        return self._scratch.failed(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class SpillFile:
    """Rows on disk, in the order in which they were added; first written, then read, then deleted.

    Attributes:
        bytes: what the rows take in memory.
        height: how many they are.
    """

    def __init__(self, path: Path, schema: pl.Schema, spill: Spill) -> None:
        self._path, self.schema, self._spill = path, schema, spill
        self.bytes = self.height = self._written = 0
        self._pending: list[pl.DataFrame] = []
        self._pending_bytes = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows."""
        size = int(rows.estimated_size())
        self.bytes += size
        self.height += rows.height
        pieces = min(rows.height, size // _PIECE_BYTES)
        for piece in rows.iter_slices(-(-rows.height // pieces)) if pieces > 1 else (rows,):
            self._pending.append(piece)
            self._pending_bytes += size // max(1, pieces)
            if self._pending_bytes >= _PIECE_BYTES:
                self.flush()

    def flush(self) -> None:
        """Write what has been added."""
        if not self._pending:
            return
        buffer = io.BytesIO()
        pl.concat(self._pending).write_ipc_stream(buffer, compression="lz4")
        self._pending, self._pending_bytes = [], 0
        data = buffer.getbuffer()
        self._spill.take(len(data))
        self._written += len(data)
        try:
            with open(self._path, "ab") as file:
                file.write(len(data).to_bytes(_LENGTH_BYTES, "little"))
                file.write(data)
        except OSError as error:
            raise self._spill.failed(error) from error

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, some at a time."""
        self.flush()
        if not self._written:
            return
        try:
            with open(self._path, "rb") as file:
                while length := file.read(_LENGTH_BYTES):
                    yield pl.read_ipc_stream(io.BytesIO(file.read(int.from_bytes(length, "little"))))
        except OSError as error:
            raise self._spill.failed(error) from error

    def lazy(self) -> pl.LazyFrame:
        """Return the rows as a frame that reads them each time that it is collected."""
        return lazy_rows(self.schema, self.frames)

    def delete(self) -> None:
        """Give the space back."""
        self._pending = []
        with suppress(OSError):
            os.unlink(self._path)
        self._spill.take(-self._written)
        self._written = 0
