"""INSERT, UPDATE and DELETE of rows of `edges`, of which there is one for each source, type and target. REQUIRES: the
store's lock."""

from __future__ import annotations

import time

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.sql.statement.statement_names import Assignments
from rem_arrow.statements.environment import Context, Outcome
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import edges

_SETTABLE = ("properties", "weight")


def insert(context: Context, access: Access, frame: pl.DataFrame) -> Outcome:
    """Add edges; an edge that exists is replaced. Ends are ids, or 'table:id', as in `add_edges`."""
    if not frame.height:
        return Outcome(Changes(), 0)
    rows = edges.frame_rows(frame.drop("created_at", strict=False), access.resolver())
    return Outcome(context.instance.writer.put_edges(access, rows), frame.height)


def update(context: Context, access: Access, frame: pl.DataFrame) -> Outcome:
    """Replace edges; `frame` has the rowid and all columns."""
    frame = frame.unique(ROWID, keep="first", maintain_order=True).drop(ROWID, "created_at")
    edges.check_weights(frame["weight"])
    now = time.time_ns() // 1_000
    rows = [(*row, now) for row in frame.iter_rows()]
    return Outcome(context.instance.writer.put_edges(access, rows) if rows else Changes(), len(rows))


def delete(context: Context, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    """Remove edges for good; `frame` has the rowid, and for RETURNING all columns."""
    frame = frame.unique(ROWID, keep="first", maintain_order=True)
    return Outcome(removed(context, tv, frame[ROWID].to_list()), frame.height, frame.drop(ROWID))


def removed(context: Context, tv: TableVersion, rowids: list[int]) -> Changes:
    """Return the changes that remove edges."""
    writer, changes = context.instance.writer, Changes()
    for rowid in rowids:
        place = tv.place(rowid)
        assert place is not None, "the query gave live rows"
        writer.retire_row(changes, tv.table, rowid, writer.plain_row(tv.table, place))
    return changes


def check_assignments(table: Table, assignments: Assignments, text: str) -> None:
    """Refuse assignments to the columns that identify an edge, or that the database sets."""
    for name, _ in assignments:
        if name.text.casefold() in table.names and name.text.casefold() not in _SETTABLE:
            raise BindError(
                f"of an edge only {' and '.join(_SETTABLE)} can be changed",
                text,
                name.start,
                name.end,
                hint="Delete the edge and insert another.",
            )
