"""Decoded columns and pages, least recently used, bounded in bytes; shared by all threads."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

import polars as pl

from rem_arrow.running.lru_cache import LruCache

CacheKey: TypeAlias = "tuple[int, int, int, int]"

WHOLE_COLUMN = -1
CODED_COLUMN = -2
FIXED_COLUMN = -3
_ENTRY_BYTES = 64


class ColumnCache(LruCache[CacheKey, pl.Series]):
    """Columns by (table, part, column, page or WHOLE_COLUMN or CODED_COLUMN)."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(bytes_max, size_of=_bytes)
        self.bytes_max = bytes_max
        # Not exact where threads count at once: a lock would cost more than it is worth.
        self.hits = self.misses = 0

    def get(self, key: CacheKey) -> pl.Series | None:
        values = super().get(key)
        if values is None:
            self.misses += 1
        else:
            self.hits += 1
        return values

    def put(self, key: CacheKey, values: pl.Series) -> None:
        """Keep `values`; one that is larger than half of the cache is not kept."""
        if _bytes(values) <= self.bytes_max // 2:
            super().put(key, values)

    def carry(self, table: int, old: int, new: int, columns: Collection[int]) -> None:
        """Let whole columns of a part be those of another one, which has the same."""
        for kind in (WHOLE_COLUMN, CODED_COLUMN, FIXED_COLUMN):
            for column in columns:
                values = self.pop((table, old, column, kind))
                if values is not None:
                    super().put((table, new, column, kind), values)

    def drop_part(self, table: int, part: int) -> None:
        """Forget every column of a part."""
        self.remove(lambda key: key[:2] == (table, part))


def _bytes(values: pl.Series) -> int:
    return int(values.estimated_size()) + _ENTRY_BYTES
