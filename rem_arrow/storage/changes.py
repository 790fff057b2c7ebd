"""What one commit does: rows added, rows whose live version dies, table descriptions. Plain data, nothing done yet."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic_core import from_json

from rem_arrow.base.schema import Table
from rem_arrow.storage import keys
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.kv import Op
from rem_arrow.storage.tail import Append


class Changes:
    """Collected by a writer; made durable and visible by `Store.commit`, all or none.

    Attributes:
        appends: new row versions by table number, in order.
        killed: by table number, the rowids whose version that is live now dies. An update kills and appends the
            same rowid.
        ids: (table number, key) of the new rows among `appends`; two transactions that bring the same conflict.
        stale: index entries (family, key) that nobody needs once no older version is pinned, each with its (table,
            rowid).
        tables: new or changed descriptions by table number; None drops the table.
        loaded: by table number, the ids of the entities in `manifests`, for edges that wait for one of them.
        manifests: segments whose pages are flushed already: (table, manifest operation, part number), to be added.
    """

    __slots__ = ("appends", "ids", "killed", "loaded", "manifests", "stale", "tables")

    def __init__(self) -> None:
        self.appends: dict[int, list[Append]] = {}
        self.killed: dict[int, Numbers] = {}
        self.ids: set[tuple[int, bytes]] = set()
        self.stale: list[tuple[str, bytes, int, int]] = []
        self.tables: dict[int, Table | None] = {}
        self.loaded: dict[int, list[Iterable[str]]] = {}
        self.manifests: list[tuple[int, Op, int]] = []

    def append(self, table: int, rows: Append) -> None:
        if len(rows):
            self.appends.setdefault(table, []).append(rows)

    def kill(self, table: int, rowids: Numbers) -> None:
        known = self.killed.get(table)
        if isinstance(known, list) and not isinstance(rowids, np.ndarray):
            known.extend(rowids)
        elif known is None:
            self.killed[table] = rowids if isinstance(rowids, np.ndarray) else list(rowids)
        else:
            self.killed[table] = np.concatenate([np.asarray(known, dtype=np.int64), np.asarray(rowids, dtype=np.int64)])

    def merge(self, other: Changes) -> None:
        """Add what `other` does, computed from the same version."""
        for table, appends in other.appends.items():
            self.appends.setdefault(table, []).extend(appends)
        for table, rowids in other.killed.items():
            self.kill(table, rowids)
        self.ids.update(other.ids)
        self.stale += other.stale
        self.tables.update(other.tables)
        for table, ids in other.loaded.items():
            self.loaded.setdefault(table, []).extend(ids)
        self.manifests += other.manifests

    def dropped_prefixes(self) -> list[tuple[str, bytes]]:
        """Return the families and prefixes of what dropped tables leave behind, which nobody names: table numbers are
        never used again."""
        dropped = [number for number, table in self.tables.items() if table is None]
        return [(family, keys.table_prefix(number)) for number in dropped for family in ("tail", "dead", "manifest")]

    @property
    def written(self) -> set[int]:
        """The numbers of the tables that get rows."""
        return {*self.appends, *(number for number, _, _ in self.manifests)} if self.manifests else set(self.appends)

    @property
    def rows(self) -> int:
        """How many row versions are added."""
        loaded = sum(int(from_json(manifest or b"")["rows"]) for _, (_, _, manifest), _ in self.manifests)
        return loaded + sum(len(rows) for appends in self.appends.values() for rows in appends)

    def __bool__(self) -> bool:
        return bool(self.appends or self.killed or self.tables or self.manifests)
