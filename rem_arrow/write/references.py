"""Whether references hold: each row with a FOREIGN KEY has a NULL in it, or the key of a row that lives.

Rows that the same changes bring and remove count, so a statement is checked as a whole, and may bring rows that refer
to each other. The cost is in proportion to the rows that come and go; see `key_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.key_rows import PLACE, holders, keys_of
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import ConstraintError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.key_checks import shown
from rem_arrow.write.rewriting import live_rows
from rem_arrow.write.row_versions import gathered
from rem_arrow.write.written_rows import written_rows


class Reference(NamedTuple):
    """A FOREIGN KEY, and the number of the table that has it."""

    child: int
    constraint: Constraint


# Those that refer to a table, by its number.
References: TypeAlias = "Mapping[int, Sequence[Reference]]"


class ReferenceChecks:
    """Checks the references of one store. REQUIRES: the store's lock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Versions have the same names for as long as no description changes.
        self._names: Mapping[str, int] | None = None
        self._known: References = {}

    def check(self, access: Access, changes: Changes) -> None:
        """Raise ConstraintError where a row refers to none, or a description to no key, once changes are added to the
        version that `access` reads."""
        if self._names is not access.version.names:
            self._names = access.version.names
            self._known = _references({n: tv.table for n, tv in access.version.tables.items()})
        if not self._known and not changes.tables:
            return
        outcome = _Outcome(self._store, access, changes, self._known)
        outcome.check_descriptions()
        outcome.check_coming()
        outcome.check_going()


