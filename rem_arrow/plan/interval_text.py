"""Intervals in words: '1 year 2 days', '04:05:06', '-1.5 minutes', '12 h'. Months and microseconds come out."""

from __future__ import annotations

import re
from decimal import Decimal

from rem_arrow.plan.time_functions import UNIT_MICROSECONDS, UNIT_MONTHS

_UNIT_NAMES: dict[str, str] = {
    **{unit: unit for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS)},
    **{f"{unit}s": unit for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS)},
    **dict.fromkeys(("y", "yr", "yrs"), "year"),
    **dict.fromkeys(("mon", "mons"), "month"),
    **dict.fromkeys(("c", "cent", "centuries"), "century"),
    **dict.fromkeys(("dec", "decs"), "decade"),
    **dict.fromkeys(("mil", "mils", "millennia"), "millennium"),
    **dict.fromkeys(("w",), "week"),
    **dict.fromkeys(("d", "dayofmonth"), "day"),
    **dict.fromkeys(("h", "hr", "hrs"), "hour"),
    **dict.fromkeys(("m", "min", "mins"), "minute"),
    **dict.fromkeys(("s", "sec", "secs"), "second"),
    **dict.fromkeys(("ms", "msec", "msecs"), "millisecond"),
    **dict.fromkeys(("us", "usec", "usecs"), "microsecond"),
}
_TERM = re.compile(
    r"\s*(?:([+-]?)(\d+):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?|([+-]?\d*\.?\d+)\s*([a-zA-Z]+)|([+-]?\d*\.?\d+)\s*$)\s*"
)
_MICROSECONDS_MAX = 1 << 63
_MONTHS_MAX = 1 << 31


def unit_of(word: str) -> str | None:
    """Return the name of a unit of time, singular and in full, or None."""
    return _UNIT_NAMES.get(word.lower())


def interval_of(text: str, unit: str | None = None) -> tuple[int, int]:
    """Return months and microseconds of an interval; `unit` is that of a number without one. Raises ValueError."""
    body = text.strip()
    ago = body.lower().endswith(" ago")
    body = body[:-4] if ago else body
    body = body.removeprefix("@").strip()
    month_count, micros, place = 0, Decimal(0), 0
    while place < len(body):
        hit = _TERM.match(body, place)
        if hit is None or hit.end() == place:
            raise ValueError(f"'{text}' is not an interval; write it like 1 year 2 days 03:04:05")
        more_months, more_micros = _term(hit, unit or "second", text)
        month_count, micros, place = month_count + more_months, micros + more_micros, hit.end()
    if not body:
        raise ValueError(f"'{text}' is not an interval; write it like 1 year 2 days 03:04:05")
    sign, whole = (-1 if ago else 1), int(micros)
    if abs(month_count) >= _MONTHS_MAX or abs(whole) >= _MICROSECONDS_MAX:
        raise ValueError(f"the interval '{text}' is too long")
    return sign * month_count, sign * whole


def _term(hit: re.Match[str], default: str, text: str) -> tuple[int, Decimal]:
    sign, hours, minutes, seconds, fraction, amount, word, bare = hit.groups()
    if hours is not None:
        size = (int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)) * 1_000_000 + Decimal(
            fraction or 0
        ) * 1_000_000
        return 0, -size if sign == "-" else size
    unit = default if bare is not None else unit_of(word)
    if unit is None:
        raise ValueError(
            f"'{word}' in '{text}' is not a unit of time; units are {', '.join((*UNIT_MONTHS, *UNIT_MICROSECONDS))}"
        )
    count = Decimal(bare if bare is not None else amount)
    if unit in UNIT_MICROSECONDS:
        return 0, count * UNIT_MICROSECONDS[unit]
    exact = count * UNIT_MONTHS[unit]
    # What is less than a month counts in days of 30 to it.
    return int(exact), (exact - int(exact)) * 30 * UNIT_MICROSECONDS["day"]
