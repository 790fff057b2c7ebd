"""CREATE SCHEMA, DROP SCHEMA and USE.

A schema is an entry of the catalog without columns; what is in it has its name and a dot before its own. REQUIRES of
what runs inside `Context.define`: `rewriting` and the lock.
"""

from __future__ import annotations

from dataclasses import replace

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, InputError
from rem_arrow.base.schema import MAIN, RESERVED_SCHEMAS, TEMPORARY, Table, check_name
from rem_arrow.catalog.search_path import schema_of, schemas
from rem_arrow.sql.statement.session_kinds import Use
from rem_arrow.sql.statement.statement import CreateSchema, DropSchema
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.statements.environment import Context, Result, placed, status
from rem_arrow.statements.table_definition import dropped
from rem_arrow.storage.changes import Changes

_NAMES_SHOWN = 12


def create(context: Context, statement: CreateSchema) -> Result:
    """Run a CREATE SCHEMA; OR REPLACE leaves one that exists as it is, as in DuckDB."""
    name = statement.schema
    _check_database(context, name)
    if name.text.casefold() in RESERVED_SCHEMAS:
        raise BindError(f"the schema {name.text} is no user's", context.text, name.start, name.end)
    if "." in check_name(name.text, "schema"):
        raise BindError(
            f'the name of a schema holds no dot, and "{name.text}" does', context.text, name.start, name.end
        )

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, version = Changes(), access.version
        if version.entry("schema", name.text) is not None:
            if statement.if_not_exists or statement.replace:
                return changes, status(f"the schema {name.text} exists already")
            raise BindError(
                f"the schema {name.text} exists already",
                context.text,
                name.start,
                name.end,
                hint="Write IF NOT EXISTS.",
            )
        prefix = f"{name.text}.".casefold()
        taken = next((tv.table.name for tv in version if tv.table.name.casefold().startswith(prefix)), None)
        if taken is not None:
            raise InputError(
                f"the table {taken} of the schema main would be in the schema {name.text}; rename it first"
            )
        number = context.instance.store.reserve_table()
        changes.tables[number] = Table(number, name.text, "schema", ())
        return changes, status(f"created the schema {name.text}")

    return context.define(compute)


def drop(context: Context, statement: DropSchema) -> Result:
    """Run a DROP SCHEMA; without CASCADE only of one that is empty."""
    name = statement.schema
    _check_database(context, name)
    if name.text.casefold() in RESERVED_SCHEMAS:
        raise BindError(f"the schema {name.text} cannot be dropped", context.text, name.start, name.end)

    def compute(access: Access) -> tuple[Changes, Result]:
        changes, entry = Changes(), access.version.entry("schema", name.text)
        if entry is None and statement.if_exists:
            return changes, status(f"there is no schema {name.text}")
        if entry is None:
            raise BindError(f'no schema "{name.text}"', context.text, name.start, name.end)
        inside = [
            tv
            for tv in access.version.tables.values()
            if tv.table.key_in_catalog is not None
            and tv.table.kind != "schema"
            and schema_of(access.version, tv.table.name) == entry.name
        ]
        if inside and not statement.cascade:
            names = ", ".join(sorted(tv.table.name for tv in inside)[:_NAMES_SHOWN])
            raise InputError(
                f"the schema {entry.name} is not empty: it holds {names}; DROP SCHEMA {entry.name} CASCADE drops these "
                "too"
            )
        for tv in inside:
            changes.merge(dropped(context, access, tv))
        changes.tables[entry.number] = None
        return changes, status(f"dropped the schema {entry.name}")

    result = context.define(compute)
    session = context.instance.session
    kept = tuple(s for s in session.schemas if s.casefold() != name.text.casefold())
    context.instance.session = replace(session, schemas=kept)
    return result


def use(context: Context, statement: Use) -> Result:
    """Run a USE: from now on names without a schema are sought there first."""
    chosen: list[str] = []
    for name in statement.schemas or ():
        *_, schema = _schemas(context, name)
        if schema == TEMPORARY:
            raise BindError("the schema temp comes first in any case", context.text, name.start, name.end)
        chosen.append(schema)
    kept = tuple(dict.fromkeys(chosen))
    session = context.instance.session
    context.instance.session = replace(session, schemas=() if kept == (MAIN,) else kept)
    return status(f"the schema is {context.instance.session.schema}")


def _schemas(context: Context, name: Name) -> list[str]:
    with placed(context.text, name):
        return schemas(context.version(), context.instance.session, (*name.qualifiers, name.text))


def _check_database(context: Context, name: Name) -> None:
    """Refuse a schema of another database."""
    if name.qualifiers:
        _schemas(context, Name(MAIN, name.start, name.end, name.qualifiers))
