"""One import of many tables: their rows go to segments as they are read, and become visible by one commit.

A table of another database of rem_arrow brings its description: kind, keys, embeddings and indexes. Its rows are stored
as they were, ids, times and vectors included; it is checked that they fit the columns, and that no key comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table, check_name
from rem_arrow.interop.imports import Importable
from rem_arrow.interop.readers import Input
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import edges, loader
from rem_arrow.write.edge_ends import new_entities
from rem_arrow.write.path import Compute
from rem_arrow.write.references import key_of
from rem_arrow.write.table_rules import Rules
from rem_arrow.write.vector_rows import vector_table

T = TypeVar("T")


class TableImport:
    """Computes one import from one version. REQUIRES: the store's lock for its whole life.

    Args:
        names: the new names of all tables to import.
    """

    def __init__(self, store: Store, access: Access, names: list[str], rules: Rules) -> None:
        self._store, self._access, self._rules = store, access, rules
        # What is declared by SQL: its descriptions.
        self._declared = Overlay(access.version, statement=True)
        self._table_names = {tv.table.name for tv in access.version} | set(names)
        self.changes = Changes()
        # By its number in the export: a table as it was there, and the one that it became here.
        self._imported: dict[int, tuple[Table, Table]] = {}

    @property
    def version(self) -> Version:
        """The version that the import began with, with what it has declared."""
        return self._declared.version

    def declare(self, compute: Compute[T]) -> T:
        """Add the descriptions that a statement makes."""
        changes, result = compute(self._access.at(self.version))
        self._declared.apply(changes)
        return result

    def finished(self) -> Changes:
        """Return all changes. REQUIRES: all tables are added. Raises InputError."""
        self._bind_references()
        changes = self._declared.changes()
        changes.merge(self.changes)
        return changes

    def add_view(self, name: str, definition: Table) -> None:
        """Create a view. Raises InputError if its name is taken."""
        if self.version.find(name) is not None:
            raise InputError(
                f"there is a table or view {name} already; rename the view by tables={{{definition.name!r}: "
                "'new_name'}, or leave it out"
            )
        number = self._store.reserve_table()
        self.changes.tables[number] = replace(definition, number=number, name=check_name(name, "view"))

    def add_entry(self, definition: Table) -> None:
        """Create a schema, a type, a sequence or a macro; one that is there stays as it is."""
        if self.version.entry(definition.kind, definition.name) is None:
            number, changes = self._store.reserve_table(), Changes()
            changes.tables[number] = replace(definition, number=number)
            self._declared.apply(changes)

    def add(self, name: str, importable: Importable, data: Input, advance: Callable[[int], None]) -> int:
        """Write the rows of a table. Returns their number. Raises InputError.

        REQUIRES: edges are added after all entities, so that dangling ends are bound to them.
        """
        tv = self.version.find(name)
        table = self._new(name, importable.table, data.schema) if tv is None else _existing(tv, importable)
        if tv is None:
            self.changes.tables[table.number] = table
        if importable.table is not None:
            self._imported[importable.table.number] = (importable.table, table)
        left_out = _embeddings_left_out(table, importable.table)
        keys: list[pl.DataFrame] = []
        pieces = self._fitted(table, data.pieces, left_out, keys)
        manifests, rows = loader.write_segments(
            self._store,
            table,
            pieces,
            first_rowid=lambda n: self._store.reserve_rowids(table.number, n),
            progress=advance,
        )
        _check_keys(table, keys)
        if table.kind == "entity":
            self.changes.loaded[table.number] = [frame.to_series() for frame in keys]
        self.changes.manifests += manifests
        return rows

    def _bind_references(self) -> None:
        """Let the new tables of an export refer to the tables of this import. Raises InputError."""
        for definition, table in self._imported.values():
            if self.changes.tables.get(table.number) is table and table.foreign_keys:
                constraints = tuple(
                    replace(c, references=self._reference(definition, c)) if c.references is not None else c
                    for c in table.constraints
                )
                self.changes.tables[table.number] = replace(table, constraints=constraints)

    def _reference(self, definition: Table, constraint: Constraint) -> tuple[int, int]:
        """Return the numbers of a table and key here, given a FOREIGN KEY of an export."""
        assert constraint.references is not None, "it is a FOREIGN KEY"
        there, here = self._imported.get(constraint.references[0], (None, None))
        key = None if there is None else key_of(constraint, there)
        if there is None or here is None or key is None:
            raise InputError(
                f"{definition.name} refers to a table that is not imported; import both, from an export of both, or "
                "read the file of this one by db.load"
            )
        same = next((k.number for k in here.keys if k.columns == key.columns and not k.index), None)
        if same is None:
            raise InputError(
                f"{definition.name} refers to {there.name} ({', '.join(key.columns)}), and {here.name} has no such key "
                f"here; drop the empty table {here.name}, or give it {key.text}"
            )
        return here.number, same

    def _new(self, name: str, definition: Table | None, schema: pl.Schema) -> Table:
        number = self._store.reserve_table()
        if definition is None:
            return loader.plain_table(name, number, schema)
        if definition.kind not in ("entity", "plain"):
            raise InputError(f"{definition.name} is a {definition.kind} table, which an import does not make")
        index_names = {i for tv in self.version for i in _index_names(tv.table)} | {
            i for t in self.changes.tables.values() if t is not None for i in _index_names(t)
        }
        embeddings = tuple(replace(e, table=self._store.reserve_table()) for e in definition.embeddings)
        table = replace(
            definition,
            number=number,
            name=check_name(name, "table"),
            embeddings=embeddings,
            indexes=tuple(i for i in definition.indexes if i[0].casefold() not in index_names),
            vector_indexes=tuple(i for i in definition.vector_indexes if i.name.casefold() not in index_names),
            text_indexes=tuple(i for i in definition.text_indexes if i.name.casefold() not in index_names),
        )
        self.changes.tables.update({e.table: vector_table(table, e) for e in embeddings})
        return table

    def _fitted(
        self, table: Table, pieces: Iterator[pl.DataFrame], left_out: list[str], keys: list[pl.DataFrame]
    ) -> Iterator[pl.DataFrame]:
        for piece in pieces:
            # An export has the generated columns too.
            given = piece.drop(left_out, *(f.name for f in table.fields if f.generated), strict=False)
            frame = self._rules.fitted(given, table)
            if is_edges(table):
                frame = self._with_ends(frame)
            if table.key:
                keys.append(frame.select(table.key))
            yield frame

    def _with_ends(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return edges whose ends are in existing tables. An end in another table, or in none, is bound to an entity of
        this import, or dangles."""
        for side in ("src", "dst"):
            name = f"{side}_table"
            frame = frame.with_columns(pl.when(pl.col(name).is_in(self._table_names)).then(pl.col(name)))
            if frame[name].null_count():
                ids = frame.select(pl.col(side).alias("id"))
                owners = ids.join(self._owners, on="id", how="left", maintain_order="left")
                frame = frame.with_columns(pl.coalesce(name, owners["table"]).alias(name))
        return frame

    @cached_property
    def _owners(self) -> pl.DataFrame:
        """The entities of this import: id, table."""
        owners = new_entities(self.version, self.changes)
        text = pl.String()
        return pl.DataFrame({"id": list(owners), "table": list(owners.values())}, schema={"id": text, "table": text})


