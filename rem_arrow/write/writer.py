"""The rows of inserts, updates and deletes, as `Changes` computed from one version.

Every method that computes changes reads through an `Access`, and returns changes that are not yet stored: `WritePath`
commits them, or adds them to a transaction. REQUIRES: the store's lock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.key_indexes import FAMILIES, KeyIndexes
from rem_arrow.base import checks
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.index import entries
from rem_arrow.model.records import IdMaker, NewRows
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kv import KV
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import Place, TableVersion, columns_at
from rem_arrow.write import edges
from rem_arrow.write.embeddings import add_vectors, split_vectors
from rem_arrow.write.owned_rows import with_owned
from rem_arrow.write.registered_models import Models


class Writer:
    """Computes changes for one store, and is its `Indexer`.

    An id keeps its rowid, also where its row was purged and the id comes again: a version from before the purge finds
    its row by the one entry of the id.
    """

    families: tuple[str, ...] = FAMILIES

    def __init__(self, store: Store, keys: KeyIndexes, models: Models) -> None:
        self._store, self._keys, self._models = store, keys, models
        self._ids = IdMaker()
        self._converters: dict[int, tuple[Table, list[Callable[[Any], Any] | None]]] = {}
        store.indexer = self

    # --- entities

    def put(
        self,
        access: Access,
        tv: TableVersion,
        rows: Sequence[object],
        *,
        many: bool,
        attached: Sequence[edges.Edge] = (),
    ) -> tuple[Changes, list[str]]:
        """Add entities from dicts and models, with the vectors that they bring and the attached edges. Returns the
        changes and the ids.

        Args:
            many: errors name the row.
        """
        records = self._models.records(tv.table)
        bare, vectors = split_vectors(tv.table, rows) if tv.table.embeddings else (rows, {})
        changes, ids = self.insert(access, tv, records.new_rows(bare) if many else records.new_row(bare[0]), vectors)
        if attached:
            changes.merge(self.put_edges(access, edges.attached_rows(attached, tv.table.name, ids, access.resolver())))
        return changes, ids

    def insert(
        self,
        access: Access,
        tv: TableVersion,
        rows: NewRows,
        vectors: Mapping[str, Mapping[int, Any]] | None = None,
    ) -> tuple[Changes, list[str]]:
        """Add validated entities; an existing id is replaced, and keeps its created_at. Returns the changes and the
        ids.

        Args:
            vectors: those that the rows bring, by column and place.
        """
        changes, ids = self._inserted(access, tv, rows)
        add_vectors(changes, tv.table, vectors or {})
        return changes, ids

    def update(self, access: Access, tv: TableVersion, id_: str, fields: Mapping[str, Any]) -> Changes:
        """Change fields of one entity. Raises InputError if it does not exist or the result is not valid."""
        row = self.read(access, tv, id_)
        if row is None or row[tv.table.soft_delete] is not None:
            raise InputError(f"no row with id {id_!r} in {tv.table.name}; insert it first")
        fields = checks.mapping(fields, f"what changes in {tv.table.name}")
        if "id" in fields and str(fields["id"]) != id_:
            raise InputError(
                f"the id of a row cannot be changed ({id_!r} to {fields['id']!r}); insert a new row and delete the old "
                "one"
            )
        records = self._models.records(tv.table)
        changes, _ = self.insert(access, tv, records.new_row({**row, **fields, "id": id_}))
        return changes

    def read(self, access: Access, tv: TableVersion, id_: str) -> dict[str, Any] | None:
        """Return one entity as a dict, deleted or not; None if no row has the id."""
        records, row = self._models.records(tv.table), access.find(tv, id_)
        if row is None:
            return None
        place = row[1]
        return records.to_dict(tv.table.names, place.view.part.row(place.offset, tv.table.fields))

    def delete(self, access: Access, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Mark entities as deleted, and what goes with them; ids that do not exist are skipped. Returns the changes and
        the number of rows with these ids."""
        changes = Changes()
        count = self._mark_deleted(access, changes, tv, ids)
        self.delete_owned(access, changes, tv, ids)
        return changes, count

    def delete_owned(self, access: Access, changes: Changes, tv: TableVersion, ids: Sequence[str]) -> None:
        """Add to changes the deletion of what goes with entities, but not of these."""
        for part, part_ids in with_owned(access, self.plain_row, tv, ids)[1:]:
            self._mark_deleted(access, changes, part, part_ids)

    def purge(self, access: Access, tv: TableVersion, ids: Sequence[str]) -> tuple[Changes, int]:
        """Remove entities for good, what goes with them, and the edges at all of these. Returns the changes and the
        number of entities with these ids."""
        changes, counts, ends = Changes(), list[int](), set[tuple[str, str]]()
        for part, part_ids in with_owned(access, self.plain_row, tv, ids):
            rows = list(_places(access, part, part_ids))
            for rowid, place in rows:
                self.retire_row(changes, part.table, rowid, self.plain_row(part.table, place))
            counts.append(len(rows))
            ends.update((part.table.name, id_) for id_ in part_ids)
        self._purge_edges(access, changes, ends)
        return changes, counts[0]

    # --- edges

    def put_edges(self, access: Access, rows: Sequence[tuple[Json, ...]]) -> Changes:
        """Add edges from plain rows; an edge of the same source, type and target is replaced."""
        tv, changes = access.table(edges.NAME), Changes()
        table = tv.table
        index = self._keys.row_index(table)
        columns = list(zip(*rows, strict=True))
        last = dict(zip(index.keys({p: columns[p] for p in index.key_places}), rows, strict=True)) if rows else {}
        rowids = access.by_key(tv, list(last)) if access.has_had_rows(tv) else [None] * len(last)
        fresh = self._store.reserve_rowids(table.number, len(last)) if last else 0
        written: list[int] = []
        for (key, row), rowid in zip(last.items(), rowids, strict=True):
            place = None if rowid is None else tv.place(rowid)
            if place is None:
                changes.ids.add((table.number, key))
            if rowid is None:
                rowid, fresh = fresh, fresh + 1
            elif place is not None:
                self.retire_row(changes, table, rowid, self.plain_row(table, place), row)
            written.append(rowid)
        changes.append(table.number, Append(written, list(last.values())))
        return changes

    def _purge_edges(self, access: Access, changes: Changes, ends: set[tuple[str, str]]) -> None:
        """Remove the edges that begin or end at entities."""
        tv = access.table(edges.NAME)
        rowids: set[int] = set()
        for name in ("src", "dst"):
            for _, id_ in ends:
                rowids.update(access.by_value(tv, tv.table.field(name), id_, limit=sys.maxsize - 1) or ())
        for rowid in sorted(rowids):
            place = tv.place(rowid)
            if place is None:
                continue
            row = self.plain_row(tv.table, place)
            if (row[0], row[1]) in ends or (row[2], row[3]) in ends:
                self.retire_row(changes, tv.table, rowid, row)

    # --- rows

    def retire_row(
        self, changes: Changes, table: Table, rowid: int, old: Sequence[Json], new: Sequence[Json] | None = None
    ) -> None:
        """Kill the live version of a row, and mark its index entries stale: those that the new version lacks, or
        without a new version all of them."""
        index = self._keys.row_index(table)
        changes.kill(table.number, [rowid])
        for embedding in table.embeddings:
            # A vector is removed in the commit that changes its text, so no search finds a row by its old text.
            places = [i for i, name in enumerate(table.names) if name in embedding.fields]
            if new is None or old[-1] is not None or any(old[i] != new[i] for i in places):
                changes.kill(embedding.table, [rowid])
        new_keys = {k for _, k, _ in index.entries(rowid, new)} if new is not None else set()
        changes.stale += [
            (family, key, table.number, rowid) for family, key, _ in index.entries(rowid, old) if key not in new_keys
        ]
        if new is None:
            changes.stale.append(("ids", index.key(old), table.number, rowid))

    def plain_row(self, table: Table, place: Place) -> tuple[Json, ...]:
        """Return one stored row in plain form."""
        cached = self._converters.get(table.number)
        if cached is None or cached[0] is not table:
            cached = self._converters[table.number] = (table, [values.to_plain(f.dtype) for f in table.fields])
        row = place.view.part.row(place.offset, table.fields)
        plain: list[Any] = [v if v is None or c is None else c(v) for v, c in zip(row, cached[1], strict=True)]
        for i, field in enumerate(table.fields):
            if values.exceeds_python(field.dtype):
                plain[i] = columns_at([place], [field])[0].to_physical().item()
        return tuple(plain)

    def make_ids(self, count: int) -> list[str]:
        """Return fresh ids, ascending."""
        return self._ids.make(count)

    # --- the store's Indexer

    def write(self, kv: KV, table: Table, frame: pl.DataFrame, rowids: Sequence[int]) -> None:
        self._keys.write(kv, table, frame, rowids)

    def still_wanted(self, family: str, key: bytes, table: int, rowid: int) -> bool:
        """Return whether an index entry that was marked stale belongs to the present version of the row."""
        tv = self._store.version.tables.get(table)
        place = None if tv is None else tv.place(rowid)
        if tv is None or place is None:
            stored = self._store.kv.get("ids", key) if family == "ids" else None
            return stored is not None and entries.rowid_of(stored) != rowid
        row = self.plain_row(tv.table, place)
        return family == "ids" or any(
            k == key for f, k, _ in self._keys.row_index(tv.table).entries(rowid, row) if f == family
        )

    # --- inside

    def _mark_deleted(self, access: Access, changes: Changes, tv: TableVersion, ids: Sequence[str]) -> int:
        """Add to changes the deletion of entities that are not deleted, and return their number."""
        table, now = tv.table, time.time_ns() // 1_000
        rowids, plain = [], []
        for rowid, place in _places(access, tv, ids):
            row = self.plain_row(table, place)
            if row[-1] is None:
                rowids.append(rowid)
                plain.append((*row[:-2], now, now))
        if rowids:
            changes.kill(table.number, rowids)
            changes.append(table.number, Append(rowids, plain))
            for embedding in table.embeddings:
                changes.kill(embedding.table, rowids)
        return len(rowids)

    def _row_ids(self, table: Table, rows: NewRows) -> list[str]:
        missing = rows.ids.count(None)
        generated = self._ids.make(missing)
        if missing == len(rows.ids):
            return generated
        fresh = iter(generated)
        ids = [next(fresh) if i is None else i for i in rows.ids]
        if len(set(ids)) < len(ids):
            seen: set[str] = set()
            twice = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
            raise InputError(
                f"the id {twice!r} comes more than once in this batch for {table.name}; nothing was stored"
            )
        return ids

    def _inserted(self, access: Access, tv: TableVersion, rows: NewRows) -> tuple[Changes, list[str]]:
        table, now = tv.table, time.time_ns() // 1_000
        ids = self._row_ids(table, rows)
        existing = self._existing(access, tv, rows, ids)
        changes = Changes()
        fresh = self._store.reserve_rowids(table.number, len(ids) - len(existing)) if len(existing) < len(ids) else 0
        added = [
            i for i, id_ in enumerate(rows.ids) if id_ is not None and (i not in existing or existing[i][1] is None)
        ]
        changes.ids.update((table.number, entries.id_key(table.number, [ids[i]])) for i in added)
        if not existing:
            plain = [
                (id_, *row, now if c is None else c, now, None)
                for id_, row, c in zip(ids, rows.declared, rows.created, strict=True)
            ]
            changes.append(table.number, Append(range(fresh, fresh + len(ids)), plain))
            return changes, ids
        plain, rowids = [], []
        for i, (id_, row, created) in enumerate(zip(ids, rows.declared, rows.created, strict=True)):
            known = existing.get(i)
            rowid, place = (fresh, None) if known is None else known
            fresh += known is None
            if place is not None:
                old = self.plain_row(table, place)
                new = (id_, *row, old[-3], now, None)
                self.retire_row(changes, table, rowid, old, new)
            else:
                new = (id_, *row, now if created is None else created, now, None)
            plain.append(new)
            rowids.append(rowid)
        changes.append(table.number, Append(rowids, plain))
        return changes, ids

    def _existing(
        self, access: Access, tv: TableVersion, rows: NewRows, ids: list[str]
    ) -> dict[int, tuple[int, Place | None]]:
        """Return, by position in the batch, the rowid that an id has, and the place of its row if it lives. Generated
        ids are new."""
        explicit = [i for i, id_ in enumerate(rows.ids) if id_ is not None]
        if not explicit or not access.has_had_rows(tv):
            return {}
        rowids = access.rowids(tv, [ids[i] for i in explicit])
        return {i: (r, tv.place(r)) for i, r in zip(explicit, rowids, strict=True) if r is not None}


def _places(access: Access, tv: TableVersion, ids: Sequence[str]) -> Iterable[tuple[int, Place]]:
    for id_ in dict.fromkeys(ids):
        row = access.find(tv, id_)
        if row is not None:
            yield row
