"""A database as the system tables show it: its tables and views with the names and numbers that they bear there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from rem_arrow.base.quoting import readable
from rem_arrow.base.schema import MAIN, Table
from rem_arrow.catalog.search_path import own_name, schema_of
from rem_arrow.storage.version import TableVersion, Version

Columns: TypeAlias = "dict[str, Any]"
Rows: TypeAlias = "list[tuple[Any, ...]]"

TAGS = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
# Added to the numbers of tables: smaller ones are those of databases and of the schema main.
_FIRST_OID, _TEMPORARY_OIDS = 1_000, 1_000_000
_DATABASE_OIDS = (1, 2)
MAIN_OIDS = (3, 4)


@dataclass(frozen=True, slots=True)
class ShownDatabase:
    """The database, or the temporary tables of a handle."""

    name: str
    version: Version
    is_temporary: bool

    @property
    def oid(self) -> int:
        return _DATABASE_OIDS[self.is_temporary]

    def schema(self, table: Table) -> tuple[str, int]:
        """Return the name and the number of the schema of a table."""
        name = schema_of(self.version, table.name)
        entry = self.version.entry("schema", name)
        return name, MAIN_OIDS[self.is_temporary] if entry is None else self.number(entry)

    def number(self, table: Table) -> int:
        return table.number + (_TEMPORARY_OIDS if self.is_temporary else _FIRST_OID)

    def own(self, table: Table) -> str:
        return own_name(self.version, table.name)

    def tables(self, *, views: bool | None = None) -> Iterator[TableVersion]:
        """Yield tables, or views, or both."""
        for tv in sorted(self.version, key=lambda tv: tv.table.name):
            if views is None or (tv.table.kind == "view") == views:
                yield tv

    def place(self, table: Table) -> tuple[Any, ...]:
        """Return the columns with which most of the tables begin: the database, the schema and the table."""
        return (self.name, self.oid, *self.schema(table), self.own(table), self.number(table))

    def shown(self, table: Table) -> str:
        """Return the name of a table in SQL, with its schema where that is not main."""
        schema, _ = self.schema(table)
        own = readable(self.own(table))
        return own if schema == MAIN else f"{readable(schema)}.{own}"