def is_edges(table: Table) -> bool:
    """Return whether a table is the table `edges` of a database of rem_arrow."""
    return table.name == edges.NAME and table.kind == "system"


def _existing(tv: TableVersion, importable: Importable) -> Table:
    """Return the existing table to import into: an empty one of the same kind. Raises InputError."""
    name = tv.table.name
    advice = f"import it under another name by tables={{{importable.name!r}: 'new_name'}}"
    if tv.table.kind == "view":
        raise InputError(f"{name} is a view here, and holds no rows; {advice}")
    if tv.rows:
        raise InputError(
            f"{name} holds {tv.rows:,} rows already, and an import does not mix them; {advice}, or load its file with "
            "db.load"
        )
    if tv.table.kind != (importable.table.kind if importable.table is not None else "plain"):
        raise InputError(
            f"{name} is of the kind {tv.table.kind} here, which takes rows of an export of rem_arrow, or by db.load; "
            f"{advice}"
        )
    return tv.table


def _embeddings_left_out(table: Table, definition: Table | None) -> list[str]:
    """Return the embeddings to recompute: those by another provider than the table's."""
    embeddings = definition.embeddings if definition is not None else ()
    identical = {(e.column, e.provider, e.dimension, e.fields) for e in table.embeddings}
    return [e.column for e in embeddings if (e.column, e.provider, e.dimension, e.fields) not in identical]


def _check_keys(table: Table, keys: list[pl.DataFrame]) -> None:
    """Raise InputError for a key that comes twice, or an empty id."""
    if not keys:
        return
    frame = pl.concat(keys)
    twice = frame.filter(frame.is_duplicated())
    if twice.height:
        key = ", ".join(repr(v) for v in twice.row(0))
        raise InputError(f"the key {key} of {table.name} comes more than once; nothing was stored")
    if table.key == ("id",) and (frame["id"] == "").any():
        raise InputError(f"an id of {table.name} is empty; an id is a text that is not empty. Nothing was stored")


def _index_names(table: Table) -> list[str]:
    return [
        n.casefold()
        for n in (
            *(name for name, _ in table.indexes),
            *(i.name for i in table.vector_indexes),
            *(i.name for i in table.text_indexes),
        )
    ]
