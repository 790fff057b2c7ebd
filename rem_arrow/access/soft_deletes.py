"""The softly deleted entities of a version, by table, and the rows of `edges` that they hide."""

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
    """Caches the ids of deleted entities while the rows of their table stay the same. Safe in many threads."""

    def __init__(self) -> None:
        self._cached: dict[int, tuple[object, pl.Series]] = {}
        self._lock = threading.Lock()

    def of(self, version: Version) -> Deleted:
        """Return the ids of deleted entities, for each table that has any."""
        deleted = []
        for tv in version:
            if tv.table.kind == "entity" and tv.parts:
                ids = self._ids(tv)
                if len(ids):
                    deleted.append((tv.table.name, ids))
        return tuple(deleted)

    def _ids(self, tv: TableVersion) -> pl.Series:
        with self._lock:
            cached = self._cached.get(tv.table.number)
            if cached is None or cached[0] is not tv.parts:
                cached = self._cached[tv.table.number] = (tv.parts, _deleted_ids(tv))
            return cached[1]


def hidden_edges(deleted: Deleted) -> pl.Expr:
    """Return whether an end of an edge is deleted, as an expression over the columns ENDS."""
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
        hidden = deleted if mask is None else deleted & mask
        if hidden.any():
            parts.append(view.part.frame([tv.table.field("id")], view.length).to_series().filter(pl.Series(hidden)))
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.String)
