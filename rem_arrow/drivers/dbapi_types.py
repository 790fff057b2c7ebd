"""The types of PEP 249: its constructors, and its type objects, to which the SQL names in `description` are equal."""

from __future__ import annotations

import datetime as dt
import re
from typing import TypeAlias

import polars as pl

from rem_arrow.base.datatypes import sql_name

# Name, type, display size, internal size, precision, scale, may be NULL.
Column: TypeAlias = "tuple[str, str, None, None, int | None, int | None, None]"
_PARAMETERS = re.compile(r"\(\d+,\d+\)$")


class TypeObject:
    """A family of SQL types; equal to the name of each of them, as it stands in `description`."""

    def __init__(self, name: str, sql_names: str) -> None:
        self._name, self._sql_names = name, frozenset(sql_names.split(", "))

    def __eq__(self, other: object) -> bool:
        return _PARAMETERS.sub("", other) in self._sql_names if isinstance(other, str) else self is other

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return self._name


STRING = TypeObject("STRING", "VARCHAR, JSON, UUID")
BINARY = TypeObject("BINARY", "BLOB")
NUMBER = TypeObject(
    "NUMBER",
    "TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, UTINYINT, USMALLINT, UINTEGER, UBIGINT, UHUGEINT, "
    "FLOAT16, FLOAT, DOUBLE, DECIMAL, BOOLEAN",
)
DATETIME = TypeObject(
    "DATETIME",
    "DATE, TIME, TIMESTAMP, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMP WITH TIME ZONE, INTERVAL",
)
# No row has a number of its own.
ROWID = TypeObject("ROWID", "ROWID")

Date, Time, Timestamp, Binary = dt.date, dt.time, dt.datetime, bytes


def DateFromTicks(ticks: float) -> dt.date:  # noqa: N802
    """Return the local date of a number of seconds since 1970."""
    return dt.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> dt.time:  # noqa: N802
    """Return the local time of day of a number of seconds since 1970."""
    return dt.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> dt.datetime:  # noqa: N802
    """Return the local time of a number of seconds since 1970."""
    return dt.datetime.fromtimestamp(ticks)


def column(name: str, dtype: pl.DataType) -> Column:
    """Describe a column of a result."""
    decimal = dtype if isinstance(dtype, pl.Decimal) else None
    return (
        name,
        sql_name(dtype),
        None,
        None,
        None if decimal is None else decimal.precision,
        None if decimal is None else decimal.scale,
        None,
    )
