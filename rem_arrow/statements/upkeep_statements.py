"""CHECKPOINT, VACUUM and ANALYZE, and COMMENT ON."""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.access.access import Access
from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.base.schema import Table
from rem_arrow.catalog.snapshot import TARGET
from rem_arrow.sql.bind.write_queries import Target
from rem_arrow.sql.statement.session_kinds import Comment, Upkeep
from rem_arrow.statements.environment import Context, Result, status, table_of
from rem_arrow.storage.changes import Changes
from rem_arrow.write import maintenance


def upkeep(context: Context, statement: Upkeep) -> Result:
    """Run a CHECKPOINT, which makes every commit survive a power cut, a VACUUM, which compacts, or an ANALYZE:
    statistics are kept with the data, so that there is nothing left to do."""
    if statement.table is not None:
        table_of(context.version(), statement.table, context.text)
    if statement.kind == "ANALYZE":
        return status("statistics are kept with the data")
    store = context.instance.writable()
    if not context.bulk:
        raise InputError(f"{statement.kind} stands outside of transactions; COMMIT or ROLLBACK this one first")
    if statement.kind == "VACUUM":
        maintenance.compact(store)
        return status("compacted the database")
    with store.lock:
        store.sync()
    return status("every commit is on disk")


def comment(context: Context, statement: Comment) -> Result:
    """Run a COMMENT ON TABLE, VIEW or COLUMN: the description that the catalog shows."""
    name = statement.table

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, table = Changes(), table_of(access.version, name, context.text).table
        if table.kind not in ("plain", "view"):
            raise UnsupportedError(
                f"{table.name} is an {table.kind} table: its descriptions are those of its model",
                context.text,
                name.start,
                name.end,
            )
        changes.tables[table.number] = _described(context, statement, table)
        return changes, status(f"described {table.name}")

    return context.define(compute)


def _described(context: Context, statement: Comment, table: Table) -> Table:
    if statement.column is None:
        return replace(table, description=statement.text)
    field = Target(table, table.name, TARGET).field(statement.column, context.text)
    fields = (replace(f, description=statement.text) if f is field else f for f in table.fields)
    return replace(table, fields=tuple(fields))
