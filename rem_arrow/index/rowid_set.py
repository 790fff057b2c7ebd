"""A set of rowids as one sorted array, 8 bytes each, with the changes since in a log.

A change costs what it changes; the log is folded into the array when the array is asked for, or when the log has grown
to a share of it. Not safe for threads: its owner sees to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Rowids: TypeAlias = "npt.NDArray[np.int64]"

_LOG_MIN = 4096
_LOG_SHARE = 8
_LOG_ENTRIES_MAX = 1024


class RowidSet:
    """Distinct rowids; `len` is exact at once."""

    def __init__(self, rowids: Rowids) -> None:
        ordered = np.sort(rowids)
        # np.unique hashes: a hundred times slower here.
        self._base = _frozen(ordered[np.diff(ordered, prepend=ordered[:1] - 1) > 0])
        self._log: list[tuple[Rowids, bool]] = []
        self._logged = 0
        self._count = len(self._base)

    def __len__(self) -> int:
        return self._count

    @property
    def bytes(self) -> int:
        """Bytes in memory."""
        return int(self._base.nbytes) + 8 * self._logged

    def add(self, rowids: Rowids) -> None:
        """Take in rowids. REQUIRES: distinct, and none of them is in the set."""
        self._count += len(rowids)
        self._append(rowids, held=True)

    def remove(self, rowids: Rowids) -> None:
        """Leave out rowids. REQUIRES: distinct, and all of them are in the set."""
        self._count -= len(rowids)
        self._append(rowids, held=False)

    def array(self) -> Rowids:
        """Return the rowids, ascending; the array never changes."""
        if self._log:
            self._fold()
        return self._base

    def _append(self, rowids: Rowids, *, held: bool) -> None:
        if not len(rowids):
            return
        self._log.append((rowids.copy(), held))
        self._logged += len(rowids)
        if self._logged > _LOG_MIN + len(self._base) // _LOG_SHARE or len(self._log) > _LOG_ENTRIES_MAX:
            self._fold()

    def _fold(self) -> None:
        rowids = np.concatenate([r for r, _ in self._log])
        held = np.repeat(np.array([h for _, h in self._log]), [len(r) for r, _ in self._log])
        # The last change of a rowid counts: a stable sort leaves it behind the others.
        order = np.argsort(rowids, kind="stable")
        rowids, held = rowids[order], held[order]
        last = np.append(rowids[1:] != rowids[:-1], True)
        touched, held = rowids[last], held[last]
        places = np.minimum(np.searchsorted(touched, self._base), len(touched) - 1)
        untouched = self._base[touched[places] != self._base]
        self._base = _frozen(np.sort(np.concatenate([untouched, touched[held]]), kind="stable"))
        self._log, self._logged = [], 0
        assert len(self._base) == self._count, f"{len(self._base)} rowids where {self._count} were counted"


def _frozen(rowids: Rowids) -> Rowids:
    rowids = rowids.astype(np.int64, copy=False)
    rowids.flags.writeable = False
    return rowids
