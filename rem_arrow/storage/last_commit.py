"""The number of the newest commit, kept beside RocksDB: a log that lost its end looks like one that never had it.

The file `last_commit` is written after each commit and before the commit is acknowledged, without a sync. Opening
compares it with what RocksDB holds. What is in it is only asked for as far as the durability promises it:

- in the boot that wrote it, every commit that was acknowledged: a killed process loses nothing
- in another boot, or on another machine, every commit that was synced: a power cut takes the rest, from the first
  commit on that is damaged or missing

A copy of a closed folder carries the file, and agrees with it. Where the file is absent or damaged nothing is checked.
A version that does not know it only makes the folder hold more than it says. All integers are little-endian.

    offset  0    magic, 8 bytes
    offset  8    boot, 16 bytes; zeros where the system does not tell
    offset 24    u64, 1 after `close`, else 0
    offset 32    u32, CRC-32 of all before it
    offset 36    u64, the newest commit that was acknowledged
    offset 44    u64, the newest commit that was synced
    offset 52    u32, CRC-32 of the two

The first part changes, with a sync, when a database is opened and closed; the second at each commit, without one. A cut
may tear the second: then it is unknown which commits there were, and known that there was a cut.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
import uuid
import zlib
from pathlib import Path
from typing import NamedTuple

from rem_arrow.base.errors import CorruptionError, ExecuteError
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import sync_file

NAME = "last_commit"

_MAGIC = b"rem-last"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_UNKNOWN = bytes(16)
_HEAD = struct.Struct("<8s16sQ")
_NUMBERS = struct.Struct("<QQ")
_CRC = struct.Struct("<I")
_HEAD_BYTES = _HEAD.size + _CRC.size
_RECORD_BYTES = _HEAD_BYTES + _NUMBERS.size + _CRC.size
# The file follows a log that is synced at each commit at this distance.
_SYNC_S = 1.0


def current_boot() -> bytes:
    """Return what tells this start of the machine from all others; zeros where the system does not say."""
    try:
        return uuid.UUID(_BOOT_ID.read_text(encoding="ascii").strip()).bytes
    except (OSError, ValueError):
        return _UNKNOWN


class Known(NamedTuple):
    """What the file says."""

    boot: bytes
    closed: bool
    acknowledged: int
    synced: int

    @property
    def same_boot(self) -> bool:
        """Whether the machine has run ever since."""
        return self.boot != _UNKNOWN and self.boot == current_boot()

    @property
    def after_cut(self) -> bool:
        """Whether what was not synced may be gone."""
        return not (self.closed or self.same_boot)

    def check(self, path: Path, commit: int) -> None:
        """Raise CorruptionError if a folder that holds the commits up to `commit` lacks one."""
        needed = self.acknowledged if self.same_boot else self.synced
        if commit < needed:
            raise lost(path, commit, needed)


def lost(path: Path, commit: int, needed: int) -> CorruptionError:
    """Return the error for a folder that holds the commits up to `commit`, where `needed` was acknowledged."""
    return CorruptionError(
        f"{path} holds the commits up to {commit}, but commit {needed} was acknowledged: the log is cut, or a file of "
        f"it is missing. Restore a backup; or delete {path / NAME}, to open the database without what is lost"
    )


def read(path: Path) -> Known | None:
    """Return what the file of a folder says; None where it is absent or damaged."""
    try:
        data = (path / NAME).read_bytes()
    except OSError:
        return None
    head, numbers = _checked(data[:_HEAD_BYTES]), _checked(data[_HEAD_BYTES:])
    if head is None or len(head) != _HEAD.size:
        return None
    magic, boot, closed = _HEAD.unpack(head)
    if magic != _MAGIC:
        return None
    acknowledged, synced = (0, 0) if numbers is None else _NUMBERS.unpack(numbers)
    return Known(boot, bool(closed), acknowledged, synced)


def _checked(data: bytes) -> bytes | None:
    """Return what stands before its checksum; None where that is another."""
    body, crc = data[: -_CRC.size], data[-_CRC.size :]
    return body if crc == _CRC.pack(zlib.crc32(body)) else None


class LastCommit:
    """The file of a folder that is open for writing. `acknowledge` and `close` REQUIRE the store's lock.

    Args:
        commit: the newest commit, which is on disk with all before it.

    Raises:
        ExecuteError: the file cannot be written.
    """

    def __init__(self, path: Path, commit: int) -> None:
        self._boot, self._commit, self._synced, self._sync_at = current_boot(), commit, commit, 0.0
        self._lock = threading.Lock()
        self._file, fresh = -1, not (path / NAME).exists()
        try:
            self._file = os.open(path / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._write(commit, closed=False)
            if fresh:
                sync_file(path)
        except OSError as error:
            self.close(None)
            what = f"writing {path / NAME}"
            raise disk_error(error, what) or ExecuteError(f"{what}: {error}") from error

    def acknowledge(self, commit: int, *, synced: bool) -> None:
        """Take down that RocksDB has stored a commit. A failure only makes the file say less than there is."""
        with self._lock:
            self._take_down(commit, commit if synced else self._synced)

    def settle(self, commit: int) -> None:
        """Take down that a commit, and all before it, has been synced; in any thread."""
        with self._lock:
            if self._file >= 0 and commit > self._synced:
                self._take_down(self._commit, commit)

    def _take_down(self, commit: int, synced: int) -> None:
        fresh = synced > self._synced
        self._commit, self._synced = commit, synced
        # Once for each commit: a context manager would take as long as all else here.
        try:  # noqa: SIM105
            os.pwrite(self._file, self._numbers(commit), _HEAD_BYTES)
        except OSError:
            pass
        if fresh and time.monotonic() >= self._sync_at:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
            self._sync_at = time.monotonic() + _SYNC_S

    def close(self, commit: int | None) -> None:
        """Give up the file.

        Args:
            commit: the newest commit, which is on disk with all before it; None where that is not sure.
        """
        if self._file < 0:
            return
        with self._lock:
            try:
                if commit is not None:
                    with contextlib.suppress(OSError):
                        self._synced = commit
                        self._write(commit, closed=True)
            finally:
                os.close(self._file)
                self._file = -1

    def _write(self, commit: int, *, closed: bool) -> None:
        head = _HEAD.pack(_MAGIC, self._boot, closed)
        os.pwrite(self._file, _with_checksum(head) + self._numbers(commit), 0)
        os.ftruncate(self._file, _RECORD_BYTES)
        os.fdatasync(self._file)

    def _numbers(self, commit: int) -> bytes:
        return _with_checksum(_NUMBERS.pack(commit, self._synced))


def _with_checksum(data: bytes) -> bytes:
    return data + _CRC.pack(zlib.crc32(data))
