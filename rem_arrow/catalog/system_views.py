"""The views that every database has: the SELECT of each name. A table, view or frame of that name hides it."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.quoting import identifier, literal
from rem_arrow.base.schema import Table
from rem_arrow.storage.version import Version

NAMES = ("all_entities",)


def system_view(version: Version, name: str) -> str | None:
    """Return the SELECT of a system view; None if there is no view of that name."""
    return all_entities(version) if name.casefold() == "all_entities" else None


def all_entities(version: Version) -> str:
    """Return the SELECT of every entity of every table: table, id, name, created_at, modified_at."""
    return "\nUNION ALL\n".join(_entities_of(tv.table) for tv in version if tv.table.kind == "entity")


def _entities_of(table: Table) -> str:
    names = dict.fromkeys(["name", *table.name_fields]) if "name" in table.names else dict.fromkeys(table.name_fields)
    texts = [identifier(n) for n in names if isinstance(table.field(n).dtype, pl.String)]
    name = "CAST(NULL AS VARCHAR)" if not texts else texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
    columns = f'{literal(table.name)} AS "table", id, {name} AS "name", created_at, modified_at'
    return f"SELECT {columns} FROM {identifier(table.name)}"
