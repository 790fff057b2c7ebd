"""How a store is run."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Durability: TypeAlias = Literal["wal", "sync"]


class Settings(NamedTuple):
    """How a store is run.

    Attributes:
        memory_bytes: bound on the column cache and RocksDB's buffers together.
        threads: threads that decode and encode pages.
        tail_rows_max: rows after which the tail is sealed into a segment.
        background: seal and compact on a thread of their own; without, only `Store.compact` does.
    """

    memory_bytes: int = 2 << 30
    threads: int = 2
    durability: Durability = "wal"
    tail_rows_max: int = 65_536
    background: bool = True
