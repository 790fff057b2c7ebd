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
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.statements.environment import Context, Outcome
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.segment import SEGMENT_ROWS_MAX
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader, row_versions


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
    """Replace rows; `frame` has the rowid and all columns, of a table without generated ones at least those `assigned`.
    Of several matches of a row the first one counts."""
    table = tv.table
    frame = row_versions.each_once(frame)
    generated = [f.name for f in table.fields if f.generated]
    if generated:
        fitted = context.instance.rules.fitted(frame.drop(ROWID, *generated), table, context.now)
    else:
        fitted = loader.fitted_columns(frame, table)
    changes = row_versions.replaced(
        context.instance.store,
        context.instance.indexes.keys,
        tv,
        np.ascontiguousarray(frame[ROWID].to_numpy()),
        fitted,
        {*assigned, *generated},
        bulk=context.bulk,
    )
    return Outcome(changes, fitted.height, fitted)


def delete(context: Context, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    """Remove rows for good; `frame` has the rowid, and for RETURNING all columns."""
    frame = row_versions.each_once(frame)
    changes = row_versions.removed(context.instance.indexes.keys, tv, np.ascontiguousarray(frame[ROWID].to_numpy()))
    return Outcome(changes, frame.height, frame.drop(ROWID))


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
