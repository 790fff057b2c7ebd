"""ALTER TABLE and ALTER VIEW. REQUIRES of what runs inside `Context.define`: `rewriting` and the lock."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import sql_name, widens
from rem_arrow.base.errors import BindError, InputError, UnsupportedError
from rem_arrow.base.schema import Field, Table, check_columns, check_name
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.sql.bind.write_queries import Target
from rem_arrow.sql.statement.statement import AddColumn, Alter, DropColumn, Name, RenameColumn, RenameTable, WidenColumn
from rem_arrow.statements.environment import Context, Result, status, table_of
from rem_arrow.statements.table_definition import field_of
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.evolution import sealed


def alter(context: Context, statement: Alter) -> Result:
    """Run an ALTER TABLE or ALTER VIEW."""
    name, action = statement.table, statement.action

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = access.version.find(name.text)
        if tv is None and statement.if_exists:
            return Changes(), status(f"there is no {statement.kind.lower()} {name.text}")
        table = table_of(access.version, name, context.text).table
        _check_kind(context, table, statement)
        if isinstance(action, RenameTable):
            altered = _with_name(context, access, table, action.to)
        else:
            altered = _altered(context, sealed(context.instance.store, table), action)
        changes = Changes()
        if altered is not table:
            changes.tables[table.number] = altered
        return changes, status(f"altered the {statement.kind.lower()} {altered.name}")

    return context.define(compute)


def _check_kind(context: Context, table: Table, statement: Alter) -> None:
    """Refuse a table whose columns a model declares, ALTER TABLE of a view and ALTER VIEW of a table."""
    name = statement.table
    if table.kind not in ("plain", "view"):
        raise UnsupportedError(
            f"{table.name} is an {table.kind} table: its columns are those of its model",
            context.text,
            name.start,
            name.end,
            hint="Change the model and register it again.",
        )
    # ALTER TABLE may rename a view too.
    fits = (
        statement.kind == "VIEW" or isinstance(statement.action, RenameTable)
        if table.kind == "view"
        else statement.kind == "TABLE"
    )
    if not fits:
        kind = "view" if table.kind == "view" else "table"
        raise BindError(f"{table.name} is a {kind}", context.text, name.start, name.end)


def _with_name(context: Context, access: Access, table: Table, to: Name) -> Table:
    other = access.version.find(to.text)
    if other is not None and other.table.number != table.number:
        raise BindError(f"there is a table {other.table.name} already", context.text, to.start, to.end)
    return replace(table, name=check_name(to.text, "table"))


def _altered(context: Context, tv: TableVersion, action: AddColumn | DropColumn | RenameColumn | WidenColumn) -> Table:
    match action:
        case AddColumn():
            return _with_column(context, tv, action)
        case DropColumn():
            return _without_column(context, tv.table, action)
        case RenameColumn():
            return _with_renamed_column(context, tv.table, action)
        case WidenColumn():
            return _with_wider_column(context, tv.table, action)
        case _:
            assert_never(action)


def _with_column(context: Context, tv: TableVersion, action: AddColumn) -> Table:
    table, name = tv.table, action.column.name
    if _has_column(table, name.text):
        if action.if_not_exists:
            return table
        raise BindError(f'{table.name} has a column "{name.text}" already', context.text, name.start, name.end)
    field = field_of(context, table, action.column, table.next_column)
    if not field.nullable and field.default is None and tv.rows:
        raise InputError(f'{table.name} has rows, and "{field.name}" may not be NULL; give it a DEFAULT')
    check_columns(len(table.fields) + 1, table.name)
    return table.with_fields((*table.fields, field))


def _without_column(context: Context, table: Table, action: DropColumn) -> Table:
    if action.if_exists and not _has_column(table, action.column.text):
        return table
    field = _field(context, table, action.column)
    if len(table.fields) == 1:
        raise InputError(f'"{field.name}" is the only column of {table.name}; drop the table instead')
    _check_no_index(table, field)
    return replace(table, fields=tuple(f for f in table.fields if f is not field))


def _with_renamed_column(context: Context, table: Table, action: RenameColumn) -> Table:
    field, name = _field(context, table, action.column), check_name(action.to.text, "column")
    if name.casefold() != field.name.casefold() and _has_column(table, name):
        raise BindError(f'{table.name} has a column "{name}" already', context.text, action.to.start, action.to.end)
    return table.renamed(field.name, name)


def _with_wider_column(context: Context, table: Table, action: WidenColumn) -> Table:
    field = _field(context, table, action.column)
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
            hint="A type may only widen. For another, add a column, UPDATE it from this one, and drop this one.",
        )
    _check_no_index(table, field)
    return replace(table, fields=tuple(replace(f, dtype=action.dtype) if f is field else f for f in table.fields))


def _field(context: Context, table: Table, name: Name) -> Field:
    return Target(table, table.name, TARGET).field(name, context.text)


def _has_column(table: Table, name: str) -> bool:
    return any(f.name.casefold() == name.casefold() for f in table.fields)


def _check_no_index(table: Table, field: Field) -> None:
    """Refuse to change a column that has an index."""
    index = next((name for name, column in table.named_indexes if column == field.name), None)
    if index is not None or field.name in table.indexed:
        raise InputError(f'"{field.name}" of {table.name} has the index {index or ""}; drop that first')
