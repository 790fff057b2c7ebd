"""The full-text indexes of one store: brought up to date with the rows before they answer.

An index holds rowids and fingerprints of their texts (`kept_index`). Before a search the rows that it lacks are added
and those that are gone taken out, so a row is found right after its insert, and by its new text right after an update.
What it finds is shown only if the row lives in the pinned version. A version that is not the newest, as that of a
transaction, is answered by an index of its own in memory when its rows are others.

A column with an index that CREATE INDEX made keeps it in a folder beside RocksDB, as long as the entry that names the
folder agrees with every file in it (`text_entries`); else it is made anew. Any other column gets an index in memory at
its first search.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.indexed_texts import fingerprints_of, rows_in, rows_of
from rem_arrow.access.kept_index import HeldRows, IndexFiles
from rem_arrow.access.text_entries import TextEntry, checked_folder, folder_of, read_entry
from rem_arrow.access.vector_columns import Hits, softly_deleted
from rem_arrow.base.errors import CorruptionError, ExecuteError, InputError, RemError
from rem_arrow.index.arrays import among
from rem_arrow.running.lru_cache import LruCache

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from rem_arrow.access.kept_index import Rowids
    from rem_arrow.base.schema import Field, Table
    from rem_arrow.index.text_index import TextIndex
    from rem_arrow.storage.store import Store
    from rem_arrow.storage.version import PartView, TableVersion

    Scores = npt.NDArray[np.float64]

# Indexes that are open, the least recently used goes first.
_OPEN_MAX = 16
_OF_VERSIONS_MAX = 2
_PIECE_ROWS = 20_000
_BEHIND_ROWS = 5_000
# Up to so many rows that a filter lets through are named to the index; more, or a larger share, and it looks deeper
# until enough pass.
_NAMED_ROWS_MAX, _NAMED_SHARE_MAX = 20_000, 0.05
_DEEPER = 4


@dataclass(slots=True)
class _Held:
    """An open index and the rows that it holds; `parts` is the version that it agrees with. `saved` says that an entry
    makes its files count."""

    index: TextIndex
    rows: HeldRows
    saved: bool = False
    parts: tuple[PartView, ...] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class TextIndexes:
    """Finds, makes and keeps the indexes of a store's texts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = IndexFiles(store, folder="texts", prefix=b"fts", named_by=folder_of)
        self._held: LruCache[tuple[int, int], _Held] = LruCache(_OPEN_MAX, evicted=lambda held: held.index.close())
        self._of_version: LruCache[tuple[int, int], tuple[tuple[PartView, ...], _Held]] = LruCache(_OF_VERSIONS_MAX)
        self._lock = threading.Lock()
        # What was wrong with the files that are made anew.
        self.damaged: list[str] = []

    # --- searching

    def search(self, tv: TableVersion, column: Field, query: str, k: int, allowed: Rowids | None) -> Hits:
        """Return the k best rows for the words of a query, among `allowed` (ascending) if given; ties go by rowid."""
        index = self._answering(tv, column).index
        rows = index.count
        if allowed is not None and len(allowed) <= min(_NAMED_ROWS_MAX, max(1_000, rows * _NAMED_SHARE_MAX)):
            return _first(tv, *index.search(query, len(allowed), allowed), k, "among")
        candidates = k + 10 if allowed is None else int(k * rows / max(1, len(allowed)) * 1.5) + 10
        while True:
            rowids, scores = index.search(query, candidates)
            exhausted = len(rowids) < candidates
            if allowed is not None:
                passed = among(rowids, allowed)
                rowids, scores = rowids[passed], scores[passed]
            hits = _first(tv, rowids, scores, k, "fts")
            # Rows that share the last score may stand behind what was looked at.
            if (
                exhausted
                or (len(hits.rowids) == k and len(rowids) > k and scores[-1] < hits.scores[-1])
                or candidates >= rows
            ):
                return hits
            candidates *= _DEEPER

    def scores(self, tv: TableVersion, column: Field, query: str) -> tuple[Rowids, Scores]:
        """Return every row that holds a word of the query, ascending by rowid, with its score."""
        index = self._answering(tv, column).index
        hits = index.search(query, max(1, index.count))
        order = np.argsort(hits.rowids, kind="stable")
        return hits.rowids[order], hits.scores[order]

    # --- keeping up

    def behind(self, number: int) -> bool:
        """Say whether an index that is kept of a table lacks many rows, or holds many in vain."""
        tv = self._store.version.tables.get(number)
        for described in () if tv is None else tv.table.text_indexes:
            assert tv is not None, "it has an index"
            held = self._held.get((number, tv.table.field(described.column).number))
            if abs(tv.rows - (0 if held is None else len(held.rows))) > _BEHIND_ROWS:
                return True
        return False

    def update(self, number: int) -> None:
        """Bring the indexes that are kept of a table up to date with its rows."""
        tv = self._store.version.tables.get(number)
        for described in () if tv is None else tv.table.text_indexes:
            assert tv is not None, "it has an index"
            self._current(tv, tv.table.field(described.column))

    def _answering(self, tv: TableVersion, column: Field) -> _Held:
        """Return an index that agrees with a version of its table: in memory, where the disk takes no files."""
        try:
            return self._current(tv, column)
        except (ExecuteError, InputError):
            return self._made_for(tv, column)

    def _current(self, tv: TableVersion, column: Field) -> _Held:
        """Return an index that agrees with a version of its table."""
        key = (tv.table.number, column.number)
        newest = self._store.version.tables.get(tv.table.number)
        with self._lock:
            held = self._held.get(key)
            if held is None:
                held = self._opened(tv.table, column)
                self._held.put(key, held)
        if held.parts is tv.parts:
            return held
        with held.lock:
            if held.parts is not tv.parts and newest is not None and newest.parts is tv.parts:
                try:
                    self._update(held, tv, column)
                except RemError:
                    self._discard(key, held)
                    raise
        return held if held.parts is tv.parts or self._agrees(held, tv, column) else self._made_for(tv, column)

    def _discard(self, key: tuple[int, int], held: _Held) -> None:
        """Let go of an index, and of its files where nobody knows what they hold."""
        with self._lock:
            self._held.remove(lambda other: other == key)
        held.index.close(remove=not held.saved)

    def _agrees(self, held: _Held, tv: TableVersion, column: Field) -> bool:
        """Say whether an index holds just the rows of a version, or those and others, which are not shown."""
        return all(held.rows.holds(rowids, fingerprints_of(texts)).all() for rowids, texts in rows_in(tv, column))

    def _made_for(self, tv: TableVersion, column: Field) -> _Held:
        """Return an index in memory of the rows of one version."""
        key = (tv.table.number, column.number)
        before = self._of_version.get(key)
        if before is not None and before[0] is tv.parts:
            return before[1]
        held = _in_memory()
        self._update(held, tv, column)
        self._of_version.put(key, (tv.parts, held))
        return held

    def _update(self, held: _Held, tv: TableVersion, column: Field) -> None:
        """Give an index the rows that it lacks, and take out those that are gone. REQUIRES: nobody else writes to
        it."""
        before = {} if held.parts is None else {view.part.number: view for view in held.parts}
        fewer = len(before) > len(tv.parts)
        for view in tv.parts:
            old = before.get(view.part.number)
            same = (
                old is not None
                and old.part is view.part
                and old.length == view.length
                and old.live_rows == view.live_rows
            )
            fewer = (
                fewer
                or (old is not None and not same and (old.kills, old.hidden) != (view.kills, view.hidden))
                or (old is None and bool(before))
            )
            if not same:
                self._add(held, view, tv, column)
        if fewer or held.parts is None:
            live = [rowids for rowids, _ in rows_in(tv, column)]
            gone = np.setdiff1d(held.rows.rowids, np.concatenate(live) if live else np.empty(0, dtype=np.int64))
            if len(gone):
                self._unsave(held, tv.table, column)
                held.index.remove(gone)
                held.rows = held.rows.without(gone)
        changed = held.index.commit()
        held.parts = tv.parts
        if changed:
            self._save(held, tv.table, column)

    def _add(self, held: _Held, view: PartView, tv: TableVersion, column: Field) -> None:
        rowids, texts = rows_of(view, tv, column)
        fingerprints = fingerprints_of(texts)
        lacking = np.flatnonzero(~held.rows.holds(rowids, fingerprints))
        if len(lacking):
            self._unsave(held, tv.table, column)
        for start in range(0, len(lacking), _PIECE_ROWS):
            piece = lacking[start : start + _PIECE_ROWS]
            held.index.put(rowids[piece], fingerprints[piece], texts.gather(pl.Series(piece)).to_list())
        if len(lacking):
            held.rows = held.rows.replaced(rowids[lacking], fingerprints[lacking])

    # --- files

    def _kept_name(self, table: Table, column: Field) -> str | None:
        """Return the name of the index that is kept of a column; None for one that lives in memory."""
        if self._store.read_only:
            return None
        return next((i.name for i in table.text_indexes if i.column == column.name), None)

    def _opened(self, table: Table, column: Field) -> _Held:
        name = self._kept_name(table, column)
        if name is None:
            return _in_memory()
        from rem_arrow.index.text_index import LAYOUT, TextIndex

        entry = self._files.entry(table.number, name)
        if entry is not None:
            try:
                if read_entry(entry).layout == LAYOUT:
                    # Every byte is checked before tantivy sees one: it trusts them.
                    index = TextIndex(checked_folder(self._files.folder, entry))
                    return _Held(index, HeldRows(*index.held()), saved=True)
            except CorruptionError as error:
                self.damaged.append(str(error))
            self._files.remove(folder_of(entry))
        return _Held(TextIndex(self._files.new_path(table.number)), HeldRows.none())

    def damages(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yield the indexes of a table whose files are damaged, by name, and what is wrong with each."""
        return self._files.damages(table.number, (i.name for i in table.text_indexes), checked_folder)

    def _unsave(self, held: _Held, table: Table, column: Field) -> None:
        """Let the files not count while they change: a process may be killed meanwhile."""
        name = self._kept_name(table, column)
        if held.saved and name is not None:
            self._files.drop_entry(table.number, name)
            held.saved = False

    def _save(self, held: _Held, table: Table, column: Field) -> None:
        """Write the entry that makes the files of an index count."""
        name, path = self._kept_name(table, column), held.index.path
        if name is None or path is None:
            return
        from rem_arrow.index.text_index import LAYOUT

        entry = TextEntry(path.name, held.index.checksums(), LAYOUT).written()
        # Where it was dropped meanwhile, the next opening sweeps the files.
        held.saved = self._files.store_entry(
            table.number, name, entry, exists=lambda now: any(i.name == name for i in now.text_indexes)
        )

    def sweep(self) -> None:
        """Delete folders that no entry names."""
        self._files.sweep()

    def forget(self, number: int) -> None:
        """Drop the indexes of a table that is gone, or that has lost one."""
        with self._lock:
            dropped = self._held.remove(lambda key: key[0] == number)
        for held in dropped:
            held.index.close(remove=True)
        self._files.forget(number)

    def close(self) -> None:
        """End what writes."""
        with self._lock:
            for held in self._held.remove(lambda _: True):
                held.index.close()
            self._of_version.clear()

    def stats(self) -> dict[str, int]:
        """Return the number of texts in each open index, by table and column number."""
        return {f"{number}.{column}": len(held.rows) for (number, column), held in self._held.items()}


def search_series(texts: pl.Series, query: str, k: int | None, allowed: Rowids | None) -> Hits:
    """Search a column that is no stored one; a row's number is its place."""
    held = _in_memory()
    rowids = np.flatnonzero(texts.is_not_null().to_numpy()).astype(np.int64)
    if len(rowids):
        words = texts.drop_nulls().cast(pl.String).to_list()
        held.index.put(rowids, np.zeros(len(rowids), dtype=np.uint32), words)
        held.index.commit()
    hits = held.index.search(query, len(rowids))
    passed = slice(None) if allowed is None else among(hits.rowids, allowed)
    rowids, scores = hits.rowids[passed], hits.scores[passed]
    return _best(rowids, scores, len(rowids) if k is None else k, "fts")


def _in_memory() -> _Held:
    from rem_arrow.index.text_index import TextIndex

    return _Held(TextIndex(), HeldRows.none())


def _first(tv: TableVersion, rowids: Rowids, scores: Scores, k: int, how: str) -> Hits:
    """Return the k best of the rows that live."""
    by_part = tv.places(rowids.tolist())
    live = [np.empty(0, dtype=np.int64)]
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets:
            deleted = softly_deleted(tv.table, view)
            places = np.asarray(offsets)
            live.append(view.part.rowid_array(view.length)[places if deleted is None else places[~deleted[places]]])
    living = among(rowids, np.sort(np.concatenate(live)))
    return _best(rowids[living], scores[living], k, how)


def _best(rowids: Rowids, scores: Scores, k: int, how: str) -> Hits:
    order = np.lexsort((rowids, -scores))[:k]
    return Hits(rowids[order], scores[order], how)
