"""The full-text indexes of one store: brought up to date with the rows before they answer, and never trusted for what
is there.

An index holds rowids, and of each a print of its text (a number that another text hardly has). Before a search it is
given the rows that it lacks, and those are taken out that are gone; so a row is found right after its insert, and by
its new text right after an update. What it finds is shown only if the row lives in the pinned version. A version that
is not the newest, as that of a transaction, is answered by an index of its own in memory when its rows are others.

A column with an index that CREATE INDEX made keeps it in a folder beside RocksDB. That counts only when the catalog
entry that names it agrees with every file in it; on any mismatch it is made anew, from the rows. Any other column gets
an index in memory at its first search.

    default     "fts" table:u16 name            JSON {"folder": name, "files": {name: crc32}}
"""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from pydantic_core import from_json, to_json

from rem_arrow.access.vector_columns import Hits, among, softly_deleted
from rem_arrow.errors import CorruptionError
from rem_arrow.running.lru_cache import LruCache
from rem_arrow.storage import keys
from rem_arrow.storage.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from rem_arrow.index.text_index import TextIndex
    from rem_arrow.schema import Field
    from rem_arrow.storage.store import Store
    from rem_arrow.storage.version import PartView, TableVersion

    Rowids = npt.NDArray[np.int64]
    Prints = npt.NDArray[np.uint32]

# Indexes in memory that are kept, the least recently used goes first.
_KEPT_MAX = 16
_OF_VERSIONS_MAX = 2
_PIECE_ROWS = 20_000
_BEHIND_ROWS = 5_000
# Up to so many rows that a filter lets through are named to the index; more, or a larger share, and it looks deeper
# until enough pass.
_NAMED_ROWS_MAX, _NAMED_SHARE_MAX = 20_000, 0.05
_DEEPER = 4


@dataclass(slots=True)
class _Held:
    """An index, and what it holds: rowids, ascending, with the print of each; `parts` is the version that it agrees
    with."""

    index: TextIndex
    rowids: Rowids
    prints: Prints
    parts: tuple[PartView, ...] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, rowids: Rowids, prints: Prints) -> npt.NDArray[np.bool_]:
        if not len(self.rowids):
            return np.zeros(len(rowids), dtype=np.bool_)
        places = np.searchsorted(self.rowids, rowids)
        places[places == len(self.rowids)] = 0
        found: npt.NDArray[np.bool_] = (self.rowids[places] == rowids) & (self.prints[places] == prints)
        return found


