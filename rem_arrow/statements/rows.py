"""INSERT, UPDATE, DELETE and COPY FROM: read the rows, compute the changes by the kind of the table, count the rows.

Reading and writing happen under one lock, so that no update is lost; what a statement changes becomes visible at once
or not at all. REQUIRES of `Context.write`: the lock.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, UnsupportedError
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import ROWID
from rem_arrow.catalog.snapshot import TARGET, Snapshot
from rem_arrow.model.registry import SYSTEM_FIELDS
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.write_queries import Target, WriteBinder
from rem_arrow.sql.statement.statement import Delete, Insert, Update
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.statements import conflict_rows, edge_rows, entity_rows, plain_rows
from rem_arrow.statements.environment import Context, Outcome, Result, counted, writable
from rem_arrow.statements.fitting_rows import defaults_of, fitting
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion


def insert(context: Context, statement: Insert) -> Result:
    """Run an INSERT."""

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        check_conflict(context, statement, tv.table)
        frame = _inserted(context, access, statement, tv)
        outcome = stored(context, access, tv, frame, statement)
        if statement.conflict is not None:
            # What DO UPDATE says has no effect where no rows conflict.
            statement.conflict.skip()
        return outcome.changes, result(context, access, tv.table, outcome, statement.alias, statement.returning)

    return context.write(compute)


def stored(
    context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, statement: Insert | None = None
) -> Outcome:
    """Return the changes that add the rows of a frame, by the kind of the table."""
    alias, conflict = (statement.alias, statement.conflict) if statement is not None else (tv.table.name, None)
    match tv.table.kind:
        case "entity":
            return entity_rows.insert(context, access, tv, frame, alias, conflict)
        case "system":
            return edge_rows.insert(context, access, frame)
        case _ if conflict is not None:
            return conflict_rows.insert(context, access, tv, frame, alias, conflict)
        case _:
            return plain_rows.insert(context, tv.table, frame)


def update(context: Context, statement: Update) -> Result:
    """Run an UPDATE."""

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        query, fields, snapshot = update_query(context, access, statement, tv)
        frame = fitting(context, query, snapshot, tv.table, [None, *fields])
        outcome = changed(context, access, tv, frame, _assigned(context, tv.table, statement))
        return outcome.changes, result(context, access, tv.table, outcome, statement.alias, statement.returning)

    return context.write(compute)


def delete(context: Context, statement: Delete) -> Result:
    """Run a DELETE or a TRUNCATE."""

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        query, snapshot = delete_query(context, access, statement, tv)
        frame = context.rows(query, snapshot, to_store=True)
        outcome = removed(context, access, tv, frame)
        return outcome.changes, result(context, access, tv.table, outcome, statement.alias, statement.returning)

    return context.write(compute)


def update_query(
    context: Context, access: Access, statement: Update, tv: TableVersion
) -> tuple[Query, Sequence[Field], Snapshot]:
    """Return the query of the rows that an UPDATE writes, the columns that it gives beside the rowid, and what it
    reads."""
    own, snapshot = target(tv.table, statement.alias), context.snapshot(access, target=tv)
    check_assignments(tv.table, statement.assignments, context.text)
    binder = WriteBinder(context.text, snapshot, context.dtypes, own, context.evaluate(snapshot))
    assigned = _assigned(context, tv.table, statement)
    whole = statement.returning is not None or not _is_by_column(context, tv.table)
    fields = [f for f in tv.table.fields if whole or f.name in assigned]
    query = binder.update(statement.assignments, statement.others, statement.where, statement.ctes, fields)
    return query, fields, snapshot


def _assigned(context: Context, table: Table, statement: Update) -> list[str]:
    own = target(table, statement.alias)
    return [own.field(name, context.text).name for name, _ in statement.assignments]


def _is_by_column(context: Context, table: Table) -> bool:
    """Say whether a column of the new rows can be had without the others."""
    match table.kind:
        case "entity":
            return context.instance.models.records(table).columns.by_field
        case "plain":
            return len(table.given) == len(table.fields)
        case _:
            return False


def delete_query(context: Context, access: Access, statement: Delete, tv: TableVersion) -> tuple[Query, Snapshot]:
    """Return the query of the rows that a DELETE removes, and what it reads."""
    own, snapshot = target(tv.table, statement.alias), context.snapshot(access, target=tv)
    columns = tv.table.names if statement.returning is not None else tv.table.key if tv.table.kind == "entity" else ()
    binder = WriteBinder(context.text, snapshot, context.dtypes, own, context.evaluate(snapshot))
    return binder.delete(columns, statement.others, statement.where, statement.ctes), snapshot


def check_assignments(table: Table, assignments: Assignments, text: str) -> None:
    """Refuse assignments to columns that the database sets."""
    if table.kind == "entity":
        entity_rows.check_assignments(table, assignments, text)
    elif table.kind == "system":
        edge_rows.check_assignments(table, assignments, text)
    else:
        plain_rows.check_assignments(table, assignments, text)


def changed(
    context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, assigned: Sequence[str]
) -> Outcome:
    """Return the changes that replace rows, by the kind of the table; `frame` has the rowid and all columns, or where
    one can be had without the others at least those `assigned`."""
    match tv.table.kind:
        case "entity":
            return entity_rows.update(context, access, tv, frame, assigned)
        case "system":
            return edge_rows.update(context, access, frame)
        case _:
            return plain_rows.update(context, tv, frame, assigned)


def removed(context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame) -> Outcome:
    """Return the changes that remove rows, by the kind of the table; `frame` has the rowid, for entities the id, for
    RETURNING all columns."""
    match tv.table.kind:
        case "entity":
            return entity_rows.delete(context, access, tv, frame)
        case "system":
            return edge_rows.delete(context, tv, frame)
        case _:
            return plain_rows.delete(context, tv, frame)


def chosen_fields(context: Context, table: Table, columns: Sequence[Name]) -> list[Field]:
    """Return the fields of a list of columns. Raises BindError for one that is unknown or comes twice."""
    target, fields = Target(table, table.name, TARGET), []
    for name in columns:
        field = target.field(name, context.text)
        if field in fields:
            raise BindError(f'the column "{field.name}" is named twice', context.text, name.start, name.end)
        if field.generated:
            raise plain_rows.is_generated(table, name, context.text)
        fields.append(field)
    return fields


# --- inside


def target(table: Table, alias: str) -> Target:
    """Return the table that a statement changes, as its queries see it."""
    return Target(table, alias, TARGET, ROWID, defaults_of(table))


def check_conflict(context: Context, statement: Insert, table: Table) -> None:
    name = statement.table
    if statement.conflict is None or table.kind == "entity":
        return
    if table.kind == "system":
        raise UnsupportedError(
            "an edge that exists is replaced; there is no ON CONFLICT for edges", context.text, name.start, name.end
        )
    conflict_rows.check(context, table, statement.conflict, name)


def _inserted(context: Context, access: Access, statement: Insert, tv: TableVersion) -> pl.DataFrame:
    """Return the rows of an INSERT as a frame of the columns that they fill."""
    if statement.source is None:
        return pl.DataFrame(height=1)
    query, fields, snapshot = insert_query(context, access, statement, tv)
    return fitting(context, query, snapshot, tv.table, fields)


def insert_query(
    context: Context, access: Access, statement: Insert, tv: TableVersion
) -> tuple[Query, list[Field], Snapshot]:
    """Return the query of the rows of an INSERT, the columns that they fill, and what it reads."""
    assert statement.source is not None, "DEFAULT VALUES reads nothing"
    table, snapshot = tv.table, context.snapshot(access)
    binder = WriteBinder(
        context.text,
        snapshot,
        context.dtypes,
        Target(table, statement.alias, TARGET, "", defaults_of(table)),
        context.evaluate(snapshot),
    )
    if statement.by_name and statement.columns is None:
        query, fields = binder.by_name(statement.source, table.given)
    else:
        query, fields = binder.insert(statement.source, _fields(context, statement, table, binder))
    return query, fields, snapshot


def _fields(context: Context, statement: Insert, table: Table, binder: WriteBinder) -> list[Field]:
    if statement.columns is not None:
        return chosen_fields(context, table, statement.columns)
    assert statement.source is not None, "DEFAULT VALUES fills no columns"
    return list(table.given) if table.kind == "plain" else positional_fields(table, binder.width(statement.source))


def positional_fields(table: Table, width: int) -> list[Field]:
    """Return the fields that rows of that many columns fill: those that the database sets come last, and may be left
    out."""
    settable = [f for f in table.fields if f.name not in SYSTEM_FIELDS]
    return settable if table.kind != "plain" and width == len(settable) else list(table.given)


def result(context: Context, access: Access, table: Table, outcome: Outcome, alias: str, returning: object) -> Result:
    """Return the count of rows, or the rows of RETURNING."""
    if returning is None:
        return counted(outcome.affected)
    rows = outcome.rows if outcome.rows is not None else _appended(table, outcome.changes)
    return context.rows(*returned(context, access, table, rows, alias, returning))


def returned(
    context: Context, access: Access, table: Table, rows: pl.DataFrame, alias: str, returning: object
) -> tuple[Query, Snapshot]:
    """Return the query of RETURNING over rows of the table, and what it reads."""
    snapshot = context.snapshot(access, frames={**context.frames, TARGET: rows})
    return WriteBinder(context.text, snapshot, context.dtypes, Target(table, alias, TARGET)).returning(
        returning
    ), snapshot


def _appended(table: Table, changes: Changes) -> pl.DataFrame:
    """Return the rows that changes append, as a frame."""
    frames = []
    for append in changes.appends.get(table.number, ()):
        if append.frame is not None:
            frames.append(append.frame)
        elif append.rows:
            columns = zip(*append.rows, strict=True)
            frames.append(
                pl.DataFrame(
                    [values.column(f.name, list(c), f.dtype) for f, c in zip(table.fields, columns, strict=True)]
                )
            )
    return pl.concat(frames) if frames else pl.DataFrame(schema=table.polars_schema())
