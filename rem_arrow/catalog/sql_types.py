"""The types of SQL as the catalog shows them: name, name and number in PostgreSQL, bytes and kind."""

from __future__ import annotations

# Bits and base of numbers.
PRECISIONS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128, "FLOAT": 24, "DOUBLE": 53}
TYPES = (
    ("BOOLEAN", "bool", 16, 1, "BOOLEAN"),
    ("TINYINT", "int1", 10, 1, "NUMERIC"),
    ("SMALLINT", "int2", 21, 2, "NUMERIC"),
    ("INTEGER", "int4", 23, 4, "NUMERIC"),
    ("BIGINT", "int8", 20, 8, "NUMERIC"),
    ("HUGEINT", "int128", 50, 16, "NUMERIC"),
    ("UTINYINT", "uint8", 28, 1, "NUMERIC"),
    ("USMALLINT", "uint16", 29, 2, "NUMERIC"),
    ("UINTEGER", "uint32", 30, 4, "NUMERIC"),
    ("UBIGINT", "uint64", 31, 8, "NUMERIC"),
    ("FLOAT", "float4", 700, 4, "NUMERIC"),
    ("DOUBLE", "float8", 701, 8, "NUMERIC"),
    ("DECIMAL", "numeric", 1700, 16, "NUMERIC"),
    ("VARCHAR", "varchar", 1043, 16, "STRING"),
    ("BLOB", "bytea", 17, 16, None),
    ("DATE", "date", 1082, 4, "DATETIME"),
    ("TIME", "time", 1083, 8, "DATETIME"),
    ("TIMESTAMP", "timestamp", 1114, 8, "DATETIME"),
    ("TIMESTAMP WITH TIME ZONE", "timestamptz", 1184, 8, "DATETIME"),
    ("INTERVAL", "interval", 1186, 16, "DATETIME"),
    ("UUID", "uuid", 2950, 16, None),
    ("JSON", "json", 114, 16, "STRING"),
    ("LIST", "list", 2277, 16, "COMPOSITE"),
    ("STRUCT", "struct", 2249, 0, "COMPOSITE"),
    ("MAP", "map", 2287, 16, "COMPOSITE"),
    ("ENUM", "enum", 3500, 0, None),
)
TYPE_OIDS = {name: oid for name, _, oid, _, _ in TYPES}
