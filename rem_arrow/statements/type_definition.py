"""CREATE TYPE and DROP TYPE: a name for a type in the catalog.

A type with a name is the type itself wherever it is used, so columns keep it when the name is gone.
"""

from __future__ import annotations

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base import datatypes
from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Table, check_name
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.plan import types
from rem_arrow.sql.statement.statement import Drop
from rem_arrow.sql.statement.type_statement import CreateType
from rem_arrow.sql.text.type_names import is_type_name
from rem_arrow.statements import named_entries
from rem_arrow.statements.environment import Context, Result, status
from rem_arrow.storage.changes import Changes


def define(context: Context, statement: CreateType | Drop) -> Result:
    """Run a CREATE TYPE or a DROP TYPE."""
    return _drop(context, statement) if isinstance(statement, Drop) else _create(context, statement)


def _create(context: Context, statement: CreateType) -> Result:
    name = check_name(statement.name.text, "type")

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, existing = Changes(), access.version.entry("type", name)
        if is_type_name(name) or (existing is not None and not (statement.replace or statement.if_not_exists)):
            raise _error(context, statement, f"the type {name} exists already")
        if existing is not None and statement.if_not_exists:
            return changes, status(f"the type {existing.name} exists already")
        dtype = datatypes.check_storable(_described(context, context.snapshot(access), statement), f"the type {name}")
        number = context.instance.store.reserve_table() if existing is None else existing.number
        changes.tables[number] = Table(number, name, "type", (), model=datatypes.to_json(dtype))
        return changes, status(f"created the type {name}")

    return context.define(compute)


def _described(context: Context, snapshot: Snapshot, statement: CreateType) -> pl.DataType:
    """Return the type of the statement; an ENUM of a query has its texts in their order, each once."""
    if statement.dtype is not None:
        return context.known_type(statement.dtype)
    assert statement.source is not None, "a type is written, or read from a query"
    query = context.bound(statement.source, snapshot)
    if len(query.names) != 1 or not types.is_text(next(iter(query.plan.schema.values()))):
        raise _error(context, statement, "the query of an ENUM has one column of texts")
    values = context.rows(query, snapshot).to_series().cast(pl.String).drop_nulls().unique(maintain_order=True)
    return pl.Enum(values)


def _error(context: Context, statement: CreateType, message: str) -> BindError:
    return BindError(message, context.text, statement.name.start, statement.name.end)


def _drop(context: Context, statement: Drop) -> Result:
    return named_entries.drop(
        context, "type", "type", statement.name, if_exists=statement.if_exists, shown=lambda name: f'"{name}"'
    )
