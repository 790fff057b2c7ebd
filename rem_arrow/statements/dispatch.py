"""The function that runs a statement, by its kind."""

from __future__ import annotations

from typing import assert_never

from rem_arrow.sql.statement.session_kinds import Comment, Deallocate, Execute, SetSetting, SetVariable, Upkeep, Use
from rem_arrow.sql.statement.statement import (
    Alter,
    Control,
    CopyFrom,
    CopyTo,
    CreateIndex,
    CreateMacro,
    CreateSchema,
    CreateSequence,
    CreateTable,
    CreateTableAs,
    CreateView,
    Defining,
    Delete,
    Drop,
    DropMacro,
    DropSchema,
    DropSequence,
    Explain,
    Insert,
    Merge,
    Prepare,
    Select,
    Session,
    Statement,
    Update,
    WritingCtes,
)
from rem_arrow.sql.statement.type_statement import CreateType
from rem_arrow.statements import (
    explanation,
    files,
    index_definition,
    macro_definition,
    merge,
    prepared_statements,
    rows,
    schema_definition,
    sequence_definition,
    session_settings,
    staged_writes,
    table_alteration,
    table_definition,
    type_definition,
    upkeep_statements,
    view_definition,
)
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.statements.locations import located


def run(context: Context) -> Result:
    """Return the rows of a query; of a statement that writes rows their `count`; of any other a `status`."""
    return _run(context, context.parsed.statement)


def _run(context: Context, statement: Statement) -> Result:
    context, statement = located(context, statement)
    match statement:
        case Select():
            return context.instance.engine.execute(
                context.text,
                context.snapshot(),
                context.values,
                context.dtypes,
                context.limits,
                part=(context.place, statement.tree),
            )
        case Insert():
            return rows.insert(context, statement)
        case Update():
            return rows.update(context, statement)
        case Delete():
            return rows.delete(context, statement)
        case Merge():
            return merge.merge(context, statement)
        case WritingCtes():
            return staged_writes.run(context, statement, _run)
        case CopyFrom():
            return files.copy_from(context, statement)
        case CopyTo():
            return files.copy_to(context, statement)
        case Explain():
            return explanation.explain(context, statement)
        case SetSetting() | SetVariable() | Use() | Prepare() | Execute() | Deallocate() | Upkeep():
            return _of_session(context, statement)
        case Control():
            context.parsed.check_read()
            context.control(statement.kind)
            return status(statement.kind)
        case _:
            return _define(context, statement)


def _define(context: Context, statement: Defining) -> Result:
    """Run a statement that makes, changes or drops what the catalog holds."""
    match statement:
        case CreateTable():
            return table_definition.create(context, statement)
        case CreateTableAs():
            return table_definition.create_as(context, statement)
        case CreateView():
            return view_definition.create(context, statement)
        case CreateSchema():
            return schema_definition.create(context, statement)
        case DropSchema():
            return schema_definition.drop(context, statement)
        case CreateMacro():
            return macro_definition.create(context, statement)
        case CreateSequence():
            return sequence_definition.create(context, statement)
        case DropSequence():
            return sequence_definition.drop(context, statement)
        case DropMacro():
            return macro_definition.drop(context, statement)
        case CreateType() | Drop(kind="TYPE"):
            return type_definition.define(context, statement)
        case CreateIndex():
            return index_definition.create(context, statement)
        case Drop(kind="INDEX"):
            return index_definition.drop(context, statement)
        case Drop():
            return table_definition.drop(context, statement)
        case Alter():
            return table_alteration.alter(context, statement)
        case Comment():
            return upkeep_statements.comment(context, statement)
        case _:
            assert_never(statement)


def _of_session(context: Context, statement: Session) -> Result:
    """Run a statement that changes the handle, or runs what it keeps."""
    match statement:
        case Use():
            return schema_definition.use(context, statement)
        case SetSetting():
            return session_settings.set_setting(context, statement)
        case SetVariable():
            return session_settings.set_variable(context, statement)
        case Prepare():
            return prepared_statements.prepare(context, statement)
        case Execute():
            return prepared_statements.execute(context, statement, run)
        case Upkeep():
            return upkeep_statements.upkeep(context, statement)
        case Deallocate():
            return prepared_statements.deallocate(context, statement)
        case _:
            assert_never(statement)
