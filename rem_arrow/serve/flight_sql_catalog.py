"""What drivers of Flight SQL ask about a database: catalogs, schemas, tables, keys, types, abilities.

Each answer is a query over the information schema, or a list that is written here, with the columns that the protocol
says. The columns are known before the rows are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa

from rem_arrow import __version__
from rem_arrow.catalog.search_path import full_name
from rem_arrow.face.database import Database

Rows: TypeAlias = "list[tuple[Any, ...]]"

_TEXT, _INT, _BYTE, _BOOL = pa.utf8(), pa.int32(), pa.uint8(), pa.bool_()
_CATALOGS = pa.schema([pa.field("catalog_name", _TEXT, nullable=False)])
_SCHEMAS = pa.schema([pa.field("catalog_name", _TEXT), pa.field("db_schema_name", _TEXT, nullable=False)])
_TABLE_TYPES = pa.schema([pa.field("table_type", _TEXT, nullable=False)])
_PRIMARY_KEYS = pa.schema(
    [
        pa.field("catalog_name", _TEXT),
        pa.field("db_schema_name", _TEXT),
        pa.field("table_name", _TEXT, nullable=False),
        pa.field("column_name", _TEXT, nullable=False),
        pa.field("key_name", _TEXT),
        pa.field("key_sequence", _INT, nullable=False),
    ]
)
_FOREIGN_KEYS = pa.schema(
    [
        *(pa.field(f"pk_{n}", _TEXT) for n in ("catalog_name", "db_schema_name")),
        *(pa.field(f"pk_{n}", _TEXT, nullable=False) for n in ("table_name", "column_name")),
        *(pa.field(f"fk_{n}", _TEXT) for n in ("catalog_name", "db_schema_name")),
        *(pa.field(f"fk_{n}", _TEXT, nullable=False) for n in ("table_name", "column_name")),
        pa.field("key_sequence", _INT, nullable=False),
        pa.field("fk_key_name", _TEXT),
        pa.field("pk_key_name", _TEXT),
        pa.field("update_rule", _BYTE, nullable=False),
        pa.field("delete_rule", _BYTE, nullable=False),
    ]
)
_TABLES = pa.schema(
    [
        pa.field("catalog_name", _TEXT),
        pa.field("db_schema_name", _TEXT),
        pa.field("table_name", _TEXT, nullable=False),
        pa.field("table_type", _TEXT, nullable=False),
    ]
)
_DESCRIBED_TABLES = _TABLES.append(pa.field("table_schema", pa.binary(), nullable=False))
_INFO_VALUE = pa.dense_union(
    [
        pa.field("string_value", _TEXT),
        pa.field("bool_value", _BOOL),
        pa.field("bigint_value", pa.int64()),
        pa.field("int32_bitmask", _INT),
        pa.field("string_list", pa.list_(_TEXT)),
        pa.field("int32_to_int32_list_map", pa.map_(_INT, pa.list_(_INT))),
    ]
)
_INFO = pa.schema([pa.field("info_name", pa.uint32(), nullable=False), pa.field("value", _INFO_VALUE, nullable=False)])
# Name and version of the server and of Arrow; read-only; SQL; Substrait; transactions; cancellation; bulk ingest.
_SQL_TRANSACTIONS = 1
_ABILITIES: dict[int, object] = {
    0: "rem_arrow",
    1: __version__,
    2: pa.__version__,
    4: True,
    5: False,
    8: _SQL_TRANSACTIONS,
    9: True,
    10: True,
    11: True,
}
_READ_ONLY = 3
# Types of SQL: name, number of XDBC, size, what stands around a literal, whether it has a sign (None: no number).
_SQL_TYPES: tuple[tuple[str, int, int | None, str | None, bool | None], ...] = (
    ("BOOLEAN", -7, 1, None, None),
    ("TINYINT", -6, 3, None, True),
    ("BIGINT", -5, 19, None, True),
    ("BLOB", -4, None, "'", None),
    ("DECIMAL", 3, 38, None, True),
    ("INTEGER", 4, 10, None, True),
    ("SMALLINT", 5, 5, None, True),
    ("FLOAT", 7, 7, None, True),
    ("DOUBLE", 8, 15, None, True),
    ("VARCHAR", 12, None, "'", None),
    ("DATE", 91, 10, "'", None),
    ("TIME", 92, 15, "'", None),
    ("TIMESTAMP", 93, 26, "'", None),
)
_XDBC = pa.schema(
    [
        pa.field("type_name", _TEXT, nullable=False),
        pa.field("data_type", _INT, nullable=False),
        pa.field("column_size", _INT),
        pa.field("literal_prefix", _TEXT),
        pa.field("literal_suffix", _TEXT),
        pa.field("create_params", pa.list_(pa.field("item", _TEXT, nullable=False))),
        pa.field("nullable", _INT, nullable=False),
        pa.field("case_sensitive", _BOOL, nullable=False),
        pa.field("searchable", _INT, nullable=False),
        pa.field("unsigned_attribute", _BOOL),
        pa.field("fixed_prec_scale", _BOOL, nullable=False),
        pa.field("auto_increment", _BOOL),
        pa.field("local_type_name", _TEXT),
        pa.field("minimum_scale", _INT),
        pa.field("maximum_scale", _INT),
        pa.field("sql_data_type", _INT, nullable=False),
        pa.field("datetime_subcode", _INT),
        pa.field("num_prec_radix", _INT),
        pa.field("interval_precision", _INT),
    ]
)
_RULES = {"CASCADE": 0, "RESTRICT": 1, "SET NULL": 2, "NO ACTION": 3, "SET DEFAULT": 4}


def _catalogs(db: Database, command: Any) -> Rows:
    return _rows(db, "SELECT DISTINCT catalog_name FROM information_schema.schemata ORDER BY 1")


def _schemas(db: Database, command: Any) -> Rows:
    text, values = _filtered(
        "SELECT catalog_name, schema_name FROM information_schema.schemata WHERE TRUE",
        command,
        ("catalog_name = ", "catalog"),
        ("schema_name LIKE ", "db_schema_filter_pattern"),
    )
    return _rows(db, f"{text} ORDER BY 1, 2", values)


def _tables(db: Database, command: Any) -> Rows:
    text, values = _filtered(
        "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables WHERE TRUE",
        command,
        ("table_catalog = ", "catalog"),
        ("table_schema LIKE ", "db_schema_filter_pattern"),
        ("table_name LIKE ", "table_name_filter_pattern"),
    )
    rows = _rows(db, f"{text} ORDER BY 1, 2, 3", values)
    if command.table_types:
        rows = [row for row in rows if row[3] in command.table_types]
    if not command.include_schema:
        return rows
    return [(*row, db.table(full_name(row[1], row[2])).schema.serialize().to_pybytes()) for row in rows]


def _table_types(db: Database, command: Any) -> Rows:
    return [("BASE TABLE",), ("VIEW",)]


def _primary_keys(db: Database, command: Any) -> Rows:
    text, values = _filtered(
        "SELECT k.table_catalog, k.table_schema, k.table_name, k.column_name, k.constraint_name, k.ordinal_position "
        "FROM information_schema.key_column_usage k JOIN information_schema.table_constraints c "
        "USING (table_schema, table_name, constraint_name) "
        "WHERE c.constraint_type = 'PRIMARY KEY' AND k.table_name = $table",
        command,
        ("k.table_catalog = ", "catalog"),
        ("k.table_schema = ", "db_schema"),
    )
    return _rows(db, f"{text} ORDER BY 1, 2, 6", {**values, "table": command.table})


def _foreign_keys(side: str) -> Callable[[Database, Any], Rows]:
    """Return how to list the foreign keys that lead to a table (`p`), or from it (`f`)."""

    def listed(db: Database, command: Any) -> Rows:
        text, values = _filtered(
            "SELECT p.table_catalog, p.table_schema, p.table_name, p.column_name, f.table_catalog, f.table_schema, "
            "f.table_name, f.column_name, f.ordinal_position, f.constraint_name, p.constraint_name, r.update_rule, "
            "r.delete_rule FROM information_schema.referential_constraints r "
            "JOIN information_schema.key_column_usage f ON f.constraint_name = r.constraint_name "
            "AND f.constraint_schema = r.constraint_schema "
            "JOIN information_schema.key_column_usage p ON p.constraint_name = r.unique_constraint_name "
            "AND p.constraint_schema = r.unique_constraint_schema "
            f"AND p.ordinal_position = f.position_in_unique_constraint WHERE {side}.table_name = $table",
            command,
            (f"{side}.table_catalog = ", "catalog"),
            (f"{side}.table_schema = ", "db_schema"),
        )
        rows = _rows(db, f"{text} ORDER BY 1, 2, 3, 10, 9", {**values, "table": command.table})
        return [(*row[:11], *(_RULES.get(rule, 3) for rule in row[11:])) for row in rows]

    return listed


def _sql_info(db: Database, command: Any) -> Rows:
    abilities = {**_ABILITIES, _READ_ONLY: db._instance.reads_only}
    names = dict.fromkeys(command.info) if command.info else sorted(abilities)
    return [(name, abilities[name]) for name in names if name in abilities]


def _xdbc_types(db: Database, command: Any) -> Rows:
    return [
        (
            *(name, number, size, quote, quote, ["precision", "scale"] if name == "DECIMAL" else None),
            *(
                1,
                name == "VARCHAR",
                3,
                None if signed is None else not signed,
                False,
                None if signed is None else False,
            ),
            *(name, 0 if name == "DECIMAL" else None, 38 if name == "DECIMAL" else None),
            *(9 if number > 90 else number, number - 90 if number > 90 else None, None if signed is None else 10, None),
        )
        for name, number, size, quote, signed in _SQL_TYPES
        if not command.HasField("data_type") or command.data_type == number
    ]


# By command: the columns of the answer, and what computes its rows.
ANSWERS: dict[str, tuple[pa.Schema, Callable[[Database, Any], Rows]]] = {
    "CommandGetCatalogs": (_CATALOGS, _catalogs),
    "CommandGetDbSchemas": (_SCHEMAS, _schemas),
    "CommandGetTables": (_TABLES, _tables),
    "CommandGetTableTypes": (_TABLE_TYPES, _table_types),
    "CommandGetPrimaryKeys": (_PRIMARY_KEYS, _primary_keys),
    "CommandGetExportedKeys": (_FOREIGN_KEYS, _foreign_keys("p")),
    "CommandGetImportedKeys": (_FOREIGN_KEYS, _foreign_keys("f")),
    "CommandGetSqlInfo": (_INFO, _sql_info),
    "CommandGetXdbcTypeInfo": (_XDBC, _xdbc_types),
}


def columns(name: str, command: Any) -> pa.Schema:
    """Return the columns of the answer to a command."""
    if name == "CommandGetTables" and command.include_schema:
        return _DESCRIBED_TABLES
    return ANSWERS[name][0]


def answer(db: Database, name: str, command: Any) -> pa.Table:
    """Return the answer to a command of ANSWERS."""
    schema, rows = columns(name, command), ANSWERS[name][1](db, command)
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return pa.table([_array(v, f.type) for v, f in zip(values, schema, strict=True)], schema=schema)


def _filtered(text: str, command: Any, *conditions: tuple[str, str]) -> tuple[str, dict[str, object]]:
    """Return a query with the conditions whose field the command has, and their values."""
    values: dict[str, object] = {}
    for condition, field in conditions:
        if command.HasField(field):
            escape = " ESCAPE '\\'" if condition.endswith("LIKE ") else ""
            text += f" AND {condition}${field}{escape}"
            values[field] = getattr(command, field)
    return text, values


def _rows(db: Database, text: str, values: dict[str, object] | None = None) -> Rows:
    return db.sql(text, values).rows()


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    return _info_values(values) if dtype == _INFO_VALUE else pa.array(values, dtype)


def _info_values(values: list[object]) -> pa.Array:
    """Return texts, flags and bit masks as one column, which pyarrow does not make by itself."""
    kinds, places, texts, flags, masks = [], [], list[str](), list[bool](), list[int]()
    for value in values:
        kind, column = (0, texts) if isinstance(value, str) else (1, flags) if isinstance(value, bool) else (3, masks)
        kinds.append(kind)
        places.append(len(column))
        column.append(value)  # type: ignore[arg-type]
    given = {0: texts, 1: flags, 3: masks}
    children = [pa.array(given.get(place, []), field.type) for place, field in enumerate(_INFO_VALUE)]
    return pa.UnionArray.from_dense(
        pa.array(kinds, pa.int8()), pa.array(places, _INT), children, [f.name for f in _INFO_VALUE]
    )
