"""CAST of dates and times: from text, from each other, and to text."""

from __future__ import annotations

from functools import partial

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.plan.time_text import count_of

_INT, _WIDE, _MICROS = pl.Int64(), pl.Int128(), pl.Datetime("us")
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
# What Polars reads at once: the usual form, with a year above 0 and no second 60. All else is read one by one.
_YEAR = r"^(?:[1-9]\d{3}|0[1-9]\d\d|00[1-9]\d|000[1-9])"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$"
_PLAIN: dict[type[pl.DataType], tuple[str, str]] = {
    pl.Date: (_YEAR + r"-\d\d-\d\d$", "%Y-%m-%d"),
    pl.Time: ("^" + _CLOCK, "%H:%M:%S%.f"),
    pl.Datetime: (_YEAR + r"-\d\d-\d\d " + _CLOCK, "%Y-%m-%d %H:%M:%S%.f"),
}


def time_of_text(x: pl.Expr, dtype: pl.DataType, *, strict: bool) -> pl.Expr:
    """Read the usual form at once, and every other text by `plan/time_text.py`."""
    shape, pattern = _PLAIN[type(dtype)]
    usual = pl.when(x.str.contains(shape)).then(x)
    match dtype:
        case pl.Date():
            plain = usual.str.to_date(pattern, strict=False)
        case pl.Time():
            plain = usual.str.to_time(pattern, strict=False)
        case pl.Datetime(time_unit="us"):
            plain = usual.str.to_datetime(pattern, time_unit="us", strict=False)
            plain = plain.dt.replace_time_zone(dtype.time_zone) if dtype.time_zone else plain
        case _:
            return _counted(x, dtype, strict=strict)
    return pl.coalesce(plain, _counted(pl.when(plain.is_null()).then(x), dtype, strict=strict))


def _counted(x: pl.Expr, dtype: pl.DataType, *, strict: bool) -> pl.Expr:
    count = over_distinct(partial(_count if strict else _count_or_none, dtype), _INT)(x)
    return count.cast(pl.Int32() if isinstance(dtype, pl.Date) else _INT).cast(dtype)


def _count(dtype: pl.DataType, text: str) -> int:
    try:
        return count_of(text, dtype)
    except ValueError as error:
        raise ExecuteError(str(error)) from error


def _count_or_none(dtype: pl.DataType, text: str) -> int | None:
    try:
        return count_of(text, dtype)
    except ValueError:
        return None


def time_of_time(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, strict: bool) -> pl.Expr:
    """A time stamp of another unit is rounded, halves away from 1970, and so is what becomes a date or a time; in a
    finer unit it may have no place."""
    if isinstance(source, pl.Datetime):
        stamp = x.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if source.time_zone else x
        if not isinstance(dtype, pl.Datetime):
            return _in_unit(stamp, source.time_unit, "us", strict=strict).cast(dtype)
        stamp = _in_unit(stamp, source.time_unit, dtype.time_unit, strict=strict)
    elif isinstance(dtype, pl.Datetime):
        stamp = _in_unit(x.cast(_MICROS), "us", dtype.time_unit, strict=strict)
    else:
        return x.cast(dtype, strict=strict)
    zone = dtype.time_zone
    return stamp.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else stamp


def _in_unit(x: pl.Expr, unit: str, wanted: str, *, strict: bool) -> pl.Expr:
    have, want = _PER_SECOND[unit], _PER_SECOND[wanted]
    if have == want:
        return x
    count = x.to_physical()
    if have > want:
        per = have // want
        moved = (count.abs() + per // 2) // per * count.sign()
    else:
        moved = (count.cast(_WIDE) * (want // have)).cast(_INT, strict=strict)
    return moved.cast(pl.Datetime(wanted))  # type: ignore[arg-type]


def whole_seconds(x: pl.Expr) -> pl.Expr:
    """A TIMESTAMP rounded as TIMESTAMP_S is, halves away from 1970."""
    count, per = x.to_physical(), _PER_SECOND["us"]
    return ((count.abs() + per // 2) // per * per * count.sign()).cast(_MICROS)


def text_of_time(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Write as DuckDB does: without a fraction of nothing, an instant in UTC."""
    match source:
        case pl.Time():
            return x.dt.strftime("%H:%M:%S") + _fraction(x, 6)
        case pl.Datetime():
            stamp = x.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if source.time_zone else x
            whole = stamp.dt.strftime("%Y-%m-%d %H:%M:%S")
            digits = 9 if source.time_unit == "ns" else 6
            return whole + _fraction(stamp, digits) + (pl.lit("+00") if source.time_zone else pl.lit(""))
        case _:
            return x.cast(pl.String)


def _fraction(x: pl.Expr, digits: int) -> pl.Expr:
    part = x.dt.nanosecond() if digits == 9 else x.dt.microsecond()
    text = pl.lit(".") + part.cast(pl.String).str.zfill(digits).str.strip_chars_end("0")
    return pl.when(part == 0).then(pl.lit("")).otherwise(text)
