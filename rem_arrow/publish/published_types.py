"""How our types are published: the rules by which Spark, Delta and Parquet hold them, and the way back.

    ours                                   Spark                     held as
    BOOLEAN                                BOOLEAN
    TINYINT, SMALLINT, INTEGER, BIGINT     the same
    UTINYINT, USMALLINT, UINTEGER          SMALLINT, INT, BIGINT     the next wider one with a sign
    UBIGINT                                DECIMAL(20,0)
    HUGEINT, UHUGEINT                      DECIMAL(38,0)             a number of 39 digits is an error
    FLOAT16, FLOAT, DOUBLE                 FLOAT, FLOAT, DOUBLE
    DECIMAL(p,s)                           the same
    VARCHAR, JSON, UUID, ENUM              STRING                    the text; a UUID in its canonical form
    BLOB                                   BINARY
    DATE                                   the same
    TIME                                   BIGINT                    nanoseconds since midnight
    TIMESTAMP, TIMESTAMP_MS                TIMESTAMP_NTZ
    TIMESTAMP WITH TIME ZONE               TIMESTAMP
    TIMESTAMP_NS, of either kind           BIGINT                    nanoseconds since 1970-01-01, UTC
    INTERVAL of a difference of times      BIGINT                    its microseconds, milliseconds or nanoseconds
    INTERVAL with months and days          STRUCT                    of its months, days and microseconds
    T[], T[n], vectors                     ARRAY<T>                  the length n is in the manifest
    MAP(K, V)                              ARRAY<STRUCT<key, value>> in the order of its entries
    STRUCT                                 STRUCT                    of the same fields
    NULL                                   STRING

Every rule is exact in both directions. The types themselves are in the manifest, so that nothing is guessed on the way
back.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rem_arrow.base.datatypes import Json, instance, physical
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.source import ROWID

_WIDER: Mapping[type[pl.DataType], pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
    pl.UInt64: pl.Decimal(20, 0),
    pl.Int128: pl.Decimal(38, 0),
    pl.UInt128: pl.Decimal(38, 0),
    pl.Float16: pl.Float32(),
    pl.Time: pl.Int64(),
    pl.Duration: pl.Int64(),
    pl.Enum: pl.String(),
    pl.Categorical: pl.String(),
    pl.Null: pl.String(),
}
# In Spark's SQL, and in the JSON of Delta.
_NAMES: Mapping[type[pl.DataType], tuple[str, str]] = {
    pl.Boolean: ("BOOLEAN", "boolean"),
    pl.Int8: ("TINYINT", "byte"),
    pl.Int16: ("SMALLINT", "short"),
    pl.Int32: ("INT", "integer"),
    pl.Int64: ("BIGINT", "long"),
    pl.Float32: ("FLOAT", "float"),
    pl.Float64: ("DOUBLE", "double"),
    pl.String: ("STRING", "string"),
    pl.Binary: ("BINARY", "binary"),
    pl.Date: ("DATE", "date"),
}
# What Delta and Parquet refuse in the name of a column, and what marks it here.
_REFUSED = " ,;{}()\n\t=%"
# The rowids; no column of a user is published under this name.
ROWID_NAME = "%rowid"


def published(dtype: pl.DataType) -> pl.DataType:
    """Return the type in which Polars writes values of `dtype`."""
    match dtype:
        case pl.List() | pl.Array():
            return pl.List(published(instance(dtype.inner)))
        case pl.Struct():
            return pl.Struct([pl.Field(f.name, published(instance(f.dtype))) for f in dtype.fields])
        case pl.Datetime() if dtype.time_unit == "ns":
            return pl.Int64()
        case pl.Datetime():
            return pl.Datetime("us", None if dtype.time_zone is None else "UTC")
        case pl.Decimal():
            return dtype
        case _:
            return _WIDER.get(type(dtype), physical(dtype))


def spark_name(dtype: pl.DataType) -> str:
    """Return the name, in Spark's SQL, of the type that holds values of `dtype`."""
    match published(dtype):
        case pl.List(inner=inner):
            return f"ARRAY<{spark_name(instance(inner))}>"
        case pl.Struct() as held:
            fields = (f"`{f.name.replace('`', '``')}`: {spark_name(instance(f.dtype))}" for f in held.fields)
            return f"STRUCT<{', '.join(fields)}>"
        case pl.Datetime(time_zone=zone):
            return "TIMESTAMP_NTZ" if zone is None else "TIMESTAMP"
        case pl.Decimal(precision=precision, scale=scale):
            return f"DECIMAL({precision},{scale})"
        case held:
            return _NAMES[type(held)][0]


