"""What a write means: the rows of inserts, updates and deletes, as `Changes` computed from one version.

Every method that computes is given the table as the version to compute from has it, and returns changes that are not
done yet; the caller commits them (`Store.commit`) or adds them to a transaction (`Overlay.apply`). REQUIRES: the
store's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import polars as pl

from rem_arrow import checks
from rem_arrow.access.key_indexes import FAMILIES, Hints
from rem_arrow.access.text_indexes import TextIndexes
from rem_arrow.access.vector_indexes import VectorIndexes
from rem_arrow.datatypes import Json
from rem_arrow.errors import InputError, suggest
from rem_arrow.index import entries
from rem_arrow.model.records import IdMaker, NewRows, Records
from rem_arrow.schema import Table
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kv import KV
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import Place, TableVersion, Version


class Writer:
    """Computes changes for one store, and is its `Indexer`."""

    families: tuple[str, ...] = FAMILIES

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids = IdMaker()
        self._converters: dict[int, tuple[Table, list[Callable[[Any], Any] | None]]] = {}
        self.hints = Hints(VectorIndexes(store), TextIndexes(store))
        store.indexer = self

    def insert(self, tv: TableVersion, records: Records, rows: NewRows) -> tuple[Changes, list[str]]:
        """Add entities; one whose id exists is replaced, and keeps its created_at. Returns the changes and the ids."""
        table, now = tv.table, time.time_ns() // 1_000
        ids = self._row_ids(table, rows)
        known = self._existing(tv, rows, ids)
        changes = Changes()
        fresh = self._store.reserve_rowids(table.number, len(ids) - len(known)) if len(known) < len(ids) else 0
        given = [i for i, id_ in enumerate(rows.ids) if id_ is not None and i not in known]
        changes.ids.update((table.number, entries.id_key(table.number, [ids[i]])) for i in given)
        if not known:
            plain = [
                (id_, *row, now if c is None else c, now, None)
                for id_, row, c in zip(ids, rows.declared, rows.created, strict=True)
            ]
            changes.append(table.number, Append(range(fresh, fresh + len(ids)), plain))
            return changes, ids
        plain, rowids = [], []
        for i, (id_, row, created) in enumerate(zip(ids, rows.declared, rows.created, strict=True)):
            if i in known:
                rowid, place = known[i]
                old = self.plain_row(table, place)
                new = (id_, *row, old[-3], now, None)
                self.retire_row(changes, table, rowid, old, new)
            else:
                rowid, fresh = fresh, fresh + 1
                new = (id_, *row, now if created is None else created, now, None)
            plain.append(new)
            rowids.append(rowid)
        changes.append(table.number, Append(rowids, plain))
        return changes, ids

    def update(self, tv: TableVersion, records: Records, id_: str, given: dict[str, Any]) -> Changes:
        """Change fields of one entity. Raises InputError if it does not exist or the result is not valid."""
        found = self.find(tv, id_)
        row = (
            None
            if found is None
            else records.to_dict(tv.table.names, found[1].view.part.row(found[1].offset, tv.table.fields))
        )
        if row is None or row[tv.table.soft_delete] is not None:
            raise InputError(f"no row with id {id_!r} in {tv.table.name}; insert it first")
        if "id" in given and str(given["id"]) != id_:
            raise InputError(
                f"the id of a row cannot be changed ({id_!r} to {given['id']!r}); insert a new row and delete the old "
                "one"
            )
        changes, _ = self.insert(tv, records, records.new_row({**row, **given, "id": id_}))
        return changes

    def delete(self, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Mark entities as deleted; ids that do not exist are passed over. Returns the changes and how many rows."""
        table, now = tv.table, time.time_ns() // 1_000
        changes = Changes()
        rowids, plain = [], []
        for rowid, place in self._places(tv, ids):
            row = self.plain_row(table, place)
            if row[-1] is None:
                rowids.append(rowid)
                plain.append((*row[:-2], now, now))
        if rowids:
            changes.kill(table.number, rowids)
            changes.append(table.number, Append(rowids, plain))
            for embedding in table.embeddings:
                changes.kill(embedding.table, rowids)
        return changes, len(rowids)

    def purge(self, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Remove rows for good. Returns the changes and how many rows."""
        changes = Changes()
        found = list(self._places(tv, ids))
        for rowid, place in found:
            self.retire_row(changes, tv.table, rowid, self.plain_row(tv.table, place))
        return changes, len(found)

    def put_keyed(self, tv: TableVersion, rows: list[tuple[Json, ...]]) -> Changes:
        """Add rows of a table with a key of several columns (edges); a row whose key exists is replaced."""
        table, changes = tv.table, Changes()
        index = self.hints.row_index(table)
        columns = list(zip(*rows, strict=True))
        last = dict(zip(index.keys({p: columns[p] for p in index.key_places}), rows, strict=True)) if rows else {}
        known = self.hints.by_id(self._store.kv, tv, list(last)) if tv.parts else [None] * len(last)
        fresh = self._store.reserve_rowids(table.number, len(last)) if last else 0
        rowids: list[int] = []
        for (key, row), rowid in zip(last.items(), known, strict=True):
            place = None if rowid is None else tv.place(rowid)
            if rowid is None or place is None:
                rowid, fresh = fresh, fresh + 1
                changes.ids.add((table.number, key))
            else:
                self.retire_row(changes, table, rowid, self.plain_row(table, place), row)
            rowids.append(rowid)
        changes.append(table.number, Append(rowids, list(last.values())))
        return changes

    def retire_row(
        self, changes: Changes, table: Table, rowid: int, old: Sequence[Json], new: Sequence[Json] | None = None
    ) -> None:
        """Kill the live version of a row, and note the entries that the new one lacks; without a new one, all of
        them."""
        index = self.hints.row_index(table)
        changes.kill(table.number, [rowid])
        for embedding in table.embeddings:
            # A vector goes in the commit in which its text goes, so that no search ever finds a row by what it was.
            places = [i for i, name in enumerate(table.names) if name in embedding.fields]
            if new is None or old[-1] is not None or any(old[i] != new[i] for i in places):
                changes.kill(embedding.table, [rowid])
        kept = {k for _, k, _ in index.entries(rowid, new)} if new is not None else set()
        changes.stale += [
            (family, key, table.number, rowid) for family, key, _ in index.entries(rowid, old) if key not in kept
        ]
        if new is None:
            changes.stale.append(("ids", index.key(old), table.number, rowid))

    def find(self, tv: TableVersion, id_: str) -> tuple[int, Place] | None:
        """Return the rowid and the place of the row with that id, deleted or not; None when there is none."""
        rowid = self.rowids(tv, [id_])[0]
        place = None if rowid is None else tv.place(rowid)
        return None if rowid is None or place is None else (rowid, place)

    def rowids(self, tv: TableVersion, ids: Sequence[str]) -> list[int | None]:
        """Return the rowid of each id that ever was; the caller checks that the row lives."""
        number = tv.table.number
        return self.hints.by_id(self._store.kv, tv, [entries.id_key(number, [i]) for i in ids])

    def plain_row(self, table: Table, place: Place) -> tuple[Json, ...]:
        """Return one stored row in plain form."""
        known = self._converters.get(table.number)
        if known is None or known[0] is not table:
            known = self._converters[table.number] = (table, [values.to_plain(f.dtype) for f in table.fields])
        row = place.view.part.row(place.offset, table.fields)
        pairs = zip(row, known[1], strict=True)
        return tuple(v if v is None or c is None else c(v) for v, c in pairs)  # type: ignore[misc]

    def make_ids(self, count: int) -> list[str]:
        """Return fresh ids, ascending."""
        return self._ids.make(count)

    # --- the store's Indexer

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        self.hints.write(kv, table, frame, rowids)

    def still_wanted(self, family: str, key: bytes, table: int, rowid: int) -> bool:
        """Say whether an index entry that was stale belongs to the row as it is now."""
        tv = self._store.version.tables.get(table)
        place = None if tv is None else tv.place(rowid)
        if tv is None or place is None:
            stored = self._store.kv.get("ids", key) if family == "ids" else None
            return stored is not None and entries.rowid_of(stored) != rowid
        row = self.plain_row(tv.table, place)
        return family == "ids" or any(
            k == key for f, k, _ in self.hints.row_index(tv.table).entries(rowid, row) if f == family
        )

    # --- inside

    def _row_ids(self, table: Table, rows: NewRows) -> list[str]:
        missing = rows.ids.count(None)
        made = self._ids.make(missing)
        if missing == len(rows.ids):
            return made
        fresh = iter(made)
        ids = [next(fresh) if i is None else i for i in rows.ids]
        if len(set(ids)) < len(ids):
            seen: set[str] = set()
            twice = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
            raise InputError(
                f"the id {twice!r} comes more than once in this batch for {table.name}; nothing was stored"
            )
        return ids

    def _existing(self, tv: TableVersion, rows: NewRows, ids: list[str]) -> dict[int, tuple[int, Place]]:
        """Return, by place in the batch, the rowid and place of rows whose id exists. Generated ids are new."""
        asked = [i for i, id_ in enumerate(rows.ids) if id_ is not None]
        if not asked or not tv.parts:
            return {}
        found = {}
        for i, rowid in zip(asked, self.rowids(tv, [ids[i] for i in asked]), strict=True):
            place = None if rowid is None else tv.place(rowid)
            if rowid is not None and place is not None:
                found[i] = (rowid, place)
        return found

    def _places(self, tv: TableVersion, ids: Sequence[str]) -> Iterable[tuple[int, Place]]:
        for id_ in dict.fromkeys(ids):
            found = self.find(tv, id_)
            if found is not None:
                yield found


def find_table(version: Version, name: str) -> TableVersion:
    """Return a table by name. Raises InputError with a suggestion."""
    checks.text(name, "the name of a table")
    tv = version.find(name)
    if tv is None:
        raise InputError(f'no table "{name}". {suggest(name, [t.table.name for t in version], "Tables")}')
    return tv
