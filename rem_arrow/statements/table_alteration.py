"""ALTER TABLE and ALTER VIEW. REQUIRES of what runs inside `Context.define`: `rewriting` and the lock.

What the rows that exist must newly meet is checked before the description changes, and in the same commit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, UnsupportedError
from rem_arrow.base.schema import Table, check_name
from rem_arrow.sql.statement.statement import (
    Action,
    AddColumn,
    AddConstraints,
    Alter,
    ChangeType,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNullable,
)
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements import column_alteration
from rem_arrow.statements.constraint_alteration import with_checked, without
from rem_arrow.statements.environment import Context, Result, status, table_of
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion


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
            changes = described(_with_name(context, access, table, action.to))
        else:
            changes = _altered(context, context.settled(access, table), action)
        altered = changes.tables.get(table.number) or table
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
            hint="Change the model and register it again, or rename, drop and convert fields by db.evolve.",
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


def _altered(context: Context, tv: TableVersion, action: Action) -> Changes:
    match action:
        case AddColumn():
            return column_alteration.added(context, tv, action)
        case DropColumn():
            return described(column_alteration.without(context, tv.table, action))
        case RenameColumn():
            return described(column_alteration.renamed(context, tv.table, action))
        case ChangeType():
            return column_alteration.retyped(context, tv, action)
        case SetDefault():
            return described(column_alteration.with_default(context, tv.table, action))
        case SetNullable():
            return described(column_alteration.with_nullable(context, tv, action))
        case AddConstraints():
            return described(with_checked(context, tv, tv.table, action.constraints))
        case DropConstraint():
            return described(without(context, tv.table, action))
        case RenameTable():
            raise AssertionError("it needs no rows")
        case _:
            assert_never(action)


def described(table: Table) -> Changes:
    """Return the change of a description alone."""
    changes = Changes()
    changes.tables[table.number] = table
    return changes
