"""The work after a commit, outside of the lock: indexes of changed tables are dropped from memory, embeddings are
computed, and vector and full-text indexes that are far behind are brought up to date."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

from rem_arrow.access.indexes import Indexes
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write.embeddings import Embeddings, EmbeddingWarning
from rem_arrow.write.registered_models import Models

# Rows that are embedded again before a registration returns.
_AT_ONCE_ROWS = 1_000


class FollowUp:
    """Does the work after the commits of one store.

    Args:
        later: embeddings are computed on the background thread, not before the write returns.
    """

    def __init__(self, store: Store, indexes: Indexes, models: Models, embeddings: Embeddings, *, later: bool) -> None:
        self._store, self._indexes, self._models = store, indexes, models
        self._embeddings, self._later = embeddings, later

    def resume(self) -> None:
        """Compute the vectors that a process which was stopped or killed has left missing: on the thread, and without
        one before this returns, if that process was cut short."""
        version, background = self._store.version, self._store.background
        for number, tv in version.tables.items():
            vectors = [version.tables[embedding.table] for embedding in tv.table.embeddings]
            if any(each.damage is not None for each in (tv, *vectors)) or all(v.rows >= tv.rows for v in vectors):
                continue
            if background is not None:
                background.run(partial(self._resumed, number))
            elif self._store.interrupted:
                self._embeddings.fill(number)

    def _resumed(self, number: int, stopping: Callable[[], bool]) -> None:
        if self._embeddings.fill(number, stopping=stopping) and self._indexes.vectors.behind(number):
            self._indexes.vectors.update(number, stopping=stopping)

    def after(self, changes: Changes, before: Version, *, progress: bool | None = False) -> None:
        """Do the work after committed changes; `before` is the version that they were computed from. Where the database
        is closed meanwhile, the rest is done when it is opened again: what is committed is no failure."""
        try:
            self._after(changes, before, progress=progress)
        except InputError:
            if not self._store.closed:
                raise

    def _after(self, changes: Changes, before: Version, *, progress: bool | None) -> None:
        for number, table in changes.tables.items():
            tv = before.tables.get(number)
            if tv is not None:
                self._forget(tv.table, table)
        in_segments = {number for number, _, _ in changes.manifests}
        for number in {*changes.written, *changes.tables}:
            tv = self._store.version.tables.get(number)
            if tv is None or not (tv.table.embeddings or tv.table.vector_indexes or tv.table.text_indexes):
                continue
            appended = [r for append in changes.appends.get(number, ()) for r in append.rowids]
            self.vectorize(number, None if number in in_segments else appended, progress=progress)

    def embed_again(self, table: Table, *, progress: bool | None = None) -> None:
        """Compute the vectors of a table whose embedded texts are others now than `table` says: of its first rows
        before this returns, of the others on the thread where there is one."""
        tv, background = self._store.version.tables.get(table.number), self._store.background
        kept = {e.table for e in table.embeddings}
        fresh = [] if tv is None else [e for e in tv.table.embeddings if e.table not in kept]
        if tv is None or not fresh or not tv.rows:
            return
        warnings.warn(
            f"what is embedded of {tv.table.name} is {', '.join(fresh[0].fields)} now: its {tv.rows:,} rows are "
            "embedded again, and searches by meaning find each once it is; db.wait() waits for all",
            EmbeddingWarning,
            stacklevel=4,
        )
        if background is None:
            self._embeddings.fill(table.number, progress=progress)
            return
        if not self._later:
            self._embeddings.fill(table.number, rows_max=_AT_ONCE_ROWS)
        background.run(lambda stopping: self._fill_and_index(table.number, stopping))

    def vectorize(self, number: int, rowids: list[int] | None, *, progress: bool | None = False) -> None:
        """Compute the missing vectors of these rows of a table, or of all its rows, and bring its indexes up to date if
        they are far behind."""
        tv, background = self._store.version.tables.get(number), self._store.background
        if tv is None:
            return
        if background is not None and tv.table.text_indexes and self._indexes.texts.behind(number):
            background.run(lambda stopping: self._indexes.texts.update(number))
        if not (tv.table.embeddings or tv.table.vector_indexes):
            return
        lacks = bool(tv.table.embeddings) and rowids != []
        if lacks and self._later and background is not None:
            background.run(lambda stopping: self._fill_and_index(number, stopping))
            return
        if lacks:
            # After a failure there are others that lack theirs.
            failed = self._embeddings.failure is not None
            self._embeddings.fill(number, None if failed else rowids, progress=progress)
        if background is not None and self._indexes.vectors.behind(number):
            background.run(lambda stopping: self._indexes.vectors.update(number, stopping=stopping))

    def _fill_and_index(self, number: int, stopping: Callable[[], bool]) -> None:
        self._embeddings.fill(number, stopping=stopping)
        if self._indexes.vectors.behind(number):
            self._indexes.vectors.update(number, stopping=stopping)

    def _forget(self, old: Table, new: Table | None) -> None:
        """Drop the indexes in memory whose description has changed."""
        if new is None:
            self._models.forget(old.number)
            self._indexes.forget(old.number)
            return
        columns = {(e.column, e.table) for e in new.embeddings}
        if not {(e.column, e.table) for e in old.embeddings} <= columns or not set(old.vector_indexes) <= set(
            new.vector_indexes
        ):
            self._indexes.vectors.forget(old.number)
        if old.text_indexes != new.text_indexes:
            self._indexes.texts.forget(old.number)
