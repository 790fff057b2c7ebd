"""Tombstones of one part: which row versions are dead, in the order in which they died.

The list only grows. A version of the database pins its length, so an older version keeps seeing the rows that died
later. It is an array of 32-bit numbers, since a statement may kill every row of a segment.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from rem_arrow.storage import keys
from rem_arrow.storage.kv import Op

if TYPE_CHECKING:
    import numpy.typing as npt

# Rowids or offsets of rows: many are an array.
Numbers: TypeAlias = "Sequence[int] | npt.NDArray[np.int64]"


def dead_ops(kills: Mapping[int, Mapping[int, Numbers]], commit: int) -> list[Op]:
    """Return what stores the offsets of rows that a commit kills, given by table and part."""
    return [
        ("dead", keys.dead_key(table, part, commit), np.array(offsets, dtype="<u4").tobytes())
        for table, by_part in kills.items()
        for part, offsets in by_part.items()
    ]


class Kills:
    """Offsets of dead rows. REQUIRES: `add` under the writers' lock; the rest may run in any thread."""

    __slots__ = ("_mask", "_order", "offsets")

    def __init__(self, offsets: Iterable[int] = ()) -> None:
        self.offsets = array("I")
        self._order: dict[int, int] = {}
        self._mask: tuple[int, int, npt.NDArray[np.bool_]] | None = None
        self.add(offsets)

    def add(self, offsets: Iterable[int] | npt.NDArray[np.int64]) -> None:
        if isinstance(offsets, np.ndarray):
            self.offsets.frombytes(offsets.astype(np.uint32).tobytes())
        else:
            self.offsets.extend(offsets)

    @property
    def order(self) -> dict[int, int]:
        """When each row died: places in `offsets`, at least of those that were there at the call.

        Made by the first who asks for a row: a statement that kills many rows asks for none.
        """
        order, known, stop = self._order, len(self._order), len(self.offsets)
        if known < stop:
            # Two threads that do the same write the same.
            order.update(zip(self.offsets[known:stop], range(known, stop), strict=True))
            assert len(order) >= stop, "a row version dies once"
        return order

    def is_dead(self, offset: int, count: int) -> bool:
        """Say whether the row was among the first `count` to die."""
        place = self.order.get(offset)
        return place is not None and place < count

    def live_mask(self, rows: int, count: int) -> npt.NDArray[np.bool_]:
        """Return, for offsets below `rows`, which rows are alive after the first `count` deaths."""
        cached = self._mask
        if cached is not None and cached[0] == rows and cached[1] == count:
            return cached[2]
        mask = np.ones(rows, dtype=np.bool_)
        # A copy: an array that numpy looks into cannot grow.
        dead = np.frombuffer(self.offsets[:count], dtype=np.uint32)
        mask[dead[dead < rows]] = False
        self._mask = (rows, count, mask)
        return mask
