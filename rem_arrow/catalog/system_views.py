"""The views that every database has: the SELECT of each name. A table, view or frame of that name hides it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.base.quoting import identifier, literal
from rem_arrow.base.schema import Table
from rem_arrow.catalog import system_tables
from rem_arrow.catalog.standard_views import standard_view, table_info
from rem_arrow.storage.version import Version

NAMES = ("all_entities",)
SCHEMAS = ("information_schema", "pg_catalog", "system")
# Before the full name of a table, the view of its columns.
_INFO = "\0table_info "


def system_view(version: Version, name: str) -> str | None:
    """Return the SELECT of a system view by its full name; None if there is no view of that name."""
    if name.casefold() == "all_entities":
        return all_entities(version)
    return table_info(name[len(_INFO) :]) if name.startswith(_INFO) else standard_view(name.casefold())


def system_name(qualifiers: Sequence[str], name: str) -> str | None:
    """Return the full name of what the system shows under a name, or None: `information_schema.tables`, `pg_class`,
    `duckdb_tables`."""
    folded = name.casefold()
    schemas = (qualifiers[-1].casefold(),) if qualifiers else ("system", "pg_catalog")
    for schema in schemas:
        full = f"{schema}.{folded}"
        if (schema == "system" and folded in system_tables.NAMES) or standard_view(full) is not None:
            return full
    return None


def described(full: str) -> str:
    """Return the full name of the view that shows the columns of a table or view."""
    return f"{_INFO}{full}"


def all_entities(version: Version) -> str:
    """Return the SELECT of every entity of every table: table, id, name, created_at, modified_at."""
    return "\nUNION ALL\n".join(_entities_of(tv.table) for tv in version if tv.table.kind == "entity")


def _entities_of(table: Table) -> str:
    names = dict.fromkeys(["name", *table.name_fields]) if "name" in table.names else dict.fromkeys(table.name_fields)
    texts = [identifier(n) for n in names if isinstance(table.field(n).dtype, pl.String)]
    name = "CAST(NULL AS VARCHAR)" if not texts else texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
    columns = f'{literal(table.name)} AS "table", id, {name} AS "name", created_at, modified_at'
    return f"SELECT {columns} FROM {identifier(table.name)}"
