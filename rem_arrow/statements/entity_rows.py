"""INSERT, UPDATE and DELETE of rows of entity tables, validated by the model. REQUIRES: the store's lock.

An INSERT of an id that exists replaces the row, as `db.insert` does, unless ON CONFLICT says otherwise. A row that was
deleted counts as missing: inserting its id revives it. DELETE is soft.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, InputError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.model.fields import parsed_json
from rem_arrow.model.registry import SYSTEM_FIELDS
from rem_arrow.sql.bind.write_queries import EXCLUDED, Target, WriteBinder
from rem_arrow.sql.statement.statement import Conflict
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.statements.environment import Context, Outcome
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader, row_versions

_EXISTING = "\x00existing"


def insert(
    context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, alias: str, conflict: Conflict | None
) -> Outcome:
    """Add entities; `frame` has some of the table's columns."""
    if conflict is None or conflict.action == "replace" or "id" not in frame.columns:
        return _put(context, access, tv, frame)
    _check_keys(conflict, tv.table, context.text)
    existing = _existing(context, access, tv, frame)
    taken = frame["id"].is_in(existing["id"].implode())
    fresh = frame.filter(~taken.fill_null(value=False))
    if conflict.action == "nothing":
        return _put(context, access, tv, fresh.filter(fresh["id"].is_first_distinct() | fresh["id"].is_null()))
    if frame["id"].drop_nulls().is_duplicated().any():
        raise InputError(
            f"an id comes more than once in this INSERT into {tv.table.name}; ON CONFLICT DO UPDATE changes a row once"
        )
    changed = _changed(context, tv.table, frame.filter(taken), existing, alias, conflict)
    first, second = _put(context, access, tv, fresh), _put(context, access, tv, changed)
    first.changes.merge(second.changes)
    return Outcome(first.changes, first.affected + second.affected)


def update(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, assigned: Sequence[str]) -> Outcome:
    """Replace entities; `frame` has the rowid and all columns, of a model that looks at each field alone at least those
    `assigned`. Of several matches of a row the first one counts."""
    frame, columns = row_versions.each_once(frame), context.instance.models.records(tv.table).columns
    if not columns.by_field:
        return _put(context, access, tv, frame.drop(ROWID))
    names = [n for n in tv.table.names if n in assigned and n != "id" and n not in SYSTEM_FIELDS]
    return _replaced(context, tv, frame[ROWID], columns.checked(frame.drop(ROWID), names), names, deleted=False)


def delete(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    """Mark entities as deleted, and what goes with them; `frame` has the rowid and the id, or all columns."""
    frame = row_versions.each_once(frame)
    old = frame.drop(ROWID)
    outcome = _replaced(context, tv, frame[ROWID], old, (), deleted=True)
    for embedding in tv.table.embeddings:
        outcome.changes.kill(embedding.table, np.ascontiguousarray(frame[ROWID].to_numpy()))
    context.instance.writer.delete_owned(access, outcome.changes, tv, old["id"].to_list())
    return outcome._replace(rows=old)


def _replaced(
    context: Context, tv: TableVersion, rowids: pl.Series, frame: pl.DataFrame, names: Sequence[str], *, deleted: bool
) -> Outcome:
    """Give rows new versions, whose values differ in the columns `names` at most."""
    now = pl.lit(time.time_ns() // 1_000, dtype=pl.Int64).cast(tv.table.field("modified_at").dtype)
    gone = now if deleted else pl.lit(None)
    new = frame.with_columns(
        now.alias("modified_at"), gone.cast(tv.table.field("deleted_at").dtype).alias("deleted_at")
    )
    changes = row_versions.replaced(
        context.instance.store,
        context.instance.indexes.keys,
        tv,
        np.ascontiguousarray(rowids.to_numpy()),
        loader.fitted_columns(new, tv.table),
        {*names, "modified_at", "deleted_at"},
        bulk=context.bulk,
    )
    return Outcome(changes, new.height, new)


def check_assignments(table: Table, assignments: Assignments, text: str) -> None:
    """Refuse assignments to the id, and to columns that the database sets."""
    for name, _ in assignments:
        column = name.text.casefold()
        if column == "id":
            raise BindError(
                f"the id of a row of {table.name} cannot be changed; insert a new row and delete the old one",
                text,
                name.start,
                name.end,
            )
        if column in SYSTEM_FIELDS:
            hint = (
                "DELETE sets deleted_at, and inserting the id again revives the row." if column == "deleted_at" else ""
            )
            raise BindError(f"{column} of {table.name} is set by the database", text, name.start, name.end, hint=hint)


def _put(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    if not frame.height:
        return Outcome(Changes(), 0)
    changes, ids = context.instance.writer.put(access, tv, _dicts(tv.table, frame), many=True)
    return Outcome(changes, len(ids))


def _dicts(table: Table, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as the model accepts them: JSON as objects, without the columns that only the database sets."""
    if "deleted_at" in frame.columns and frame["deleted_at"].null_count() < frame.height:
        raise InputError(f"deleted_at of {table.name} is set by DELETE; insert only rows that are not deleted")
    rows = frame.drop("modified_at", "deleted_at", strict=False).to_dicts()
    for field in table.fields:
        if field.encoding == "json" and field.name in frame.columns:
            for row in rows:
                row[field.name] = parsed_json(row[field.name])
    for name in ("id", "created_at"):
        for row in rows if name in frame.columns and frame[name].null_count() else ():
            if row[name] is None:
                del row[name]
    return rows


def _existing(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, not deleted, whose ids are in `frame`."""
    table, writer = tv.table, context.instance.writer
    ids = frame["id"].drop_nulls().unique(maintain_order=True).to_list()
    rows = []
    for rowid in access.rowids(tv, ids) if ids else ():
        place = None if rowid is None else tv.place(rowid)
        row = None if place is None else writer.plain_row(table, place)
        if row is not None and row[-1] is None:
            rows.append(row)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.fields)
    return pl.DataFrame([values.column(f.name, list(c), f.dtype) for f, c in zip(table.fields, columns, strict=True)])


def _changed(
    context: Context, table: Table, frame: pl.DataFrame, existing: pl.DataFrame, alias: str, conflict: Conflict
) -> pl.DataFrame:
    """Return the rows that DO UPDATE SET makes of existing rows and those of the INSERT."""
    check_assignments(table, conflict.assignments, context.text)
    whole = [
        frame[f.name] if f.name in frame.columns else pl.Series(f.name, [None] * frame.height, dtype=f.dtype)
        for f in table.fields
    ]
    snapshot = context.snapshot(frames={**context.frames, _EXISTING: existing, EXCLUDED: pl.DataFrame(whole)})
    binder = WriteBinder(context.text, snapshot, context.dtypes, Target(table, alias, _EXISTING))
    query = binder.upsert(conflict.assignments, conflict.where, table.key)
    return context.rows(query, snapshot, to_store=True)


def _check_keys(conflict: Conflict, table: Table, text: str) -> None:
    wrong: Name | None = next((k for k in conflict.keys if k.text.casefold() != "id"), None)
    if wrong is not None:
        raise BindError(
            f'rows of {table.name} are identified by "id", not by "{wrong.text}"',
            text,
            wrong.start,
            wrong.end,
            hint="Write ON CONFLICT (id).",
        )
