"""A map from integers to integers that are not negative, as two sorted arrays, 16 bytes an entry, with the changes
since in a dict.

A change costs what it changes; the dict is folded into the arrays when it has grown to a share of them. Not safe for
threads: its owner sees to that.
"""

from __future__ import annotations

import numpy as np

from rem_arrow.index.arrays import Ints

NONE = -1
_NEW_MIN = 4096
_NEW_SHARE = 8
_ENTRY_BYTES, _NEW_BYTES = 16, 130


class IntMap:
    """Keys, each with one value; `len` is exact at once."""

    def __init__(self, keys: Ints | None = None, values: Ints | None = None) -> None:
        """REQUIRES: the keys are distinct."""
        empty = np.empty(0, dtype=np.int64)
        keys, values = (empty, empty) if keys is None or values is None else (keys, values)
        order = np.argsort(keys, kind="stable")
        self._keys, self._values = keys[order], values[order]
        self._new: dict[int, int] = {}
        self._count = len(keys)

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        """Bytes in memory, reckoned from the counts."""
        return _ENTRY_BYTES * len(self._keys) + _NEW_BYTES * len(self._new)

    def get(self, keys: Ints) -> Ints:
        """Return the value of each key, NONE where there is none."""
        values = np.full(len(keys), NONE, dtype=np.int64)
        if len(self._keys):
            places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            there = self._keys[places] == keys
            values[there] = self._values[places[there]]
        if self._new:
            for place, key in enumerate(keys.tolist()):
                value = self._new.get(key)
                if value is not None:
                    values[place] = value
        return values

    def put(self, keys: Ints, values: Ints) -> None:
        """Set the value of each key. REQUIRES: the keys are distinct."""
        self._count += int((self.get(keys) == NONE).sum())
        self._new.update(zip(keys.tolist(), values.tolist(), strict=True))
        self._fold_if_large()

    def remove(self, keys: Ints) -> None:
        """Take out keys. REQUIRES: they are distinct, and in the map."""
        self._count -= len(keys)
        self._new.update(dict.fromkeys(keys.tolist(), NONE))
        self._fold_if_large()

    def items(self) -> tuple[Ints, Ints]:
        """Return the keys, ascending, and their values. The arrays never change."""
        if self._new:
            self._fold()
        return self._keys, self._values

    def _fold_if_large(self) -> None:
        if len(self._new) > _NEW_MIN + len(self._keys) // _NEW_SHARE:
            self._fold()

    def _fold(self) -> None:
        new = np.array(sorted(self._new), dtype=np.int64)
        values = np.array([self._new[key] for key in new.tolist()], dtype=np.int64)
        places = np.minimum(np.searchsorted(new, self._keys), len(new) - 1)
        kept, there = new[places] != self._keys, values != NONE
        keys = np.concatenate([self._keys[kept], new[there]])
        order = np.argsort(keys, kind="stable")
        self._keys, self._values = keys[order], np.concatenate([self._values[kept], values[there]])[order]
        self._keys.flags.writeable = self._values.flags.writeable = False
        self._new = {}
        assert len(self._keys) == self._count, f"{len(self._keys)} keys where {self._count} were counted"
