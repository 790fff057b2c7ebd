"""The types of the engine: Polars data types, their SQL names, and their stable text form.

A type is a `polars.DataType` instance everywhere in the engine. This file holds what is said of types in general:

- `sql_name`: the name that a user sees (DuckDB's spelling), and `from_sql_name`, its inverse for plain names;
- `to_json` / `from_json`: the form in which the catalog stores a type;
- `check_storable`: which types a table can have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, cast

import polars as pl
from polars._typing import PolarsDataType

from rem_arrow.base.errors import CorruptionError, InputError
from rem_arrow.base.logical_types import JSON, UUID, Collated, TextType, is_checked
from rem_arrow.base.quoting import literal, readable

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LEVELS_MAX = 64
_PLAIN: dict[str, pl.DataType] = {
    "Boolean": pl.Boolean(),
    "Int8": pl.Int8(),
    "Int16": pl.Int16(),
    "Int32": pl.Int32(),
    "Int64": pl.Int64(),
    "Int128": pl.Int128(),
    "UInt8": pl.UInt8(),
    "UInt16": pl.UInt16(),
    "UInt32": pl.UInt32(),
    "UInt64": pl.UInt64(),
    "UInt128": pl.UInt128(),
    "Float16": pl.Float16(),
    "Float32": pl.Float32(),
    "Float64": pl.Float64(),
    "String": pl.String(),
    "Binary": pl.Binary(),
    "Date": pl.Date(),
    "Time": pl.Time(),
    "Null": pl.Null(),
    "Categorical": pl.Categorical(),
    "Json": JSON,
    "Uuid": UUID,
}

# The fields of an interval: plan/types.py.
_CALENDAR_FIELDS = ["interval_months", "interval_days", "interval_microseconds"]

_SQL_NAMES: dict[str, str] = {
    "Boolean": "BOOLEAN",
    "Int8": "TINYINT",
    "Int16": "SMALLINT",
    "Int32": "INTEGER",
    "Int64": "BIGINT",
    "Int128": "HUGEINT",
    "UInt8": "UTINYINT",
    "UInt16": "USMALLINT",
    "UInt32": "UINTEGER",
    "UInt64": "UBIGINT",
    "UInt128": "UHUGEINT",
    "Float16": "FLOAT16",
    "Float32": "FLOAT",
    "Float64": "DOUBLE",
    "String": "VARCHAR",
    "Binary": "BLOB",
    "Date": "DATE",
    "Time": "TIME",
    "Null": "NULL",
    "Categorical": "VARCHAR",
    "Json": "JSON",
    "Uuid": "UUID",
    "Collated": "VARCHAR",
}


def physical(dtype: pl.DataType) -> pl.DataType:
    """Return the type that a frame shows for a column of `dtype`: text types are String to Polars."""
    return mapped(dtype, lambda leaf: pl.String() if isinstance(leaf, TextType) else leaf)


def instance(dtype: PolarsDataType) -> pl.DataType:
    """Return `dtype` as an instance; Polars accepts both classes and instances."""
    return cast(pl.DataType, dtype() if isinstance(dtype, type) else dtype)


def mapped(dtype: pl.DataType, leaf: Callable[[pl.DataType], pl.DataType]) -> pl.DataType:
    """Return the type with `leaf` of each type inside its lists, arrays and structs; of a plain one `leaf` itself."""
    match dtype:
        case pl.List():
            return pl.List(mapped(instance(dtype.inner), leaf))
        case pl.Array():
            return pl.Array(mapped(instance(dtype.inner), leaf), dtype.size)
        case pl.Struct():
            return pl.Struct([pl.Field(f.name, mapped(instance(f.dtype), leaf)) for f in dtype.fields])
        case _:
            return leaf(dtype)


def without_maps(dtype: pl.DataType) -> pl.DataType:
    """Return the type with lists of STRUCT(key, value) for the maps of Polars, as SQL's MAP is held."""
    if isinstance(dtype, pl.Map):
        entry = {"key": without_maps(instance(dtype.key)), "value": without_maps(instance(dtype.value))}
        return pl.List(pl.Struct(entry))
    match dtype:
        case pl.List():
            return pl.List(without_maps(instance(dtype.inner)))
        case pl.Array():
            return pl.Array(without_maps(instance(dtype.inner)), dtype.size)
        case pl.Struct():
            return pl.Struct([pl.Field(f.name, without_maps(instance(f.dtype))) for f in dtype.fields])
        case _:
            return dtype


