"""The types of columns of texts, as DuckDB's CSV reader sees them, and expressions that read the texts in these types.

A column has one type over all its rows: BOOLEAN, BIGINT, HUGEINT, DOUBLE, TIME, DATE, TIMESTAMP, TIMESTAMP WITH TIME
ZONE, else VARCHAR. Only integers widen: to HUGEINT, then DOUBLE. A text is never a type that would not keep it: numbers
with leading zeros or a plus sign, integers of more than 38 digits and numbers beyond DOUBLE stay texts. Dates of
several readings are taken, as DuckDB does, for year-month-day, then day-month-year, then month-day-year. A text that is
empty is no value, except in a column of texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import polars as pl

from rem_arrow.base.datatypes import sql_name

# What parts thousands, and the fraction.
Marks: TypeAlias = tuple[str, str]

_PLAIN: Marks = ("", ".")
_INTEGER = r"^-?(?:0|[1-9][0-9]*)$"
_NUMBER = r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$|^(?i:nan)$"
_LONG = r"^-?[0-9]{39,}$"
_TRUE, _FALSE = ("true", "t", "yes"), ("false", "f", "no")
_TIME = r"^[0-9]{1,2}:[0-9]{2}(?::[0-5][0-9](?:\.[0-9]{1,6})?)?$"
# The order of year, month and day, which "-", "/" or "." parts; the first that reads all texts is taken.
_DATES = {
    "YMD": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    "yMD": r"[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}",
    "DMY": r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}",
    "DMy": r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}",
    "MDY": r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}",
    "MDy": r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}",
}
_CLOCK = r" [0-9]{1,2}:[0-9]{2}(?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_OFFSET = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_WIDER = {"bigint": "hugeint", "hugeint": "double"}


@dataclass(frozen=True, slots=True)
class TextType:
    """How texts are read.

    Attributes:
        dtype: the type of the values.
        kind: the reading.
        order: of year, month and day in a date; of a kind "format" the format.
        marks: of numbers.
    """

    dtype: pl.DataType
    kind: str = "text"
    order: str = "YMD"
    marks: Marks = _PLAIN

    def read(self, texts: pl.Expr) -> pl.Expr:
        """Return the values of texts, NULL for one that is none of the type."""
        return _READERS[self.kind](texts, self)

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"{sql_name(self.dtype)} written as {self.order}" if self.kind == "format" else sql_name(self.dtype)


TEXT = TextType(pl.String())
_PLAIN_TYPES = {
    "boolean": TextType(pl.Boolean(), "boolean"),
    "bigint": TextType(pl.Int64(), "bigint"),
    "hugeint": TextType(pl.Int128(), "hugeint"),
    "double": TextType(pl.Float64(), "double"),
    "time": TextType(pl.Time(), "time"),
}
_MOMENTS: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "timestamp_ns": pl.Datetime("ns"),
    "timestamptz": pl.Datetime("us", "UTC"),
}


class ColumnType:
    """The type of one column, narrowed by its texts, which `observe` is given in pieces.

    Args:
        formats: types that are tried first, and instead of other dates and timestamps.
    """

    def __init__(self, marks: Marks = _PLAIN, formats: Sequence[TextType] = ()) -> None:
        self._plain = {kind: replace(t, marks=marks) for kind, t in _PLAIN_TYPES.items()}
        self._formats = formats
        self._candidates: list[TextType] | None = None

    def observe(self, texts: pl.Series) -> None:
        texts = texts.filter(texts.is_not_null() & (texts != ""))
        if texts.is_empty() or self._candidates == []:
            return
        if self._candidates is None:
            self._candidates = self._of(texts[0])
        is_number = self.result.kind in (*_WIDER, "double")
        self._candidates = self._widened(texts) if is_number else [c for c in self._candidates if _reads(c, texts)]

    def be_text(self) -> None:
        """Hold a text that is of no other type."""
        self._candidates = []

    @property
    def result(self) -> TextType:
        """The type of what was observed; of nothing, or of several types, TEXT."""
        return self._candidates[0] if self._candidates else TEXT

    def _of(self, text: str) -> list[TextType]:
        """Return the types that one text may have, the narrowest of numbers, and every reading of a date."""
        one = pl.Series([text])
        plain = next((t for t in self._plain.values() if _reads(t, one)), None)
        if plain is not None:
            return [plain]
        formatted = {type(t.dtype) for t in self._formats}
        orders = [TextType(t, kind, o) for kind, t in _MOMENTS.items() if type(t) not in formatted for o in _DATES]
        return [t for t in (*self._formats, *orders) if _reads(t, one)]

    def _widened(self, texts: pl.Series) -> list[TextType]:
        """Return the first of the types of numbers, from the present one up, that reads all texts."""
        kind: str | None = self.result.kind
        while kind is not None:
            if _reads(self._plain[kind], texts):
                return [self._plain[kind]]
            kind = _WIDER.get(kind)
        return []


def _reads(candidate: TextType, texts: pl.Series) -> bool:
    """Say whether a type reads every one of some texts, none of which is empty."""
    values = texts.alias("x").to_frame().select(candidate.read(pl.col("x"))).to_series()
    # A number that DOUBLE cannot hold would be infinite.
    return not values.null_count() and not (candidate.kind == "double" and values.is_infinite().any())


# --- readers


def _text(texts: pl.Expr, _: TextType) -> pl.Expr:
    return texts


def _boolean(texts: pl.Expr, _: TextType) -> pl.Expr:
    word = texts.str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)


def _integer(texts: pl.Expr, kind: TextType) -> pl.Expr:
    text = _plain_number(texts, kind.marks)
    return pl.when(text.str.contains(_INTEGER)).then(text).cast(kind.dtype, strict=False)


def _double(texts: pl.Expr, kind: TextType) -> pl.Expr:
    text = _plain_number(texts, kind.marks)
    fits = text.str.contains(_NUMBER) & ~text.str.contains(_LONG)
    return pl.when(fits).then(text).cast(kind.dtype, strict=False)


def _cast(texts: pl.Expr, kind: TextType) -> pl.Expr:
    return _plain_number(texts, kind.marks).cast(kind.dtype, strict=False)


def _member(texts: pl.Expr, kind: TextType) -> pl.Expr:
    return texts.cast(kind.dtype, strict=False)


def _bit(texts: pl.Expr, kind: TextType) -> pl.Expr:
    return pl.when(texts == "1").then(True).when(texts == "0").then(False).otherwise(_boolean(texts, kind))


def _plain_number(texts: pl.Expr, marks: Marks) -> pl.Expr:
    """Return numbers as Polars reads them, NULL for one that has other marks."""
    text = texts.str.strip_chars(" ")
    thousands, point = marks
    if thousands:
        mark = re.escape(thousands)
        fits = text.str.contains(f"^-?(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]*)(?:{re.escape(point)}.*)?$")
        text = pl.when(fits).then(text.str.replace_all(thousands, "", literal=True))
    if point != ".":
        text = pl.when(~text.str.contains(".", literal=True)).then(text.str.replace(point, ".", literal=True))
    return text


def _format(texts: pl.Expr, kind: TextType) -> pl.Expr:
    format_ = kind.order.replace(".%f", "%.f").replace("%f", "%6f").replace("%g", "%3f")
    text = texts.str.strip_chars(" ")
    if isinstance(kind.dtype, pl.Date):
        return text.str.to_date(format_, strict=False)
    zone = kind.dtype.time_zone if isinstance(kind.dtype, pl.Datetime) else None
    unit = kind.dtype.time_unit if isinstance(kind.dtype, pl.Datetime) else "us"
    if "%z" in format_:
        moments = text.str.to_datetime(format_, time_unit=unit, time_zone="UTC", strict=False)
        return moments if zone else moments.dt.replace_time_zone(None)
    moments = text.str.to_datetime(format_, time_unit=unit, strict=False)
    return moments.dt.replace_time_zone("UTC") if zone else moments


def _time(texts: pl.Expr, _: TextType) -> pl.Expr:
    text = texts.str.strip_chars(" ")
    text = pl.when(text.str.contains(_TIME)).then(text)
    return _with_seconds(text).str.to_time("%H:%M:%S%.f", strict=False)


def _moment(texts: pl.Expr, kind: TextType) -> pl.Expr:
    """Read a date, or a date and a time, of one order, whatever parts its numbers."""
    text = texts.str.strip_chars(" ").str.replace(r"^([0-9]+)[/.]([0-9]+)[/.]([0-9]+)", "$1-$2-$3")
    # pandas and DuckDB write T or a space.
    text = text.str.replace(r"^([0-9-]+)T", "$1 ")
    clock = {"date": "", "timestamp": _CLOCK, "timestamp_ns": _CLOCK, "timestamptz": f"{_CLOCK}(?:{_OFFSET})?"}
    shape = f"^{_DATES[kind.order]}{clock[kind.kind]}$"
    text = pl.when(text.str.contains(shape)).then(text)
    if "y" in kind.order:
        text = _with_century(text, first=kind.order[0] == "y")
    format_ = {"Y": "%Y-%m-%d", "y": "%Y-%m-%d", "D": "%d-%m-%Y", "M": "%m-%d-%Y"}[kind.order[0]]
    if kind.kind == "date":
        return text.str.to_date(format_, strict=False)
    if kind.kind != "timestamp_ns":
        text = pl.when(~text.str.contains(r"\.[0-9]{6}[0-9]*[1-9]")).then(text)
    if kind.kind == "timestamptz":
        # The offset is +hh:mm, and what has none is in UTC.
        text = text.str.replace("Z$", "+00:00").str.replace(r"([+-][0-9]{2})$", "$1:00")
        text = pl.when(text.str.contains(r"[+-][0-9]{2}:?[0-9]{2}$")).then(text).otherwise(text + "+00:00")
        text = text.str.replace(r"( [0-9]{1,2}:[0-9]{2})([+-])", "${1}:00$2")
        return text.str.to_datetime(f"{format_} %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    text = _with_seconds(text)
    moments = text.str.to_datetime(f"{format_} %H:%M:%S%.f", time_unit="us", strict=False)
    if kind.kind == "timestamp":
        return moments
    # Beyond these years nanoseconds of 64 bits wrap.
    fits = moments.dt.year().is_between(1678, 2261)
    return pl.when(fits).then(text).str.to_datetime(f"{format_} %H:%M:%S%.f", time_unit="ns", strict=False)


def _any_moment(texts: pl.Expr, kind: TextType) -> pl.Expr:
    """Read what SQL casts to a timestamp: a date with or without a time, with or without an offset."""
    assert isinstance(kind.dtype, pl.Datetime)
    zoned = kind.dtype.time_zone is not None
    moment = "timestamptz" if zoned else "timestamp_ns" if kind.dtype.time_unit == "ns" else "timestamp"
    days = _moment(texts, TextType(pl.Date(), "date")).cast(pl.Datetime(kind.dtype.time_unit))
    moments = _moment(texts, TextType(_MOMENTS[moment], moment))
    return pl.coalesce(moments, days.dt.replace_time_zone("UTC") if zoned else days).cast(kind.dtype)


def _with_seconds(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^((?:\S+ )?[0-9]{1,2}:[0-9]{2})$", "${1}:00")


def _with_century(text: pl.Expr, *, first: bool) -> pl.Expr:
    """Return a date with a year of four digits, which comes first or last: 69 to 99 are of the 20th century."""
    if first:
        return text.str.replace(r"^(69|[7-9][0-9])-", "19$1-").str.replace(r"^([0-9]{2})-", "20$1-")
    late = text.str.replace(r"^([0-9]+-[0-9]+)-(69|[7-9][0-9])( |$)", "$1-19$2$3")
    return late.str.replace(r"^([0-9]+-[0-9]+)-([0-9]{2})( |$)", "$1-20$2$3")


_READERS: dict[str, Callable[[pl.Expr, TextType], pl.Expr]] = {
    "text": _text,
    "boolean": _boolean,
    "bit": _bit,
    "bigint": _integer,
    "hugeint": _integer,
    "double": _double,
    "cast": _cast,
    "member": _member,
    "format": _format,
    "time": _time,
    "moment": _any_moment,
    **dict.fromkeys(_MOMENTS, _moment),
}
