"""duckdb_functions and duckdb_types: what may be called, and of which types columns are."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.datatypes import from_json, sql_name
from rem_arrow.base.macro import KINDS, overloads_from_json
from rem_arrow.base.schema import MAIN
from rem_arrow.catalog.shown_database import MAIN_OIDS, TAGS, Columns, Rows, ShownDatabase
from rem_arrow.catalog.sql_types import TYPES
from rem_arrow.plan import functions

_TEXT, _INT, _BOOL, _TEXTS = pl.String(), pl.Int64(), pl.Boolean(), pl.List(pl.String())
# Functions in FROM.
_TABLE_FUNCTIONS = (
    "generate_series", "glob", "json_each", "json_tree", "range", "read_blob", "read_csv", "read_json", "read_ndjson",
    "read_parquet", "read_text", "repeat", "repeat_row", "unnest"
)  # fmt: skip
# What an argument of a kind is, by its name in plan/signature.py.
_ARGUMENTS = {
    "text": "VARCHAR", "shown": "ANY", "any": "ANY", "same": "ANY", "float": "DOUBLE", "integer": "BIGINT",
    "boolean": "BOOLEAN", "stamp": "TIMESTAMP", "interval": "INTERVAL", "blob": "BLOB", "bytes": "BLOB",
    "uuid": "UUID", "json": "JSON", "list": "ANY[]", "numbers": "DOUBLE[]", "conditions": "BOOLEAN[]",
    "formats": "VARCHAR",
}  # fmt: skip


def _functions(database: ShownDatabase) -> Rows:
    rows: Rows = []
    if not database.is_temporary:
        names = {**dict.fromkeys(functions.SCALAR, "scalar"), **dict.fromkeys(functions.AGGREGATES, "aggregate")}
        names |= {alias: names[name] for alias, name in functions.ALIASES.items() if name in names}
        rows += [_function(database, name, kind) for name, kind in names.items() if name[0].isalpha()]
        rows += [_row(database, name, "table", []) for name in _TABLE_FUNCTIONS]
    for kind in KINDS:
        for entry in database.version.entries(kind):
            schema, _ = database.schema(entry)
            for overload in overloads_from_json(entry.model):
                named = [p.name for p in overload.parameters]
                own, shown = database.own(entry), kind.replace(" ", "_")
                rows.append(_row(database, own, shown, named, schema=schema, text=overload.text))
    return rows


def _function(database: ShownDatabase, name: str, kind: str) -> tuple[object, ...]:
    canonical = functions.ALIASES.get(name, name)
    scalar = functions.SCALAR.get(canonical)
    result = scalar.result if scalar is not None and isinstance(scalar.result, pl.DataType) else None
    arguments = functions.AGGREGATES[canonical].args if scalar is None else scalar.args
    types = [_ARGUMENTS.get(argument, "ANY") for argument in arguments]
    return _row(
        database,
        name,
        kind,
        [f"col{i}" for i in range(len(types))],
        alias_of=None if canonical == name else canonical,
        returned="ANY" if result is None else sql_name(result),
        types=types,
        varargs=types[-1] if scalar is not None and scalar.variadic else None,
        volatile=scalar is not None and scalar.volatile,
    )


def _row(
    database: ShownDatabase,
    name: str,
    kind: str,
    parameters: list[str],
    *,
    schema: str = MAIN,
    alias_of: str | None = None,
    returned: str | None = None,
    types: list[str] | None = None,
    varargs: str | None = None,
    text: str | None = None,
    volatile: bool | None = None,
) -> tuple[object, ...]:
    """Return the row of a function; `text` is what a macro of the user's stands for."""
    stability = None if volatile is None else "VOLATILE" if volatile else "CONSISTENT"
    arguments = [None] * len(parameters) if types is None else types
    return (
        *(database.name, str(database.oid), schema, name, alias_of, kind, None, None, [], returned),
        *(parameters, arguments, varargs, text, volatile, text is None, None, None, [], stability, []),
    )


def _types(database: ShownDatabase) -> Rows:
    rows: Rows = []
    if not database.is_temporary:
        place = (database.name, database.oid, MAIN, MAIN_OIDS[0])
        for name, alias, oid, size, group in TYPES:
            for shown in dict.fromkeys((name.lower(), alias)):
                rows.append((*place, oid, shown, size, name, group, None, [], True, None, [], [], [], None))
    for entry in database.version.entries("type"):
        dtype = from_json(entry.model)
        labels = dtype.categories.to_list() if isinstance(dtype, pl.Enum) else []
        kind = "ENUM" if isinstance(dtype, pl.Enum) else sql_name(dtype).partition("(")[0]
        group = next((g for name, _, _, _, g in TYPES if name == kind), None)
        schema = database.schema(entry)
        named = (database.name, database.oid, *schema, database.number(entry), database.own(entry))
        rows.append((*named, None, kind, group, None, [], False, None, labels, [], [], None))
    return rows


def _pg_types(database: ShownDatabase) -> Rows:
    if database.is_temporary:
        return []
    groups = {"NUMERIC": "N", "STRING": "S", "DATETIME": "D", "BOOLEAN": "B", "COMPOSITE": "C", None: "X"}
    return [(oid, name, MAIN_OIDS[0], size, groups[group]) for _, name, oid, size, group in TYPES]


TABLES: dict[str, tuple[Columns, Callable[[ShownDatabase], Rows]]] = {
    "duckdb_functions": (
        {
            **dict.fromkeys(("database_name", "database_oid", "schema_name", "function_name", "alias_of"), _TEXT),
            **{"function_type": _TEXT, "description": _TEXT, "comment": _TEXT, "tags": TAGS, "return_type": _TEXT},
            **{"parameters": _TEXTS, "parameter_types": _TEXTS, "varargs": _TEXT, "macro_definition": _TEXT},
            **{"has_side_effects": _BOOL, "internal": _BOOL, "extension_name": _TEXT, "function_oid": _INT},
            **{"examples": _TEXTS, "stability": _TEXT, "categories": _TEXTS},
        },
        _functions,
    ),
    "duckdb_types": (
        {
            **{"database_name": _TEXT, "database_oid": _INT, "schema_name": _TEXT, "schema_oid": _INT},
            **{"type_oid": _INT, "type_name": _TEXT, "type_size": _INT, "logical_type": _TEXT},
            **{"type_category": _TEXT, "comment": _TEXT, "tags": TAGS, "internal": _BOOL, "extension_name": _TEXT},
            **{"labels": _TEXTS, "parameters": _TEXTS, "parameter_types": _TEXTS, "varargs": _TEXT},
        },
        _types,
    ),
    "pg_types": (
        {"oid": _INT, "typname": _TEXT, "typnamespace": _INT, "typlen": _INT, "typcategory": _TEXT},
        _pg_types,
    ),
}
