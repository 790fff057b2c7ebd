"""Rows with equal vectors as one place in a graph.

Thousands of equal vectors in a graph of nearest neighbours link to each other alone, and what lies beside them is never
reached. So each distinct vector has one place, numbered from 0 in the order of arrival and never again, and a group of
rows. Under cosine vectors are equal whose directions are, to 16 binary digits.

As bytes (little endian, in the file of the index):

    rows: u64, places: u64, rowids: i64[rows], the place of each: i64[rows], the key of each place: i64[places]

A key is a 64-bit hash of the vector: two vectors of one key, which nobody has seen, would be one place, and cost
recall.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from rem_arrow.index.arrays import Ints, among
from rem_arrow.index.int_map import NONE, IntMap
from rem_arrow.index.metrics import Metric
from rem_arrow.index.rowid_set import RowidSet

_COUNTS = struct.Struct("<QQ")
_DIRECTION_STEPS = 1 << 16
_MANY = -2
_GROUP_BYTES = 400


class VectorGroups:
    """Which rows are at which place. Not safe for threads: its owner sees to that.

    Args:
        rowids: of all rows, distinct, and `places` the place of each.
        keys: of the places, in their order.
    """

    def __init__(self, rowids: Ints | None = None, places: Ints | None = None, keys: Ints | None = None) -> None:
        self._of_row = IntMap(rowids, places)
        keys = np.empty(0, dtype=np.int64) if keys is None else keys
        self._keys = keys.copy()
        # Of a place with one row that row; how many rows others have is in `_many`, or they have none.
        self._only = np.full(len(keys), NONE, dtype=np.int64)
        self._many: dict[int, RowidSet] = {}
        self.places = len(keys)
        if rowids is not None and places is not None:
            self._set(rowids, places)
        live = np.flatnonzero(self._only != NONE)
        self._of_key = IntMap(keys[live], live)

    def __len__(self) -> int:
        return len(self._of_row)

    @property
    def live(self) -> int:
        """How many places have rows."""
        return len(self._of_key)

    @property
    def memory_bytes(self) -> int:
        """Bytes in memory, reckoned from the counts."""
        many = _GROUP_BYTES * len(self._many) + sum(rows.bytes for rows in self._many.values())
        return self._of_row.bytes + self._of_key.bytes + self._only.nbytes + self._keys.nbytes + many

    def rowids(self) -> Ints:
        """Return all rows, ascending. The array never changes."""
        return self._of_row.items()[0]

    def add(self, rowids: Ints, keys: Ints) -> tuple[npt.NDArray[np.intp], Ints]:
        """Take in rows by the keys of their vectors. REQUIRES: they are distinct, and none is there.

        Returns:
            Which of the rows, by their places in `rowids`, stand for new places of the graph, and these places.
        """
        places = self._of_key.get(keys)
        unknown = np.flatnonzero(places == NONE)
        fresh, first, which = np.unique(keys[unknown], return_index=True, return_inverse=True)
        numbers = np.arange(self.places, self.places + len(fresh), dtype=np.int64)
        places[unknown] = numbers[which]
        self._of_key.put(fresh, numbers)
        self._grow(fresh)
        self._of_row.put(rowids, places)
        self._set(rowids, places)
        return unknown[first], numbers

    def remove(self, rowids: Ints) -> Ints:
        """Take out rows; one that is not there is passed over. Return the places that have no row any more."""
        rowids = np.unique(rowids)
        places = self._of_row.get(rowids)
        rowids, places = rowids[places != NONE], places[places != NONE]
        self._of_row.remove(rowids)
        single = self._only[places] != _MANY
        emptied = [places[single]]
        for place in np.unique(places[~single]).tolist():
            rows = self._many[place]
            rows.remove(rowids[places == place])
            if len(rows) < 2:
                left = rows.array()
                self._only[place] = left[0] if len(left) else NONE
                del self._many[place]
                emptied.append(np.array([place] if not len(left) else [], dtype=np.int64))
        empty = np.concatenate(emptied)
        self._only[empty] = NONE
        self._of_key.remove(self._keys[empty])
        return empty

    def expanded(self, places: Ints, allowed: Ints | None, rows_max: int) -> tuple[Ints, npt.NDArray[np.intp]]:
        """Return the rows at places, in their order, of one place ascending, at most `rows_max`; with `allowed`, which
        ascends, only these. With each row comes which of the places it is at."""
        only = self._only[places]
        if not (only == _MANY).any():
            which = np.flatnonzero(only != NONE)
            rowids = only[which]
            if allowed is not None:
                inside = among(rowids, allowed)
                rowids, which = rowids[inside], which[inside]
            return rowids[:rows_max], which[:rows_max]
        found: list[Ints] = []
        count = 0
        for place, row in zip(places.tolist(), only.tolist(), strict=True):
            rows = self._many[place].array() if row == _MANY else np.array([row] if row != NONE else [], dtype=np.int64)
            rows = (rows if allowed is None else rows[among(rows, allowed)])[: rows_max - count]
            found.append(rows)
            count += len(rows)
            if count == rows_max:
                break
        return np.concatenate(found), np.repeat(np.arange(len(found)), [len(rows) for rows in found])

    def written(self) -> bytes:
        """Return all of it as bytes."""
        rowids, places = self._of_row.items()
        arrays = (rowids, places, self._keys[: self.places])
        return _COUNTS.pack(len(rowids), self.places) + b"".join(a.astype("<i8").tobytes() for a in arrays)

    @classmethod
    def read(cls, data: bytes) -> tuple[VectorGroups, bytes]:
        """Return what `written` gave, and the bytes behind it. Raises ValueError."""
        if len(data) < _COUNTS.size:
            raise ValueError("its rows are missing")
        rows, count = _COUNTS.unpack_from(data)
        end = _COUNTS.size + 8 * (2 * rows + count)
        if end > len(data):
            raise ValueError("rows are missing")
        values = np.frombuffer(data, dtype="<i8", count=2 * rows + count, offset=_COUNTS.size).astype(np.int64)
        rowids, places, keys = values[:rows], values[rows : 2 * rows], values[2 * rows :]
        if rows and (places.min() < 0 or places.max() >= count or (np.diff(rowids) <= 0).any() or rowids[0] < 0):
            raise ValueError("a row is at no place, or at two")
        return cls(rowids, places, keys), data[end:]

    def empty_places(self) -> npt.NDArray[np.bool_]:
        """Return which places have no row."""
        empty: npt.NDArray[np.bool_] = self._only[: self.places] == NONE
        return empty

    def _grow(self, keys: Ints) -> None:
        needed = self.places + len(keys)
        if needed > len(self._only):
            room = max(needed, 2 * len(self._only)) - self.places
            self._only = np.concatenate([self._only[: self.places], np.full(room, NONE, dtype=np.int64)])
            self._keys = np.concatenate([self._keys[: self.places], np.zeros(room, dtype=np.int64)])
        self._keys[self.places : needed] = keys
        self.places = needed

    def _set(self, rowids: Ints, places: Ints) -> None:
        """Put rows at their places, beside those that are there."""
        order = np.argsort(places, kind="stable")
        rowids, places = rowids[order], places[order]
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        sizes = np.diff(starts, append=len(places))
        alone = starts[(sizes == 1) & (self._only[places[starts]] == NONE)]
        self._only[places[alone]] = rowids[alone]
        others = ~np.isin(starts, alone)
        for start, size in zip(starts[others].tolist(), sizes[others].tolist(), strict=True):
            place = int(places[start])
            rows = self._many.get(place)
            if rows is None:
                before = self._only[place : place + 1]
                rows = self._many[place] = RowidSet(before[before != NONE])
                self._only[place] = _MANY
            rows.add(rowids[start : start + size])


def vector_keys(vectors: npt.NDArray[np.float32], metric: Metric) -> Ints:
    """Return the key of each vector; under cosine of directions, which they must be."""
    words = (
        np.rint(vectors * np.float32(_DIRECTION_STEPS)).astype(np.int64)
        if metric == "cosine"
        # Zero has two forms.
        else np.ascontiguousarray(vectors + np.float32(0)).view(np.int32).astype(np.int64)
    )
    weights = np.random.default_rng(20_160_330).integers(-(1 << 62), 1 << 62, vectors.shape[1], dtype=np.int64) | 1
    keys: Ints = words @ weights
    return keys
