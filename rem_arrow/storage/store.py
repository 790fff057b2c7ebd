"""The store: one writer's lock, one batch a commit, one immutable version for readers.

    with store.lock:                       writers take turns
        changes = ...                      what to do, computed from store.version
        store.commit(changes)              durable first, then visible; all or none

A reader calls `pin()` once and uses nothing but the version that it gets. Memory changes only after RocksDB has said
yes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.telemetry import Activity
from rem_arrow.running.patience import held
from rem_arrow.storage import forks, kept_states, keys, last_commit, recovery, tail
from rem_arrow.storage.background import Background
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.conflicts import RecentCommits
from rem_arrow.storage.counters import Counters
from rem_arrow.storage.garbage import Garbage
from rem_arrow.storage.group_sync import GroupSync
from rem_arrow.storage.history import Kept
from rem_arrow.storage.indexer import Indexer, NoIndexes
from rem_arrow.storage.kills import Numbers, dead_ops
from rem_arrow.storage.kv import Op
from rem_arrow.storage.last_commit import LastCommit
from rem_arrow.storage.opening import Opened, history_of_writer, opened_to_read, opened_to_write
from rem_arrow.storage.page_threads import PageThreads
from rem_arrow.storage.pins import Pins
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.settings import Settings
from rem_arrow.storage.tail import Append, Run
from rem_arrow.storage.version import Names, PartView, TableVersion, Version, names_of

_RUN_BYTES_MAX = 64 << 20
_WAITING_RUNS_MAX = 4


class Store:
    """An open database folder. See the module's text for who may call what.

    Args:
        tidy: seals the waiting runs of a table, and compacts it where that is due, until it is told to stop.
        kept: the older version to read, in a reader.

    Attributes:
        tidy: see above.
        syncs: makes commits survive a power cut.
        interrupted: whoever wrote to the folder before may not have closed it.
    """

    def __init__(
        self, path: Path, *, read_only: bool, settings: Settings, tidy: Tidy, kept: Kept | None = None
    ) -> None:
        self.path, self.read_only, self.settings, self.kept = path, read_only, settings, kept
        self.lock = threading.RLock()
        # Held by whoever replaces parts (seal, compact, evolve). Whoever needs both takes this one first.
        self.rewriting = threading.RLock()
        self.process = os.getpid()
        self._last_commit: LastCommit | None = None
        self.interrupted = False
        self.executor = PageThreads(settings.threads, path)
        try:
            self.kv, self.cache, self.version, self.history = self._opened()
        except RemError:
            self.executor.shutdown(wait=False)
            raise
        self._active: dict[int, Run] = {}
        self._counters, self.activity = Counters(self.kv), Activity()
        self.pins = Pins()
        self.recent = RecentCommits()
        self._garbage = Garbage()
        self._room = threading.Condition(self.lock)
        self.closed = False
        self._closing = threading.RLock()
        self.syncs = GroupSync(
            settings.durability, lambda: self.version.commit, lambda: self.kv.sync(), self._last_commit
        )
        self.indexer: Indexer = NoIndexes()
        self.tidy = tidy
        self.background = Background(self.collect_garbage) if settings.background and not read_only else None

    def _opened(self) -> Opened:
        if self.read_only:
            return opened_to_read(self.path, self.settings.memory_bytes, self.kept)
        known = last_commit.read(self.path)
        self.interrupted = known is None or not known.closed
        opened, self._last_commit = opened_to_write(self.path, self.settings.memory_bytes, known)
        return opened

    # --- reading

    def pin(self) -> Version:
        """Return the newest version; it stays readable for as long as someone holds it."""
        self.check_open()
        while True:
            version = self.version
            self.pins.hold(version)
            # A version that is still the newest once it is pinned cannot have lost a page.
            if version is self.version:
                return version

    def refresh(self) -> None:
        """In a reader of the newest version: move to the newest commit of the writer. Pinned versions keep their
        pages."""
        self.check_open()
        if not self.read_only or self.kept is not None:
            return
        with self.lock:
            self.check_open()
            # The old store closes by itself when the last version that reads from it is gone.
            self.kv, self.cache, self.version, self.history = self._opened()

    def check_open(self) -> None:
        """Raise InputError where nothing may be done with this handle any more."""
        forks.check_handle(self.path, self.process)
        if self.closed:
            raise InputError(f"the database {self.path} is closed; connect to it again")

    # --- writing

    def recover(self) -> None:
        """After a write that failed, by a full disk say: open RocksDB again, so that writes go on. REQUIRES: the lock.

        Raises:
            ExecuteError: the disk takes no writes yet.
            CorruptionError: the disk has lost commits that it had taken.
            InputError: the database is closed.
        """
        self.check_open()
        if not self.kv.failed:
            return
        version = recovery.reopened(self.kv, self.cache, self.version)
        if version is not self.version:
            self.version = version
            self._active.clear()
        self._counters, self.history = Counters(self.kv), history_of_writer(self.kv, self.cache, self.version)
        # What failed has left pages.
        recovery.sweep(self.kv, [self.version, *self.pins.all()])

    def reserve_rowids(self, table: int, count: int) -> int:
        """Return the first of `count` fresh rowids. REQUIRES: the lock."""
        self.check_open()
        return self._counters.rowids(table, count)

    def reserve_table(self) -> int:
        """Return a fresh table number. REQUIRES: the lock."""
        return self._counters.tables(1)[0]

    def reserve_tables(self, count: int) -> range:
        """Return fresh table numbers, stored by one write. REQUIRES: the lock."""
        return self._counters.tables(count)

    def reserve_part(self, table: int) -> int:
        """Return a fresh part number. REQUIRES: the lock."""
        self.check_open()
        return self._counters.part(table)

    def commit(self, changes: Changes, *, base: Version | None = None, settles: bool = False) -> Version:
        """Store `changes` and publish the version that shows them. REQUIRES: the lock.

        Args:
            base: the version that a transaction read; ConflictError if its rows changed since.
            settles: the caller asks `syncs` to settle it, once it has given up the lock.
        """
        if base is not None:
            self.recent.check(changes, base, self.version)
        self.version.check_sound(changes.appends)
        number = self.version.commit + 1
        kills = {t: _offsets(self.version.tables[t], rowids) for t, rowids in changes.killed.items()}
        ops = dead_ops(kills, number)
        appended: list[tuple[int, Run, Append, int]] = []
        for table, appends in changes.appends.items():
            run, base_row = self._run_for(table, changes)
            for append in appends:
                value = tail.encode(append)
                ops.append(("tail", keys.tail_key(table, run.number, base_row), value))
                appended.append((table, run, append, len(value)))
                base_row += len(append)
        for described in changes.tables.items():
            ops += recovery.description_ops(*described)
        ops += [op for _, op, _ in changes.manifests]
        kept = kept_states.of_commit(self.history, self.version, changes, kills, appended)
        self.write_commit(number, ops, changes.dropped_prefixes(), kept, settles=settles)
        return self._publish(number, changes, kills, appended)

    def write_commit(
        self,
        number: int,
        ops: list[Op],
        drop: list[tuple[str, bytes]],
        kept: Sequence[Op] = (),
        *,
        settles: bool = False,
    ) -> None:
        """Store the operations of a commit, and those that keep it or older ones. REQUIRES: the lock; the caller
        publishes it."""
        sync = self.settings.durability == "sync" and not settles
        self.kv.write([(keys.CATALOG, b"commit", keys.U64.pack(number)), *ops, *kept], sync=sync, drop=drop)
        self._acknowledge(number, synced=sync)
        self.history.published(kept)

    def _publish(
        self,
        number: int,
        changes: Changes,
        kills: Mapping[int, Mapping[int, Numbers]],
        appended: list[tuple[int, Run, Append, int]],
    ) -> Version:
        """Show in memory what RocksDB has stored."""
        old = self.version
        tables = dict(old.tables)
        names = old.names
        if changes.tables:
            names = self._describe(changes, tables)
        for table, by_part in kills.items():
            tables[table] = tables[table].killed(by_part)
        for table, run, append, size in appended:
            run.append(append, size)
            tables[table] = tables[table].grown(run)
        for table, (_, _, manifest), part in changes.manifests:
            assert manifest is not None, "a segment has a manifest"
            segment = Segment(self.kv, self.cache, table, part, manifest, table_name=tables[table].table.name)
            tables[table] = tables[table].with_segment(segment)
        self.version = Version(self.kv, number, tables, names)
        if self.pins:
            self.recent.add(number, changes)
        else:
            self.recent.clear()
        if changes.stale:
            self._garbage.add(number, entries=changes.stale)
        for table in {a[0] for a in appended} | set(kills):
            self._after_write(table)
        return self.version

    def _describe(self, changes: Changes, tables: dict[int, TableVersion]) -> Names:
        for number, table in changes.tables.items():
            if table is None:
                dropped, commit = tables.pop(number), self.version.commit + 1
                self._garbage.add_parts(commit, [view.part for view in dropped.parts], self.history)
                if not self.history.holds_of(number):
                    self._garbage.add(commit, prefixes=[(f, keys.table_prefix(number)) for f in ("ids", "index")])
                self._active.pop(number, None)
            else:
                tables[number] = TableVersion(table, tables[number].parts if number in tables else ())
        return names_of(tables)

    def _run_for(self, table: int, changes: Changes) -> tuple[Run, int]:
        run = self._active.get(table)
        if run is None:
            described = changes.tables.get(table) or self.version.tables[table].table
            run = self._active[table] = Run(self.reserve_part(table), described.fields)
        return run, len(run.rowids)

    # --- what follows a write

    def _after_write(self, table: int) -> None:
        run = self._active.get(table)
        if run is not None and (len(run.rowids) >= self.settings.tail_rows_max or run.bytes >= _RUN_BYTES_MAX):
            self.freeze(table)
            if self.background is not None:
                self.background.run(partial(self.tidy, self, table))
                # The background thread would wait for itself.
                while self.is_full(table) and self.background.is_alive() and not self.background.is_here():
                    self._room.wait(0.1)

    def is_full(self, table: int) -> bool:
        """Say whether too many runs wait to be sealed. REQUIRES: the lock."""
        return len(self.waiting(table)) > _WAITING_RUNS_MAX

    def freeze(self, table: int) -> None:
        """Let the next write begin a new run, so that the present one can be sealed. REQUIRES: the lock."""
        self._active.pop(table, None)

    def waiting(self, table: int) -> list[PartView]:
        """Return the runs of a table that no write will grow any more. REQUIRES: the lock."""
        tv = self.version.tables.get(table)
        active = self._active.get(table)
        return [] if tv is None else [v for v in tv.parts if isinstance(v.part, Run) and v.part is not active]

    def replace(self, table: int, old: list[Segment | Run], new: list[Segment]) -> None:
        """Publish `new` in the place of `old`, which hold the same live rows. REQUIRES: the lock; RocksDB has stored
        it."""
        tables = {**self.version.tables, table: self.version.tables[table].replaced(old, new)}
        self.version = Version(self.kv, self.version.commit + 1, tables, self.version.names)
        self._garbage.add_parts(self.version.commit, old, self.history)
        self._room.notify_all()

    def collect_garbage(self) -> int:
        """Delete pages and index entries that no pinned version needs. Returns how many entries of garbage are left."""
        with self.lock:
            self.recover()
            self.history.let_go_if_due(self.version, self.pins)
            oldest = min((v.commit for v in self.pins.all()), default=self.version.commit)
            self._garbage.delete(self.kv, self.history.oldest(oldest), self.indexer.still_wanted)
            self.recent.forget(oldest)
            return len(self._garbage)

    def sync(self) -> None:
        """Make every commit survive a power cut. REQUIRES: the lock."""
        self.recover()
        self.kv.sync()
        self._acknowledge(self.version.commit, synced=True)

    def _acknowledge(self, commit: int, *, synced: bool) -> None:
        assert self._last_commit is not None, "a reader writes nothing"
        self._last_commit.acknowledge(commit, synced=synced)

    def close(self, timeout_s: float = 30.0) -> None:
        """Refuse new work, let the running commit and seal end, stop the background work and close the files.

        Work of other threads that takes longer, and queries that still read, fail with an InputError. A second thread
        that closes returns when the first has done it.
        """
        forks.check_handle(self.path, self.process)
        with self._closing:
            if self.closed:
                return
            self.closed = True
            deadline = time.monotonic() + timeout_s
            if self.background is not None:
                self.background.stop(timeout_s)
            with held(self.rewriting, deadline), held(self.lock, deadline):
                synced = None
                try:
                    if not (self.read_only or self.kv.failed):
                        self.kv.sync()
                        synced = self.version.commit
                        self.syncs.note(synced)
                finally:
                    self.kv.close()
                    self.executor.shutdown(wait=True)
                    if self._last_commit is not None:
                        self._last_commit.close(synced)


def _offsets(tv: TableVersion, rowids: Numbers) -> Mapping[int, Numbers]:
    """Return where the live versions of rows stand, by part number."""
    return tv.places(rowids) if isinstance(rowids, list) else tv.offsets(rowids)


# Is told by a function whether to stop.
Tidy: TypeAlias = Callable[[Store, int, Callable[[], bool]], object]
