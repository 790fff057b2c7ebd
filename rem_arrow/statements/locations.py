"""Where the tables are that a statement names: each name becomes the full one, by which the catalog has it."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.base.errors import BindError
from rem_arrow.catalog.search_path import found, full_name, schema_of, schemas
from rem_arrow.sql.statement.statement import (
    Alter,
    CopyFrom,
    CreateIndex,
    CreateTable,
    CreateTableAs,
    CreateView,
    Delete,
    Drop,
    Insert,
    Merge,
    Name,
    RenameTable,
    Statement,
    Update,
)
from rem_arrow.statements.environment import Context


def located(context: Context, statement: Statement) -> Statement:
    """Return the statement with the full names of the table or view that it writes. Raises BindError for a schema that
    does not exist."""
    match statement:
        case Insert() | Update() | Delete() | Merge() | CopyFrom() | CreateIndex():
            return replace(statement, table=_existing(context, statement.table))
        case Alter():
            table, action = _existing(context, statement.table), statement.action
            if isinstance(action, RenameTable):
                schema = schema_of(context.version(), table.text)
                action = RenameTable(replace(action.to, text=full_name(schema, action.to.text)))
            return replace(statement, table=table, action=action)
        case Drop(kind="TABLE" | "VIEW"):
            return replace(statement, name=_existing(context, statement.name))
        case CreateTable() | CreateTableAs():
            return replace(statement, table=_new(context, statement.table))
        case CreateView():
            return replace(statement, view=_new(context, statement.view))
        case _:
            return statement


def _existing(context: Context, name: Name) -> Name:
    """Return the full name of a table that exists; of one that does not the name as it is shown."""
    version, session = context.version(), context.instance.session
    try:
        full = found(version, None, session, (*name.qualifiers, name.text))
    except BindError as error:
        raise BindError(error.message, context.text, name.start, name.end, hint=error.hint) from error
    return Name(full or name.shown, name.start, name.end)


def _new(context: Context, name: Name) -> Name:
    """Return the full name of what is to be made."""
    version, session = context.version(), context.instance.session
    try:
        *_, schema = schemas(version, session, name.qualifiers or (session.schema,))
    except BindError as error:
        raise BindError(error.message, context.text, name.start, name.end, hint=error.hint) from error
    return Name(full_name(schema, name.text), name.start, name.end)
