"""MERGE INTO: rows that match a row of the source are updated or deleted, rows of the source without a match inserted.

Each action reads its own rows: those that meet its condition, and the condition of no earlier action of the same kind.
All read the same version, and are one commit. REQUIRES of `Context.write`: the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Field
from rem_arrow.base.source import ROWID
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.plan.nodes import Query
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.sql.bind.merge_actions import MergeBinder, returned, with_source
from rem_arrow.sql.statement.statement import Merge, MergeAction
from rem_arrow.statements import rows
from rem_arrow.statements.environment import Context, Outcome, Result, counted, writable
from rem_arrow.statements.fitting_rows import fitting
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion

# No table of a user can have this name.
_SOURCE = "\x00source"


def merge(context: Context, statement: Merge) -> Result:
    """Run a MERGE."""

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        reading, once = _with_one_source(context, access, tv, statement)
        frames = [_read(reading, access, tv, once, place) for place in range(len(statement.actions))]
        _check_once(tv, frames)
        outcomes = [
            _done(context, access, tv, frame, action) for frame, action in zip(frames, statement.actions, strict=True)
        ]
        changes = Changes()
        for outcome in outcomes:
            changes.merge(outcome.changes)
        if statement.returning is None:
            return changes, counted(sum(o.affected for o in outcomes))
        returned_rows = [
            _returned(context, access, tv, statement, action, outcome)
            for action, outcome in zip(statement.actions, outcomes, strict=True)
        ]
        return changes, pl.concat(returned_rows)

    return context.write(compute)


def _with_one_source(context: Context, access: Access, tv: TableVersion, statement: Merge) -> tuple[Context, Merge]:
    """Read a source that would be another for each action before them, as a frame that they read."""
    snapshot = context.snapshot(access, target=tv)
    source = _binder(context, snapshot, tv, statement).source()
    if is_repeatable(source.plan):
        return context, statement
    frame = context.rows(source, snapshot, to_store=True)
    return replace(context, frames={**context.frames, _SOURCE: frame}), with_source(statement, _SOURCE)


def _read(context: Context, access: Access, tv: TableVersion, statement: Merge, place: int) -> pl.DataFrame:
    """Return the rows that one action writes; with the rowid where they replace others."""
    kind = statement.actions[place].kind
    if kind == "nothing":
        return pl.DataFrame()
    query, fields, snapshot = action_query(context, access, tv, statement, place)
    if kind == "delete":
        return context.rows(query, snapshot, to_store=True)
    if not fields:
        return pl.DataFrame(height=context.rows(query, snapshot).height)
    return fitting(context, query, snapshot, tv.table, fields)


def action_query(
    context: Context, access: Access, tv: TableVersion, statement: Merge, place: int
) -> tuple[Query, Sequence[Field | None], Snapshot]:
    """Return the query of the rows that one action writes, the columns that they fill, and what it reads. REQUIRES: an
    action that does something."""
    action, table = statement.actions[place], tv.table
    snapshot = context.snapshot(access, target=tv)
    binder = _binder(context, snapshot, tv, statement)
    changed = (None, *table.fields)
    if action.kind == "delete":
        return binder.delete(place, list(table.names)), changed, snapshot
    if action.kind == "update":
        assigned = binder.assignments(action)
        rows.check_assignments(table, assigned, context.text)
        return binder.update(place, assigned), changed, snapshot
    return *binder.insert(place, _fields(context, tv, action, binder)), snapshot


def _binder(context: Context, snapshot: Snapshot, tv: TableVersion, statement: Merge) -> MergeBinder:
    own = rows.target(tv.table, statement.alias)
    return MergeBinder(context.text, snapshot, context.dtypes, own, statement, context.evaluate(snapshot))


def _fields(context: Context, tv: TableVersion, action: MergeAction, binder: MergeBinder) -> list[Field]:
    if action.columns is not None:
        return rows.chosen_fields(context, tv.table, action.columns)
    return rows.positional_fields(tv.table, binder.source_width() if action.values is None else len(action.values))


def _check_once(tv: TableVersion, frames: Sequence[pl.DataFrame]) -> None:
    """Refuse to write one row twice."""
    rowids = pl.concat([pl.Series([], dtype=pl.Int64), *(f[ROWID] for f in frames if ROWID in f.columns)])
    if rowids.is_duplicated().any():
        raise InputError(
            f"a row of {tv.table.name} is found by several rows of the source; MERGE changes a row once, so filter or "
            "aggregate the source first"
        )
    if tv.table.kind == "entity":
        ids = pl.concat(
            [pl.Series([], dtype=pl.String), *(f["id"].cast(pl.String) for f in frames if "id" in f.columns)]
        ).drop_nulls()
        if ids.is_duplicated().any():
            raise InputError(f"an id of {tv.table.name} comes more than once in this MERGE; it writes a row once")


def _done(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, action: MergeAction) -> Outcome:
    match action.kind:
        case "nothing":
            return Outcome(Changes(), 0)
        case "delete":
            return rows.removed(context, access, tv, frame)
        case "update":
            return rows.changed(context, access, tv, frame, tv.table.names)
        case "insert":
            return rows.stored(context, access, tv, frame)


def _returned(
    context: Context, access: Access, tv: TableVersion, statement: Merge, action: MergeAction, outcome: Outcome
) -> pl.DataFrame:
    """Return what RETURNING makes of the rows of one action."""
    return rows.result(context, access, tv.table, outcome, statement.alias, returned(statement, action))
