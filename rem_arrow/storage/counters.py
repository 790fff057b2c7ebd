"""Numbers that are given out once: rowids, tables, parts.

What is stored is the first number that was not reserved yet. It is stored before one of a new block is given out, so
that a process that is killed loses numbers and repeats none.
"""

from __future__ import annotations

from rem_arrow.base.errors import InputError
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV

_ROWID_BLOCK = 1 << 20
_PART_BLOCK = 1 << 10


class Counters:
    """The counters of one store. REQUIRES: the store's lock."""

    def __init__(self, kv: KV) -> None:
        self._kv = kv
        # The next number, and the first that is not reserved, of each counter.
        self._reserved: dict[bytes, tuple[int, int]] = {}

    def rowids(self, table: int, count: int) -> int:
        """Return the first of `count` fresh rowids."""
        first = self._next(keys.table_key(b"rowid", table), count, _ROWID_BLOCK)
        if first + count > keys.ROWID_MAX:
            raise InputError("a table has used up its rowids (2^47); export it and load it into a new one")
        return first

    def tables(self, count: int) -> range:
        """Return fresh table numbers."""
        numbers = range(first := self._next(b"tables", count, 0), first + count)
        if numbers[-1] > keys.TABLE_MAX:
            raise InputError(f"a database has had {keys.TABLE_MAX} tables; no more numbers are left")
        return numbers

    def part(self, table: int) -> int:
        """Return a fresh part number."""
        return self._next(keys.table_key(b"part", table), 1, _PART_BLOCK)

    def _next(self, key: bytes, count: int, block: int) -> int:
        reserved = self._reserved.get(key)
        if reserved is None:
            stored = self._kv.get(keys.CATALOG, key)
            start = keys.U64.unpack(stored)[0] if stored else 1
            reserved = (start, start)
        first, limit = reserved
        if first + count > limit:
            limit = first + count + block
            self._kv.write([(keys.CATALOG, key, keys.U64.pack(limit))], sync=True)
        self._reserved[key] = (first + count, limit)
        return first
