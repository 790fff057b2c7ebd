"""The HNSW indexes of one store: built and grown beside the rows, kept in files beside RocksDB, and never trusted for
what is there.

An index holds rowids, and of each a print of its vector (a number that another vector hardly has). Every live row whose
rowid or print it does not hold is searched exactly, so a row is found right after its insert, and by its new vector
right after an update. A file counts only when a catalog entry that was written after it names it:

    default     "hnsw" table:u16 name           JSON [file, stamp in hex], 0, then the rowids: i64[], and the prints:
    u32[]

On any mismatch the index is made anew, from the rows.
"""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic_core import from_json, to_json

from rem_arrow.access.vector_columns import Hits, VectorColumn, among, column_of, search_exact, taken
from rem_arrow.errors import CorruptionError, ExecuteError
from rem_arrow.index import exact
from rem_arrow.storage import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from rem_arrow.index.metrics import Metric
    from rem_arrow.index.vector import VectorIndex
    from rem_arrow.schema import Table
    from rem_arrow.schema import VectorIndex as Description
    from rem_arrow.storage.kv import Op
    from rem_arrow.storage.segment import Segment
    from rem_arrow.storage.store import Store
    from rem_arrow.storage.tail import Run
    from rem_arrow.storage.version import PartView, TableVersion

    Rowids = npt.NDArray[np.int64]
    Prints = npt.NDArray[np.uint32]
    Vectors = npt.NDArray[np.float32]

# Below this an exact search takes hardly longer than one by the index.
INDEXED_ROWS_MIN = 20_000
# Rows that an index lacks or holds in vain before it is brought up to date by itself, as a share of all.
_BEHIND_SHARE = 0.05
_BEHIND_ROWS_MIN = 1_000
_DELETED_SHARE_MAX = 0.3
_PIECE_ROWS = 4_096
_SAVED_SHARE = 0.1
# Measured on two cores at 384 dimensions: exact search of a row that lies in order, of one that is gathered, and the
# index by candidate.
_ROW_NS, _GATHERED_NS, _CANDIDATE_NS = 0.3, 0.8, 12.0
# Candidates kept while searching: so many for 100,000 rows, and more for more. Recall of the top 10 of clustered
# vectors was 0.97 with 100 of
# 400,000 rows and 0.90 of 1,000,000, and 1.0 with 200 of 400,000.
_EF_MIN, _EF_ROWS, _EF_POWER = 100, 100_000, 0.75
_DEEPER = 4


@dataclass(slots=True)
class _Held:
    """An index in memory, and the print of each rowid that it holds; the arrays ascend by rowid and never change."""

    index: VectorIndex
    rowids: Rowids
    prints: Prints
    saved: int = 0
    lacking: weakref.WeakKeyDictionary[Segment | Run, tuple[object, npt.NDArray[np.intp]]] = field(
        default_factory=weakref.WeakKeyDictionary
    )

    def holds(self, rowids: Rowids, prints: Prints) -> npt.NDArray[np.bool_]:
        if not len(self.rowids):
            return np.zeros(len(rowids), dtype=np.bool_)
        places = np.searchsorted(self.rowids, rowids)
        places[places == len(self.rowids)] = 0
        found: npt.NDArray[np.bool_] = (self.rowids[places] == rowids) & (self.prints[places] == prints)
        return found


