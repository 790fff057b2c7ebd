"""CREATE TABLE and DROP TABLE, and DROP VIEW. REQUIRES of what runs inside `Context.define`: `rewriting` and the lock.

Tables that SQL makes are plain. The columns of an entity table are those of its model, so only `register` changes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.datatypes import physical
from rem_arrow.base.errors import BindError, InputError, UnsupportedError
from rem_arrow.base.schema import Table, check_name
from rem_arrow.base.source import ROWID, ScanReport
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.engine.results import unique_names
from rem_arrow.lower.interval import as_intervals
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.sql.statement.statement import ColumnDefinition, CreateTable, CreateTableAs, Drop
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements import edge_rows, plain_rows
from rem_arrow.statements.constraint_definition import with_columns, with_constraints
from rem_arrow.statements.environment import Context, Result, counted, status, table_of
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import edges, loader


def create(context: Context, statement: CreateTable) -> Result:
    """Run a CREATE TABLE with columns."""

    def compute(access: Access) -> tuple[Changes, Result]:
        changes = Changes()
        if not make_room(
            context, access, changes, statement.table, "table", replace_=statement.replace, keep=statement.if_not_exists
        ):
            context.parsed.skip()
            return changes, status(f"the table {statement.table.text} exists already")
        number = context.instance.store.reserve_table()
        empty = Table(number, check_name(statement.table.text, "table"), "plain", ())
        _check_names(context, statement.columns)
        table = with_columns(context, empty, statement.columns)
        loader.plain_table(empty.name, number, table.polars_schema())
        if not table.given:
            raise InputError(f"all columns of {empty.name} are generated; a table needs one that rows bring")
        changes.tables[number] = with_constraints(context, table, statement.constraints)
        return changes, status(f"created the table {empty.name}")

    return context.define(compute)


def create_as(context: Context, statement: CreateTableAs) -> Result:
    """Run a CREATE TABLE AS: the table and its rows become visible together."""

    def compute(access: Access) -> tuple[Changes, Result]:
        changes = Changes()
        if not make_room(
            context, access, changes, statement.table, "table", replace_=statement.replace, keep=statement.if_not_exists
        ):
            context.parsed.skip()
            return changes, counted(0)
        snapshot = context.snapshot(access)
        query = context.bound(statement.source, snapshot)
        frame = as_intervals(context.rows(query, snapshot, to_store=True))
        if len(statement.names) > frame.width:
            name = statement.names[frame.width]
            raise BindError(
                f"the query has {frame.width} columns, and {len(statement.names)} names are given",
                context.text,
                name.start,
                name.end,
            )
        frame.columns = unique_names([n.text for n in statement.names] + list(query.names[len(statement.names) :]))
        # A frame shows JSON and UUID as texts.
        meant = zip(frame.schema.items(), query.plan.schema.values(), strict=True)
        schema = pl.Schema({name: t if physical(t) == shown else shown for (name, shown), t in meant})
        table = loader.plain_table(statement.table.text, context.instance.store.reserve_table(), schema)
        changes.tables[table.number] = table
        outcome = plain_rows.insert(context, table, frame)
        changes.merge(outcome.changes)
        return changes, counted(outcome.affected)

    return context.define(compute)


def _check_names(context: Context, columns: Sequence[ColumnDefinition]) -> None:
    """Refuse a column that is named twice, in whatever case."""
    folded: dict[str, str] = {}
    for column in columns:
        before = folded.setdefault(column.name.text.casefold(), column.name.text)
        if before != column.name.text:
            raise BindError(
                f'the columns "{before}" and "{column.name.text}" differ in case only; rename one',
                context.text,
                column.name.start,
                column.name.end,
            )
    texts = [c.name.text for c in columns]
    twice = next((c.name for i, c in enumerate(columns) if c.name.text in texts[:i]), None)
    if twice is not None:
        raise BindError(f'the column "{twice.text}" is named twice', context.text, twice.start, twice.end)


def make_room(
    context: Context, access: Access, changes: Changes, name: Name, kind: str, *, replace_: bool, keep: bool
) -> bool:
    """Return whether a table or view of that name may be made; with `replace_`, `changes` drop the old one."""
    tv = access.version.find(name.text)
    if tv is None:
        return True
    is_view = tv.table.kind == "view"
    if is_view != (kind == "view"):
        raise BindError(
            f"there is a {'view' if is_view else 'table'} {tv.table.name} already",
            context.text,
            name.start,
            name.end,
            hint="Drop it first, or choose another name.",
        )
    if keep:
        return False
    if not replace_:
        raise BindError(
            f"the {kind} {tv.table.name} exists already",
            context.text,
            name.start,
            name.end,
            hint=f"Write CREATE OR REPLACE {kind.upper()}, or IF NOT EXISTS.",
        )
    if tv.table.kind not in ("plain", "view"):
        raise UnsupportedError(
            f"{tv.table.name} is an {tv.table.kind} table; CREATE OR REPLACE works on plain ones",
            context.text,
            name.start,
            name.end,
        )
    changes.tables[tv.table.number] = None
    return True


def drop(context: Context, statement: Drop) -> Result:
    """Run a DROP TABLE or DROP VIEW."""
    name, kind = statement.name, statement.kind.lower()

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = access.version.find(name.text)
        if tv is None and statement.if_exists:
            return Changes(), status(f"there is no {kind} {name.text}")
        tv = table_of(access.version, name, context.text, kind=kind)
        if (tv.table.kind == "view") != (kind == "view"):
            raise BindError(
                f"{tv.table.name} is a {'view' if tv.table.kind == 'view' else 'table'}",
                context.text,
                name.start,
                name.end,
                hint="Write DROP VIEW." if kind == "table" else "Write DROP TABLE.",
            )
        if tv.table.kind == "system" or tv.table.name in BUILTIN:
            raise UnsupportedError(
                f"{tv.table.name} is a table of every database and cannot be dropped; TRUNCATE empties it",
                context.text,
                name.start,
                name.end,
            )
        return dropped(context, access, tv), status(f"dropped the {kind} {tv.table.name}")

    return context.define(compute)


def dropped(context: Context, access: Access, tv: TableVersion) -> Changes:
    """Return the changes that drop a table or view; with an entity table go the edges at its rows."""
    changes = _without_edges(context, access, tv.table.name) if tv.table.kind == "entity" else Changes()
    changes.tables[tv.table.number] = None
    changes.tables.update(dict.fromkeys(e.table for e in tv.table.embeddings))
    return changes


def _without_edges(context: Context, access: Access, table: str) -> Changes:
    tv = access.version.find(edges.NAME)
    assert tv is not None, "every database has edges"
    source = StoredTable(access, tv, rowids=True)
    ends = source.scan([ROWID, "src_table", "dst_table"], ScanReport()).lazy().collect()
    hit = (ends["src_table"] == table).fill_null(value=False) | (ends["dst_table"] == table).fill_null(value=False)
    return edge_rows.removed(context, tv, ends[ROWID].filter(hit).to_list())
