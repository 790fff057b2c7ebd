"""What a write means: rows, keys and index entries of inserts, updates and deletes, as `Changes` computed from one version.

Every function here is given the version to compute from and returns changes that are not done yet; the caller commits them
(`Store.commit`) or adds them to a transaction (`Overlay.apply`). REQUIRES: the store's lock, unless a transaction commits them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from rem_arrow.catalog import find_rowids
from rem_arrow.datatypes import Json
from rem_arrow.errors import InputError, suggest
from rem_arrow.index import entries
from rem_arrow.index.row_index import RowIndex
from rem_arrow.model.records import IdMaker, NewRow, Records
from rem_arrow.schema import Table
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import Place, TableVersion, Version


class Writer:
    """Computes changes for one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids = IdMaker()
        self._codecs: dict[int, tuple[Table, RowIndex, list[Callable[[Any], Any] | None]]] = {}
        store.still_wanted = self.still_wanted

    def insert(self, version: Version, tv: TableVersion, records: Records, rows: list[NewRow]) -> tuple[Changes, list[str]]:
        """Add entities; one whose id exists is replaced, and keeps its created_at. Returns the changes and the ids."""
        table, now = tv.table, time.time_ns() // 1_000
        _, index, _ = self._codec(table)
        ids = self._row_ids(table, rows)
        known = self._existing(version, tv, [r.id for r in rows], ids)
        changes = Changes()
        fresh = self._store.reserve_rowids(table.number, len(rows) - len(known)) if len(known) < len(rows) else 0
        plain: list[tuple[Json, ...]] = []
        rowids: list[int] = []
        add = changes.ops.append
        prefix = entries.id_key(table.number, [""])
        for i, (row, id_) in enumerate(zip(rows, ids, strict=True)):
            found = known.get(i)
            if found is None:
                rowid, created = fresh, row.created_at if row.created_at is not None else now
                fresh += 1
                key = prefix + id_.encode()
                changes.ids[table.number, key] = rowid
                add(("ids", key, entries.rowid_value(rowid)))
            else:
                rowid, created = found[0], cast(int, self.plain_row(table, found[1])[-3])
            values_ = (id_, *row.declared, created, now, None)
            plain.append(values_)
            rowids.append(rowid)
            if found is not None:
                self._retire(changes, table, rowid, found[1], values_)
            changes.ops += index.entries(rowid, values_)
        dense = not known and rowids
        changes.append(table.number, Append(range(rowids[0], rowids[0] + len(rowids)) if dense else rowids, plain))
        return changes, ids

    def update(self, version: Version, tv: TableVersion, records: Records, id_: str, values_: dict[str, Any]) -> Changes:
        """Change fields of one entity. Raises InputError if it does not exist or the result is not valid."""
        place = self.find(version, tv, id_)
        if place is None:
            raise InputError(f"no row with id {id_!r} in {tv.table.name}; insert it first")
        if "id" in values_ and str(values_["id"]) != id_:
            raise InputError(f"the id of a row cannot be changed ({id_!r} to {values_['id']!r}); insert a new row and delete the old one")
        names = tv.table.names
        row = records.to_dict(names, place[1].view.part.row(place[1].offset, tv.table.fields))
        changes, _ = self.insert(version, tv, records, [records.new_row({**row, **values_, "id": id_})])
        return changes

    def delete(self, version: Version, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Mark entities as deleted; ids that do not exist are passed over. Returns the changes and how many rows."""
        table, now = tv.table, time.time_ns() // 1_000
        changes = Changes()
        rowids, plain = [], []
        for rowid, place in self._places(version, tv, ids):
            row = self.plain_row(table, place)
            if row[-1] is None:
                rowids.append(rowid)
                plain.append((*row[:-2], now, now))
        changes.kill(table.number, rowids)
        changes.append(table.number, Append(rowids, plain))
        return changes, len(rowids)

    def purge(self, version: Version, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Remove rows for good. Returns the changes and how many rows."""
        changes = Changes()
        _, index, _ = self._codec(tv.table)
        gone = []
        for rowid, place in self._places(version, tv, ids):
            row = self.plain_row(tv.table, place)
            gone.append(rowid)
            stale = [("ids", index.key(row)), *((f, k) for f, k, _ in index.entries(rowid, row))]
            changes.stale += [(family, key, tv.table.number, rowid) for family, key in stale]
        changes.kill(tv.table.number, gone)
        return changes, len(gone)

    def put_keyed(self, version: Version, tv: TableVersion, rows: list[tuple[Json, ...]]) -> Changes:
        """Add rows of a table with a key of several columns (edges); a row whose key exists is replaced."""
        table = tv.table
        _, index, _ = self._codec(table)
        keys = [index.key(row) for row in rows]
        last = {key: i for i, key in enumerate(keys)}
        rows = [rows[i] for i in last.values()]
        known = find_rowids(self._store.kv, version, list(last))
        changes = Changes()
        fresh = self._store.reserve_rowids(table.number, len(rows)) if rows else 0
        rowids: list[int] = []
        for key, row, rowid in zip(last, rows, known, strict=True):
            place = None if rowid is None else tv.place(rowid)
            if rowid is None or place is None:
                rowid, fresh = fresh, fresh + 1
                changes.ids[table.number, key] = rowid
                changes.ops.append(("ids", key, entries.rowid_value(rowid)))
            else:
                self._retire(changes, table, rowid, place, row)
            rowids.append(rowid)
            changes.ops += index.entries(rowid, row)
        changes.append(table.number, Append(rowids, rows))
        return changes

    def find(self, version: Version, tv: TableVersion, id_: str) -> tuple[int, Place] | None:
        """Return the rowid and the place of the row with that id, deleted or not; None when there is none."""
        rowid = find_rowids(self._store.kv, version, [entries.id_key(tv.table.number, [id_])])[0]
        place = None if rowid is None else tv.place(rowid)
        return None if rowid is None or place is None else (rowid, place)

    def make_ids(self, count: int) -> list[str]:
        """Return fresh ids, ascending."""
        return self._ids.make(count)

    def index_of(self, table: Table) -> RowIndex:
        return self._codec(table)[1]

    def plain_row(self, table: Table, place: Place) -> tuple[Json, ...]:
        """Return one stored row in plain form."""
        _, _, converters = self._codec(table)
        row = place.view.part.row(place.offset, table.fields)
        return tuple(v if v is None or c is None else c(v) for v, c in zip(row, converters, strict=True))  # type: ignore[misc]

    def still_wanted(self, family: str, key: bytes, table: int, rowid: int) -> bool:
        """Say whether an index entry that was stale belongs to the row as it is now."""
        tv = self._store.version.tables.get(table)
        place = None if tv is None else tv.place(rowid)
        if tv is None or place is None:
            if family != "ids":
                return False
            stored = self._store.kv.get("ids", key)
            return stored is not None and entries.rowid_of(stored) != rowid
        _, index, _ = self._codec(tv.table)
        row = self.plain_row(tv.table, place)
        return family == "ids" or any(k == key for f, k, _ in index.entries(rowid, row) if f == family)

    def _codec(self, table: Table) -> tuple[Table, RowIndex, list[Callable[[Any], Any] | None]]:
        codec = self._codecs.get(table.number)
        if codec is None or codec[0] is not table:
            codec = self._codecs[table.number] = (table, RowIndex(table), [values.to_plain(f.dtype) for f in table.fields])
        return codec

    def _row_ids(self, table: Table, rows: list[NewRow]) -> list[str]:
        made = iter(self._ids.make(sum(r.id is None for r in rows)))
        ids = [next(made) if r.id is None else r.id for r in rows]
        if len(rows) > 1 and len(set(ids)) < len(ids):
            seen: set[str] = set()
            twice = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
            raise InputError(f"the id {twice!r} comes more than once in this batch for {table.name}; nothing was stored")
        return ids

    def _existing(self, version: Version, tv: TableVersion, given: list[str | None], ids: list[str]) -> dict[int, tuple[int, Place]]:
        """Return, by place in the batch, the rowid and place of rows whose id exists. Generated ids are new."""
        asked = [i for i, id_ in enumerate(given) if id_ is not None]
        if not asked or not tv.parts:
            return {}
        rowids = find_rowids(self._store.kv, version, [entries.id_key(tv.table.number, [ids[i]]) for i in asked])
        found = {}
        for i, rowid in zip(asked, rowids, strict=True):
            place = None if rowid is None else tv.place(rowid)
            if rowid is not None and place is not None:
                found[i] = (rowid, place)
        return found

    def _places(self, version: Version, tv: TableVersion, ids: Sequence[str]) -> Iterable[tuple[int, Place]]:
        for id_ in dict.fromkeys(ids):
            found = self.find(version, tv, id_)
            if found is not None:
                yield found

    def _retire(self, changes: Changes, table: Table, rowid: int, place: Place, new: Sequence[Json]) -> None:
        """Kill the old version of a row that is replaced by `new`, and note the entries that the new one lacks."""
        _, index, _ = self._codec(table)
        changes.kill(table.number, [rowid])
        kept = {k for _, k, _ in index.entries(rowid, new)}
        old = index.entries(rowid, self.plain_row(table, place))
        changes.stale += [(family, key, table.number, rowid) for family, key, _ in old if key not in kept]


def find_table(version: Version, name: str) -> TableVersion:
    """Return a table by name. Raises InputError with a suggestion."""
    if not isinstance(name, str):
        raise InputError(f"a table is named by a text, not {name!r}")
    tv = version.find(name)
    if tv is None:
        raise InputError(f'no table "{name}". {suggest(name, [t.table.name for t in version], "Tables")}')
    return tv

