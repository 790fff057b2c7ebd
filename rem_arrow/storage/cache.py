"""Decoded columns and pages, least recently used, bounded in bytes; shared by all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeAlias

import polars as pl

CacheKey: TypeAlias = "tuple[int, int, int, int]"

WHOLE_COLUMN = -1
CODED_COLUMN = -2
FIXED_COLUMN = -3


class ColumnCache:
    """Columns by (table, part, column, page or WHOLE_COLUMN or CODED_COLUMN)."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0
        self._entries: OrderedDict[CacheKey, tuple[pl.Series, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: CacheKey) -> pl.Series | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: CacheKey, values: pl.Series) -> None:
        """Keep `values`; one that is larger than half of the cache is not kept."""
        size = int(values.estimated_size()) + 64
        if size > self.bytes_max // 2:
            return
        with self._lock:
            old = self._entries.pop(key, None)
            self.bytes += size - (old[1] if old else 0)
            self._entries[key] = (values, size)
            while self.bytes > self.bytes_max:
                _, (_, dropped) = self._entries.popitem(last=False)
                self.bytes -= dropped

    def drop_part(self, table: int, part: int) -> None:
        """Forget every column of a part."""
        with self._lock:
            for key in [k for k in self._entries if k[0] == table and k[1] == part]:
                self.bytes -= self._entries.pop(key)[1]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.bytes = 0
