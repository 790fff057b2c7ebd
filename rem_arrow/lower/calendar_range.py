"""Dates and times within the years 1 to 9999, which is what Python can read of a result: the ends of the calendar,
where Polars goes on or wraps."""

from __future__ import annotations

import datetime as dt

import polars as pl

from rem_arrow.lower import semantics
from rem_arrow.plan.time_text import DAYS_MAX, DAYS_MIN, MICROS_MAX, MICROS_MIN

_I128 = pl.Int128()
_YEAR_MAX = 9999


def in_calendar(stamp: pl.Expr) -> pl.Expr:
    """Return a TIMESTAMP, and an error for one outside of the years 1 to 9999. SQL goes on; Polars too, but its results
    cannot be read."""
    micros = stamp.to_physical()
    return semantics.outside((micros < MICROS_MIN) | (micros > MICROS_MAX), micros, _stamp_beyond, stamp)


def days_later(date: pl.Expr, days: pl.Expr) -> pl.Expr:
    """`DATE + n`. SQL: beyond the last date is an error. Polars: it wraps."""
    count = date.to_physical().cast(_I128) + days
    date = count.cast(pl.Int32, strict=False).cast(pl.Date)
    return semantics.outside((count < DAYS_MIN) | (count > DAYS_MAX), count, _day_beyond, date)


def frame_days(date: pl.Expr, days: pl.Expr) -> pl.Expr:
    """`DATE + n` as the bound of a window frame: beyond the ends of the calendar lies nothing, and no error."""
    count = date.to_physical().cast(_I128) + days
    return count.clip(DAYS_MIN - 1, DAYS_MAX + 1).cast(pl.Int32).cast(pl.Date)


def date_of(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """MAKE_DATE, and an error for a year outside of 1 to 9999. SQL goes on; Polars too, but its results cannot be
    read."""
    return semantics.outside((year < 1) | (year > _YEAR_MAX), year, _year_beyond, pl.date(year, month, day))


def stamp_of_micros(count: pl.Expr) -> pl.Expr:
    """Return the TIMESTAMP of microseconds since 1970, and an error for one outside of the years 1 to 9999."""
    wide = count.cast(_I128)
    stamp = wide.cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    return semantics.outside((wide < MICROS_MIN) | (wide > MICROS_MAX), wide, _stamp_beyond, stamp)


_DAY_MICROS = 86_400_000_000
# The Gregorian calendar repeats after so many days, which are so many years.
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400


def _day_beyond(count: object) -> str:
    """Say of a day, counted from 1970-01-01, that it is beyond the ends of the calendar."""
    assert isinstance(count, int), "days are counted"
    return f"the date {_shown_day(count)} is out of range: a DATE lies from 0001-01-01 to 9999-12-31"


def _stamp_beyond(micros: object) -> str:
    """Say the same of microseconds since 1970."""
    assert isinstance(micros, int), "microseconds are counted"
    days, rest = divmod(micros, _DAY_MICROS)
    time = (dt.datetime.min + dt.timedelta(microseconds=rest)).time()
    return (
        f"the timestamp {_shown_day(days)} {time} is out of range: a TIMESTAMP lies from 0001-01-01 00:00:00 to "
        "9999-12-31 23:59:59.999999"
    )


def _year_beyond(year: object) -> str:
    return f"the year {year} is out of range: a DATE lies in the years 1 to {_YEAR_MAX}"


def _shown_day(count: int) -> str:
    """Return a day, counted from 1970-01-01, as a date of a calendar without ends."""
    cycles, rest = divmod(count, _CYCLE_DAYS)
    date = dt.date(1970, 1, 1) + dt.timedelta(days=rest)
    return f"{date.year + cycles * _CYCLE_YEARS:04}-{date.month:02}-{date.day:02}"
