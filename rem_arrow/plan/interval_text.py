"""Intervals in words, as DuckDB reads them: '1 year 2 days', '04:05:06', '1 day -02:00:00', '1.5 hours', '1 day ago'.

One reader for literals, casts, inserts and parameters. A text is numbers with units, then a time of day or `ago`; a
number alone is seconds. A part of a month counts in days of 30 to it and in time, a part of a week or a day in time;
parts of what is longer than a month are rounded: of a quarter to days, of others to months.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from rem_arrow.plan.time_functions import UNIT_MICROSECONDS, UNIT_MONTHS

_UNIT_NAMES: dict[str, str] = {
    **{unit: unit for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS)},
    **{f"{unit}s": unit for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS) if unit != "century"},
    **dict.fromkeys(("y", "yr", "yrs"), "year"),
    **dict.fromkeys(("mon", "mons"), "month"),
    **dict.fromkeys(("c", "cent", "centuries"), "century"),
    **dict.fromkeys(("dec", "decs"), "decade"),
    **dict.fromkeys(("mil", "mils", "millennia", "millenium"), "millennium"),
    **dict.fromkeys(("w", "weekofyear"), "week"),
    **dict.fromkeys(("d", "dayofmonth"), "day"),
    **dict.fromkeys(("h", "hr", "hrs"), "hour"),
    **dict.fromkeys(("m", "min", "mins"), "minute"),
    **dict.fromkeys(("s", "sec", "secs"), "second"),
    **dict.fromkeys(("ms", "msec", "msecs", "msecond", "mseconds"), "millisecond"),
    **dict.fromkeys(("us", "usec", "usecs", "usecond", "useconds"), "microsecond"),
}
_SPACES = re.compile(r"[ \t\n]*")
_CLOCK = re.compile(r"(-?)(\d+):(\d{1,2})(?::(?:(\d{1,2})(?:\.(\d*))?)?)?[ \t\n]*$")
_AMOUNT = re.compile(r"(-?\d+)(?:\.(\d*))?[ \t\n]*([a-zA-Z]*)")
_AGO = re.compile(r"ago[ \t\n]*$", re.IGNORECASE)
_SIXTY = 60
_DAY = UNIT_MICROSECONDS["day"]
_DAYS = {"day": 1, "week": 7}


class Interval(NamedTuple):
    """An interval; the three parts are kept apart, since months and days have no fixed length."""

    months: int
    days: int
    microseconds: int


def unit_of(word: str) -> str | None:
    """Return the name of a unit of time, singular and in full, or None."""
    return _UNIT_NAMES.get(word.lower())


def interval_of(text: str) -> Interval:
    """Return the interval that a text says. Raises ValueError."""
    place = _past_spaces(text, 0)
    place = _past_spaces(text, place + 1) if text.startswith("@", place) else place
    months, days, micros, terms = 0, 0, 0, 0
    while place < len(text):
        if terms and _AGO.match(text, place):
            return _within(-months, -days, -micros, text)
        clock = _CLOCK.match(text, place)
        if clock is not None:
            return _within(months, days, micros + _clock_micros(clock, text), text)
        hit = _AMOUNT.match(text, place)
        # A number without a unit stands alone.
        if hit is None or (not hit[3] and (terms or hit.end() < len(text))):
            raise _no_interval(text)
        unit = unit_of(hit[3] or "second")
        if unit is None:
            units = ", ".join((*UNIT_MONTHS, *UNIT_MICROSECONDS))
            raise ValueError(f"'{hit[3]}' in '{text}' is not a unit of time; units are {units}")
        added = interval_of_amount(Fraction(f"{hit[1]}.{hit[2] or 0}"), unit)
        months, days, micros = months + added.months, days + added.days, micros + added.microseconds
        terms += 1
        place = _past_spaces(text, hit.end())
    if not terms:
        raise _no_interval(text)
    return _within(months, days, micros, text)


def interval_of_amount(amount: Fraction, unit: str) -> Interval:
    """Return so many units. What is less than a microsecond is rounded, of a number of microseconds cut off."""
    whole = int(amount)
    part = amount - whole
    if unit in UNIT_MONTHS:
        return _months(whole, part, unit)
    if unit in _DAYS:
        days, micros = _days(part, _DAYS[unit])
        return Interval(0, whole * _DAYS[unit] + days, micros)
    size = UNIT_MICROSECONDS[unit]
    return Interval(0, 0, whole * size + (_rounded(part * size) if size > 1 else 0))


def _months(whole: int, part: Fraction, unit: str) -> Interval:
    length = UNIT_MONTHS[unit]
    exact = part * length
    match unit:
        case "month":
            return Interval(whole, *_days(part, 30))
        case "quarter":
            return Interval(whole * length + int(exact), _rounded((exact - int(exact)) * 30), 0)
        case _:
            return Interval(whole * length + _rounded(exact), 0, 0)


def _days(part: Fraction, length: int) -> tuple[int, int]:
    """Return the whole days of a part of so many days, and the microseconds beyond them."""
    days = int(part * length)
    return days, _rounded((part * length - days) * _DAY)


def _rounded(micros: Fraction) -> int:
    """Halves away from zero."""
    size = int(abs(micros) + Fraction(1, 2))
    return size if micros > 0 else -size


def _clock_micros(clock: re.Match[str], text: str) -> int:
    sign, hours, minutes, seconds, fraction = clock.groups()
    if int(minutes) >= _SIXTY or int(seconds or 0) >= _SIXTY:
        raise _no_interval(text)
    size = (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * 1_000_000 + int(
        (fraction or "")[:6].ljust(6, "0")
    )
    return -size if sign else size


def _past_spaces(text: str, place: int) -> int:
    hit = _SPACES.match(text, place)
    assert hit is not None, "the pattern takes nothing too"
    return hit.end()


def _within(months: int, days: int, micros: int, text: str) -> Interval:
    if not (_fits(months, 32) and _fits(days, 32) and _fits(micros, 64)):
        raise ValueError(f"the interval '{text}' is too long")
    return Interval(months, days, micros)


def _fits(n: int, width: int) -> bool:
    return -(1 << (width - 1)) <= n < 1 << (width - 1)


def _no_interval(text: str) -> ValueError:
    return ValueError(f"'{text}' is not an interval; write it like 1 year 2 days 03:04:05")
