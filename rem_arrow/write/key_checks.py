"""Whether keys stay keys: no two live rows of a table have the same values in the columns of one.

Rows that the same changes replace or remove are no obstacle: a statement is checked as a whole.
"""

from __future__ import annotations

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.key_rows import PLACE, holders
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import ConstraintError
from rem_arrow.base.schema import Table
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.written_rows import written_rows

_TEXT_CHARACTERS_MAX = 80


def check_keys(store: Store, access: Access, changes: Changes) -> None:
    """Raise ConstraintError where a row that changes bring has the key of another one. REQUIRES: `access` reads the
    version that they are to be added to."""
    for number in changes.written:
        tv = access.version.tables.get(number)
        table = changes.tables.get(number) or (None if tv is None else tv.table)
        if table is None or not (table.constraints and table.keys):
            continue
        before = TableVersion(table, ()) if tv is None else tv.described(table)
        names = {c for key in table.keys for c in key.columns}
        rows = pl.concat(list(written_rows(store, changes, table, [f for f in table.fields if f.name in names])))
        for key in table.keys:
            check_distinct(table, key, rows)
            held = holders(access, before, key, rows, changes.killed.get(number, ()))
            if held.height:
                raise duplicate(table, key, rows[held[PLACE][0]], "is there already")


def check_distinct(table: Table, key: Constraint, rows: pl.DataFrame) -> None:
    """Raise ConstraintError where two rows of a frame have the same key."""
    whole = rows.select(key.columns).drop_nulls()
    if whole.height > 1 and (twice := whole.is_duplicated()).any():
        raise duplicate(table, key, whole[int(twice.arg_max() or 0)], "comes more than once")


def duplicate(table: Table, key: Constraint, row: pl.DataFrame, what: str) -> ConstraintError:
    """Return the error for a row whose key another one has."""
    return ConstraintError(
        f"{table.name}: the key {shown(row.select(key.columns))} {what}; {key.text}, named {key.name}, allows it once"
    )


def shown(row: pl.DataFrame) -> str:
    """Return the values of a row by column, as errors show them."""

    def text(value: object) -> str:
        full = "NULL" if value is None else repr(value) if isinstance(value, (str, bytes)) else str(value)
        return full if len(full) <= _TEXT_CHARACTERS_MAX else f"{full[:_TEXT_CHARACTERS_MAX]}..."

    return ", ".join(f"{name} = {text(row[name][0])}" for name in row.columns)