class VectorIndexes:
    """Finds, makes and keeps the indexes of a store's vectors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path / "vectors"
        self._held: dict[tuple[int, str], _Held | None] = {}
        self._prints: weakref.WeakKeyDictionary[Segment | Run, dict[int, Prints]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._building = threading.Lock()

    # --- searching

    def search(
        self,
        tv: TableVersion,
        name: str,
        column: VectorColumn,
        query: Vectors,
        metric: Metric,
        k: int,
        allowed: Rowids | None,
    ) -> Hits:
        """Return the k nearest rows, among `allowed` if given: exactly where that costs no more, else by the index."""
        described = next((i for i in tv.table.vector_indexes if i.column == name and i.metric == metric), None)
        held = None if described is None else self._ready(tv.table, described)
        live = sum(view.live_rows for view in column.table.parts)
        if held is None or not len(held.rowids) or live < INDEXED_ROWS_MIN:
            return search_exact(column, query, metric, k, allowed)
        among_rows = live if allowed is None else len(allowed)
        wanted = self._candidates(k, live, among_rows)
        exact_ns = (
            among_rows * column.dimension * (_ROW_NS if allowed is None or among_rows > live // 2 else _GATHERED_NS)
        )
        least = int(_EF_MIN * max(1.0, live / _EF_ROWS) ** _EF_POWER)
        if exact_ns <= max(wanted, least) * column.dimension * _CANDIDATE_NS:
            return search_exact(column, query, metric, k, allowed)
        fresh = self._not_held(held, column, query, metric, k, allowed)
        while wanted <= live // _DEEPER:
            rowids, _ = held.index.search(query, wanted, ef=max(least, wanted + wanted // 2))
            if allowed is not None:
                rowids = rowids[among(rowids, allowed)]
            rowids, vectors = column.gathered(rowids)
            found = exact.merged([fresh, (rowids, exact.scores(vectors, query, metric))], k, metric)
            if len(found[0]) >= min(k, among_rows):
                return Hits(*found, "hnsw")
            wanted *= _DEEPER
        return search_exact(column, query, metric, k, allowed)

    def _candidates(self, k: int, live: int, allowed: int) -> int:
        """Return how many of the nearest rows hold k that are allowed, with some to spare."""
        return int(k * live / max(1, allowed) * 1.5) + 10

    def _not_held(
        self, held: _Held, column: VectorColumn, query: Vectors, metric: Metric, k: int, allowed: Rowids | None
    ) -> tuple[Rowids, npt.NDArray[np.float64]]:
        """Search the rows exactly that the index does not hold as they are."""
        parts = []
        for view in column.table.parts:
            if not view.live_rows:
                continue
            offsets = self._lacking(held, column, view)
            if not len(offsets):
                continue
            chunk = column.chunk(view, allowed)
            offsets = (
                offsets[offsets < view.length]
                if chunk.offsets is None
                else np.intersect1d(offsets, chunk.offsets, assume_unique=True)
            )
            parts.append(
                exact.best(chunk.rowids[offsets], exact.scores(taken(chunk.vectors, offsets), query, metric), k, metric)
            )
        return exact.merged(parts, k, metric)

    def _lacking(self, held: _Held, column: VectorColumn, view: PartView) -> npt.NDArray[np.intp]:
        """Return the offsets of a part's rows that an index does not hold; dead ones may be among them."""
        key = (id(held.rowids), view.length, column.field.number)
        known = held.lacking.get(view.part)
        if known is None or known[0] != key:
            rowids = view.part.rowid_array(view.length)
            known = held.lacking[view.part] = (key, np.flatnonzero(~held.holds(rowids, self._printed(column, view))))
        return known[1]

    def _printed(self, column: VectorColumn, view: PartView) -> Prints:
        """Return the print of each vector of a part."""
        with self._lock:
            by_field = self._prints.setdefault(view.part, {})
            known = by_field.get(column.field.number)
        if known is None or len(known) < view.length:
            start = 0 if known is None else len(known)
            fresh = prints_of(column.matrix(view)[start:])
            known = fresh if known is None else np.concatenate([known, fresh])
            with self._lock:
                by_field[column.field.number] = known
        return known[: view.length]

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
            live = 0 if column is None else sum(view.live_rows for view in column.table.parts)
            held = self._held.get((number, described.name))
            if live >= INDEXED_ROWS_MIN:
                yield live, 0 if held is None else len(held.rowids)

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
        if column is None or sum(view.live_rows for view in column.table.parts) < INDEXED_ROWS_MIN:
            return
        held = self._ready(tv.table, described) or self._empty(described)
        live = [(chunk.rowids if chunk.offsets is None else chunk.rowids[chunk.offsets]) for chunk in column.chunks()]
        rowids = np.sort(np.concatenate(live)) if live else np.empty(0, dtype=np.int64)
        gone = np.setdiff1d(held.rowids, rowids, assume_unique=True)
        if len(gone) + held.index.deleted > _DELETED_SHARE_MAX * max(1, len(rowids)):
            held = self._empty(described)
        elif len(gone):
            held.index.remove(gone)
            held = self._shown(
                number, described, held, held.rowids[~among(held.rowids, gone)], held.prints[~among(held.rowids, gone)]
            )
        for view in column.table.parts:
            held = self._added(number, described, held, column, view, stopping)
        if not stopping() and (abs(len(held.rowids) - held.saved) >= held.saved * _SAVED_SHARE or len(gone)):
            self._save(number, described, held)

    def _added(
        self,
        number: int,
        described: Description,
        held: _Held,
        column: VectorColumn,
        view: PartView,
        stopping: Callable[[], bool],
    ) -> _Held:
        chunk, prints = column.chunk(view), self._printed(column, view)
        wanted = self._lacking(held, column, view)
        if chunk.offsets is not None:
            wanted = np.intersect1d(wanted, chunk.offsets, assume_unique=True)
        for start in range(0, len(wanted), _PIECE_ROWS):
            if stopping():
                break
            piece = wanted[start : start + _PIECE_ROWS]
            # A vector of zeros has no cosine, and is never found: it counts as held.
            held.index.add(chunk.rowids[piece], np.ascontiguousarray(chunk.vectors[piece]))
            kept = ~among(held.rowids, np.sort(chunk.rowids[piece]))
            rowids = np.concatenate([held.rowids[kept], chunk.rowids[piece]])
            order = np.argsort(rowids, kind="stable")
            held = self._shown(
                number, described, held, rowids[order], np.concatenate([held.prints[kept], prints[piece]])[order]
            )
        return held

    def _shown(self, number: int, described: Description, held: _Held, rowids: Rowids, prints: Prints) -> _Held:
        """Let searches see what the index holds by now."""
        fresh = self._held[(number, described.name)] = _Held(held.index, rowids, prints, held.saved)
        return fresh

    def _empty(self, described: Description) -> _Held:
        from rem_arrow.index.vector import VectorIndex

        index = VectorIndex(
            described.dimension, described.metric, m=described.m, ef_construction=described.ef_construction
        )
        return _Held(index, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32))

    # --- files

    def _save(self, number: int, described: Description, held: _Held) -> None:
        """Write the file, then the entry that makes it count; the entry is synced, and with it the log of the rows."""
        self._folder.mkdir(exist_ok=True)
        stamp = os.urandom(16)
        file = f"{number}-{stamp.hex()}.hnsw"
        held.index.save(self._folder / file, stamp)
        entry = (
            to_json([file, stamp.hex()])
            + b"\0"
            + held.rowids.astype("<i8").tobytes()
            + held.prints.astype("<u4").tobytes()
        )
        key = _key(number, described.name)
        old = _entry(self._store.kv.get(keys.CATALOG, key))
        ops: list[Op] = [(keys.CATALOG, key, entry)]
        with self._store.lock:
            self._store.check_open()
            tv = self._store.version.tables.get(number)
            wanted = tv is not None and described in tv.table.vector_indexes
            if wanted:
                self._store.kv.write(ops, sync=True)
        if not wanted:
            # Dropped meanwhile.
            self._held.pop((number, described.name), None)
            _remove(self._folder / file)
            return
        held.saved = len(held.rowids)
        if old is not None:
            (self._folder / old[0]).unlink(missing_ok=True)

    def _ready(self, table: Table, described: Description) -> _Held | None:
        """Return an index, from its file if this is the first use; None when there is none, or the file does not hold
        it."""
        key = (table.number, described.name)
        if key in self._held:
            return self._held[key]
        with self._lock:
            if key not in self._held:
                self._held[key] = self._loaded(table.number, described)
            return self._held[key]

    def _loaded(self, number: int, described: Description) -> _Held | None:
        found = _entry(self._store.kv.get(keys.CATALOG, _key(number, described.name)))
        if found is None:
            return None
        from rem_arrow.index.vector import VectorIndex

        file, stamp, rowids, prints = found
        try:
            index = VectorIndex.load(
                self._folder / file, expected_stamp=stamp, dimension=described.dimension, metric=described.metric
            )
        except (CorruptionError, ExecuteError):
            return None
        held = index.held()
        if not np.isin(held, rowids, assume_unique=True).all():
            return None
        return _Held(index, rowids, prints, len(rowids))

    def sweep(self) -> None:
        """Delete files that no entry names: the traces of a killed process, of dropped tables and of earlier
        indexes."""
        if not self._folder.is_dir():
            return
        entries = [_entry(value) for _, value in self._store.kv.scan(keys.CATALOG, b"hnsw")]
        named = {e[0] for e in entries if e is not None}
        for path in self._folder.iterdir():
            if path.name not in named:
                _remove(path)

    def forget(self, number: int) -> None:
        """Drop the indexes of a table that is gone, or whose vectors are others now."""
        self._held = {key: held for key, held in self._held.items() if key[0] != number}
        for key, value in list(self._store.kv.scan(keys.CATALOG, keys.table_key(b"hnsw", number))):
            self._store.kv.write([(keys.CATALOG, key, None)])
            entry = _entry(value)
            if entry is not None:
                _remove(self._folder / entry[0])

    def stats(self) -> dict[str, dict[str, int]]:
        """Return rows, deleted entries and bytes in memory of the indexes that are loaded, by table number and name."""
        return {
            f"{number}.{name}": {"rows": len(held.rowids), "deleted": held.index.deleted, "bytes": held.index.bytes}
            for (number, name), held in self._held.items()
            if held is not None
        }


def prints_of(vectors: Vectors) -> Prints:
    """Return a number for each vector that another vector hardly has."""
    weights: Vectors = np.random.default_rng(20_160_330).uniform(0.5, 1.5, size=vectors.shape[1:]).astype(np.float32)
    with np.errstate(all="ignore"):
        products: Vectors = np.vecdot(np.ascontiguousarray(vectors), weights)
    return products.view(np.uint32)


def _key(number: int, name: str) -> bytes:
    return keys.table_key(b"hnsw", number) + name.encode()


def _entry(value: bytes | None) -> tuple[str, bytes, Rowids, Prints] | None:
    if value is None:
        return None
    head, _, rest = value.partition(b"\0")
    file, stamp = cast("list[str]", from_json(head))
    count = len(rest) // 12
    return (
        file,
        bytes.fromhex(stamp),
        np.frombuffer(rest, dtype="<i8", count=count).astype(np.int64),
        np.frombuffer(rest, dtype="<u4", offset=8 * count).astype(np.uint32),
    )


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        # Somebody holds it (Windows), or has removed it: the next opening tries again.
        return