def sql_name(dtype: pl.DataType) -> str:
    """Return the SQL name of a type, as DuckDB spells it."""
    match dtype:
        case pl.Decimal():
            return f"DECIMAL({dtype.precision},{dtype.scale})"
        case pl.Datetime():
            if dtype.time_zone is not None:
                return "TIMESTAMP WITH TIME ZONE"
            return {"us": "TIMESTAMP", "ms": "TIMESTAMP_MS", "ns": "TIMESTAMP_NS"}[dtype.time_unit]
        case pl.Duration():
            return "INTERVAL"
        case pl.Enum():
            return "ENUM(" + ", ".join(map(literal, dtype.categories)) + ")"
        case pl.List(inner=pl.Struct() as entry) if [f.name for f in entry.fields] == ["key", "value"]:
            key, value = (type_name(instance(f.dtype)) for f in entry.fields)
            return f"MAP({key}, {value})"
        case pl.List():
            return type_name(instance(dtype.inner)) + "[]"
        case pl.Array():
            return sql_name(_item(dtype)) + "".join(f"[{n}]" for n in dtype.shape)
        case pl.Struct() if [f.name for f in dtype.fields] == _CALENDAR_FIELDS:
            return "INTERVAL"
        case pl.Struct() if [f.name for f in dtype.fields] == [str(i + 1) for i in range(len(dtype.fields))]:
            return "TUPLE(" + ", ".join(type_name(instance(f.dtype)) for f in dtype.fields) + ")"
        case pl.Struct():
            return (
                "STRUCT(" + ", ".join(f"{readable(f.name)} {type_name(instance(f.dtype))}" for f in dtype.fields) + ")"
            )
        case _:
            return _SQL_NAMES.get(type(dtype).__name__, str(dtype))


def _item(dtype: pl.Array) -> pl.DataType:
    inner = instance(dtype.inner)
    return _item(inner) if isinstance(inner, pl.Array) else inner


def to_json(dtype: pl.DataType) -> Json:
    """Return the stored form of a type: a name, or a list of a name and its arguments."""
    match dtype:
        case pl.Decimal():
            return ["Decimal", dtype.precision, dtype.scale]
        case pl.Datetime():
            return ["Datetime", dtype.time_unit, dtype.time_zone]
        case pl.Duration():
            return ["Duration", dtype.time_unit]
        case pl.Enum():
            return ["Enum", dtype.categories.to_list()]
        case Collated():
            return ["Collated", dtype.collation]
        case pl.List():
            return ["List", to_json(instance(dtype.inner))]
        case pl.Array():
            return ["Array", to_json(instance(dtype.inner)), dtype.size]
        case pl.Struct():
            return ["Struct", [[f.name, to_json(instance(f.dtype))] for f in dtype.fields]]
        case _:
            name = type(dtype).__name__
            assert name in _PLAIN, f"check_storable let {dtype} through"
            return name


def type_name(dtype: pl.DataType) -> str:
    """Return the SQL name of a type as typeof() and DESCRIBE give it, which write that of NULL as a name."""
    return '"NULL"' if isinstance(dtype, pl.Null) else sql_name(dtype)


def from_json(value: Json) -> pl.DataType:
    """Return the type that `to_json` wrote as `value`. Raises CorruptionError for anything else."""
    match value:
        case str() if value in _PLAIN:
            return _PLAIN[value]
        case ["Decimal", int(precision), int(scale)]:
            return pl.Decimal(precision, scale)
        case ["Datetime", str(unit), zone]:
            return pl.Datetime(cast("pl._typing.TimeUnit", unit), cast("str | None", zone))
        case ["Duration", str(unit)]:
            return pl.Duration(cast("pl._typing.TimeUnit", unit))
        case ["Enum", list(categories)]:
            return pl.Enum([str(c) for c in categories])
        case ["Collated", str(collation)] if collation:
            return Collated(collation)
        case ["List", inner]:
            return pl.List(from_json(inner))
        case ["Array", inner, int(size)]:
            return pl.Array(from_json(inner), size)
        case ["Struct", list(fields)]:
            return pl.Struct(
                [pl.Field(str(cast("list[Json]", f)[0]), from_json(cast("list[Json]", f)[1])) for f in fields]
            )
        case _:
            raise CorruptionError(f"the catalog holds a column type that this version does not know: {value!r}")


