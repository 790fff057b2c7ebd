"""Where the tables are that a statement names: each name becomes the full one, by which the catalog has it."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.base.schema import TEMPORARY
from rem_arrow.catalog.search_path import found, full_name, schema_of, schemas
from rem_arrow.sql.statement.session_kinds import Comment
from rem_arrow.sql.statement.statement import (
    Alter,
    CopyFrom,
    CreateIndex,
    CreateMacro,
    CreateSequence,
    CreateTable,
    CreateTableAs,
    CreateView,
    Delete,
    Drop,
    DropMacro,
    DropSequence,
    Insert,
    Merge,
    RenameTable,
    Statement,
    Update,
)
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.environment import Context, placed
from rem_arrow.storage.sequences import KIND


def located(context: Context, statement: Statement) -> tuple[Context, Statement]:
    """Return the statement with the full names of the table or view that it writes, and its context: that of temporary
    tables where it writes one. Raises BindError for a schema that does not exist."""
    match statement:
        case Insert() | Update() | Delete() | Merge() | CopyFrom() | CreateIndex() | Comment():
            context, table = _existing(context, statement.table)
            return context, statement if table is statement.table else replace(statement, table=table)
        case Alter():
            context, table = _existing(context, statement.table)
            action = statement.action
            if isinstance(action, RenameTable):
                schema = schema_of(context.version(), table.text)
                action = RenameTable(replace(action.to, text=full_name(schema, action.to.text)))
            return context, replace(statement, table=table, action=action)
        case Drop(kind="TABLE" | "VIEW"):
            context, name = _existing(context, statement.name)
            return context, replace(statement, name=name)
        case Drop(kind="INDEX"):
            side = context.temporary(False)
            is_temporary = side is not None and any(
                index.casefold() == statement.name.text.casefold()
                for tv in side.version()
                for index, _ in tv.table.named_indexes
            )
            return context.of_temporary(side) if side is not None and is_temporary else context, statement
        case CreateTable() | CreateTableAs():
            context, table = _new(context, statement.table)
            return context, replace(statement, table=table)
        case CreateView():
            context, view = _new(context, statement.view)
            return context, replace(statement, view=view)
        case CreateSequence():
            context, sequence = _new(context, statement.sequence)
            return context, replace(statement, sequence=sequence)
        case DropSequence():
            context, sequence = _existing(context, statement.sequence, KIND)
            return context, replace(statement, sequence=sequence)
        case CreateMacro():
            context, macro = _new(context, statement.macro)
            return context, replace(statement, macro=macro)
        case DropMacro():
            context, macro = _existing(context, statement.macro, statement.kind)
            return context, replace(statement, macro=macro)
        case _:
            return context, statement


def _existing(context: Context, name: Name, kind: str = "") -> tuple[Context, Name]:
    """Return the full name of a table or entry that exists, and its context; of one that does not the name as it is
    shown."""
    version, session, side = context.version(), context.instance.session, context.temporary(False)
    temporary = None if side is None else side.version()
    with placed(context.text, name):
        full = found(version, temporary, session, (*name.qualifiers, name.text), kind=kind)
    if side is not None and full == full_name(TEMPORARY, name.text):
        return context.of_temporary(side), Name(name.text, name.start, name.end)
    text = full or name.shown
    return context, name if text == name.text and not name.qualifiers else Name(text, name.start, name.end)


def _new(context: Context, name: Name) -> tuple[Context, Name]:
    """Return the full name of what is to be made, and its context."""
    version, session = context.version(), context.instance.session
    with placed(context.text, name):
        *_, schema = schemas(version, session, name.qualifiers or (session.schema,))
    if schema == TEMPORARY:
        side = context.temporary(True)
        assert side is not None, "it is made where there is none"
        return context.of_temporary(side), Name(name.text, name.start, name.end)
    return context, Name(full_name(schema, name.text), name.start, name.end)