class _Outcome:
    """The rows and tables as they are once changes are added."""

    def __init__(self, store: Store, access: Access, changes: Changes, known: References) -> None:
        self._store, self._access, self._changes = store, access, changes
        before = {n: tv.table for n, tv in access.version.tables.items()} if changes.tables else {}
        after = {n: t for n, t in {**before, **changes.tables}.items() if t is not None}
        self._references = _references(after) if changes.tables else known

    def check_descriptions(self) -> None:
        """Check that what is referred to stays."""
        for number in self._changes.tables:
            for reference in self._references.get(number, ()):
                parent = self._table(number)
                if parent is None or key_of(reference.constraint, parent) is None:
                    raise self._kept(self._access.version.tables[number].table, reference)

    def check_coming(self) -> None:
        """Check the rows that come, and all rows of a table with a new reference."""
        changes = self._changes
        for number in {*changes.written, *changes.tables}:
            table = self._table(number)
            for constraint in () if table is None else table.foreign_keys:
                assert table is not None, "it has constraints"
                self._check_partners(table, constraint)

    def check_going(self) -> None:
        """Check that no row refers to the keys of rows that go."""
        for number, rowids in self._changes.killed.items():
            tv, references = self._access.version.tables.get(number), self._references.get(number, ())
            if tv is None or not references:
                continue
            keys = {r.constraint.references: key_of(r.constraint, tv.table) for r in references}
            names = {c for key in keys.values() if key is not None for c in key.columns}
            rows = gathered(tv, np.unique(rowids), [f for f in tv.table.fields if f.name in names])
            for reference in references:
                key = keys[reference.constraint.references]
                if key is not None:
                    self._check_left(tv.table, key, reference, rows)

    # --- inside

    def _check_partners(self, table: Table, constraint: Constraint) -> None:
        assert constraint.references is not None, "it is a FOREIGN KEY"
        parent = self._table(constraint.references[0])
        key = None if parent is None else key_of(constraint, parent)
        assert parent is not None and key is not None, "what is referred to stays"
        rows = self._coming(table, constraint)
        before = self._access.version.tables.get(table.number)
        if before is not None and all(c.number != constraint.number for c in before.table.constraints):
            stored = [rows[:0], *(keys_of(table, constraint, view) for view in before.described(table).parts)]
            killed = pl.Series(self._changes.killed.get(table.number, ()), dtype=pl.Int64)
            rows = pl.concat([rows, pl.concat(stored).filter(~pl.col(ROWID).is_in(killed.implode()))])
        rows = rows.select(pl.col(c).alias(k) for c, k in zip(constraint.columns, key.columns, strict=True))
        rows = rows.drop_nulls().unique(maintain_order=True)
        held = self._holders(parent, key, rows)
        lacking = rows.filter(~pl.int_range(pl.len()).is_in(held[PLACE].implode()))
        if lacking.height:
            lacking = lacking.join(self._coming(parent, key), on=key.columns, how="anti", maintain_order="left")
        if lacking.height:
            raise _without_partner(table, constraint, parent, key, lacking)

    def _check_left(self, parent: Table, key: Constraint, reference: Reference, rows: pl.DataFrame) -> None:
        gone = rows.select(key.columns).drop_nulls()
        now = self._table(parent.number)
        if now is not None and gone.height:
            gone = gone.join(self._coming(now, key), on=key.columns, how="anti", maintain_order="left")
        child, constraint = self._table(reference.child), reference.constraint
        assert child is not None, "it has the reference"
        gone = gone.select(pl.col(k).alias(c) for c, k in zip(constraint.columns, key.columns, strict=True))
        held = self._holders(child, constraint, gone)
        if held.height:
            first = gone[held[PLACE][0]].select(
                pl.col(c).alias(k) for c, k in zip(gone.columns, key.columns, strict=True)
            )
            raise ConstraintError(
                f"{parent.name}: rows of {child.name} refer to the one with {shown(first)}; "
                f"{constraint.referring(parent.name, key.columns)}, named {constraint.name}, keeps it"
            )

    def _coming(self, table: Table, constraint: Constraint) -> pl.DataFrame:
        """Return the columns of a key or reference, and the rowids, of the rows that come to a table."""
        fields = [table.field(c) for c in constraint.columns]
        empty = pl.DataFrame(schema={**{f.name: f.dtype for f in fields}, ROWID: pl.Int64})
        rows = written_rows(self._store, self._changes, table, fields)
        return pl.concat([empty, *(r.select(empty.columns) for r in rows)])

    def _holders(self, table: Table, constraint: Constraint, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that stay and have the keys, or references, of given rows; see `key_rows`."""
        before = self._access.version.tables.get(table.number)
        tv = TableVersion(table, ()) if before is None else before.described(table)
        return holders(self._access, tv, constraint, rows, self._changes.killed.get(table.number, ()))

    def _table(self, number: int) -> Table | None:
        """Return a table as it will be."""
        if number in self._changes.tables:
            return self._changes.tables[number]
        tv = self._access.version.tables.get(number)
        return None if tv is None else tv.table

    def _kept(self, parent: Table, reference: Reference) -> ConstraintError:
        """Return the error for a table, or a key, that is referred to."""
        child, constraint = self._table(reference.child), reference.constraint
        key = key_of(constraint, parent)
        assert child is not None and key is not None, "the description before it had both"
        return ConstraintError(
            f"{child.name} refers to {parent.name}: {constraint.referring(parent.name, key.columns)}, named "
            f"{constraint.name}, keeps the table and its key; ALTER TABLE {child.name} DROP CONSTRAINT "
            f"{constraint.name}, or drop {child.name} first"
        )


def check_partners(version: Version, table: Table, constraint: Constraint, rows: pl.DataFrame) -> None:
    """Raise ConstraintError where one of the rows of a table, all of them, refers to none."""
    assert constraint.references is not None, "it is a FOREIGN KEY"
    tv = version.tables[constraint.references[0]]
    key = key_of(constraint, tv.table)
    assert key is not None, "what is referred to stays"
    rows = rows.select(pl.col(c).alias(k) for c, k in zip(constraint.columns, key.columns, strict=True)).drop_nulls()
    held = live_rows(tv, [tv.table.field(c) for c in key.columns])
    lacking = rows.join(pl.concat([rows[:0], *held]), on=key.columns, how="anti")
    if lacking.height:
        raise _without_partner(table, constraint, tv.table, key, lacking)


def _without_partner(
    table: Table, constraint: Constraint, parent: Table, key: Constraint, rows: pl.DataFrame
) -> ConstraintError:
    return ConstraintError(
        f"{table.name}: {parent.name} has no row with {shown(rows.head(1))}; "
        f"{constraint.referring(parent.name, key.columns)}, named {constraint.name}, asks for one"
    )


def key_of(constraint: Constraint, parent: Table) -> Constraint | None:
    """Return the key to which a FOREIGN KEY refers, or None."""
    assert constraint.references is not None, "it is a FOREIGN KEY"
    return next((key for key in parent.keys if key.number == constraint.references[1]), None)


def _references(tables: Mapping[int, Table]) -> References:
    references: dict[int, list[Reference]] = {}
    for number, table in tables.items():
        for constraint in table.foreign_keys:
            assert constraint.references is not None, "it is a FOREIGN KEY"
            references.setdefault(constraint.references[0], []).append(Reference(number, constraint))
    return references