def levels(dtype: pl.DataType) -> int:
    """Return how many lists, arrays and structs lie in each other; 0 for a plain type."""
    count, inside = -1, [dtype]
    while inside:
        count += 1
        nested = [t for t in inside if isinstance(t, (pl.List, pl.Array, pl.Struct))]
        inside = [instance(t) for n in nested for t in _inside(n)]
    return count


def _inside(dtype: pl.List | pl.Array | pl.Struct) -> list[PolarsDataType]:
    return [f.dtype for f in dtype.fields] if isinstance(dtype, pl.Struct) else [dtype.inner]


def check_storable(dtype: pl.DataType, where: str) -> pl.DataType:
    """Return the type in which a table stores `dtype`. Raises InputError, naming `where`, for a type that it cannot."""
    if levels(dtype) > LEVELS_MAX:
        raise InputError(
            f"{where} is nested {levels(dtype)} levels deep, and a table stores {LEVELS_MAX}; store it as a text"
        )
    match dtype:
        case pl.Categorical():
            return pl.Categorical()
        case pl.List():
            return pl.List(check_storable(instance(dtype.inner), where))
        case pl.Array() if dtype.size == 0:
            raise InputError(
                f"{where} is an array of length 0, which a table cannot store; use a list, or leave the column out"
            )
        case pl.Array():
            return pl.Array(check_storable(instance(dtype.inner), where), dtype.size)
        case pl.Struct():
            return pl.Struct(
                [pl.Field(f.name, check_storable(instance(f.dtype), f"{where}.{f.name}")) for f in dtype.fields]
            )
        case pl.Decimal() | pl.Datetime() | pl.Duration() | pl.Enum() | Collated():
            return dtype
        case _ if type(dtype).__name__ in _PLAIN:
            return dtype
        case _:
            raise InputError(
                f"{where} has type {dtype}, which a table cannot store; cast it to one of "
                f"{', '.join(sorted(_PLAIN))}, or a list, array or struct of these"
            )


_WIDER: dict[str, tuple[str, ...]] = {
    "Int8": ("Int16", "Int32", "Int64", "Int128", "Float64"),
    "Int16": ("Int32", "Int64", "Int128", "Float64"),
    "Int32": ("Int64", "Int128", "Float64"),
    "Int64": ("Int128",),
    "UInt8": ("UInt16", "UInt32", "UInt64", "UInt128", "Int16", "Int32", "Int64", "Int128", "Float64"),
    "UInt16": ("UInt32", "UInt64", "UInt128", "Int32", "Int64", "Int128", "Float64"),
    "UInt32": ("UInt64", "UInt128", "Int64", "Int128", "Float64"),
    "UInt64": ("UInt128", "Int128"),
    "Float32": ("Float64",),
    "Date": (),
}


def widens(old: pl.DataType, new: pl.DataType) -> bool:
    """Say whether every value of `old` is, unchanged, a value of `new`."""
    if old == new or isinstance(old, pl.Null):
        return True
    match old, new:
        case pl.Decimal(), pl.Decimal():
            return new.scale >= old.scale and new.precision - new.scale >= old.precision - old.scale
        case pl.Enum(), pl.Enum():
            return set(old.categories.to_list()) <= set(new.categories.to_list())
        case pl.Enum() | pl.Categorical() | TextType(), pl.String():
            return not is_checked(new)
        case pl.String(), Collated():
            return True
        case pl.List(), pl.List():
            return widens(instance(old.inner), instance(new.inner))
        case _:
            return type(new).__name__ in _WIDER.get(type(old).__name__, ())


def is_integer(dtype: pl.DataType) -> bool:
    return dtype.is_integer()


def is_float(dtype: pl.DataType) -> bool:
    return dtype.is_float()


def value_bytes(dtype: pl.DataType) -> int:
    """Return a guess of the bytes that a value takes in memory, its mark of being NULL with it."""
    if isinstance(dtype, pl.Array):
        return int(dtype.size or 0) * value_bytes(_item(dtype))
    if isinstance(dtype, pl.Struct):
        return sum(value_bytes(instance(f.dtype)) for f in dtype.fields)
    if isinstance(dtype, pl.List):
        return 8 + 4 * value_bytes(instance(dtype.inner))
    if isinstance(dtype, pl.Boolean):
        return 1
    if isinstance(dtype, (pl.Decimal, pl.Int128, pl.UInt128)):
        return 16
    if isinstance(dtype, (pl.Int8, pl.UInt8, pl.Int16, pl.UInt16, pl.Int32, pl.UInt32, pl.Float32, pl.Date)):
        return 4
    return 8 if dtype.is_numeric() or dtype.is_temporal() else 32
