"""The types of SQL for SQLAlchemy: those that it lacks, how values of others pass, and Polars types as its types."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

import polars as pl
from sqlalchemy.sql.sqltypes import _AbstractInterval
from sqlalchemy.sql.type_api import NativeForEmulated
from sqlalchemy.types import (
    ARRAY,
    BIGINT,
    BLOB,
    BOOLEAN,
    DATE,
    DECIMAL,
    DOUBLE,
    INTEGER,
    JSON,
    REAL,
    SMALLINT,
    TIME,
    TIMESTAMP,
    UUID,
    VARCHAR,
    Enum,
    Float,
    Integer,
    Interval,
    NullType,
    Numeric,
    TypeEngine,
    UserDefinedType,
    Uuid,
)

from rem_arrow.base import quoting
from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.json_paths import key_path
from rem_arrow.plan import types
from rem_arrow.sql.text.type_names import named_type

Processor = Callable[[Any], Any] | None


class _SizedInteger(Integer):
    """An integer whose class has the name of its type."""

    __visit_name__ = "sized_number"


class TINYINT(_SizedInteger):
    """An integer of 8 bits."""


class UTINYINT(_SizedInteger):
    """An integer of 8 bits without sign."""


class USMALLINT(_SizedInteger):
    """An integer of 16 bits without sign."""


class UINTEGER(_SizedInteger):
    """An integer of 32 bits without sign."""


class UBIGINT(_SizedInteger):
    """An integer of 64 bits without sign."""


class _WideInteger(Integer):
    """A sized integer that may leave the driver as a decimal."""

    __visit_name__ = "sized_number"

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        return lambda value: None if value is None else int(value)


class HUGEINT(_WideInteger):
    """An integer of 128 bits."""


class UHUGEINT(_WideInteger):
    """An integer of 128 bits without sign."""


class FLOAT16(Float[float]):
    """A float of 16 bits."""

    __visit_name__ = "sized_number"


class INTERVAL(NativeForEmulated, _AbstractInterval):
    """An interval as the database has it, a `timedelta` in Python."""

    __visit_name__ = "INTERVAL"
    native = True

    @classmethod
    def adapt_emulated_to_native(cls, impl: Any, **kw: Any) -> INTERVAL:
        return cls()

    @property
    def python_type(self) -> type[dt.timedelta]:
        return dt.timedelta

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        return lambda value: f"INTERVAL '{value // dt.timedelta(microseconds=1)} microseconds'"


class ExactNumber(Numeric[Any]):
    """A number whose values are decimals where that is asked for, also those that the database divided as DOUBLE."""

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        if not self.asdecimal:
            return lambda value: None if value is None else float(value)
        return lambda value: value if value is None or isinstance(value, Decimal) else Decimal(str(value))


class Nested(UserDefinedType[Any]):
    """A STRUCT, MAP, TUPLE or array of fixed length, by its name in SQL; its values are dicts and lists."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **kw: Any) -> str:
        """Return the name of the type."""
        return self.name


class ListType(ARRAY[Any]):
    """A list, with the values in it passed as their type says."""

    def bind_processor(self, dialect: Any) -> Processor:
        inner = self.item_type.dialect_impl(dialect).bind_processor(dialect)
        return lambda value: None if value is None else _each(value, inner)

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        inner = self.item_type.dialect_impl(dialect).result_processor(dialect, coltype)
        return lambda value: value if value is None or inner is None else _each(value, inner)


def _each(value: Any, inner: Processor) -> Any:
    if isinstance(value, (list, tuple)):
        return [_each(item, inner) for item in value]
    return value if inner is None or value is None else inner(value)


class UuidText(Uuid[Any]):
    """A UUID, which is a text to the driver."""

    def bind_processor(self, dialect: Any) -> Processor:
        return lambda value: None if value is None else str(value)

    def result_processor(self, dialect: Any, coltype: Any) -> Processor:
        return (lambda value: None if value is None else uuid.UUID(value)) if self.as_uuid else None

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        return lambda value: quoting.literal(str(value))


class PathIndex(JSON.JSONIndexType):
    """A key or a place as a path: a key is quoted, a place counts from the end where it is negative."""

    def bind_processor(self, dialect: Any) -> Callable[[Any], Any]:
        return lambda value: _path([value])

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        return lambda value: quoting.literal(_path([value]))


class PathSteps(JSON.JSONPathType):
    """Several keys and places as one path."""

    def bind_processor(self, dialect: Any) -> Callable[[Any], Any]:
        return _path

    def literal_processor(self, dialect: Any) -> Callable[[Any], str]:
        return lambda value: quoting.literal(_path(value))


def _path(steps: Iterable[object]) -> str:
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else key_path(str(s)).removeprefix("$") for s in steps)


# How the types of SQLAlchemy are passed here.
COLSPECS: Mapping[type[TypeEngine[Any]], type[TypeEngine[Any]]] = {
    ARRAY: ListType,
    Uuid: UuidText,
    Interval: INTERVAL,
    Numeric: ExactNumber,
    JSON.JSONIndexType: PathIndex,
    JSON.JSONPathType: PathSteps,
}
_PLAIN: dict[type[pl.DataType], type[TypeEngine[Any]]] = {
    pl.Boolean: BOOLEAN,
    pl.Int8: TINYINT,
    pl.Int16: SMALLINT,
    pl.Int32: INTEGER,
    pl.Int64: BIGINT,
    pl.Int128: HUGEINT,
    pl.UInt8: UTINYINT,
    pl.UInt16: USMALLINT,
    pl.UInt32: UINTEGER,
    pl.UInt64: UBIGINT,
    pl.UInt128: UHUGEINT,
    pl.Float16: FLOAT16,
    pl.Float32: REAL,
    pl.Float64: DOUBLE,
    pl.Binary: BLOB,
    pl.Date: DATE,
    pl.Time: TIME,
    pl.Null: NullType,
}

_TEXTS: dict[str, type[TypeEngine[Any]]] = {"JSON": JSON, "UUID": UUID}


def type_of_name(name: str) -> TypeEngine[Any]:
    """Return the type of SQLAlchemy for a name of SQL, as the catalog shows it."""
    return _type_of(named_type(name))


def _type_of(dtype: pl.DataType) -> TypeEngine[Any]:
    match dtype:
        case _ if dtype == types.CALENDAR or isinstance(dtype, pl.Duration):
            return INTERVAL()
        case pl.Decimal():
            return DECIMAL(dtype.precision, dtype.scale)
        case pl.Datetime():
            return TIMESTAMP(timezone=dtype.time_zone is not None)
        case pl.Enum():
            return Enum(*dtype.categories)
        case pl.List() if not isinstance(dtype.inner, pl.Struct):
            inner = _type_of(instance(dtype.inner))
            if isinstance(inner, ListType):
                return ListType(inner.item_type, dimensions=cast(int, inner.dimensions) + 1)
            return Nested(sql_name(dtype)) if isinstance(inner, Nested) else ListType(inner, dimensions=1)
        case pl.List() | pl.Array() | pl.Struct():
            return Nested(sql_name(dtype))
        case pl.String():
            return _TEXTS.get(sql_name(dtype), VARCHAR)()
        case _:
            return _PLAIN[type(dtype)]()
