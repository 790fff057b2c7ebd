"""CREATE TABLE, DROP and ALTER TABLE. REQUIRES of what runs inside `Context.define`: `rewriting` and the lock.

Tables that SQL makes are plain. The columns of an entity table are those of its model, so only `register` changes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

import polars as pl

from rem_arrow.catalog.snapshot import TARGET, StoredTable
from rem_arrow.datatypes import Json, check_storable, instance, sql_name, widens
from rem_arrow.engine.engine import unique_names
from rem_arrow.errors import BindError, InputError, UnsupportedError
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.schema import Field, Table, check_name
from rem_arrow.source import ROWID, ScanReport
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.write_queries import Target, WriteBinder
from rem_arrow.sql.statement.statement import (
    AddColumn,
    Alter,
    ColumnDefinition,
    CreateTable,
    CreateTableAs,
    Drop,
    DropColumn,
    Name,
    RenameColumn,
    RenameTable,
    WidenColumn,
)
from rem_arrow.statements import edge_rows, plain_rows
from rem_arrow.statements.environment import Context, Result, counted, status, table_of
from rem_arrow.statements.rows import fitting
from rem_arrow.storage import compaction, values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import edges, loader


def create(context: Context, statement: CreateTable) -> Result:
    """Run a CREATE TABLE with columns."""

    def compute(store: Store) -> Result:
        changes = Changes()
        if not make_room(
            context, store, changes, statement.table, "table", replace_=statement.replace, keep=statement.if_not_exists
        ):
            return status(f"the table {statement.table.text} exists already")
        number = store.reserve_table()
        empty = Table(number, check_name(statement.table.text, "table"), "plain", ())
        fields = [_field(context, empty, column, place) for place, column in enumerate(statement.columns)]
        loader.plain_table(
            empty.name,
            number,
            pl.Schema({f.name: f.dtype for f in fields})
            if len({f.name for f in fields}) == len(fields)
            else _refuse_twice(context, statement.columns),
        )
        changes.tables[number] = replace(empty, fields=tuple(fields), next_column=len(fields))
        store.commit(changes)
        return status(f"created the table {empty.name}")

    return context.define(compute)


def create_as(context: Context, statement: CreateTableAs) -> Result:
    """Run a CREATE TABLE AS: the table and its rows become visible together."""

    def compute(store: Store) -> Result:
        changes = Changes()
        if not make_room(
            context, store, changes, statement.table, "table", replace_=statement.replace, keep=statement.if_not_exists
        ):
            return counted(0)
        snapshot = context.snapshot(store.version)
        query = Binder(context.text, snapshot, context.dtypes, context.evaluate(snapshot)).statement(statement.source)
        frame = context.rows(query, snapshot, to_store=True)
        if len(statement.names) > frame.width:
            name = statement.names[frame.width]
            raise BindError(
                f"the query has {frame.width} columns, and {len(statement.names)} names are given",
                context.text,
                name.start,
                name.end,
            )
        frame.columns = unique_names([n.text for n in statement.names] + list(query.names[len(statement.names) :]))
        table = loader.plain_table(statement.table.text, store.reserve_table(), frame.schema)
        changes.tables[table.number] = table
        outcome = plain_rows.insert(context, table, frame)
        changes.merge(outcome.changes)
        store.commit(changes)
        return counted(outcome.affected)

    return context.define(compute)


def make_room(
    context: Context, store: Store, changes: Changes, name: Name, kind: str, *, replace_: bool, keep: bool
) -> bool:
    """Say whether a table or view of that name may be made; with `replace_` the old one goes by `changes`."""
    tv = store.version.find(name.text)
    if tv is None:
        return True
    is_view = tv.table.kind == "view"
    if is_view != (kind == "view"):
        raise BindError(
            f"there is a {'view' if is_view else 'table'} {tv.table.name} already",
            context.text,
            name.start,
            name.end,
            hint="Drop it first, or choose another name.",
        )
    if keep:
        return False
    if not replace_:
        raise BindError(
            f"the {kind} {tv.table.name} exists already",
            context.text,
            name.start,
            name.end,
            hint=f"Write CREATE OR REPLACE {kind.upper()}, or IF NOT EXISTS.",
        )
    if tv.table.kind not in ("plain", "view"):
        raise UnsupportedError(
            f"{tv.table.name} is an {tv.table.kind} table; CREATE OR REPLACE works on plain ones",
            context.text,
            name.start,
            name.end,
        )
    changes.tables[tv.table.number] = None
    return True


def drop(context: Context, statement: Drop) -> Result:
    """Run a DROP TABLE or DROP VIEW. With an entity table go the edges at its rows."""
    name, kind = statement.name, statement.kind.lower()

    def compute(store: Store) -> Result:
        tv = store.version.find(name.text)
        if tv is None and statement.if_exists:
            return status(f"there is no {kind} {name.text}")
        tv = table_of(store.version, name, context.text, kind=kind)
        if (tv.table.kind == "view") != (kind == "view"):
            raise BindError(
                f"{tv.table.name} is a {'view' if tv.table.kind == 'view' else 'table'}",
                context.text,
                name.start,
                name.end,
                hint="Write DROP VIEW." if kind == "table" else "Write DROP TABLE.",
            )
        if tv.table.kind == "system" or tv.table.name in dict(BUILTIN):
            raise UnsupportedError(
                f"{tv.table.name} is a table of every database and cannot be dropped; TRUNCATE empties it",
                context.text,
                name.start,
                name.end,
            )
        changes = _without_edges(context, store, tv.table.name) if tv.table.kind == "entity" else Changes()
        changes.tables[tv.table.number] = None
        changes.tables.update(dict.fromkeys(e.table for e in tv.table.embeddings))
        store.commit(changes)
        context.shared.models.pop(tv.table.number, None)
        context.shared.vectors.forget(tv.table.number)
        context.shared.texts.forget(tv.table.number)
        return status(f"dropped the {kind} {tv.table.name}")

    return context.define(compute)


def _without_edges(context: Context, store: Store, table: str) -> Changes:
    tv = store.version.find(edges.NAME)
    assert tv is not None, "every database has edges"
    source = StoredTable(store.kv, context.shared.writer.hints, store.version, tv, rowids=True)
    ends = source.scan([ROWID, "src_table", "dst_table"], (), ScanReport()).collect()
    hit = (ends["src_table"] == table).fill_null(value=False) | (ends["dst_table"] == table).fill_null(value=False)
    return edge_rows.removed(context, tv, ends[ROWID].filter(hit).to_list())


def alter(context: Context, statement: Alter) -> Result:
    """Run an ALTER TABLE or ALTER VIEW."""
    name, action = statement.table, statement.action

    def compute(store: Store) -> Result:
        tv = store.version.find(name.text)
        if tv is None and statement.if_exists:
            return status(f"there is no {statement.kind.lower()} {name.text}")
        table = table_of(store.version, name, context.text).table
        if table.kind not in ("plain", "view"):
            raise UnsupportedError(
                f"{table.name} is an {table.kind} table: its columns are those of its model",
                context.text,
                name.start,
                name.end,
                hint="Change the model and register it again.",
            )
        if (table.kind == "view") != (statement.kind == "VIEW" or isinstance(action, RenameTable)) and not (
            table.kind == "plain" and statement.kind == "TABLE"
        ):
            raise BindError(
                f"{table.name} is a {'view' if table.kind == 'view' else 'table'}", context.text, name.start, name.end
            )
        if isinstance(action, RenameTable):
            changed = _renamed(context, store, table, action.to)
        else:
            tv = sealed(store, table)
            changed = _changed(context, tv, action)
        if changed is not table:
            changes = Changes()
            changes.tables[table.number] = changed
            store.commit(changes)
        return status(f"altered the {statement.kind.lower()} {changed.name}")

    return context.define(compute)


def sealed(store: Store, table: Table) -> TableVersion:
    """Bring the tail into segments: its rows are in the columns of their time, and its index entries in memory."""
    store.freeze(table.number)
    compaction.seal(store, table.number)
    return store.version.tables[table.number]


def _renamed(context: Context, store: Store, table: Table, to: Name) -> Table:
    other = store.version.find(to.text)
    if other is not None and other.table.number != table.number:
        raise BindError(f"there is a table {other.table.name} already", context.text, to.start, to.end)
    return replace(table, name=check_name(to.text, "table"))


def _changed(context: Context, tv: TableVersion, action: AddColumn | DropColumn | RenameColumn | WidenColumn) -> Table:
    table = tv.table
    match action:
        case AddColumn():
            return _with_column(context, tv, action)
        case DropColumn():
            if action.if_exists and not any(f.name.casefold() == action.column.text.casefold() for f in table.fields):
                return table
            field = _column(context, table, action.column)
            if len(table.fields) == 1:
                raise InputError(f'"{field.name}" is the only column of {table.name}; drop the table instead')
            _refuse_indexed(table, field)
            return replace(table, fields=tuple(f for f in table.fields if f is not field))
        case RenameColumn():
            field, name = _column(context, table, action.column), check_name(action.to.text, "column")
            if any(f.name.casefold() == name.casefold() and f is not field for f in table.fields):
                raise BindError(
                    f'{table.name} has a column "{name}" already', context.text, action.to.start, action.to.end
                )
            return replace(
                table,
                fields=tuple(replace(f, name=name) if f is field else f for f in table.fields),
                indexed=tuple(name if c == field.name else c for c in table.indexed),
                indexes=tuple((i, name if c == field.name else c) for i, c in table.indexes),
                vector_indexes=tuple(
                    replace(i, column=name) if i.column == field.name else i for i in table.vector_indexes
                ),
                text_indexes=tuple(
                    replace(i, column=name) if i.column == field.name else i for i in table.text_indexes
                ),
            )
        case WidenColumn():
            field = _column(context, table, action.column)
            if not widens(field.dtype, action.dtype):
                what = (
                    f"{table.name}.{field.name} is {sql_name(field.dtype)}, and not every value of it fits "
                    f"{sql_name(action.dtype)}"
                )
                raise BindError(
                    what,
                    context.text,
                    action.column.start,
                    action.column.end,
                    hint="A type may only widen. For another, add a column, UPDATE it from this one, and drop this "
                    "one.",
                )
            _refuse_indexed(table, field)
            return replace(
                table, fields=tuple(replace(f, dtype=action.dtype) if f is field else f for f in table.fields)
            )
        case _:
            assert_never(action)


def _with_column(context: Context, tv: TableVersion, action: AddColumn) -> Table:
    table, name = tv.table, action.column.name
    if any(f.name.casefold() == name.text.casefold() for f in table.fields):
        if action.if_not_exists:
            return table
        raise BindError(f'{table.name} has a column "{name.text}" already', context.text, name.start, name.end)
    field = _field(context, table, action.column, table.next_column)
    if not field.nullable and field.default is None and tv.rows:
        raise InputError(f'{table.name} has rows, and "{field.name}" may not be NULL; give it a DEFAULT')
    return table.with_fields((*table.fields, field))


def _field(context: Context, table: Table, column: ColumnDefinition, number: int) -> Field:
    name = check_name(column.name.text, "column")
    dtype = check_storable(instance(column.dtype), f"{table.name}.{name}")
    field = Field(name, dtype, number, column.nullable)
    if column.default is None:
        return field
    snapshot = context.snapshot()
    query = WriteBinder(context.text, snapshot, context.dtypes, Target(table, table.name, TARGET)).constant(
        column.default, field
    )
    value, convert = fitting(context, query, snapshot, table, [field]).item(), values.to_plain(dtype)
    default: Json = value if value is None or convert is None else convert(value)
    return replace(field, default=default)


def _column(context: Context, table: Table, name: Name) -> Field:
    return Target(table, table.name, TARGET).field(name, context.text)


def _refuse_indexed(table: Table, field: Field) -> None:
    named = [
        *table.indexes,
        *((i.name, i.column) for i in table.vector_indexes),
        *((i.name, i.column) for i in table.text_indexes),
    ]
    index = next((i for i, c in named if c == field.name), "" if field.name in table.indexed else None)
    if index is not None:
        raise InputError(f'"{field.name}" of {table.name} has the index {index}; drop that first')


def _refuse_twice(context: Context, columns: Sequence[ColumnDefinition]) -> pl.Schema:
    texts = [c.name.text for c in columns]
    twice = next(c.name for i, c in enumerate(columns) if c.name.text in texts[:i])
    raise BindError(f'the column "{twice.text}" is named twice', context.text, twice.start, twice.end)
