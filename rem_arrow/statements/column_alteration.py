"""ALTER TABLE of columns. REQUIRES: see `Context.settled`.

A change that the rows show by the description alone writes no rows: a column that they lack, another name, a wider
type. Others write each row anew.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rem_arrow.base.datatypes import check_storable, widens
from rem_arrow.base.errors import BindError, ConstraintError, InputError
from rem_arrow.base.schema import Field, Table, check_columns, check_name
from rem_arrow.catalog.frame_table import rows_of
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.sql.bind import row_expressions
from rem_arrow.sql.bind.row_expressions import ROWS, RowExpressions
from rem_arrow.sql.bind.write_queries import Target
from rem_arrow.sql.statement.statement import AddColumn, ChangeType, DropColumn, RenameColumn, SetDefault, SetNullable
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.constraint_alteration import check_not_null, with_checked
from rem_arrow.statements.constraint_definition import defaulted, expressions_of, with_columns, with_constraints
from rem_arrow.statements.environment import Context
from rem_arrow.statements.fitting_rows import fitting
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.rewriting import rewritten


def added(context: Context, tv: TableVersion, action: AddColumn) -> Changes:
    """Return the changes of ADD COLUMN."""
    changes, table, name = Changes(), tv.table, action.column.name
    if _has_column(table, name.text):
        if action.if_not_exists:
            return changes
        raise BindError(f'{table.name} has a column "{name.text}" already', context.text, name.start, name.end)
    check_columns(len(table.fields) + 1, table.name)
    described = with_columns(context, table, [action.column])
    field = described.fields[-1]
    # A DEFAULT that is another value each time is kept without a value.
    computed = bool(field.generated) or (action.column.default is not None and field.default is None)
    if tv.rows and computed:
        described = with_constraints(context, described, action.constraints)
        return rewritten(
            context.instance.store,
            tv,
            described,
            lambda rows: context.instance.rules.fitted(_given(rows, table), described),
            bulk=context.bulk,
        )
    if not field.nullable and field.default is None and tv.rows:
        raise ConstraintError(f'{table.name} has rows, and "{field.name}" may not be NULL; give it a DEFAULT')
    changes.tables[table.number] = with_checked(context, tv, described, action.constraints)
    return changes


def without(context: Context, table: Table, action: DropColumn) -> Table:
    """Return a table without a column."""
    if action.if_exists and not _has_column(table, action.column.text):
        return table
    field = _field(context, table, action.column)
    if len(table.given) == 1 and not field.generated:
        raise InputError(f'"{field.name}" is the only column of {table.name}; drop the table instead')
    _check_free(context, table, field, action.column, "dropped")
    return replace(table, fields=tuple(f for f in table.fields if f is not field))


def renamed(context: Context, table: Table, action: RenameColumn) -> Table:
    """Return a table with a column under another name, in its expressions too."""
    field, name = _field(context, table, action.column), check_name(action.to.text, "column")
    if name.casefold() != field.name.casefold() and _has_column(table, name):
        raise BindError(f'{table.name} has a column "{name}" already', context.text, action.to.start, action.to.end)

    def sql(expression: str) -> str:
        return row_expressions.renamed(expression, field.name, name) if expression else ""

    table = table.renamed(field.name, name)
    return replace(
        table,
        fields=tuple(replace(f, generated=sql(f.generated)) for f in table.fields),
        constraints=tuple(replace(c, condition=sql(c.condition)) for c in table.constraints),
    )


def retyped(context: Context, tv: TableVersion, action: ChangeType) -> Changes:
    """Return the changes of ALTER COLUMN ... TYPE."""
    table, changes = tv.table, Changes()
    field = _field(context, table, action.column)
    _check_free(context, table, field, action.column, "changed to another type")
    if field.generated:
        raise BindError(
            f'"{field.name}" is generated; drop it and add it again',
            context.text,
            action.column.start,
            action.column.end,
        )
    dtype = check_storable(context.known_type(action.dtype), f"{table.name}.{field.name}")
    if action.using is None and widens(field.dtype, dtype):
        changes.tables[table.number] = _with(table, field, replace(field, dtype=dtype))
        return changes
    wanted = replace(field, dtype=dtype, number=table.next_column, default=None)
    if field.default_sql is None and field.default is not None:
        raise InputError(
            f'"{field.name}" of {table.name} has a DEFAULT of its old type; ALTER COLUMN ... DROP DEFAULT first'
        )
    described = _with(table, field, wanted)
    expressions = expressions_of(context, table)
    tree = row_expressions.column(field.name) if action.using is None else expressions.checked(action.using, "USING")
    if field.default_sql is not None:
        expressions.values([row_expressions.parsed(field.default_sql)], [wanted])

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        snapshot = context.snapshot(frames={ROWS: rows_of(table, rows)})
        query = RowExpressions(context.text, snapshot, table).values([tree], [wanted])
        column = fitting(context, query, snapshot, described, [wanted]).to_series()
        return context.instance.rules.fitted(_given(rows.with_columns(column.alias(field.name)), described), described)

    return rewritten(context.instance.store, tv, described, change, bulk=context.bulk)


def with_default(context: Context, table: Table, action: SetDefault) -> Table:
    """Return a table in which new rows have another default; those that exist keep their values."""
    field = _field(context, table, action.column)
    if field.generated:
        raise BindError(
            f'the generated column "{field.name}" has no DEFAULT', context.text, action.column.start, action.column.end
        )
    if action.default is None:
        return _with(table, field, replace(field, default_sql="NULL"))
    fresh, _ = defaulted(context, table, field, action.default)
    return _with(table, field, replace(field, default_sql=fresh.default_sql))


def with_nullable(context: Context, tv: TableVersion, action: SetNullable) -> Table:
    """Return a table in which a column may be NULL or not."""
    table = tv.table
    field = _field(context, table, action.column)
    primary = next((c for c in table.constraints if c.kind == "PRIMARY KEY" and field.name in c.columns), None)
    if action.nullable and primary is not None:
        raise BindError(
            f'"{field.name}" is part of {primary.text}, and may not be NULL',
            context.text,
            action.column.start,
            action.column.end,
        )
    if not action.nullable:
        check_not_null(tv, table, field.name)
    return _with(table, field, replace(field, nullable=action.nullable))


# --- inside


def _given(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return rows without their generated columns."""
    return rows.drop([f.name for f in table.fields if f.generated])