class TextIndexes:
    """Finds, makes and keeps the indexes of a store's texts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path / "texts"
        self._held: LruCache[tuple[int, int], _Held] = LruCache(_KEPT_MAX, evicted=lambda held: held.index.close())
        self._of_version: LruCache[tuple[int, int], tuple[tuple[PartView, ...], _Held]] = LruCache(_OF_VERSIONS_MAX)
        self._lock = threading.Lock()

    # --- searching

    def search(self, tv: TableVersion, column: Field, query: str, k: int, allowed: Rowids | None) -> Hits:
        """Return the k best rows for the words of a query, among `allowed` (ascending) if given; ties go by rowid."""
        index = self._current(tv, column).index
        rows = index.count
        if allowed is not None and len(allowed) <= min(_NAMED_ROWS_MAX, max(1_000, rows * _NAMED_SHARE_MAX)):
            return _first(tv, *index.search(query, len(allowed), allowed), k, "among")
        wanted = k + 10 if allowed is None else int(k * rows / max(1, len(allowed)) * 1.5) + 10
        while True:
            rowids, scores = index.search(query, wanted)
            exhausted = len(rowids) < wanted
            if allowed is not None:
                passed = among(rowids, allowed)
                rowids, scores = rowids[passed], scores[passed]
            found = _first(tv, rowids, scores, k, "fts")
            # Rows that share the last score may stand behind what was looked at.
            if (
                exhausted
                or (len(found.rowids) == k and len(rowids) > k and scores[-1] < found.scores[-1])
                or wanted >= rows
            ):
                return found
            wanted *= _DEEPER

    def scores(self, tv: TableVersion, column: Field, query: str) -> tuple[Rowids, npt.NDArray[np.float64]]:
        """Return every row that holds a word of the query, ascending by rowid, with its score."""
        index = self._current(tv, column).index
        found = index.search(query, max(1, index.count))
        order = np.argsort(found.rowids, kind="stable")
        return found.rowids[order], found.scores[order]

    # --- keeping up

    def behind(self, number: int) -> bool:
        """Say whether an index that is kept of a table lacks many rows, or holds many in vain."""
        tv = self._store.version.tables.get(number)
        for described in () if tv is None else tv.table.text_indexes:
            assert tv is not None, "it has an index"
            held = self._held.get((number, tv.table.field(described.column).number))
            if abs(tv.rows - (0 if held is None else len(held.rowids))) > _BEHIND_ROWS:
                return True
        return False

    def update(self, number: int) -> None:
        """Bring the indexes that are kept of a table up to date with its rows."""
        tv = self._store.version.tables.get(number)
        for described in () if tv is None else tv.table.text_indexes:
            assert tv is not None, "it has an index"
            self._current(tv, tv.table.field(described.column))

    def _current(self, tv: TableVersion, column: Field) -> _Held:
        """Return an index that agrees with a version of its table."""
        key = (tv.table.number, column.number)
        newest = self._store.version.tables.get(tv.table.number)
        with self._lock:
            held = self._held.get(key)
            if held is None:
                held = self._opened(tv, column)
                self._held.put(key, held)
        if held.parts is tv.parts:
            return held
        with held.lock:
            if held.parts is not tv.parts and newest is not None and newest.parts is tv.parts:
                self._update(held, tv, column)
        return held if held.parts is tv.parts or self._agrees(held, tv, column) else self._made_for(tv, column)

    def _agrees(self, held: _Held, tv: TableVersion, column: Field) -> bool:
        """Say whether an index holds just the rows of a version, or those and others, which are not shown."""
        return all(held.holds(rowids, _prints(texts)).all() for rowids, texts in _rows(tv, column))

    def _made_for(self, tv: TableVersion, column: Field) -> _Held:
        """Return an index in memory of the rows of one version."""
        key = (tv.table.number, column.number)
        known = self._of_version.get(key)
        if known is not None and known[0] is tv.parts:
            return known[1]
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
            live = [rowids for rowids, _ in _rows(tv, column)]
            gone = np.setdiff1d(held.rowids, np.concatenate(live) if live else np.empty(0, dtype=np.int64))
            if len(gone):
                held.index.remove(gone)
                kept = ~among(held.rowids, gone)
                held.rowids, held.prints = held.rowids[kept], held.prints[kept]
        changed = held.index.commit()
        held.parts = tv.parts
        if changed:
            self._save(held, tv, column)

    def _add(self, held: _Held, view: PartView, tv: TableVersion, column: Field) -> None:
        rowids, texts = _rows_of(view, tv, column)
        prints = _prints(texts)
        lacking = np.flatnonzero(~held.holds(rowids, prints))
        for start in range(0, len(lacking), _PIECE_ROWS):
            piece = lacking[start : start + _PIECE_ROWS]
            held.index.put(rowids[piece], prints[piece], texts.gather(pl.Series(piece)).to_list())
        if len(lacking):
            kept = ~among(held.rowids, np.sort(rowids[lacking]))
            joined = np.concatenate([held.rowids[kept], rowids[lacking]])
            order = np.argsort(joined, kind="stable")
            held.rowids, held.prints = joined[order], np.concatenate([held.prints[kept], prints[lacking]])[order]

    # --- files

    def _named(self, tv: TableVersion, column: Field) -> str | None:
        """Return the name of the index that is kept of a column; None for one that lives in memory."""
        if self._store.read_only:
            return None
        return next((i.name for i in tv.table.text_indexes if i.column == column.name), None)

    def _opened(self, tv: TableVersion, column: Field) -> _Held:
        name = self._named(tv, column)
        if name is None:
            return _in_memory()
        from rem_arrow.index.text_index import TextIndex

        entry = _entry(self._store.kv.get(keys.CATALOG, _key(tv.table.number, name)))
        if entry is not None:
            path = self._folder / entry[0]
            try:
                index = TextIndex(path) if path.is_dir() else None
                if index is not None and index.checksums() == entry[1]:
                    return _Held(index, *index.held())
            except (CorruptionError, OSError, ValueError):
                pass
            shutil.rmtree(path, ignore_errors=True)
        index = TextIndex(self._folder / f"{tv.table.number}-{os.urandom(16).hex()}")
        return _Held(index, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32))

    def _save(self, held: _Held, tv: TableVersion, column: Field) -> None:
        """Write the entry that makes the files of an index count."""
        name, path = self._named(tv, column), held.index.path
        if name is None or path is None:
            return
        entry = to_json({"folder": path.name, "files": held.index.checksums()})
        with self._store.lock:
            self._store.check_open()
            now = self._store.version.tables.get(tv.table.number)
            # Dropped meanwhile: the next opening sweeps files that no entry names.
            if now is not None and any(i.name == name for i in now.table.text_indexes):
                self._store.kv.write([(keys.CATALOG, _key(tv.table.number, name), entry)])

    def sweep(self) -> None:
        """Delete folders that no entry names: the traces of a killed process and of dropped tables."""
        if not self._folder.is_dir():
            return
        entries = [_entry(value) for _, value in self._store.kv.scan(keys.CATALOG, b"fts")]
        named = {e[0] for e in entries if e is not None}
        for path in self._folder.iterdir():
            if path.name not in named:
                shutil.rmtree(path, ignore_errors=True)

    def forget(self, number: int) -> None:
        """Drop the indexes of a table that is gone, or that has lost one."""
        with self._lock:
            gone = self._held.remove(lambda key: key[0] == number)
        for held in gone:
            held.index.close(remove=True)
        for key, value in list(self._store.kv.scan(keys.CATALOG, keys.table_key(b"fts", number))):
            self._store.kv.write([(keys.CATALOG, key, None)])
            entry = _entry(value)
            if entry is not None:
                shutil.rmtree(self._folder / entry[0], ignore_errors=True)

    def close(self) -> None:
        """End what writes."""
        with self._lock:
            for held in self._held.remove(lambda _: True):
                held.index.close()
            self._of_version.clear()

    def stats(self) -> dict[str, int]:
        """Return how many texts each index holds that is open, by table and column number."""
        return {f"{number}.{column}": len(held.rowids) for (number, column), held in self._held.items()}


def search_series(texts: pl.Series, query: str, k: int | None, allowed: Rowids | None) -> Hits:
    """Search a column that is no stored one; a row's number is its place."""
    held = _in_memory()
    rowids = np.flatnonzero(texts.is_not_null().to_numpy()).astype(np.int64)
    if len(rowids):
        known = texts.drop_nulls()
        held.index.put(rowids, np.zeros(len(rowids), dtype=np.uint32), known.cast(pl.String).to_list())
        held.index.commit()
    found, scores = held.index.search(query, len(rowids))
    if allowed is not None:
        passed = among(found, allowed)
        found, scores = found[passed], scores[passed]
    return _best(found, scores, len(found) if k is None else k, "fts")