def delta_type(dtype: pl.DataType) -> Json:
    """Return the type that holds values of `dtype`, in the JSON of Delta's schemas."""
    match published(dtype):
        case pl.List(inner=inner):
            return {"type": "array", "elementType": delta_type(instance(inner)), "containsNull": True}
        case pl.Struct() as held:
            return delta_schema([(f.name, instance(f.dtype)) for f in held.fields])
        case pl.Datetime(time_zone=zone):
            return "timestamp_ntz" if zone is None else "timestamp"
        case pl.Decimal(precision=precision, scale=scale):
            return f"decimal({precision},{scale})"
        case held:
            return _NAMES[type(held)][1]


def delta_schema(columns: list[tuple[str, pl.DataType]]) -> Json:
    """Return the schema of columns of these names and types of ours, in the JSON of Delta."""
    fields: list[Json] = [{"name": n, "type": delta_type(t), "nullable": True, "metadata": {}} for n, t in columns]
    return {"type": "struct", "fields": fields}


def published_name(name: str) -> str:
    """Return the name under which a column is published: itself but for what Delta refuses, as %20 for a space."""
    if name == ROWID:
        return ROWID_NAME
    return "".join(f"%{ord(c):02X}" if c in _REFUSED else c for c in name)


def check_publishable(table: str, columns: Mapping[str, pl.DataType]) -> None:
    """Raise InputError for fields of structs that Delta has no names for."""
    for name, dtype in columns.items():
        for field in _field_names(dtype):
            if not field or published_name(field) != field:
                raise InputError(
                    f'"{name}" of {table} has the field {field!r}, a name that Delta refuses: name the field without '
                    "spaces, commas, brackets, = and %, or leave the table out"
                )
        if isinstance(dtype, pl.Struct) and not dtype.fields:
            raise InputError(
                f'"{name}" of {table} has no fields, and Parquet holds no such struct; leave the table out'
            )


def _field_names(dtype: pl.DataType) -> list[str]:
    match dtype:
        case pl.List() | pl.Array():
            return _field_names(instance(dtype.inner))
        case pl.Struct():
            return [n for f in dtype.fields for n in (f.name, *_field_names(instance(f.dtype)))]
        case _:
            return []


def encoded(frame: pl.DataFrame, types: Mapping[str, pl.DataType], table: str) -> pl.DataFrame:
    """Return rows of columns of these types as they are published. Raises ExecuteError for a number of 39 digits."""
    columns = []
    for name, dtype in types.items():
        try:
            columns.append(frame[name].cast(published(dtype)).alias(published_name(name)))
        except pl.exceptions.InvalidOperationError as error:
            raise ExecuteError(
                f'an integer in "{name}" of {table} has more than 38 digits, which no type of Spark holds; cast the '
                "column to VARCHAR, or leave the table out"
            ) from error
    return pl.DataFrame(columns)


def decoded(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return values that are held by the rules as ours of type `dtype`."""
    held = published(dtype)
    if values.dtype != held:
        values = values.cast(held)
    return values if held == physical(dtype) else _restored(values, dtype)


def _restored(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if _has_null(dtype):
        return pl.Series(values.name, values.to_list(), dtype=physical(dtype))
    return values.cast(physical(dtype))


def _has_null(dtype: pl.DataType) -> bool:
    match dtype:
        case pl.List() | pl.Array():
            return _has_null(instance(dtype.inner))
        case pl.Struct():
            return any(_has_null(instance(f.dtype)) for f in dtype.fields)
        case _:
            return isinstance(dtype, pl.Null)