def _with(table: Table, old: Field, new: Field) -> Table:
    return table.with_fields(tuple(new if f is old else f for f in table.fields))


def _field(context: Context, table: Table, name: Name) -> Field:
    return Target(table, table.name, TARGET).field(name, context.text)


def _has_column(table: Table, name: str) -> bool:
    return any(f.name.casefold() == name.casefold() for f in table.fields)


def _check_free(context: Context, table: Table, field: Field, name: Name, what: str) -> None:
    """Refuse to change a column that an index, a constraint or a generated column reads."""
    index = next((i for i, columns in table.named_indexes if field.name in columns), None)
    if index is not None or field.name in table.indexed:
        raise InputError(f'"{field.name}" of {table.name} has the index {index or ""}; drop that first')
    constraint = next((c for c in table.constraints if field.name in c.columns), None)
    expressions = expressions_of(context, table)
    reader = next(
        (
            f.name
            for f in table.fields
            if f.generated and field.name in expressions.columns(row_expressions.parsed(f.generated))
        ),
        None,
    )
    if constraint is None and reader is None:
        return
    hint = f"ALTER TABLE {table.name} DROP CONSTRAINT {constraint.name}" if constraint else f"DROP COLUMN {reader}"
    reads = constraint.text if constraint is not None else f'the generated column "{reader}"'
    raise BindError(
        f'"{field.name}" of {table.name} cannot be {what}: {reads} reads it',
        context.text,
        name.start,
        name.end,
        hint=f"First {hint}.",
    )
