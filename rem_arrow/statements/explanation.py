"""EXPLAIN: the plan of a query; of a statement that writes rows those of the queries that give them, below what becomes
of them. Nothing is written."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.catalog.snapshot import TARGET, Snapshot
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.statement.statement import (
    CopyFrom,
    CopyTo,
    CreateTableAs,
    Delete,
    Explain,
    Insert,
    Merge,
    RowWriting,
    Select,
    Update,
)
from rem_arrow.statements import files, merge, rows
from rem_arrow.statements.environment import Context, Result, writable
from rem_arrow.statements.locations import located
from rem_arrow.storage.version import TableVersion

# A query, and what it reads.
Reading: TypeAlias = tuple[Query, Snapshot]


def explain(context: Context, statement: Explain) -> Result:
    """Return the plan in the one column `plan`, one row a line."""
    context, inner = located(context, statement.statement)
    access = context.instance.access(context.version())
    match inner:
        case Select():
            text: str = context.instance.engine.explain(
                context.text,
                context.snapshot(),
                context.values,
                context.limits,
                analyze=statement.analyze,
                part=(context.place, inner.tree),
            )
            lines = text.split("\n")
        case CopyTo():
            format_, _ = files.format_and_options(context.text, inner)
            lines = [f"Copy to {inner.path} as {format_}", *_read(context, _query(context, inner))]
        case CreateTableAs():
            lines = [f"Create table {inner.table.text}", *_read(context, _query(context, inner))]
        case Insert() | Update() | Delete() | Merge() | CopyFrom():
            tv = writable(access.version, inner.table, context.text)
            lines = [line.replace(TARGET, tv.table.name) for line in _written(context, access, inner, tv)]
        case _:
            raise AssertionError("the classifier lets no other statement through")
    context.parsed.check_read()
    return pl.DataFrame({"plan": lines}, schema={"plan": pl.String})


def _query(context: Context, statement: CopyTo | CreateTableAs) -> Reading:
    snapshot = context.snapshot()
    return context.bound(statement.source, snapshot), snapshot


def _read(context: Context, reading: Reading, depth: int = 1) -> list[str]:
    """Return the plan of what is read, below a step at that depth."""
    plan = context.instance.engine.explain_bound(*reading, context.values)
    return ["  " * depth + line for line in plan.split("\n")]


def _written(context: Context, access: Access, statement: RowWriting, tv: TableVersion) -> list[str]:
    """Return the plans of what a statement writes into a table."""
    if not isinstance(statement, (CopyFrom, Merge)) and statement.returning is not None:
        written = pl.DataFrame(schema=tv.table.polars_schema())
        rows.returned(context, access, tv.table, written, statement.alias, statement.returning)
    match statement:
        case Insert():
            return _inserted(context, access, statement, tv)
        case Update():
            query, _, snapshot = rows.update_query(context, access, statement, tv)
            reading = query, snapshot
            return [f"Update {tv.table.name}", *_read(context, reading)]
        case Delete():
            reading = rows.delete_query(context, access, statement, tv)
            return [f"Delete from {tv.table.name}", *_read(context, reading)]
        case Merge():
            return _merged(context, access, statement, tv)
        case CopyFrom():
            format_, _ = files.format_and_options(context.text, statement)
            return [f"Insert into {tv.table.name}", f"  Read {statement.path} as {format_}"]
        case _:
            assert_never(statement)


def _inserted(context: Context, access: Access, statement: Insert, tv: TableVersion) -> list[str]:
    rows.check_conflict(context, statement, tv.table)
    head = f"Insert into {tv.table.name}"
    if statement.conflict is not None:
        # What DO UPDATE says is bound over rows that conflict, once there are some.
        statement.conflict.skip()
        head = f"{head}, on conflict {statement.conflict.action}"
    if statement.source is None:
        return [head, "  Default values"]
    query, fields, snapshot = rows.insert_query(context, access, statement, tv)
    return [f"{head} ({', '.join(f.name for f in fields)})", *_read(context, (query, snapshot))]


def _merged(context: Context, access: Access, statement: Merge, tv: TableVersion) -> list[str]:
    lines = [f"Merge into {tv.table.name}"]
    for place, action in enumerate(statement.actions):
        lines.append(f"  When {action.match} {action.kind}")
        if action.kind != "nothing":
            query, _, snapshot = merge.action_query(context, access, tv, statement, place)
            lines += _read(context, (query, snapshot), 2)
    # RETURNING is bound for each action over the rows that it has written.
    context.parsed.skip()
    return lines
