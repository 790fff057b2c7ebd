"""Values of Python as values of SQL: what a parameter, a row and a condition may hold, and of which type it is.

A value is kept as it is, or refused: times with an offset become moments in UTC, NaT and pandas' NA are NULL; decimals
that are not finite, halves of surrogate pairs, nanoseconds and times with an offset are errors. Values of one list or
column have one type: integers beside floats are floats, and beside decimals decimals; no others meet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import Any, cast
from uuid import UUID

import numpy as np
import polars as pl

from rem_arrow.base import utf8
from rem_arrow.base.errors import InputError

_FLOAT_EXACT = 1 << 53
_INT64, _INT128 = 1 << 63, 1 << 127
_DIGITS_MAX = 38
# Types whose values are kept without a look at each.
_KEPT = frozenset({type(None), bool, int, float, bytes, dt.date, dt.timedelta})


def plain_value(value: object, where: str) -> Any:
    """Return a value as one of None, bool, int, float, Decimal, str, bytes, date, datetime, time, timedelta, list and
    dict, all of Python's own. Raises InputError.

    Args:
        where: names the value in errors.
    """
    if type(value) in _KEPT:
        return value
    match value:
        case str():
            return _text(str.__str__(value.value if isinstance(value, Enum) else value), where)
        case dt.datetime() | dt.timedelta() | dt.time() | np.datetime64() | np.timedelta64():
            return _moment(value, where)
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            return float(value)
        case Decimal():
            return _decimal(value, where)
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case UUID():
            return str(value)
        case dt.date():
            return dt.date(value.year, value.month, value.day)
        case np.ndarray() if value.ndim != 1:
            raise InputError(f"{where} is an array of {value.ndim} dimensions; a vector has one")
        case np.ndarray() if value.dtype.kind in "biufU":
            return value.tolist()
        case pl.Series():
            return [plain_value(v, where) for v in value.to_list()]
        case list() | tuple() | range() | np.ndarray():
            return list(value) if set(map(type, value)) <= _KEPT else [plain_value(v, where) for v in value]
        case Mapping():
            return _record(value, where)
    if type(value).__module__.split(".")[0] == "pandas" and type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise InputError(
        f"{where} is a {type(value).__name__}; values are numbers, texts, booleans, bytes, dates and times, lists of "
        "these, and dicts with texts as keys"
    )


def _text(text: str, where: str) -> str:
    utf8.encoded(text, where)
    return text


def _decimal(value: Decimal, where: str) -> Decimal:
    if not value.is_finite():
        raise InputError(f"{where} is Decimal({str(value)!r}), and DECIMAL holds finite numbers; pass a float, or None")
    _, digits, exponent = value.as_tuple()
    scale = max(0, -cast(int, exponent))
    if max(len(digits) + max(0, cast(int, exponent)), scale) > _DIGITS_MAX:
        raise InputError(f"{where} has more than the {_DIGITS_MAX} digits of a DECIMAL; pass a float, or a text")
    return Decimal(value)


def _moment(value: object, where: str) -> object:
    """Return a date, time, timestamp or interval of Python, without nanoseconds; aware ones in UTC."""
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return _numpy_moment(value, where)
    if type(value).__name__ == "NaTType":
        return None
    if getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0):
        raise InputError(f"{where} has nanoseconds, and a value of Python microseconds; round it, or pass a frame")
    if isinstance(value, dt.datetime):
        plain = dt.datetime(
            value.year,
            value.month,
            value.day,
            value.hour,
            value.minute,
            value.second,
            value.microsecond,
            fold=value.fold,
        )
        if value.tzinfo is None:
            return plain
        try:
            return plain.replace(tzinfo=value.tzinfo).astimezone(dt.timezone.utc)
        except OverflowError as error:
            raise InputError(f"{where} lies beyond the years 1 to 9999 in UTC") from error
    if isinstance(value, dt.time):
        if value.tzinfo is not None:
            raise InputError(f"{where} is a time with an offset, which no type holds; pass a time without, or a text")
        return value
    assert isinstance(value, dt.timedelta), "no other type comes here"
    return dt.timedelta(value.days, value.seconds, value.microseconds)


def _numpy_moment(value: np.datetime64 | np.timedelta64, where: str) -> object:
    if np.isnat(value):
        return None
    unit = np.datetime_data(value.dtype)[0]
    if isinstance(value, np.datetime64) and unit in ("Y", "M", "W", "D"):
        plain = value.astype("datetime64[D]").item()
    elif unit in ("Y", "M"):
        raise InputError(f"{where} is a number of months, which is no timedelta; pass an INTERVAL in the text")
    else:
        micros = value.astype(f"{'datetime' if isinstance(value, np.datetime64) else 'timedelta'}64[us]")
        if micros != value:
            raise InputError(f"{where} has nanoseconds, and a value of Python microseconds; round it, or pass a frame")
        plain = micros.item()
    if not isinstance(plain, (dt.date, dt.timedelta)):
        raise InputError(f"{where} lies beyond the years 1 to 9999")
    return plain


def _record(value: Mapping[Any, object], where: str) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, inner in value.items():
        if not isinstance(key, str):
            raise InputError(f"{where} has the key {key!r}; the names of fields are texts: write str({key!r})")
        record[_text(str.__str__(key), where)] = plain_value(inner, where)
    return record


# --- types


def type_of(values: Iterable[Any], where: str) -> pl.DataType:
    """Return the one type of plain values. Raises InputError for values of several types."""
    present = [v for v in values if v is not None]
    kinds = {type(v) for v in present}
    if not kinds:
        return pl.Null()
    if kinds <= {int, float, Decimal}:
        return _number_type(present, kinds, where)
    if len(kinds) > 1:
        names = " and ".join(sorted(k.__name__ for k in kinds))
        raise InputError(f"{where} holds values of several types, {names}; give all of them one type")
    (kind,) = kinds
    if kind is list:
        return pl.List(type_of(chain.from_iterable(present), where))
    if kind is dict:
        names_ = dict.fromkeys(name for v in present for name in v)
        return pl.Struct([pl.Field(n, type_of((v.get(n) for v in present), f"{where}, {n}")) for n in names_])
    if kind is dt.datetime:
        zones = {v.tzinfo is None for v in present}
        if len(zones) > 1:
            raise InputError(f"{where} holds timestamps with a zone beside others without; give all of them one")
        return pl.Datetime("us", "UTC" if present[0].tzinfo is not None else None)
    return _TYPES[kind]


_TYPES: Mapping[type, pl.DataType] = {
    bool: pl.Boolean(),
    str: pl.String(),
    bytes: pl.Binary(),
    dt.date: pl.Date(),
    dt.time: pl.Time(),
    dt.timedelta: pl.Duration("us"),
}


def _number_type(values: Sequence[Any], kinds: set[type], where: str) -> pl.DataType:
    if {float, Decimal} <= kinds:
        raise InputError(f"{where} holds decimals beside floats; give all of them one type")
    if float in kinds:
        if int in kinds and any(type(v) is int and abs(v) > _FLOAT_EXACT for v in values):
            raise InputError(f"{where} holds floats beside an integer that no float holds exactly; give them one type")
        return pl.Float64()
    if Decimal in kinds:
        scale = max(max(0, -cast(int, v.as_tuple().exponent)) if isinstance(v, Decimal) else 0 for v in values)
        if any(Decimal(v).copy_abs() >= Decimal(10) ** (_DIGITS_MAX - scale) for v in values):
            raise InputError(f"{where} holds decimals of more than {_DIGITS_MAX} digits; pass floats, or texts")
        return pl.Decimal(_DIGITS_MAX, scale)
    if all(-_INT64 <= v < _INT64 for v in values):
        return pl.Int64()
    if any(not -_INT128 <= v < _INT128 for v in values):
        raise InputError(f"{where} holds an integer of more than 128 bits; pass a float, or a text")
    return pl.Int128()


def in_type(value: Any, dtype: pl.DataType) -> Any:
    """Return a plain value as Polars takes it for a type of `type_of`."""
    match dtype:
        case _ if value is None:
            return None
        case pl.Float64():
            return float(value)
        case pl.Decimal():
            return Decimal(value)
        case pl.List():
            inner = cast(pl.DataType, dtype.inner)
            if isinstance(inner, pl.Float64):
                return [None if v is None else float(v) for v in value]
            return [in_type(v, inner) for v in value] if inner.is_nested() or inner.is_decimal() else value
        case pl.Struct():
            return {f.name: in_type(value.get(f.name), cast(pl.DataType, f.dtype)) for f in dtype.fields}
        case _:
            return value


def column_of(name: str, values: Sequence[object], where: str) -> pl.Series:
    """Return values as a column of their type. Raises InputError, with the row."""
    kinds = set(map(type, values))
    if kinds <= _KEPT:
        plain: Sequence[Any] = values
    else:
        plain = [plain_value(v, f"{where}, row {i}") for i, v in enumerate(values)]
    dtype = type_of(plain, where)
    shaped = (
        [in_type(v, dtype) for v in plain]
        if dtype.is_nested() or dtype.is_decimal() or kinds >= {int, float}
        else plain
    )
    return pl.Series(name, shaped, dtype=dtype, strict=True)


def frame_of_rows(rows: Sequence[object]) -> pl.DataFrame:
    """Return dicts as a frame, with a column for each key in the order in which they first come. Raises InputError."""
    keys: dict[Any, None] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(f"row {place} is a {type(row).__name__}; rows are dicts from column to value")
        keys.update(dict.fromkeys(row))
    for key in keys:
        if not isinstance(key, str):
            raise InputError(f"a row has the key {key!r}; the names of columns are texts: write str({key!r})")
    mappings = cast("Sequence[Mapping[str, object]]", rows)
    return pl.DataFrame([column_of(k, [row.get(k) for row in mappings], f'column "{k}"') for k in keys])


def frame_of_columns(columns: Mapping[Any, object]) -> pl.DataFrame:
    """Return lists by name as a frame. Raises InputError."""
    for key in columns:
        if not isinstance(key, str):
            raise InputError(f"the data have the key {key!r}; the names of columns are texts: write str({key!r})")
    plain = [
        column_of(k, v, f'column "{k}"') if isinstance(v, (list, tuple, range)) else pl.Series(k, cast(Any, v))
        for k, v in columns.items()
    ]
    return pl.DataFrame(plain)
