"""Edges that dangle are bound by the write that brings an entity of that id, in the same commit."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import polars as pl

from rem_arrow.datatypes import Json
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import edges
from rem_arrow.write.writer import Writer

_LOOKUPS_MAX = 200
# Where the tables of both ends stand in a row of edges, each before its id.
_SIDES = (0, 2)


def bind_ends(
    kv: KV, writer: Writer, version: Version, changes: Changes, loaded: Mapping[str, str] | None = None
) -> None:
    """Add to the changes of a write what it does for edges at its new entities. REQUIRES: the lock.

    Args:
        loaded: the tables, by id, of entities that the write brings besides those in `changes`.
    """
    tv = version.find(edges.NAME)
    taken = dict(loaded or {})
    for number, key in changes.ids:
        owner = version.tables.get(number)
        if owner is not None and owner.table.kind == "entity":
            taken.setdefault(key[2:].decode(), owner.table.name)
    if tv is None or not taken or not edges.has_dangling(tv):
        return
    dead = set(changes.killed.get(tv.table.number, ()))
    bound: list[tuple[Json, ...]] = []
    for rowid in _at(kv, writer, tv, taken):
        place = tv.place(rowid)
        if place is None or rowid in dead:
            continue
        old = writer.plain_row(tv.table, place)
        row = list(old)
        for side in _SIDES:
            if row[side] is None:
                row[side] = taken.get(str(row[side + 1]))
        if tuple(row) != old:
            writer.retire_row(changes, tv.table, rowid, old)
            bound.append(tuple(row))
    index = writer.hints.row_index(tv.table)
    # An edge that the same write brings by its full name replaces what dangled.
    fresh = [row for row in bound if (tv.table.number, index.key(row)) not in changes.ids]
    if fresh:
        changes.merge(writer.put_keyed(tv, fresh))


def _at(kv: KV, writer: Writer, tv: TableVersion, ids: dict[str, str]) -> list[int]:
    """Return the rowids of edges at these ids, by the index, or for many by a look at the edges that dangle."""
    if len(ids) > _LOOKUPS_MAX:
        return _dangling_at(tv, ids)
    found: set[int] = set()
    for name in ("src", "dst"):
        for id_ in ids:
            found.update(writer.hints.by_value(kv, tv, tv.table.field(name), id_, limit=sys.maxsize - 1) or ())
    return sorted(found)


def _dangling_at(tv: TableVersion, ids: dict[str, str]) -> list[int]:
    fields = [tv.table.field(n) for n in ("src_table", "src", "dst_table", "dst")]
    wanted = pl.Series(list(ids), dtype=pl.String).implode()
    at_end = pl.any_horizontal(pl.col(f"{end}_table").is_null() & pl.col(end).is_in(wanted) for end in ("src", "dst"))
    found: list[int] = []
    for view in tv.parts:
        hit = view.part.frame(fields, view.length).select(at_end).to_series().to_numpy()
        found += view.part.rowid_array(view.length)[hit].tolist()
    return found
