"""What the catalog holds, as tables: duckdb_tables, duckdb_columns and the others, with DuckDB's columns.

They are made from one version when a query reads them. The views of information_schema and pg_catalog read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.logical_types import is_collated
from rem_arrow.base.quoting import literal, readable
from rem_arrow.base.schema import MAIN, TEMPORARY, Field, Table
from rem_arrow.base.session_state import SessionState
from rem_arrow.catalog import function_tables, session_tables
from rem_arrow.catalog.constraint_texts import constraint_sql, listed
from rem_arrow.catalog.shown_database import MAIN_OIDS, TAGS, Columns, Rows, ShownDatabase
from rem_arrow.catalog.sql_types import PRECISIONS, TYPE_OIDS
from rem_arrow.storage.sequences import KIND, SequenceOptions, latest_number
from rem_arrow.storage.version import Version

_TEXT, _INT, _BOOL, _TEXTS = pl.String(), pl.Int64(), pl.Boolean(), pl.List(pl.String())
# The SQL of a schema, and the schema that it is in.
_NO_PARENT = (None, None, None)


def system_table(name: str, version: Version, temporary: Version | None, session: SessionState) -> pl.DataFrame:
    """Return the rows of one of `NAMES`."""
    if name in session_tables.TABLES:
        columns, listed_rows = session_tables.TABLES[name]
        return pl.DataFrame(listed_rows(session), schema=columns, orient="row")
    databases = [ShownDatabase(session.database, version, is_temporary=False)]
    if temporary is not None:
        databases.append(ShownDatabase(TEMPORARY, temporary, is_temporary=True))
    columns, rows = _TABLES[name]
    return pl.DataFrame([row for d in databases for row in rows(d)], schema=columns, orient="row")


def type_name(field: Field) -> str:
    """Return the SQL name of the type of a column."""
    return "JSON" if field.encoding == "json" else sql_name(field.dtype)


def default_text(field: Field) -> str | None:
    """Return the default of a column as SQL."""
    if field.default_sql is not None:
        return None if field.default_sql == "NULL" else field.default_sql
    if field.default is None:
        return None
    return literal(field.default) if isinstance(field.default, str) else str(field.default).lower()


def _placed(kind: str) -> Columns:
    return {
        "database_name": _TEXT,
        "database_oid": _INT,
        "schema_name": _TEXT,
        "schema_oid": _INT,
        f"{kind}_name": _TEXT,
        f"{kind}_oid": _INT,
    }


def _tables(database: ShownDatabase) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        table = tv.table
        size = 0 if tv.damage else tv.rows
        checks = sum(c.kind == "CHECK" for c in table.constraints)
        # A FOREIGN KEY has an index of its own in DuckDB.
        keys = sum(not key.index for key in table.keys) + sum(c.references is not None for c in table.constraints)
        indexes = len(table.named_indexes) + keys
        counts = (size, len(table.fields), indexes, checks)
        about: tuple[Any, ...] = (
            table.description or None,
            [],
            False,
            database.is_temporary,
            any(c.kind == "PRIMARY KEY" for c in listed(database.version, table)),
        )
        rows.append((*database.place(table), *about, *counts, _create_table(database, table)))
    return rows


def _create_table(database: ShownDatabase, table: Table) -> str:
    columns = []
    for field in table.fields:
        default = default_text(field)
        collation = f" COLLATE {field.dtype.collation.lower()}" if is_collated(field.dtype) else ""
        text = f"{readable(field.name)} {type_name(field)}{collation}" + (
            "" if default is None else f" DEFAULT({default})"
        )
        generated = f" GENERATED ALWAYS AS ({field.generated})" if field.generated else ""
        columns.append(text + generated + ("" if field.nullable else " NOT NULL"))
    columns += constraint_sql(database.version, table)
    return f"CREATE {'TEMP ' if database.is_temporary else ''}TABLE {database.shown(table)}({', '.join(columns)});"


def _columns(database: ShownDatabase) -> Rows:
    rows = []
    for tv in database.tables():
        for place, field in enumerate(tv.table.fields, 1):
            kind = type_name(field)
            nullable = tv.table.kind == "view" or field.nullable
            rows.append(
                (
                    *database.place(tv.table),
                    *(field.name, place, field.description or None, False, default_text(field), nullable, kind),
                    *(TYPE_OIDS.get(kind.partition("(")[0], TYPE_OIDS["LIST"]), None, *_precision(field, kind)),
                    *([], bool(field.generated), field.generated or None),
                )
            )
    return rows


def _precision(field: Field, kind: str) -> tuple[int | None, int | None, int | None]:
    """Return the digits of a number, their base, and those after the point."""
    if isinstance(field.dtype, pl.Decimal):
        return field.dtype.precision, 10, field.dtype.scale
    bits = PRECISIONS.get(kind.removeprefix("U") if kind != "UUID" else kind)
    return (None, None, None) if bits is None else (bits, 2, 0)


def _views(database: ShownDatabase) -> Rows:
    return [
        (
            *database.place(tv.table),
            *(tv.table.description or None, [], False, database.is_temporary, len(tv.table.fields)),
            *(f"CREATE VIEW {database.shown(tv.table)} AS {str(tv.table.model).strip()};", True),
        )
        for tv in database.tables(views=True)
    ]


def _schemas(database: ShownDatabase) -> Rows:
    main: tuple[Any, ...] = (
        MAIN_OIDS[database.is_temporary],
        database.name,
        database.oid,
        MAIN,
        None,
        [],
        True,
        *_NO_PARENT,
    )
    users: Rows = [
        (database.number(s), database.name, database.oid, s.name, s.description or None, [], False, *_NO_PARENT)
        for s in database.version.entries("schema")
    ]
    return [main, *users]


def _databases(database: ShownDatabase) -> Rows:
    path = None if database.is_temporary else database.version.kv.path
    return [
        (
            *(database.name, database.oid, None if path is None else str(path), None, [], database.is_temporary),
            *("rem_arrow", False, False, None, []),
        )
    ]


def _indexes(database: ShownDatabase) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        name, oid, schema, schema_oid, table, number = database.place(tv.table)
        unique = {c.name for c in tv.table.constraints if c.index}
        for index, columns in tv.table.named_indexes:
            is_unique = index in unique
            names = ", ".join(map(readable, columns))
            kind = "UNIQUE INDEX" if is_unique else "INDEX"
            text = f"CREATE {kind} {readable(index)} ON {database.shown(tv.table)}({names});"
            about: tuple[Any, ...] = (table, number, None, [], is_unique, False, f"[{', '.join(columns)}]", text)
            rows.append((name, oid, schema, schema_oid, index, number, *about))
    return rows


def _constraints(database: ShownDatabase) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        place, table = database.place(tv.table), tv.table
        for index, c in enumerate(listed(database.version, table)):
            places, names = [table.names.index(n) for n in c.columns], list(c.columns)
            parent = None if c.parent is None else database.own(c.parent)
            referred = [] if c.referred is None else list(c.referred.columns)
            rows.append((*place, index, c.kind, c.text, c.condition, places, names, c.name, parent, referred))
    return rows


def _references(database: ShownDatabase) -> Rows:
    """Return the names of each FOREIGN KEY and of the key that it refers to, with their schemas."""
    rows = []
    for tv in database.tables(views=False):
        for c in listed(database.version, tv.table):
            if c.parent is not None and c.referred is not None:
                own, other = database.schema(tv.table)[0], database.schema(c.parent)[0]
                rows.append((database.name, own, database.own(tv.table), c.name, other, c.referred.name))
    return rows


def _sequences(database: ShownDatabase) -> Rows:
    rows: Rows = []
    for entry in database.version.entries(KIND):
        o, latest = SequenceOptions.from_json(entry.model), latest_number(database.version.kv, entry)
        about = (o.start, o.least, o.most, o.step, o.cycle, latest, o.sql(database.shown(entry), latest))
        rows.append((*database.place(entry), None, [], database.is_temporary, *about))
    return rows


_TABLES: dict[str, tuple[Columns, Callable[[ShownDatabase], Rows]]] = {
    "duckdb_tables": (
        {
            **_placed("table"),
            **{"comment": _TEXT, "tags": TAGS, "internal": _BOOL, "temporary": _BOOL, "has_primary_key": _BOOL},
            **dict.fromkeys(("estimated_size", "column_count", "index_count", "check_constraint_count"), _INT),
            "sql": _TEXT,
        },
        _tables,
    ),
    "duckdb_columns": (
        {
            **_placed("table"),
            **{"column_name": _TEXT, "column_index": pl.Int32(), "comment": _TEXT, "internal": _BOOL},
            **{"column_default": _TEXT, "is_nullable": _BOOL, "data_type": _TEXT, "data_type_id": _INT},
            **dict.fromkeys(("character_maximum_length", "numeric_precision"), pl.Int32()),
            **dict.fromkeys(("numeric_precision_radix", "numeric_scale"), pl.Int32()),
            **{"tags": TAGS, "is_generated": _BOOL, "generation_expression": _TEXT},
        },
        _columns,
    ),
    "duckdb_views": (
        {
            **_placed("view"),
            **{"comment": _TEXT, "tags": TAGS, "internal": _BOOL, "temporary": _BOOL, "column_count": _INT},
            **{"sql": _TEXT, "is_bound": _BOOL},
        },
        _views,
    ),
    "duckdb_schemas": (
        {
            **{"oid": _INT, "database_name": _TEXT, "database_oid": _INT, "schema_name": _TEXT, "comment": _TEXT},
            **{"tags": TAGS, "internal": _BOOL, "sql": _TEXT, "parent_schema": _TEXT, "parent_schema_oid": _INT},
        },
        _schemas,
    ),
    "duckdb_databases": (
        {
            **{"database_name": _TEXT, "database_oid": _INT, "path": _TEXT, "comment": _TEXT, "tags": TAGS},
            **{"internal": _BOOL, "type": _TEXT, "readonly": _BOOL, "encrypted": _BOOL, "cipher": _TEXT},
            **{"options": TAGS},
        },
        _databases,
    ),
    "duckdb_indexes": (
        {
            **_placed("index"),
            **{"table_name": _TEXT, "table_oid": _INT, "comment": _TEXT, "tags": TAGS, "is_unique": _BOOL},
            **{"is_primary": _BOOL, "expressions": _TEXT, "sql": _TEXT},
        },
        _indexes,
    ),
    "duckdb_constraints": (
        {
            **_placed("table"),
            **{"constraint_index": _INT, "constraint_type": _TEXT, "constraint_text": _TEXT, "expression": _TEXT},
            **{"constraint_column_indexes": pl.List(pl.Int64), "constraint_column_names": _TEXTS},
            **{"constraint_name": _TEXT, "referenced_table": _TEXT, "referenced_column_names": _TEXTS},
        },
        _constraints,
    ),
    "referential_keys": (
        dict.fromkeys(("database_name", "schema_name", "table_name", "name", "unique_schema", "unique_name"), _TEXT),
        _references,
    ),
    "duckdb_sequences": (
        {
            **_placed("sequence"),
            **{"comment": _TEXT, "tags": TAGS, "temporary": _BOOL, "start_value": _INT, "min_value": _INT},
            **{"max_value": _INT, "increment_by": _INT, "cycle": _BOOL, "last_value": _INT, "sql": _TEXT},
        },
        _sequences,
    ),
    **function_tables.TABLES,
}
NAMES = frozenset({*_TABLES, *session_tables.TABLES})
