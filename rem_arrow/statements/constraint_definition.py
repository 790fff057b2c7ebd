"""The columns and constraints of CREATE TABLE and ALTER TABLE, from what is written to the description of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rem_arrow.base.constraints import Constraint, fresh_name
from rem_arrow.base.datatypes import Json, check_storable, sql_name
from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Field, Table, check_name
from rem_arrow.catalog.frame_table import rows_of
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.index.entries import exact_form
from rem_arrow.plan.nodes import Query
from rem_arrow.plan.volatility import varies
from rem_arrow.plan.walk import every_expr
from rem_arrow.sql.bind.row_expressions import ROWS, RowExpressions, own_name, sequences_in, written
from rem_arrow.sql.bind.write_queries import Target, WriteBinder
from rem_arrow.sql.statement.statement import ColumnDefinition, ConstraintDefinition
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.sql.text.position import position
from rem_arrow.statements.environment import Context
from rem_arrow.statements.fitting_rows import fitting
from rem_arrow.statements.reference_definition import referring
from rem_arrow.storage import values
from rem_arrow.storage.sequences import KIND

_SUFFIXES = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "CHECK": "check", "FOREIGN KEY": "fkey"}


def with_columns(context: Context, table: Table, columns: Sequence[ColumnDefinition]) -> Table:
    """Return a table with columns behind those that it has. Raises BindError and InputError."""
    for column in columns:
        if column.generated is None:
            table = table.with_fields((*table.fields, _field(context, table, column)))
    waiting = [c for c in columns if c.generated is not None]
    while waiting:
        known = {f.name.casefold() for f in table.fields}
        others = {c.name.text.casefold() for c in waiting} - known
        # Where all wait for each other, one shows which column it lacks.
        ready = next((c for c in waiting if not _reads(context, c, others)), waiting[0])
        waiting.remove(ready)
        table = table.with_fields((*table.fields, _generated(context, table, ready)))
    order = {c.name.text: i for i, c in enumerate(columns)}
    fresh = sorted((f for f in table.fields if f.name in order), key=lambda f: order[f.name])
    return replace(table, fields=(*(f for f in table.fields if f.name not in order), *fresh))


def with_constraints(context: Context, table: Table, definitions: Sequence[ConstraintDefinition]) -> Table:
    """Return a table with further constraints; the columns of a primary key may not be NULL. Raises BindError."""
    # A table may refer to a key of its own that stands behind.
    for definition in sorted(definitions, key=lambda d: d.references is not None):
        constraint = _constraint(context, table, definition)
        fields = table.fields
        if constraint.kind == "PRIMARY KEY":
            if any(c.kind == "PRIMARY KEY" for c in table.constraints):
                raise BindError(f"{table.name} has a primary key already", context.text, *position(definition.tree))
            fields = tuple(replace(f, nullable=f.nullable and f.name not in constraint.columns) for f in fields)
        table = replace(
            table,
            fields=fields,
            constraints=(*table.constraints, constraint),
            next_column=table.next_column + constraint.has_entries,
        )
    return table


def expressions_of(context: Context, table: Table) -> RowExpressions:
    """Return the binder of expressions over the rows of a table, which are written in the statement."""
    rows = pl.DataFrame(schema=table.polars_schema())
    return RowExpressions(context.text, context.snapshot(frames={ROWS: rows_of(table, rows)}), table)


def defaulted(context: Context, table: Table, field: Field, tree: object) -> tuple[Field, bool]:
    """Return a field with a DEFAULT, and whether it is another value each time; where it is not, the rows that exist
    have it too."""
    snapshot = context.snapshot()
    tree = expressions_of(context, table).checked(tree, "a DEFAULT")  # type: ignore[arg-type]
    query = WriteBinder(context.text, snapshot, context.dtypes, Target(table, table.name, TARGET)).constant(tree, field)
    field = replace(field, default_sql=written(tree), default=None)
    # A DEFAULT is kept with the table, and does not know which schemas the handle has chosen.
    unknown = next((s for s in sequences_in(field.default_sql or "") if snapshot.version.entry(KIND, s) is None), None)
    if unknown is not None:
        raise BindError(
            f"a DEFAULT names its sequence in full: nextval('schema.{unknown}')",
            context.text,
            *position(tree),  # type: ignore[arg-type]
        )
    if _varies(query):
        return field, True
    value, convert = fitting(context, query, snapshot, table, [field]).row(0)[0], values.to_plain(field.dtype)
    default: Json = value if value is None or convert is None else convert(value)
    return replace(field, default=default), False


# --- inside


def _field(context: Context, table: Table, column: ColumnDefinition) -> Field:
    name = check_name(column.name.text, "column")
    assert column.dtype is not None, "only generated columns have no type of their own"
    dtype = check_storable(context.known_type(column.dtype), f"{table.name}.{name}")
    field = Field(name, dtype, table.next_column, column.nullable)
    return field if column.default is None else defaulted(context, table, field, column.default)[0]


def _generated(context: Context, table: Table, column: ColumnDefinition) -> Field:
    name = check_name(column.name.text, "column")
    expressions = expressions_of(context, table)
    tree = expressions.checked(column.generated, "a generated column")  # type: ignore[arg-type]
    dtype = check_storable(
        expressions.dtype(tree) if column.dtype is None else context.known_type(column.dtype), f"{table.name}.{name}"
    )
    field = Field(name, dtype, table.next_column, column.nullable, generated=written(tree))
    query = expressions.values([tree], [field])
    if _varies(query):
        raise BindError(
            f'the generated column "{name}" would be another value each time; write DEFAULT for a value that is '
            "computed when a row is inserted",
            context.text,
            *position(column.generated),  # type: ignore[arg-type]
        )
    return field


def _varies(query: Query) -> bool:
    """Say whether a query gives another value each time."""
    return any(map(varies, every_expr(query.plan)))


def _reads(context: Context, column: ColumnDefinition, names: set[str]) -> bool:
    """Say whether a generated column reads one of these columns."""
    fields = tuple(Field(n, pl.Int64(), i) for i, n in enumerate(sorted(names)))
    table = Table(0, "", "plain", fields, next_column=len(fields))
    return bool(expressions_of(context, table).columns(column.generated))  # type: ignore[arg-type]


def _constraint(context: Context, table: Table, definition: ConstraintDefinition) -> Constraint:
    kind, condition, references = definition.kind, "", None
    referred: tuple[str, ...] = ()
    if definition.condition is None:
        columns = _key_columns(context, table, definition.columns)
        if definition.references is not None:
            columns, references, referred = referring(context, table, columns, definition, definition.references)
    else:
        expressions = expressions_of(context, table)
        tree = expressions.checked(definition.condition, "a CHECK")
        expressions.violations([tree])
        columns, condition = expressions.columns(tree), written(tree)
    taken = {c.name.casefold() for c in table.constraints}
    name = definition.name
    if name is not None and name.text.casefold() in taken:
        raise BindError(f"{table.name} has a constraint {name.text} already", context.text, name.start, name.end)
    wanted = "_".join((own_name(table.name), *columns, *referred, _SUFFIXES[kind]))
    text = check_name(name.text, "constraint") if name is not None else fresh_name(wanted, taken)
    number = table.next_column if kind != "CHECK" else 0
    return Constraint(text, kind, columns, number, condition, references=references)


def _key_columns(context: Context, table: Table, names: Sequence[Name]) -> tuple[str, ...]:
    columns: list[str] = []
    for name in names:
        field = Target(table, table.name, TARGET).field(name, context.text)
        if field.name in columns:
            raise BindError(f'the column "{field.name}" is named twice', context.text, name.start, name.end)
        if exact_form(field.dtype) is None:
            raise BindError(
                f"{table.name}.{field.name} is {sql_name(field.dtype)}, which cannot be part of a key",
                context.text,
                name.start,
                name.end,
            )
        columns.append(field.name)
    return tuple(columns)


def named(table: Table, name: Name, text: str) -> Constraint | None:
    """Return the constraint of that name, or None."""
    return next((c for c in table.constraints if c.name.casefold() == name.text.casefold()), None)
