"""The write path: from a computation over one version to rows that every reader sees.

    compute (records -> rows -> vectors -> edges)     under the writers' lock, from the newest version
    bind_ends                                         dangling edges at the new entities
    Rules.check                                       keys and conditions, of every row that is to be stored
    Store.commit                                      one batch; memory changes only after RocksDB has stored it
    FollowUp.after                                    outside of the lock: embeddings, vector and full-text indexes

Every public write runs through `run`, and so becomes visible by exactly one commit. A transaction computes by `stage`,
tables that it creates or changes too, and commits all of it at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeAlias, TypeVar

from rem_arrow.access.access import Access
from rem_arrow.access.indexes import Indexes
from rem_arrow.base.schema import Table
from rem_arrow.base.telemetry import span
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write import loader
from rem_arrow.write.edge_ends import bind_ends
from rem_arrow.write.evolution import sealed
from rem_arrow.write.follow_up import FollowUp
from rem_arrow.write.table_rules import Rules
from rem_arrow.write.writer import Writer

T = TypeVar("T")
# From the version to write from to the changes and the result for the caller.
Compute: TypeAlias = "Callable[[Access], tuple[Changes, T]]"


class WritePath:
    """The one way to write to a store. Safe in many threads: writers take turns under the store's lock."""

    def __init__(self, store: Store, indexes: Indexes, writer: Writer, follow_up: FollowUp, rules: Rules) -> None:
        self._store, self._indexes, self._writer, self._follow_up = store, indexes, writer, follow_up
        self._rules = rules

    def run(self, compute: Compute[T], *, rewriting: bool = False, progress: bool | None = False) -> T:
        """Compute changes, commit them, and do the work that follows. Returns the result of the computation.

        Args:
            rewriting: the computation replaces parts or changes definitions of tables, so seals and compactions wait.
            progress: show a bar for embeddings; None shows it when they take more than a second.
        """
        if not rewriting:
            return self._run(compute, progress)
        with self._store.rewriting:
            return self._run(compute, progress)

    def _run(self, compute: Compute[T], progress: bool | None) -> T:
        store = self._store
        with store.lock:
            store.recover()
            before = store.version
            access = Access(self._indexes, before)
            changes, result = compute(access)
            # A computation that rewrites may have sealed a tail.
            access = access if store.version is before else access.at(store.version)
            bind_ends(access, self._writer, changes)
            self._rules.check(access, changes)
            commit = self._commit(changes, None) if changes else 0
        store.syncs.settle(commit)
        self._follow_up.after(changes, before, progress=progress)
        return result

    def stage(self, compute: Compute[T], overlay: Overlay) -> T:
        """Compute changes from the version that a transaction sees, and add them to it."""
        with self._store.lock:
            access = Access(self._indexes, overlay.version)
            changes, result = compute(access)
            bind_ends(access, self._writer, changes)
            self._rules.check(access, changes)
        overlay.apply(changes)
        return result

    def commit(self, changes: Changes, base: Version) -> None:
        """Store the changes that a transaction has staged. Raises ConflictError, and stores nothing, if another writer
        changed the same rows since `base`, or has written rows with the same keys."""
        if not changes:
            return
        store = self._store
        with store.rewriting if changes.tables else nullcontext(), store.lock:
            store.recover()
            before = store.version
            store.recent.check(changes, base, store.version)
            if changes.tables:
                self._settle(changes)
            if before is not base:
                self._rules.check_again(Access(self._indexes, store.version), changes)
            commit = self._commit(changes, base)
        store.syncs.settle(commit)
        self._follow_up.after(changes, before)

    def _settle(self, changes: Changes) -> None:
        """Let the stored rows of tables that a transaction describes anew have the columns and the index entries of
        that description: its own view had copies."""
        for number, table in changes.tables.items():
            tv = self._store.version.tables.get(number)
            if table is None or tv is None or not tv.parts:
                continue
            tv = sealed(self._store, tv.table)
            if _entries(table) - _entries(tv.table):
                loader.write_index(self._store, tv, table)

    def _commit(self, changes: Changes, base: Version | None) -> int:
        with span("commit"):
            version = self._store.commit(changes, base=base, settles=True)
        self._store.activity.add(commits=1, rows_written=changes.rows)
        return version.commit


def _entries(table: Table) -> set[int]:
    """Return the numbers of the columns and keys by which rows of a table have index entries."""
    return {table.field(c).number for c in table.indexed} | {c.number for c in table.constraints if c.has_entries}
