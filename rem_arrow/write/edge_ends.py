"""Dangling edges are bound by the write that adds an entity with their id, in the same commit."""

from __future__ import annotations

import sys
from itertools import chain

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import Json
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import edges
from rem_arrow.write.writer import Writer

_LOOKUPS_MAX = 200
# The positions of the tables of both ends in a row of edges; the id follows each.
_SIDES = (0, 2)


def bind_ends(access: Access, writer: Writer, changes: Changes) -> None:
    """Add to the changes of a write those that bind dangling edges to its new entities. REQUIRES: the lock."""
    if not (changes.ids or changes.loaded):
        return
    tv = access.version.find(edges.NAME)
    if tv is None or not edges.has_dangling(tv):
        return
    owners = new_entities(access.version, changes)
    if not owners:
        return
    dead = set(changes.killed.get(tv.table.number, ()))
    bound: list[tuple[Json, ...]] = []
    for rowid in _edges_at(access, tv, owners):
        place = tv.place(rowid)
        if place is None or rowid in dead:
            continue
        old = writer.plain_row(tv.table, place)
        row = list(old)
        for side in _SIDES:
            if row[side] is None:
                row[side] = owners.get(str(row[side + 1]))
        if tuple(row) != old:
            writer.retire_row(changes, tv.table, rowid, old)
            bound.append(tuple(row))
    index = access.indexes.keys.row_index(tv.table)
    # An edge that the same write adds under its full name replaces the dangling one.
    fresh = [row for row in bound if (tv.table.number, index.key(row)) not in changes.ids]
    if fresh:
        changes.merge(writer.put_edges(access, fresh))


def new_entities(version: Version, changes: Changes) -> dict[str, str]:
    """Return the table of each new entity in changes, by id; for an id in several tables the first."""

    def entity_table(number: int) -> str | None:
        table = changes.tables.get(number) or (version.tables[number].table if number in version.tables else None)
        return table.name if table is not None and table.kind == "entity" else None

    owners: dict[str, str] = {}
    for number, ids in changes.loaded.items():
        name = entity_table(number)
        if name is not None:
            owners = dict.fromkeys(chain.from_iterable(ids), name) | owners
    for number, key in changes.ids:
        name = entity_table(number)
        if name is not None:
            owners.setdefault(key[2:].decode(), name)
    return owners


def _edges_at(access: Access, tv: TableVersion, ids: dict[str, str]) -> list[int]:
    """Return the rowids of edges at these ids: by the index, or for many ids by a scan of the edges that dangle."""
    if len(ids) > _LOOKUPS_MAX:
        return _dangling_at(tv, ids)
    rowids: set[int] = set()
    for name in ("src", "dst"):
        for id_ in ids:
            rowids.update(access.by_value(tv, tv.table.field(name), id_, limit=sys.maxsize - 1) or ())
    return sorted(rowids)


def _dangling_at(tv: TableVersion, ids: dict[str, str]) -> list[int]:
    fields = [tv.table.field(n) for n in ("src_table", "src", "dst_table", "dst")]
    id_set = pl.Series(list(ids), dtype=pl.String).implode()
    at_end = pl.any_horizontal(pl.col(f"{end}_table").is_null() & pl.col(end).is_in(id_set) for end in ("src", "dst"))
    rowids: list[int] = []
    for view in tv.parts:
        mask = view.part.frame(fields, view.length).select(at_end).to_series().to_numpy()
        rowids += view.part.rowid_array(view.length)[mask].tolist()
    return rowids
