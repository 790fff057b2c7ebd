"""The HNSW indexes of one store: built and grown beside the rows, and searched with what they lack.

An index holds rowids and fingerprints of their vectors (`kept_index`). Every live row that it does not hold as it is
is searched exactly, so a row is found right after its insert, and by its new vector right after an update. A file that
its entry (`vector_entries`) does not fit, or that is damaged, is made anew.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.access.held_vectors import HeldVectors
from rem_arrow.access.kept_index import HeldRows, IndexFiles
from rem_arrow.access.search_effort import measured
from rem_arrow.access.vector_columns import Hits, VectorColumn, column_of, search_exact
from rem_arrow.access.vector_entries import VectorEntry, check_file, file_of, read_entry
from rem_arrow.access.vector_search import nearest
from rem_arrow.base.errors import CorruptionError, ExecuteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from rem_arrow.access.kept_index import Rowids
    from rem_arrow.base.schema import Table
    from rem_arrow.base.schema import VectorIndex as Description
    from rem_arrow.index.metrics import Metric
    from rem_arrow.storage.store import Store
    from rem_arrow.storage.version import PartView, TableVersion

    Vectors = npt.NDArray[np.float32]
    Offsets = npt.NDArray[np.intp]

# Below this an exact search takes hardly longer than one by the index.
INDEXED_ROWS_MIN = 20_000
# Rows that an index lacks or holds in vain before it is brought up to date by itself, as a share of all.
_BEHIND_SHARE = 0.05
_BEHIND_ROWS_MIN = 1_000
_DELETED_SHARE_MAX = 0.3
_PIECE_ROWS = 4_096
_SAVED_SHARE = 0.1


class VectorIndexes:
    """Finds, makes and keeps the indexes of a store's vectors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = IndexFiles(store, folder="vectors", prefix=b"hnsw", named_by=file_of)
        self._held: dict[tuple[int, str], HeldVectors | None] = {}
        self._lock = threading.Lock()
        self._building = threading.Lock()
        # What was wrong with the files that are made anew.
        self.damaged: list[str] = []

    # --- searching

    def search(
        self,
        tv: TableVersion,
        name: str,
        column: VectorColumn,
        queries: Vectors,
        metric: Metric,
        k: int,
        allowed: Rowids | None,
    ) -> list[Hits]:
        """Return the k nearest rows for each query, among `allowed` if given: exactly where that costs no more, else by
        the index."""
        described = next((i for i in tv.table.vector_indexes if i.column == name and i.metric == metric), None)
        held = None if described is None else self._opened(tv.table, described)
        if held is None or not len(held.rows) or column.live_rows < INDEXED_ROWS_MIN:
            return search_exact(column, queries, metric, k, allowed)
        return nearest(held, column, queries, metric, k, allowed)

    # --- making

    def behind(self, number: int) -> bool:
        """Say whether an index of a table lacks so many rows, or holds so many in vain, that it should be brought up to
        date."""
        return any(
            abs(live - have) > max(_BEHIND_ROWS_MIN, live * _BEHIND_SHARE) for live, have in self._counts(number)
        )

    def lacking(self) -> int:
        """Return how many rows the indexes that are brought up to date do not hold yet."""
        return sum(
            max(0, live - have)
            for number in self._store.version.tables
            if self.behind(number)
            for live, have in self._counts(number)
        )

    def _counts(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the rows of a table and those that an index holds, for each index that is worth having."""
        tables = self._store.version.tables
        tv = tables.get(number)
        for described in () if tv is None else tv.table.vector_indexes:
            assert tv is not None, "it has an index"
            column = column_of(tv, described.column, tables)
            live = 0 if column is None else column.live_rows
            held = self._held.get((number, described.name))
            if live >= INDEXED_ROWS_MIN:
                yield live, 0 if held is None else len(held.rows)

    def update(self, number: int, *, stopping: Callable[[], bool] = lambda: False) -> None:
        """Bring the indexes of a table up to date with its rows, and save them."""
        with self._building:
            tv = self._store.version.tables.get(number)
            for described in () if tv is None else tv.table.vector_indexes:
                self._update(number, described, stopping)

    def _update(self, number: int, described: Description, stopping: Callable[[], bool]) -> None:
        version = self._store.pin()
        tv = version.tables[number]
        column = column_of(tv, described.column, version.tables)
        if column is None or column.live_rows < INDEXED_ROWS_MIN:
            return
        held = self._opened(tv.table, described) or _empty(described)
        live = [(chunk.rowids if chunk.offsets is None else chunk.rowids[chunk.offsets]) for chunk in column.chunks()]
        rowids = np.sort(np.concatenate(live)) if live else np.empty(0, dtype=np.int64)
        gone = np.setdiff1d(held.rows.rowids, rowids, assume_unique=True)
        if len(gone) + held.index.deleted > _DELETED_SHARE_MAX * max(1, len(rowids)):
            held = _empty(described)
        elif len(gone):
            held.index.remove(gone)
            held = self._publish(number, described, held, held.rows.without(gone))
        for view in column.table.parts:
            held = self._add(number, described, held, column, view, stopping)
        if not stopping() and (abs(len(held.rows) - held.saved) >= held.saved * _SAVED_SHARE or len(gone)):
            held.effort = measured(held.index, column, held.rows.rowids, described.metric)
            self._save(number, described, held)

    def _add(
        self,
        number: int,
        described: Description,
        held: HeldVectors,
        column: VectorColumn,
        view: PartView,
        stopping: Callable[[], bool],
    ) -> HeldVectors:
        chunk, fingerprints = column.chunk(view), column.fingerprints(view)
        offsets = held.lacks(column, view)
        if chunk.offsets is not None:
            offsets = np.intersect1d(offsets, chunk.offsets, assume_unique=True)
        for start in range(0, len(offsets), _PIECE_ROWS):
            if stopping():
                break
            piece = offsets[start : start + _PIECE_ROWS]
            # A vector of zeros has no cosine, and is never found: it counts as held.
            held.index.add(chunk.rowids[piece], np.ascontiguousarray(chunk.vectors[piece]))
            held = self._publish(number, described, held, held.rows.replaced(chunk.rowids[piece], fingerprints[piece]))
        return held

    def _publish(self, number: int, described: Description, held: HeldVectors, rows: HeldRows) -> HeldVectors:
        """Publish the new contents of an index to searches."""
        fresh = self._held[(number, described.name)] = HeldVectors(held.index, rows, held.saved, held.effort)
        return fresh

    # --- files

    def _save(self, number: int, described: Description, held: HeldVectors) -> None:
        """Write the file, then the entry that makes it count; the entry is synced, and with it the log of the rows."""
        path, stamp = self._files.new_path(number, ".hnsw"), os.urandom(16)
        held.index.save(path, stamp)
        before = self._files.entry(number, described.name)
        entry = VectorEntry(path.name, stamp, held.rows, held.effort).written()
        if not self._files.store_entry(
            number, described.name, entry, exists=lambda table: described in table.vector_indexes, sync=True
        ):
            self._held.pop((number, described.name), None)
            self._files.remove(path.name)
            return
        held.saved = len(held.rows)
        if before is not None:
            self._files.remove(file_of(before))

    def _opened(self, table: Table, described: Description) -> HeldVectors | None:
        """Return an index, from its file if this is the first use; None when there is none, or the file does not hold
        it."""
        key = (table.number, described.name)
        if key in self._held:
            return self._held[key]
        with self._lock:
            if key not in self._held:
                self._held[key] = self._loaded(table.number, described)
            return self._held[key]

    def _loaded(self, number: int, described: Description) -> HeldVectors | None:
        entry = self._files.entry(number, described.name)
        if entry is None:
            return None
        from rem_arrow.index.vector import VectorIndex

        try:
            file, stamp, rows, effort = read_entry(entry)
            index = VectorIndex.load(
                self._files.path(file), expected_stamp=stamp, dimension=described.dimension, metric=described.metric
            )
            if not np.isin(index.held(), rows.rowids, assume_unique=True).all():
                raise CorruptionError(f"the vector index {self._files.path(file)} holds other rows than its entry says")
        except (CorruptionError, ExecuteError) as error:
            self.damaged.append(str(error))
            return None
        return HeldVectors(index, rows, len(rows), effort)

    def damages(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yield the indexes of a table whose files are damaged, by name, and what is wrong with each."""
        return self._files.damages(table.number, (i.name for i in table.vector_indexes), check_file)

    def sweep(self) -> None:
        """Delete files that no entry names."""
        self._files.sweep()

    def forget(self, number: int) -> None:
        """Drop the indexes of a table that is gone, or whose vectors are others now."""
        self._held = {key: held for key, held in self._held.items() if key[0] != number}
        self._files.forget(number)

    def stats(self) -> dict[str, dict[str, int]]:
        """Return rows, deleted entries and bytes in memory of the indexes that are loaded, by table number and name."""
        return {
            f"{number}.{name}": {"rows": len(held.rows), "deleted": held.index.deleted, "bytes": held.index.bytes}
            for (number, name), held in self._held.items()
            if held is not None
        }


def _empty(described: Description) -> HeldVectors:
    from rem_arrow.index.vector import VectorIndex

    index = VectorIndex(described.dimension, described.metric, m=described.m, ef_construction=described.ef_construction)
    return HeldVectors(index, HeldRows.none())
