"""Values on their way into a table: queries whose columns are for its fields, and what DEFAULT means in them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import ROWID
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.plan.nodes import Column, Project, Query, Values
from rem_arrow.sql.bind.row_expressions import parsed
from rem_arrow.statements.environment import Context
from rem_arrow.storage import values


def fitting(
    context: Context, query: Query, snapshot: Snapshot, table: Table, fields: Sequence[Field | None]
) -> pl.DataFrame:
    """Run a query whose columns are for `fields`. Raises InputError that names the column whose value does not fit."""
    if not fields and isinstance(query.plan, Values):
        return pl.DataFrame(height=len(query.plan.rows))
    try:
        frame = context.rows(query, snapshot, to_store=True)
    except ExecuteError as error:
        for place, field in enumerate(fields):
            single = _single(query, place)
            if field is None or single is None:
                continue
            try:
                context.rows(single, snapshot)
            except ExecuteError as cause:
                raise InputError(
                    f'a value does not fit the column "{field.name}" of {table.name}, which is '
                    f"{sql_name(field.dtype)}: {cause}"
                ) from error
        raise
    frame.columns = [ROWID if f is None else f.name for f in fields]
    return frame


def defaults_of(table: Table) -> dict[str, object] | None:
    """Return the values of DEFAULT by column, or their expressions; None for entities, whose model has them."""
    if table.kind == "entity":
        return None
    defaults: dict[str, object] = {}
    for field in table.fields:
        if field.default_sql is not None:
            defaults[field.name] = parsed(field.default_sql)
            continue
        convert = values.from_plain(field.dtype)
        defaults[field.name] = field.default if field.default is None or convert is None else convert(field.default)
    return defaults


def _single(query: Query, place: int) -> Query | None:
    """Return the query of one column if it is computed; None if it is only passed on."""
    plan = query.plan
    match plan:
        case Project() if not isinstance(plan.outputs[place][1], Column):
            return Query(Project(plan.input, (plan.outputs[place],)), (query.names[place],))
        case Values():
            return Query(
                Values((plan.columns[place],), tuple((row[place],) for row in plan.rows)), (query.names[place],)
            )
        case _:
            return None
