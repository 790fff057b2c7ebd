"""The entities that are softly deleted in a version, by table, and the rows of `edges` that they hide."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from rem_arrow.access.vector_columns import softly_deleted

if TYPE_CHECKING:
    from rem_arrow.storage.version import TableVersion, Version

Deleted: TypeAlias = "tuple[tuple[str, pl.Series], ...]"
ENDS = ("src_table", "src", "dst_table", "dst")
EDGES = "edges"


class SoftDeletes:
    """Remembers which entities are deleted for as long as the rows of their table are the same. Safe in many
    threads."""

    def __init__(self) -> None:
        # By table number, with the parts that they were read from.
        self._by_table: dict[int, tuple[object, pl.Series]] = {}
        self._lock = threading.Lock()

    def of(self, version: Version) -> Deleted:
        """Return the ids of deleted entities, of each table that has any."""
        deleted: list[tuple[str, pl.Series]] = []
        for tv in version:
            if tv.table.kind == "entity" and tv.parts:
                ids = self._ids(tv)
                if len(ids):
                    deleted.append((tv.table.name, ids))
        return tuple(deleted)

    def _ids(self, tv: TableVersion) -> pl.Series:
        with self._lock:
            ids = self._by_table.get(tv.table.number)
            if ids is None or ids[0] is not tv.parts:
                ids = self._by_table[tv.table.number] = (tv.parts, _deleted_ids(tv))
            return ids[1]


def hidden_edges(deleted: Deleted) -> pl.Expr:
    """Return, over the columns ENDS of `edges`, whether an end is deleted."""
    hits = [
        (pl.col(f"{end}_table") == name) & pl.col(end).is_in(ids.implode())
        for name, ids in deleted
        for end in ("src", "dst")
    ]
    return pl.any_horizontal(hits).fill_null(value=False)


def _deleted_ids(tv: TableVersion) -> pl.Series:
    parts = []
    for view in tv.parts:
        deleted = softly_deleted(tv.table, view)
        if deleted is None:
            continue
        mask = view.live_mask()
        if mask is not None:
            deleted = deleted & mask
        if deleted.any():
            parts.append(view.part.frame([tv.table.field("id")], view.length).to_series().filter(pl.Series(deleted)))
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.String)
