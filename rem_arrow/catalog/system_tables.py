"""What the catalog holds, as tables: duckdb_tables, duckdb_columns and the others, with DuckDB's columns.

They are made from one version when a query reads them. The views of information_schema and pg_catalog read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.logical_types import is_collated
from rem_arrow.base.macro import KINDS, overloads_from_json
from rem_arrow.base.quoting import literal, readable
from rem_arrow.base.schema import MAIN, TEMPORARY, Field, Table
from rem_arrow.base.session_state import SessionState
from rem_arrow.catalog.constraint_texts import constraint_sql, listed
from rem_arrow.catalog.search_path import own_name, schema_of
from rem_arrow.catalog.sql_types import PRECISIONS, TYPE_OIDS, TYPES
from rem_arrow.plan import functions
from rem_arrow.storage.sequences import KIND, SequenceOptions, latest_number
from rem_arrow.storage.version import TableVersion, Version

Columns: TypeAlias = "dict[str, Any]"
Rows: TypeAlias = "list[tuple[Any, ...]]"

_TEXT, _INT, _BOOL, _TEXTS = pl.String(), pl.Int64(), pl.Boolean(), pl.List(pl.String())
_TAGS = pl.List(pl.Struct({"key": pl.String(), "value": pl.String()}))
# Added to the numbers of tables: smaller ones are those of databases and of the schema main.
_FIRST_OID, _TEMPORARY_OIDS = 1_000, 1_000_000
_DATABASE_OIDS = (1, 2)
_MAIN_OIDS = (3, 4)


@dataclass(frozen=True, slots=True)
class _Database:
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
        return name, _MAIN_OIDS[self.is_temporary] if entry is None else self.number(entry)

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


def system_table(
    name: str, version: Version, temporary: Version | None, session: SessionState, settings: Sequence[tuple[str, ...]]
) -> pl.DataFrame:
    """Return the rows of one of `NAMES`."""
    databases = [_Database(session.database, version, is_temporary=False)]
    if temporary is not None:
        databases.append(_Database(TEMPORARY, temporary, is_temporary=True))
    if name == "duckdb_settings":
        return pl.DataFrame([(*s, "GLOBAL") for s in settings], schema=_SETTINGS, orient="row")
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


def _tables(database: _Database) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        table = tv.table
        size = 0 if tv.damage else tv.rows
        checks = sum(c.kind == "CHECK" for c in table.constraints)
        counts = (size, len(table.fields), len(table.named_indexes) + sum(not key.index for key in table.keys), checks)
        about: tuple[Any, ...] = (
            table.description or None,
            [],
            False,
            database.is_temporary,
            any(c.kind == "PRIMARY KEY" for c in listed(database.version, table)),
        )
        rows.append((*database.place(table), *about, *counts, _create_table(database, table)))
    return rows


def _create_table(database: _Database, table: Table) -> str:
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
    return f"CREATE {'TEMP ' if database.is_temporary else ''}TABLE {_shown(database, table)}({', '.join(columns)});"


def _shown(database: _Database, table: Table) -> str:
    schema, _ = database.schema(table)
    own = readable(database.own(table))
    return own if schema == MAIN else f"{readable(schema)}.{own}"


def _columns(database: _Database) -> Rows:
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


def _views(database: _Database) -> Rows:
    return [
        (
            *database.place(tv.table),
            *(tv.table.description or None, [], False, database.is_temporary, len(tv.table.fields)),
            *(f"CREATE VIEW {_shown(database, tv.table)} AS {str(tv.table.model).strip()};", True),
        )
        for tv in database.tables(views=True)
    ]


def _schemas(database: _Database) -> Rows:
    main: tuple[Any, ...] = (_MAIN_OIDS[database.is_temporary], database.name, database.oid, MAIN, None, [], True, None)
    users: Rows = [
        (database.number(s), database.name, database.oid, s.name, s.description or None, [], False, None)
        for s in database.version.entries("schema")
    ]
    return [main, *users]


def _databases(database: _Database) -> Rows:
    path = None if database.is_temporary else database.version.kv.path
    return [
        (
            *(database.name, database.oid, None if path is None else str(path), None, [], database.is_temporary),
            *("rem_arrow", False, False),
        )
    ]


def _indexes(database: _Database) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        name, oid, schema, schema_oid, table, number = database.place(tv.table)
        unique = {c.name for c in tv.table.constraints if c.index}
        for index, columns in tv.table.named_indexes:
            is_unique = index in unique
            names = ", ".join(map(readable, columns))
            kind = "UNIQUE INDEX" if is_unique else "INDEX"
            text = f"CREATE {kind} {readable(index)} ON {_shown(database, tv.table)}({names});"
            about: tuple[Any, ...] = (table, number, None, [], is_unique, False, f"[{', '.join(columns)}]", text)
            rows.append((name, oid, schema, schema_oid, index, number, *about))
    return rows


def _constraints(database: _Database) -> Rows:
    rows = []
    for tv in database.tables(views=False):
        place, table = database.place(tv.table), tv.table
        for index, c in enumerate(listed(database.version, table)):
            places, names = [table.names.index(n) for n in c.columns], list(c.columns)
            parent = None if c.parent is None else database.own(c.parent)
            referred = [] if c.referred is None else list(c.referred.columns)
            rows.append((*place, index, c.kind, c.text, c.condition, places, names, c.name, parent, referred))
    return rows


def _references(database: _Database) -> Rows:
    """Return the names of each FOREIGN KEY and of the key that it refers to, with their schemas."""
    rows = []
    for tv in database.tables(views=False):
        for c in listed(database.version, tv.table):
            if c.parent is not None and c.referred is not None:
                own, other = database.schema(tv.table)[0], database.schema(c.parent)[0]
                rows.append((database.name, own, database.own(tv.table), c.name, other, c.referred.name))
    return rows


def _sequences(database: _Database) -> Rows:
    rows: Rows = []
    for entry in database.version.entries(KIND):
        o, latest = SequenceOptions.from_json(entry.model), latest_number(database.version.kv, entry)
        about = (o.start, o.least, o.most, o.step, o.cycle, latest, o.sql(_shown(database, entry), latest))
        rows.append((*database.place(entry), None, [], database.is_temporary, *about))
    return rows


def _functions(database: _Database) -> Rows:
    rows: Rows = []
    if not database.is_temporary:
        known = {**dict.fromkeys(functions.SCALAR, "scalar"), **dict.fromkeys(functions.AGGREGATES, "aggregate")}
        rows += [(database.name, MAIN, n, None, k, None, [], None, True) for n, k in known.items() if n[0].isalpha()]
        for alias, name in functions.ALIASES.items():
            kind = "aggregate" if name in functions.AGGREGATES else "scalar"
            rows.append((database.name, MAIN, alias, name, kind, None, [], None, True))
    for kind in KINDS:
        for entry in database.version.entries(kind):
            shown = kind.replace(" ", "_")
            schema, _ = database.schema(entry)
            for overload in overloads_from_json(entry.model):
                names = [p.name for p in overload.parameters]
                rows.append(
                    (database.name, schema, database.own(entry), None, shown, None, names, overload.text, False)
                )
    return rows


def _types(database: _Database) -> Rows:
    if database.is_temporary:
        return []
    place = (database.name, database.oid, MAIN, _MAIN_OIDS[0])
    return [(*place, oid, name.lower(), size, name, group, True) for name, _, oid, size, group in TYPES]


def _pg_types(database: _Database) -> Rows:
    if database.is_temporary:
        return []
    groups = {"NUMERIC": "N", "STRING": "S", "DATETIME": "D", "BOOLEAN": "B", "COMPOSITE": "C", None: "X"}
    return [(oid, name, _MAIN_OIDS[0], size, groups[group]) for _, name, oid, size, group in TYPES]


_SETTINGS: Columns = dict.fromkeys(("name", "value", "description", "input_type", "scope"), _TEXT)
_TABLES: dict[str, tuple[Columns, Callable[[_Database], Rows]]] = {
    "duckdb_tables": (
        {
            **_placed("table"),
            **{"comment": _TEXT, "tags": _TAGS, "internal": _BOOL, "temporary": _BOOL, "has_primary_key": _BOOL},
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
            **{"tags": _TAGS, "is_generated": _BOOL, "generation_expression": _TEXT},
        },
        _columns,
    ),
    "duckdb_views": (
        {
            **_placed("view"),
            **{"comment": _TEXT, "tags": _TAGS, "internal": _BOOL, "temporary": _BOOL, "column_count": _INT},
            **{"sql": _TEXT, "is_bound": _BOOL},
        },
        _views,
    ),
    "duckdb_schemas": (
        {
            **{"oid": _INT, "database_name": _TEXT, "database_oid": _INT, "schema_name": _TEXT, "comment": _TEXT},
            **{"tags": _TAGS, "internal": _BOOL, "sql": _TEXT},
        },
        _schemas,
    ),
    "duckdb_databases": (
        {
            **{"database_name": _TEXT, "database_oid": _INT, "path": _TEXT, "comment": _TEXT, "tags": _TAGS},
            **{"internal": _BOOL, "type": _TEXT, "readonly": _BOOL, "encrypted": _BOOL},
        },
        _databases,
    ),
    "duckdb_indexes": (
        {
            **_placed("index"),
            **{"table_name": _TEXT, "table_oid": _INT, "comment": _TEXT, "tags": _TAGS, "is_unique": _BOOL},
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
            **{"comment": _TEXT, "tags": _TAGS, "temporary": _BOOL, "start_value": _INT, "min_value": _INT},
            **{"max_value": _INT, "increment_by": _INT, "cycle": _BOOL, "last_value": _INT, "sql": _TEXT},
        },
        _sequences,
    ),
    "duckdb_functions": (
        {
            **dict.fromkeys(("database_name", "schema_name", "function_name", "alias_of", "function_type"), _TEXT),
            **{"description": _TEXT, "parameters": _TEXTS, "macro_definition": _TEXT, "internal": _BOOL},
        },
        _functions,
    ),
    "duckdb_types": (
        {
            **{"database_name": _TEXT, "database_oid": _INT, "schema_name": _TEXT, "schema_oid": _INT},
            **{"type_oid": _INT, "type_name": _TEXT, "type_size": _INT, "logical_type": _TEXT},
            **{"type_category": _TEXT, "internal": _BOOL},
        },
        _types,
    ),
    "pg_types": (
        {"oid": _INT, "typname": _TEXT, "typnamespace": _INT, "typlen": _INT, "typcategory": _TEXT},
        _pg_types,
    ),
}
NAMES = frozenset({*_TABLES, "duckdb_settings"})
