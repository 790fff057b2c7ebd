"""Edges that dangle are bound by the write that brings an entity of that id, in the same commit."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rem_arrow import edges
from rem_arrow.datatypes import Json
from rem_arrow.index import entries
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.writer import Writer

# Where the tables of both ends stand in a row of edges, each before its id.
_SIDES = (0, 2)


def bind_ends(kv: KV, writer: Writer, version: Version, changes: Changes) -> None:
    """Add to the changes of a write what it does for edges at its new entities. REQUIRES: the lock."""
    tv = version.find(edges.NAME)
    taken: dict[str, str] = {}
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


def bind_loaded(kv: KV, writer: Writer, version: Version, changes: Changes, table: int, ids: Iterable[str]) -> None:
    """Do the same for many new entities of one table: the ends that dangle are looked through, not each id looked up. REQUIRES: the lock."""
    tv = version.find(edges.NAME)
    if tv is None or not edges.has_dangling(tv):
        return
    taken = _dangling(tv).intersection(ids)
    if taken:
        changes.ids.update((table, entries.id_key(table, [i])) for i in taken)
        bind_ends(kv, writer, version, changes)


def _dangling(tv: TableVersion) -> set[str]:
    """Return the ids of ends that dangle; those of dead edges too."""
    found: set[str] = set()
    for view in tv.parts:
        frame = view.part.frame([tv.table.field(n) for n in ("src_table", "src", "dst_table", "dst")], view.length)
        for table, end in (("src_table", "src"), ("dst_table", "dst")):
            found.update(frame[end].filter(frame[table].is_null()))
    return found


def _at(kv: KV, writer: Writer, tv: TableVersion, ids: dict[str, str]) -> list[int]:
    found: set[int] = set()
    for name in ("src", "dst"):
        for id_ in ids:
            found.update(writer.hints.by_value(kv, tv, tv.table.field(name), id_, limit=sys.maxsize - 1) or ())
    return sorted(found)
