"""What SQLAlchemy asks of the catalog, answered by the catalog's functions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc, text
from sqlalchemy.engine import Connection, default, reflection

from rem_arrow.drivers.sqlalchemy_types import type_of_name

# Rows of a function of the catalog; temporary tables hide others, and lie in a database of their own.
_OF_SCHEMA = "SELECT * FROM {function}() WHERE schema_name = coalesce(:schema, 'main') AND {which} ORDER BY {name}"
_REFERRED_SCHEMAS = """
SELECT name, unique_schema FROM system.referential_keys
WHERE schema_name = coalesce(:schema, 'main') AND table_name = :value"""
_PERMANENT, _TEMPORARY = "database_name <> 'temp'", "database_name = 'temp'"


class Reflection(default.DefaultDialect):
    """Reads tables, columns, constraints, indexes, views, sequences and schemas."""

    # --- names

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_schema_names(self, connection: Connection, **kw: Any) -> list[str]:
        query = f"SELECT schema_name FROM duckdb_schemas() WHERE {_PERMANENT} ORDER BY schema_name"
        return list(connection.execute(text(query)).scalars())

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "duckdb_tables", "table_name", _PERMANENT, schema)

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_temp_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "duckdb_tables", "table_name", _TEMPORARY, schema)

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "duckdb_views", "view_name", f"{_PERMANENT} AND NOT internal", schema)

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_temp_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "duckdb_views", "view_name", f"{_TEMPORARY} AND NOT internal", schema)

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_sequence_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        return _names(connection, "duckdb_sequences", "sequence_name", _PERMANENT, schema)

    @reflection.cache  # type: ignore[untyped-decorator]
    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> bool:
        self._ensure_has_table_connection(connection)
        return any(_rows(connection, f"duckdb_{kind}s", f"{kind}_name", table_name, schema) for kind in _KINDS)

    @reflection.cache  # type: ignore[untyped-decorator]
    def has_sequence(self, connection: Connection, sequence_name: str, schema: str | None = None, **kw: Any) -> bool:
        return sequence_name in self.get_sequence_names(connection, schema, **kw)

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_view_definition(self, connection: Connection, view_name: str, schema: str | None = None, **kw: Any) -> str:
        rows = _rows(connection, "duckdb_views", "view_name", view_name, schema)
        if not rows:
            raise exc.NoSuchTableError(_shown(view_name, schema))
        return str(rows[0]["sql"])

    # --- tables

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_columns(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        rows = self._of_table(connection, "duckdb_columns", table_name, schema, kw)
        return [_column(row) for row in sorted(rows, key=lambda row: row["column_index"])]

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_pk_constraint(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        for row in self._constraints(connection, "PRIMARY KEY", table_name, schema, kw):
            return {"constrained_columns": row["constraint_column_names"], "name": row["constraint_name"]}
        return reflection.ReflectionDefaults.pk_constraint()

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        rows = self._constraints(connection, "FOREIGN KEY", table_name, schema, kw)
        query = text(_REFERRED_SCHEMAS)
        given = {"schema": schema, "value": table_name}
        schemas = {name: str(other) for name, other in connection.execute(query, given)} if rows else {}
        return [_foreign_key(row, schema, schemas[row["constraint_name"]]) for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_unique_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        rows = self._constraints(connection, "UNIQUE", table_name, schema, kw)
        return [{"name": row["constraint_name"], "column_names": row["constraint_column_names"]} for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_check_constraints(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        rows = self._constraints(connection, "CHECK", table_name, schema, kw)
        return [{"name": row["constraint_name"], "sqltext": row["expression"]} for row in rows]

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_indexes(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        rows = self._of_table(connection, "duckdb_indexes", table_name, schema, kw)
        return [
            {
                "name": row["index_name"],
                "column_names": row["expressions"][1:-1].split(", "),
                "unique": row["is_unique"],
            }
            for row in sorted(rows, key=lambda row: row["index_name"])
        ]

    @reflection.cache  # type: ignore[untyped-decorator]
    def get_table_comment(self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any) -> Any:
        for kind in _KINDS:
            for row in _rows(connection, f"duckdb_{kind}s", f"{kind}_name", table_name, schema):
                return {"text": row["comment"]}
        raise exc.NoSuchTableError(_shown(table_name, schema))

    def _constraints(
        self, connection: Connection, kind: str, table_name: str, schema: str | None, kw: dict[str, Any]
    ) -> list[Any]:
        rows = self._of_table(connection, "duckdb_constraints", table_name, schema, kw)
        return sorted((row for row in rows if row["constraint_type"] == kind), key=lambda row: row["constraint_name"])

    def _of_table(
        self, connection: Connection, function: str, table_name: str, schema: str | None, kw: dict[str, Any]
    ) -> list[Any]:
        rows = _rows(connection, function, "table_name", table_name, schema)
        if not rows and not self.has_table(connection, table_name, schema, **kw):
            raise exc.NoSuchTableError(_shown(table_name, schema))
        return rows


_KINDS = ("table", "view")


def _names(connection: Connection, function: str, name: str, which: str, schema: str | None) -> list[str]:
    query = _OF_SCHEMA.format(function=function, which=which, name=name)
    return [row[name] for row in connection.execute(text(query), {"schema": schema}).mappings()]


def _rows(connection: Connection, function: str, name: str, value: str, schema: str | None) -> list[Any]:
    query = text(_OF_SCHEMA.format(function=function, which=f"{name} = :value", name=name))
    rows = list(connection.execute(query, {"schema": schema, "value": value}).mappings())
    temporary = [row for row in rows if row["database_name"] == "temp"]
    return temporary or rows


def _shown(name: str, schema: str | None) -> str:
    return name if schema is None else f"{schema}.{name}"


def _column(row: Any) -> dict[str, Any]:
    column = {
        "name": row["column_name"],
        "type": type_of_name(row["data_type"]),
        "nullable": row["is_nullable"],
        "default": row["column_default"],
        "autoincrement": (row["column_default"] or "").lower().startswith("nextval("),
        "comment": row["comment"],
    }
    if row["is_generated"]:
        column["computed"] = {"sqltext": row["generation_expression"], "persisted": True}
    return column


def _foreign_key(row: Any, schema: str | None, referred: str) -> dict[str, Any]:
    # The schema is named as that of the table was, or not at all.
    other = None if referred == "main" else referred
    return {
        "name": row["constraint_name"],
        "constrained_columns": row["constraint_column_names"],
        "referred_schema": schema if referred == row["schema_name"] else other,
        "referred_table": row["referenced_table"],
        "referred_columns": row["referenced_column_names"],
        "options": {},
    }
