"""RocksDB behind a narrow door: bytes in families, one atomic batch, prefixes, checkpoints. The owner of rocksdict.

Writes are plain operations (family, key, value), a value of None deletes; `write` stores all of them or none.
`write_bulk` stores pages without the write-ahead log and makes them durable by a flush before it returns: they are
invisible until a manifest, written later by `write`, names them.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import rocksdict

from rem_arrow.base.errors import ConflictError, CorruptionError, RemError
from rem_arrow.storage import claims, forks, keys, kv_options, log_file
from rem_arrow.storage.kv_errors import ROCKSDB_ERROR, closed_meanwhile, translated
from rem_arrow.storage.reader_turns import ReaderTurns

Op: TypeAlias = "tuple[str, bytes, bytes | None]"
Mode: TypeAlias = Literal["write", "read"]

_BULK_BATCH_BYTES = 8 << 20
_LOGGED_BYTES_MAX = 4 << 20
_ENTRY_BYTES = 64
_PROBE_BYTES = 1 << 20
# How long reads that have begun may hold a closed store open.
_RELEASE_S, _RELEASE_TICK_S = 10.0, 0.02
_POLL_S = 0.001


def _behind(prefix: bytes) -> bytes:
    end = keys.after(prefix)
    assert end is not None, "a prefix of 0xff bytes only is never deleted"
    return end


class KV:
    """An open RocksDB. Safe to use from many threads; `write` is atomic over all families.

    Args:
        after_cut: a power cut may have taken writes that were not synced: the log counts up to the first that is
            damaged or missing. Else only its end may be torn, and damage before it is an error.
    """

    def __init__(self, path: Path, mode: Mode, *, memory_bytes: int = 1 << 30, after_cut: bool = False) -> None:
        self.path, self.mode, self._memory_bytes = path, mode, memory_bytes
        # A write has failed: RocksDB takes no more of them until it is opened again.
        self.failed = False
        self._closed = False
        # What is damaged, where the store is open without some of its files.
        self.damage: str | None = None
        self._reopening = threading.Lock()
        self._turns = ReaderTurns(path)
        # How often it was opened again.
        self.reopened = 0
        self._synced = rocksdict.WriteOptions()
        self._synced.sync = True
        self._unlogged = rocksdict.WriteOptions()
        self._unlogged.disable_wal = True  # type: ignore[assignment,method-assign]
        if mode == "write":
            self._release = weakref.finalize(self, claims.release, claims.claim(path))
        try:
            self._open(after_cut=after_cut)
        except RemError:
            if mode == "write":
                self._release()
            raise
        forks.register(self, partial(_rocksdb_of, weakref.ref(self)))

    def _open(self, *, after_cut: bool = False, read_only: bool = False) -> None:
        """Open the store. Data files that cannot be opened are an error only for whoever reads from them: `damage` says
        which. Damage in a log refuses the store, since nobody can tell what it held."""
        log_file.check_logs(self.path, of_writes=not after_cut)
        if self.damage is None:
            try:
                self._connect(strict=True, after_cut=after_cut, read_only=read_only)
                return
            except CorruptionError as error:
                self.damage = str(error)
        # What RocksDB is told to pass over in files it passes over in logs too.
        log_file.check_logs(self.path, whole=True)
        self._connect(strict=False, after_cut=after_cut, read_only=read_only)

    def _connect(self, *, strict: bool, after_cut: bool, read_only: bool) -> None:
        writes = self.mode == "write" and not read_only
        options, families = kv_options.of_database(
            self._memory_bytes, strict=strict, after_cut=after_cut, writes=writes
        )
        # Readers are no secondaries: these take a data file that they cannot read for absent. All files are opened at
        # once and stay open, so nothing is lost that the writer deletes later.
        access = rocksdict.AccessType.read_write()
        if not writes:
            access = rocksdict.AccessType.read_only(error_if_log_file_exist=False)
        try:
            self._db = rocksdict.Rdict(str(self.path), options, families, access)
        except ROCKSDB_ERROR as error:
            raise translated(error, f"cannot open {self.path}") from error
        self._families = {name: self._db.get_column_family(name) for name in families} | {"default": self._db}
        self._handles = {name: self._db.get_column_family_handle(name) for name in keys.FAMILIES}

    def reopen(self) -> None:
        """Open the store again after a write has failed; reads wait meanwhile. What was written outside of the log and
        not flushed is lost. Raises ExecuteError where the disk takes no writes yet; then reads go on as before."""
        self._check_disk()
        with self._reopening:
            if self._closed:
                raise closed_meanwhile(self.path)
            self._disconnect()
            try:
                self._open_again()
                self.failed = False
            except RemError:
                with contextlib.suppress(RemError):
                    self._open(read_only=True)
                raise
            finally:
                self.reopened += 1

    def _open_again(self) -> None:
        """Open the store as soon as the reads that have begun on the closed one let go of it."""
        end = time.monotonic() + _RELEASE_S
        while True:
            try:
                return self._open()
            except ConflictError:
                if time.monotonic() > end:
                    raise
                time.sleep(_RELEASE_TICK_S)

    def _check_disk(self) -> None:
        probe = self.path / "probe.tmp"
        try:
            try:
                probe.write_bytes(bytes(_PROBE_BYTES))
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise translated(error, f"writing to {self.path}") from error

    def _read_failed(self, error: Exception, family: str, reopened: int) -> None:
        """Raise the error of a read, unless the store was opened again meanwhile."""
        if self._closed:
            raise closed_meanwhile(self.path) from error
        with self._reopening:
            if self.reopened != reopened:
                return
        raise translated(error, f"reading {family} of {self.path}") from error

    def _write_failed(self, error: Exception, what: str) -> RemError:
        if self._closed:
            return closed_meanwhile(self.path)
        self.failed = True
        failure = translated(error, what)
        if isinstance(failure, CorruptionError):
            self.damage = str(failure)
        return failure

    def get(self, family: str, key: bytes) -> bytes | None:
        reopened = self.reopened
        try:
            return self._families[family].get(key)
        except ROCKSDB_ERROR as error:
            self._read_failed(error, family, reopened)
        return self.get(family, key)

    def get_many(self, family: str, keys: list[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        reopened = self.reopened
        try:
            return list(self._families[family].get(keys))  # type: ignore[arg-type]
        except ROCKSDB_ERROR as error:
            self._read_failed(error, family, reopened)
        return self.get_many(family, keys)

    def scan(self, family: str, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys that start with `prefix`, and their values, in order of the keys."""
        return self.scan_between(family, prefix, keys.after(prefix))

    def scan_between(self, family: str, low: bytes, high: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values of `low <= key < high`, as they were when the iteration began."""
        reopened, entries = self.reopened, self._seek(family, low)
        try:
            while entries.valid():
                key = entries.key()
                if high is not None and key >= high:
                    return
                yield key, entries.value()
                low = key + b"\0"
                entries.next()
            entries.status()
            return
        except ROCKSDB_ERROR as error:
            # Whoever keeps the error would keep the store open.
            del entries
            self._read_failed(error, family, reopened)
        yield from self.scan_between(family, low, high)

    def _seek(self, family: str, low: bytes) -> rocksdict.RdictIter:
        reopened = self.reopened
        try:
            entries = self._families[family].iter()
            entries.seek(low)
            return entries
        except ROCKSDB_ERROR as error:
            self._read_failed(error, family, reopened)
        return self._seek(family, low)

    def write(self, ops: Iterable[Op], *, sync: bool = False, drop: Iterable[tuple[str, bytes]] = ()) -> None:
        """Store all operations, or none. With `sync` they survive a power cut, else a killed process.

        Args:
            drop: (family, prefix) of keys to delete before the operations; one by one: where the block of a file that
                holds the deletion of a range is damaged, RocksDB passes over it, and the keys are back.
        """
        self._open_handles()
        try:
            batch = self._batch(ops, drop)
            if sync:
                self._db.write(batch, self._synced)
            else:
                self._db.write(batch)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"writing to {self.path}") from error

    def _batch(self, ops: Iterable[Op], drop: Iterable[tuple[str, bytes]]) -> rocksdict.WriteBatch:
        # No variable holds the handles: whoever kept the error would keep the store open.
        batch = rocksdict.WriteBatch(raw_mode=True)
        for family, prefix in drop:
            for key, _ in self.scan(family, prefix):
                batch.delete(key, self._handles[family])
        for family, key, value in ops:
            if value is None:
                batch.delete(key, self._handles[family])
            else:
                batch.put(key, value, self._handles[family])
        return batch

    def write_bulk(self, family: str, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Store fresh entries outside of the log; call `flush` before a commit names them."""
        self._open_handles()
        entries = iter(entries)
        try:
            while (batch := self._bulk_batch(family, entries)) is not None:
                self._db.write(batch, self._unlogged)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"writing {family} to {self.path}") from error

    def _bulk_batch(self, family: str, entries: Iterator[tuple[bytes, bytes]]) -> rocksdict.WriteBatch | None:
        """Return the next entries; None when there are no more."""
        handles = self._handles
        batch, size = rocksdict.WriteBatch(raw_mode=True), 0
        for key, value in entries:
            batch.put(key, value, handles[family])
            size += len(value) + _ENTRY_BYTES
            if size >= _BULK_BATCH_BYTES:
                break
        return batch if size else None

    def write_fresh(self, family: str, entries: Sequence[tuple[bytes, bytes]]) -> None:
        """Store fresh entries: few bytes through the log, since a flush takes longer."""
        if sum(len(value) for _, value in entries) <= _LOGGED_BYTES_MAX:
            self.write([(family, key, value) for key, value in entries])
        else:
            self.write_bulk(family, entries)
            self.flush(family)

    def flush(self, family: str) -> None:
        """Make everything in `family` durable."""
        self._turns.give()
        try:
            self._families[family].flush(wait=True)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"writing {family} to {self.path}") from error

    def delete_prefix(self, family: str, prefix: bytes) -> None:
        """Delete, at once and without the log, every key that starts with `prefix`. REQUIRES: nothing would be wrong if
        they came back; see `write`."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        batch.delete_range(prefix, _behind(prefix), self._open_handles()[family])
        try:
            self._db.write(batch, self._unlogged)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"writing {family} to {self.path}") from error

    def compact(self) -> None:
        """Let RocksDB drop what is deleted, merge its files and give up its old logs."""
        try:
            for family in self._families.values():
                self._turns.give()
                family.flush(wait=True)
            for family in self._families.values():
                self._turns.give()
                family.compact_range(None, None)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"compacting {self.path}") from error

    def checkpoint(self, path: Path) -> None:
        """Write a consistent copy of the whole store to `path`, which must not exist. REQUIRES: `sync` came before."""
        try:
            rocksdict.Checkpoint(self._db).create_checkpoint(str(path))
        except ROCKSDB_ERROR as error:
            # RocksDB copies to a folder of this name, and leaves it behind.
            shutil.rmtree(f"{path}.tmp", ignore_errors=True)
            raise self._write_failed(error, f"writing the backup {path}") from error

    def sync(self) -> None:
        """Make every write so far survive a power cut."""
        try:
            self._db.flush_wal(sync=True)
        except ROCKSDB_ERROR as error:
            raise self._write_failed(error, f"writing to {self.path}") from error

    def close(self) -> None:
        """Close the store and give up its lock, also after a failure; safe to call twice. Calls that run in other
        threads end first; later ones raise InputError."""
        self._closed = True
        with self._reopening:
            self._disconnect()
        self._turns.close()
        if self.mode == "write":
            self._release()

    def _disconnect(self) -> None:
        families = [family for name, family in self._families.items() if name != "default"]
        # In place: the frames of an error that somebody keeps refer to them, and would keep the store and its lock.
        self._handles.clear()
        self._families.clear()
        for family in [*families, self._db]:
            _close_unused(family)

    def _open_handles(self) -> dict[str, rocksdict.ColumnFamily]:
        """Return the handles of the families. Raises InputError once the store is closed."""
        handles = self._handles
        if not handles:
            with self._reopening:
                handles = self._handles
        if not handles:
            raise closed_meanwhile(self.path)
        return handles


def _close_unused(db: rocksdict.Rdict) -> None:
    """Close as soon as no other thread is inside of one of its calls; rocksdict refuses before."""
    while True:
        try:
            return db.close()
        except ROCKSDB_ERROR as error:
            # Anything else has failed before, and was told then; what was acknowledged is in the log.
            if "borrowed" not in str(error):
                return None
        time.sleep(_POLL_S)


def _rocksdb_of(kv: weakref.ref[KV]) -> list[object]:
    """Return the objects of RocksDB that a store holds."""
    held = kv()
    return [] if held is None else [held._db, *held._families.values(), *held._handles.values()]
