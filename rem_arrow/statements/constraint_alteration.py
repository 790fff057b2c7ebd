"""Constraints that come to a table with rows, or leave it. REQUIRES: see `Context.settled`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rem_arrow.base.errors import BindError, ConstraintError, suggest
from rem_arrow.base.schema import Table
from rem_arrow.sql.statement.statement import ConstraintDefinition, DropConstraint
from rem_arrow.statements.constraint_definition import named, with_constraints
from rem_arrow.statements.environment import Context
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader
from rem_arrow.write.key_checks import check_distinct
from rem_arrow.write.rewriting import live_rows


def with_checked(
    context: Context, tv: TableVersion, table: Table, definitions: Sequence[ConstraintDefinition]
) -> Table:
    """Return `table`, a new description of a table, with constraints, once its rows meet them and have the index
    entries of new keys. Raises ConstraintError."""
    described = with_constraints(context, table, definitions)
    tv = tv.described(described)
    fresh = described.constraints[len(table.constraints) :]
    for before, field in zip(table.fields, described.fields, strict=True):
        if before.nullable and not field.nullable:
            check_not_null(tv, described, field.name)
    checks = [c for c in fresh if c.kind == "CHECK"]
    if checks:
        names = {c for check in checks for c in check.columns}
        for rows in live_rows(tv, [f for f in described.fields if f.name in names]):
            context.instance.rules.check_conditions(described, checks, rows)
    keys = [c for c in fresh if c.is_key]
    for key in keys:
        fields = [described.field(c) for c in key.columns]
        check_distinct(described, key, pl.concat(list(live_rows(tv, fields)) or [pl.DataFrame(schema=key.columns)]))
    if any(c.has_entries for c in fresh):
        loader.write_index(context.instance.store, tv, described)
    return described


def check_not_null(tv: TableVersion, table: Table, column: str) -> None:
    """Raise ConstraintError where a row has a NULL in a column that may have none."""
    if any(rows[column].null_count() for rows in live_rows(tv, [table.field(column)])):
        raise ConstraintError(
            f'{table.name}: rows that exist have a NULL in "{column}"; UPDATE or DELETE them before it is NOT NULL'
        )


def without(context: Context, table: Table, action: DropConstraint) -> Table:
    """Return a table without a constraint."""
    name = action.name
    constraint = named(table, name, context.text)
    if constraint is None:
        if action.if_exists:
            return table
        raise BindError(
            f"no constraint {name.text} of {table.name}",
            context.text,
            name.start,
            name.end,
            hint=suggest(name.text, [c.name for c in table.constraints], "Constraints"),
        )
    if constraint.index:
        raise BindError(f"{constraint.name} is an index", context.text, name.start, name.end, hint="Write DROP INDEX.")
    return replace(table, constraints=tuple(c for c in table.constraints if c is not constraint))