def _in_memory() -> _Held:
    from rem_arrow.index.text_index import TextIndex

    return _Held(TextIndex(), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32))


def _first(tv: TableVersion, rowids: Rowids, scores: npt.NDArray[np.float64], k: int, how: str) -> Hits:
    """Return the k best of the rows that live."""
    by_part = tv.places(rowids.tolist())
    live = [np.empty(0, dtype=np.int64)]
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets:
            deleted = softly_deleted(tv.table, view)
            places = np.asarray(offsets)
            live.append(view.part.rowid_array(view.length)[places if deleted is None else places[~deleted[places]]])
    kept = among(rowids, np.sort(np.concatenate(live)))
    return _best(rowids[kept], scores[kept], k, how)


def _best(rowids: Rowids, scores: npt.NDArray[np.float64], k: int, how: str) -> Hits:
    order = np.lexsort((rowids, -scores))[:k]
    return Hits(rowids[order], scores[order], how)


def _rows(tv: TableVersion, column: Field) -> Iterator[tuple[Rowids, pl.Series]]:
    for view in tv.parts:
        if view.live_rows:
            yield _rows_of(view, tv, column)


def _rows_of(view: PartView, tv: TableVersion, column: Field) -> tuple[Rowids, pl.Series]:
    """Return the live rows of a part that have a text, and their texts."""
    texts = (
        view.part.column(column)
        if isinstance(view.part, Segment)
        else view.part.frame([column], view.length).to_series()
    )
    kept, deleted = view.live_mask(), softly_deleted(tv.table, view)
    known = texts.is_not_null().to_numpy()
    kept = known if kept is None else kept & known
    kept = kept if deleted is None else kept & ~deleted
    rowids = view.part.rowid_array(view.length)
    return rowids[kept], texts.filter(pl.Series(kept)).cast(pl.String)


def _prints(texts: pl.Series) -> Prints:
    return texts.hash(1).to_numpy().astype(np.uint32)


def _key(number: int, name: str) -> bytes:
    return keys.table_key(b"fts", number) + name.encode()


def _entry(value: bytes | None) -> tuple[str, dict[str, int]] | None:
    if value is None:
        return None
    found = from_json(value)
    return str(found["folder"]), cast("dict[str, int]", found["files"])
