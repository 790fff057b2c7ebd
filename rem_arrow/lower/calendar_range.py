"""Dates and times within the years 1 to 9999, which is what Python can read of a result: the ends of the calendar,
where Polars goes on or wraps."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower import semantics
from rem_arrow.plan.time_text import DAYS_MAX, DAYS_MIN, MICROS_MAX, MICROS_MIN

_I128 = pl.Int128()
_YEAR_MAX = 9999


def in_calendar(stamp: pl.Expr) -> pl.Expr:
    """Return a TIMESTAMP, and an error for one outside of the years 1 to 9999. SQL goes on; Polars too, but its results
    cannot be read."""
    micros = stamp.to_physical()
    return semantics.raising((micros < MICROS_MIN) | (micros > MICROS_MAX), stamp)


def days_later(date: pl.Expr, days: pl.Expr) -> pl.Expr:
    """`DATE + n`. SQL: beyond the last date is an error. Polars: it wraps."""
    count = date.to_physical().cast(_I128) + days
    return semantics.raising((count < DAYS_MIN) | (count > DAYS_MAX), count.cast(pl.Int32, strict=False).cast(pl.Date))


def frame_days(date: pl.Expr, days: pl.Expr) -> pl.Expr:
    """`DATE + n` as the bound of a window frame: beyond the ends of the calendar lies nothing, and no error."""
    count = date.to_physical().cast(_I128) + days
    return count.clip(DAYS_MIN - 1, DAYS_MAX + 1).cast(pl.Int32).cast(pl.Date)


def date_of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """MAKE_DATE, and an error for a year outside of 1 to 9999. SQL goes on; Polars too, but its results cannot be
    read."""
    return semantics.raising((year < 1) | (year > _YEAR_MAX), pl.date(year, month, day))


def stamp_of_micros(count: pl.Expr) -> pl.Expr:
    """Return the TIMESTAMP of microseconds since 1970, and an error for one outside of the years 1 to 9999."""
    wide = count.cast(_I128)
    stamp = wide.cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    return semantics.raising((wide < MICROS_MIN) | (wide > MICROS_MAX), stamp)
