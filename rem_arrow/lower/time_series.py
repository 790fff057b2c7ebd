"""generate_series and range of timestamps: a list from one time to another by steps of an interval."""

from __future__ import annotations

import calendar
import datetime as dt

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import interval
from rem_arrow.lower.distinct import over_distinct

STEPS_MAX = 1_000_000
_TOO_LONG = f"a series of times has at most {STEPS_MAX:,} steps"


def series_of_times(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Take start, stop, step, whether the stop belongs to it, and whether a step that leads nowhere is an error. A step
    of months that ends short, as in February, stays short."""
    start, stop, step, closed, checked = args if len(args) > 4 else (*args, pl.lit(value=False))
    parts = interval.parts(step, arg_types[2])
    months, micros = parts.months, parts.fixed

    def times(start: dt.datetime, stop: dt.datetime, months: int, micros: int, *options: bool) -> list[dt.datetime]:
        closed, checked = options
        return _times(start, stop, (months, micros), closed=closed, checked=checked)

    return over_distinct(times, result)(start, stop, months, micros, closed, checked)


def _times(
    start: dt.datetime, stop: dt.datetime, step: tuple[int, int], *, closed: bool, checked: bool
) -> list[dt.datetime]:
    """Return the times of a series; a step is so many months and so many microseconds."""
    months, micros = step
    if months * micros < 0 or (months == 0 and micros == 0):
        if not checked:
            return []
        raise ExecuteError("the step of a series of times must not be 0, nor mix signs")
    ahead = months > 0 or micros > 0
    if not months and abs((stop - start) / dt.timedelta(microseconds=micros)) > STEPS_MAX:
        raise ExecuteError(_TOO_LONG)
    times: list[dt.datetime] = []
    place = start
    while True:
        if place > stop if ahead else place < stop:
            return times
        if not closed and place == stop:
            return times
        if len(times) == STEPS_MAX:
            raise ExecuteError(_TOO_LONG)
        times.append(place)
        place = _shifted(place, months) + dt.timedelta(microseconds=micros)


def _shifted(stamp: dt.datetime, months: int) -> dt.datetime:
    if not months:
        return stamp
    year, month = divmod(stamp.year * 12 + stamp.month - 1 + months, 12)
    return stamp.replace(year=year, month=month + 1, day=min(stamp.day, calendar.monthrange(year, month + 1)[1]))
