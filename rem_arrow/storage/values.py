"""Values between Python and storage: the plain form of one value, and columns of plain values.

The plain form of a value is what JSON can hold exactly: integers, floats, booleans and texts as they are; dates as
days, times as nanoseconds, datetimes and durations as counts of their unit since 1970 in UTC; decimals as texts; bytes
as text of one character a byte; lists as lists; structs as lists in the order of their fields. Rows in the tail, zone
maps and column defaults are kept in plain form.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias

import polars as pl

from rem_arrow.base.datatypes import Json, instance
from rem_arrow.base.errors import InputError
from rem_arrow.base.exact_decimals import unscaled

Converter: TypeAlias = Callable[[Any], Any]

_EPOCH = dt.datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=dt.timezone.utc)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1
# Texts that Polars gathers share the memory of the column; so many are copied.
_FEW_VALUES = 64
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def to_plain(dtype: pl.DataType) -> Converter | None:
    """Return the function from a Python value (never None) of `dtype` to its plain form; None when they are the
    same."""
    match dtype:
        case pl.Date():
            return lambda v: v.toordinal() - _EPOCH_DAY
        case pl.Time():
            return lambda v: ((v.hour * 60 + v.minute) * 60 + v.second) * 1_000_000_000 + v.microsecond * 1_000
        case pl.Datetime():
            epoch = _EPOCH_UTC if dtype.time_zone else _EPOCH
            return _count(dtype.time_unit, lambda v: v - epoch)
        case pl.Duration():
            return _count(dtype.time_unit, lambda v: v)
        case pl.Decimal():
            return str
        case pl.Binary():
            return lambda v: v.decode("latin-1")
        case pl.List() | pl.Array():
            inner = to_plain(instance(dtype.inner))
            return None if inner is None else lambda v: [None if x is None else inner(x) for x in v]
        case pl.Struct():
            return _struct_to_plain(dtype)
        case _:
            return None


def from_plain(dtype: pl.DataType) -> Converter | None:
    """Return the inverse of `to_plain`."""
    match dtype:
        case pl.Date():
            return lambda v: dt.date.fromordinal(v + _EPOCH_DAY)
        case pl.Time():
            return lambda v: (_EPOCH + dt.timedelta(microseconds=v // 1_000)).time()
        case pl.Datetime():
            zone = dtype.time_zone
            per = _PER_SECOND[dtype.time_unit]
            if zone in (None, "UTC"):
                epoch = _EPOCH_UTC if zone else _EPOCH
                return lambda v: epoch + dt.timedelta(microseconds=v * 1_000_000 // per)
            return lambda v: pl.Series([v]).cast(dtype).item()
        case pl.Duration():
            per = _PER_SECOND[dtype.time_unit]
            return lambda v: dt.timedelta(microseconds=v * 1_000_000 // per)
        case pl.Decimal():
            return Decimal
        case pl.Binary():
            return lambda v: v.encode("latin-1")
        case pl.List() | pl.Array():
            inner = from_plain(instance(dtype.inner))
            return None if inner is None else lambda v: [None if x is None else inner(x) for x in v]
        case pl.Struct():
            return _struct_from_plain(dtype)
        case _:
            return None


def column(name: str, plain: Sequence[Json], dtype: pl.DataType) -> pl.Series:
    """Return the column of `dtype` that holds the plain values."""
    match dtype:
        case pl.Date():
            return pl.Series(name, plain, dtype=pl.Int32).cast(dtype)
        case pl.Time() | pl.Datetime() | pl.Duration():
            return pl.Series(name, plain, dtype=pl.Int64).cast(dtype)
        case pl.Null():
            return pl.Series(name, [None] * len(plain), dtype=pl.Null)
        case _:
            decode = from_plain(dtype)
            values = plain if decode is None else [None if v is None else decode(v) for v in plain]
            return pl.Series(name, values, dtype=dtype)


def exceeds_python(dtype: pl.DataType) -> bool:
    """Say whether values of a type may be finer than Python's, which have microseconds."""
    return isinstance(dtype, pl.Time) or (isinstance(dtype, (pl.Datetime, pl.Duration)) and dtype.time_unit == "ns")


