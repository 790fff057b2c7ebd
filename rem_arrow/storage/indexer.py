"""What a store asks of the indexes over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from rem_arrow.base.schema import Table
from rem_arrow.storage.kv import KV


class Indexer(Protocol):
    """What the store asks of the indexes over it; entries are hints that readers check against the rows."""

    families: tuple[str, ...]

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        """Write the entries of rows that become a segment, outside of the log."""

    def still_wanted(self, family: str, key: bytes, table: int, rowid: int) -> bool:
        """Say whether an entry that was stale belongs to the row as it is now."""


class NoIndexes:
    """Until the layer above says what is indexed: write no entries, and keep those that exist."""

    families: tuple[str, ...] = ()

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        return

    def still_wanted(self, family: str, key: bytes, table: int, rowid: int) -> bool:
        return True
