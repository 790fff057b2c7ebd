"""INSERT, UPDATE and DELETE of rows of plain tables, frame by frame.

An update keeps the rowids: it kills the live versions and appends new ones under the same numbers. REQUIRES: the
store's lock.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.index import entries
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.statements.environment import Context, Outcome
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.segment import SEGMENT_ROWS_MAX
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader

# Beyond this, old index entries stay until their rows are merged: they are hints, and the live row decides.
_STALE_ROWS_MAX = 10_000


def insert(context: Context, table: Table, frame: pl.DataFrame) -> Outcome:
    """Add rows; `frame` has some of the table's columns, the others take their defaults."""
    return added(context, table, context.instance.rules.fitted(frame, table, context.now))


def added(context: Context, table: Table, fitted: pl.DataFrame) -> Outcome:
    """Add rows that are as the table stores them."""
    store, changes = context.instance.store, Changes()
    if context.bulk and fitted.height >= loader.DIRECT_ROWS_MIN:
        pieces = (fitted.slice(start, SEGMENT_ROWS_MAX) for start in range(0, fitted.height, SEGMENT_ROWS_MAX))
        manifests, _ = loader.write_segments(
            store, table, pieces, first_rowid=lambda n: store.reserve_rowids(table.number, n), progress=lambda _: None
        )
        changes.manifests += manifests
    elif fitted.height:
        changes.append(table.number, loader.frame_append(fitted, store.reserve_rowids(table.number, fitted.height)))
    return Outcome(changes, fitted.height, fitted)


def update(context: Context, tv: TableVersion, frame: pl.DataFrame, assigned: Sequence[str]) -> Outcome:
    """Replace rows; `frame` has the rowid and all columns. Of several matches of a row the first one counts."""
    table, changes = tv.table, Changes()
    frame = frame.unique(ROWID, keep="first", maintain_order=True).sort(ROWID)
    rowids = frame[ROWID].to_numpy()
    generated = [f.name for f in table.fields if f.generated]
    fitted = context.instance.rules.fitted(frame.drop(ROWID, *generated), table, context.now)
    if not fitted.height:
        return Outcome(changes, 0, fitted)
    listed = rowids.tolist()
    changes.kill(table.number, listed)
    changed = {*assigned, *generated}
    _note_stale(context, changes, tv, listed, [n for n in _indexed(table) if n in changed])
    if context.bulk and fitted.height >= loader.DIRECT_ROWS_MIN:
        changes.manifests += loader.write_versions(context.instance.store, table, fitted, np.ascontiguousarray(rowids))
    else:
        changes.append(table.number, Append(listed, None, fitted))
    return Outcome(changes, fitted.height, fitted)


def delete(context: Context, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    """Remove rows for good; `frame` has the rowid, and for RETURNING all columns."""
    changes = Changes()
    frame = frame.unique(ROWID, keep="first", maintain_order=True)
    listed = frame[ROWID].to_list()
    if listed:
        changes.kill(tv.table.number, listed)
        _note_stale(context, changes, tv, listed, _indexed(tv.table))
    return Outcome(changes, len(listed), frame.drop(ROWID))


def _indexed(table: Table) -> list[str]:
    """Return the columns whose values are in index entries."""
    return [*table.indexed, *(c for key in table.keys for c in key.columns)]


def _note_stale(
    context: Context, changes: Changes, tv: TableVersion, rowids: Sequence[int], columns: list[str]
) -> None:
    """Note the index entries that the old versions of rows have."""
    if not columns or len(rowids) > _STALE_ROWS_MAX:
        return
    writer, table = context.instance.writer, tv.table
    index = context.instance.indexes.keys.row_index(table)
    for rowid in rowids:
        place = tv.place(rowid)
        assert place is not None, "the query gave live rows"
        row = writer.plain_row(table, place)
        changes.stale += [
            (family, key, table.number, rowid)
            for family, key, _ in index.many([entries.rowid_value(rowid)], {p: [row[p]] for p in index.columns})
        ]


def check_assignments(table: Table, assignments: Assignments, text: str) -> None:
    """Refuse assignments to generated columns."""
    generated = {f.name.casefold() for f in table.fields if f.generated}
    for name, _ in assignments:
        if name.text.casefold() in generated:
            raise is_generated(table, name, text)


def is_generated(table: Table, name: Name, text: str) -> BindError:
    """Return the error for a value that is given to a generated column."""
    return BindError(
        f'"{name.text}" of {table.name} is generated, and takes no value',
        text,
        name.start,
        name.end,
        hint="Change the columns that it is computed from.",
    )
