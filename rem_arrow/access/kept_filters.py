"""Which rows filters leave of tables, kept while the tables are the same: searches ask for one filter many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rem_arrow.running.lru_cache import LruCache

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rowids = npt.NDArray[np.int64]

# Of the memory limit: what all of them may take; one may take half of that.
_SHARE = 1 / 64
_ENTRY_BYTES = 2_000


class _Kept(NamedTuple):
    """The rowids, and the parts of the table of which they are."""

    parts: object
    rowids: Rowids


class KeptFilters:
    """The rowids that filters leave, by what tells the filters apart. Safe in many threads.

    Args:
        memory_bytes: the memory limit.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._bytes_max = int(memory_bytes * _SHARE)
        self._kept: LruCache[object, _Kept] = LruCache(self._bytes_max, size_of=_bytes)

    def rowids(self, key: object, parts: object, compute: Callable[[], Rowids]) -> Rowids:
        """Return the rowids of a filter, computed now if they are not kept of these very parts."""
        kept = self._kept.get(key)
        if kept is not None and kept.parts is parts:
            return kept.rowids
        rowids = compute()
        rowids.flags.writeable = False
        fresh = _Kept(parts, rowids)
        if _bytes(fresh) <= self._bytes_max // 2:
            self._kept.put(key, fresh)
        return rowids


def _bytes(kept: _Kept) -> int:
    return kept.rowids.nbytes + _ENTRY_BYTES