def item(column: pl.Series, place: int) -> object:
    """Return one value of a column as Python has it."""
    value = column[place]
    return value.to_list() if isinstance(value, pl.Series) else value


class Offsets:
    """Where some rows stand in the columns of a part: as numbers, as Polars takes them, and within pages."""

    __slots__ = ("_by_page", "_index", "numbers")

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        self._index: pl.Series | None = None
        self._by_page: dict[int, list[tuple[int, Offsets]]] = {}

    def by_page(self, page_rows: int) -> list[tuple[int, Offsets]]:
        """Return each page of so many rows, as often as the rows come to it, and where they stand in it."""
        if page_rows not in self._by_page:
            self._by_page[page_rows] = [
                (page, Offsets([number - page * page_rows for number in some]))
                for page, some in groupby(self.numbers, key=lambda number: number // page_rows)
            ]
        return self._by_page[page_rows]

    @property
    def index(self) -> pl.Series:
        if self._index is None:
            self._index = pl.Series("", self.numbers, dtype=pl.UInt32)
        return self._index


def picked(column: pl.Series, offsets: Offsets) -> pl.Series:
    """Return the values at some places, at least one. Unless they are many they share no memory with the column: it
    would stay for as long as someone holds them."""
    numbers, dtype = offsets.numbers, column.dtype
    if len(numbers) == 1:
        return column.new_from_index(numbers[0], 1)
    if len(numbers) <= _FEW_VALUES and dtype.is_nested() and not _is_vector(dtype):
        return joined([column.new_from_index(place, 1) for place in numbers])
    rows = column[offsets.index]
    if len(numbers) <= _FEW_VALUES and isinstance(dtype, (pl.String, pl.Binary)):
        return pl.Series(column.name, rows.to_list(), dtype=dtype)
    return rows


def _is_vector(dtype: pl.DataType) -> bool:
    return isinstance(dtype, (pl.List, pl.Array)) and dtype.inner.is_numeric()


def joined(pieces: Sequence[pl.Series]) -> pl.Series:
    """Return the values of columns, at least one, which share no memory with others."""
    return pieces[0] if len(pieces) == 1 else pl.concat(pieces, rechunk=True)


def physical(value: object, dtype: pl.DataType) -> Json:
    """Return what orders like `value` in zone maps: a number or a text; None when there is no such thing."""
    if value is None or dtype.is_nested() or isinstance(dtype, (pl.Enum, pl.Binary, pl.Null)):
        return None
    if isinstance(dtype, pl.Decimal):
        return unscaled(str(value), dtype.scale)
    convert = to_plain(dtype)
    plain = value if convert is None else convert(value)
    return plain if isinstance(plain, (int, float, str)) else None


def _count(unit: str, delta: Callable[[Any], dt.timedelta]) -> Converter:
    per = _PER_SECOND[unit]

    def count(value: Any) -> int:
        d = delta(value)
        number = (d.days * 86_400 + d.seconds) * per + d.microseconds * per // 1_000_000
        if not _INT64_MIN <= number <= _INT64_MAX:
            raise InputError(f"{value} does not fit 64 bits of {unit}")
        return number

    return count


def _struct_to_plain(dtype: pl.Struct) -> Converter:
    fields = [(f.name, to_plain(instance(f.dtype))) for f in dtype.fields]

    def convert(value: Any) -> list[Json]:
        return [None if (v := value[n]) is None else (v if c is None else c(v)) for n, c in fields]

    return convert


def _struct_from_plain(dtype: pl.Struct) -> Converter:
    fields = [(f.name, from_plain(instance(f.dtype))) for f in dtype.fields]

    def convert(value: Any) -> dict[str, Any]:
        return {n: None if v is None else (v if c is None else c(v)) for (n, c), v in zip(fields, value, strict=True)}

    return convert
