"""Dates and times in words, as DuckDB reads them: '2024-12-31', '2024-1-1 10:00', '10:00:00.5', '… 10:00+02'.

One reader for literals, casts and inserts. What comes out counts as Polars stores it: days, nanoseconds of a day, and
units since 1970. Digits beyond microseconds are cut off, of TIMESTAMP_NS those beyond nanoseconds; TIMESTAMP_MS is
rounded. An offset or a zone counts with a time zone, and is ignored without.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan.zones import zone_named

_DATE = re.compile(r"\s*(-?)(\d+)([-/\\ ])(\d{1,2})\3(\d{1,2})(?!\d)( \(BC\))?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::(?:(\d{1,2})(?:\.(\d*))?)?)?(?!\d)")
_AFTER = re.compile(r"(?:(Z)|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?(?: +([A-Za-z][\w/+-]*))?\s*")
_BETWEEN = re.compile(r"T| +")
_NO_DATES = re.compile(r"\s*-?inf(inity)?\s*", re.IGNORECASE)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_EPOCH = dt.datetime(1970, 1, 1)
# The first and the last day and microsecond of the years 1 to 9999, beyond which Python has no dates.
DAYS_MIN, DAYS_MAX = -719_162, 2_932_896
MICROS_MIN, MICROS_MAX = -62_135_596_800_000_000, 253_402_300_799_999_999
_YEAR_MAX, _HOUR_MAX, _SIXTY = 9999, 24, 60
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_PER_UNIT = {"ms": 1_000_000, "us": 1_000, "ns": 1}
_INT64_MAX = (1 << 63) - 1


def count_of(text: str, dtype: pl.DataType) -> int:
    """Return what Polars stores for a text of a DATE, TIME or TIMESTAMP. Raises ValueError."""
    count = _count(text, dtype)
    if count is None:
        raise ValueError(f"'{text}' is not a {sql_name(dtype)}; write it like {_example(dtype)}")
    return count


def value_of(count: int, dtype: pl.DataType) -> dt.date | dt.time | dt.datetime | None:
    """Return a stored count as a value of Python; None where Python has none: it has no nanoseconds."""
    if isinstance(dtype, pl.Date):
        return dt.date.fromordinal(count + _EPOCH_DAY)
    if isinstance(dtype, pl.Time):
        return (_EPOCH + dt.timedelta(microseconds=count // 1_000)).time()
    assert isinstance(dtype, pl.Datetime), "the others are above"
    nanos = count * _PER_UNIT[dtype.time_unit]
    moment = _EPOCH + dt.timedelta(microseconds=nanos // 1_000)
    return None if nanos % 1_000 else moment.replace(tzinfo=dt.timezone.utc) if dtype.time_zone else moment


def has_zone(text: str) -> bool:
    """Say whether an offset or the name of a zone stands behind the time of a text."""
    date = _DATE.match(text)
    between = None if date is None else _BETWEEN.match(text, date.end())
    clock = None if between is None else _CLOCK.match(text, between.end())
    after = None if clock is None else _AFTER.fullmatch(text, clock.end())
    return after is not None and any(after.groups())


def _count(text: str, dtype: pl.DataType) -> int | None:
    """Return the count; None where the text is not of this form, ValueError where it is, and beyond the type."""
    if text.strip().lower() == "epoch":
        return 0
    if _NO_DATES.fullmatch(text) and not isinstance(dtype, pl.Time):
        raise ValueError(f"'{text.strip()}' is no date here; dates are of the years 1 to {_YEAR_MAX}")
    date = _DATE.match(text)
    if date is None:
        return _time_alone(text) if isinstance(dtype, pl.Time) else None
    days = _days(date, text)
    tail = _tail(text, date.end())
    if days is None or tail is None:
        # A date without a time ends with the text, but for spaces in a DATE.
        rest = text[date.end() :]
        tail = (0, 0, None) if not (rest.strip() if isinstance(dtype, pl.Date) else rest) else None
    if days is None or tail is None:
        return None
    nanos, offset, zone = tail
    match dtype:
        case pl.Date():
            return days
        case pl.Time():
            return nanos % _DAY // 1_000 * 1_000
        case pl.Datetime():
            return _moment(text, dtype, days * _DAY + nanos, offset, zone)
        case _:
            raise AssertionError(f"{dtype} is no date and no time")


def _days(date: re.Match[str], text: str) -> int | None:
    sign, year, _, month, day, before_christ = date.groups()
    if sign or before_christ or not 0 < int(year[:7]) <= _YEAR_MAX:
        raise ValueError(
            f"'{text.strip()}' is of a year outside of 1 to {_YEAR_MAX}, beyond which there is no date here"
        )
    try:
        return dt.date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def _tail(text: str, place: int) -> tuple[int, int, str | None] | None:
    """Return the nanoseconds of the day, the offset in seconds and the name of the zone behind a date."""
    between = _BETWEEN.match(text, place)
    clock = None if between is None else _CLOCK.match(text, between.end())
    nanos = None if clock is None else _nanos(clock)
    after = None if clock is None else _AFTER.fullmatch(text, clock.end())
    if nanos is None or after is None:
        return None
    _, sign, hours, minutes, seconds, zone = after.groups()
    offset = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return nanos, -offset if sign == "-" else offset, zone


def _time_alone(text: str) -> int | None:
    clock = _CLOCK.match(text, len(text) - len(text.lstrip()))
    nanos = None if clock is None or _AFTER.fullmatch(text, clock.end()) is None else _nanos(clock)
    if nanos == _DAY:
        raise ValueError(f"'{text.strip()}' is not a TIME here; the last one is 23:59:59.999999")
    return None if nanos is None else nanos // 1_000 * 1_000


def _nanos(clock: re.Match[str]) -> int | None:
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    fraction = int((clock[4] or "")[:9].ljust(9, "0"))
    nanos = (hour * 3600 + minute * 60 + second) * _SECOND + fraction
    return nanos if hour <= _HOUR_MAX and minute < _SIXTY and second < _SIXTY and nanos <= _DAY else None


def _moment(text: str, dtype: pl.Datetime, nanos: int, offset: int, zone: str | None) -> int | None:
    name = None if zone is None else zone_named("UTC" if zone == "Z" else zone)
    if zone is not None and name is None:
        return None
    if dtype.time_unit != "ns":
        nanos = nanos // 1_000 * 1_000
    if dtype.time_zone:
        nanos -= offset * _SECOND if name in (None, "UTC") else _ahead(nanos, str(name))
    per = _PER_UNIT[dtype.time_unit]
    count = nanos // per if per < 1_000_000 else _rounded(nanos, per)
    if abs(count) > _INT64_MAX or not MICROS_MIN * 1_000 <= nanos <= MICROS_MAX * 1_000 + 999:
        raise ValueError(f"'{text.strip()}' is beyond what a {sql_name(dtype)} holds here")
    return count


def _ahead(nanos: int, zone: str) -> int:
    """Return by how many nanoseconds the clocks of a zone are ahead at a local time."""
    local = _EPOCH + dt.timedelta(microseconds=nanos // 1_000)
    ahead = local.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    assert ahead is not None, "a zone has an offset"
    return ahead // dt.timedelta(microseconds=1) * 1_000


def _rounded(nanos: int, per: int) -> int:
    """Halves away from zero, which is 1970."""
    size = (abs(nanos) + per // 2) // per
    return size if nanos >= 0 else -size


def _example(dtype: pl.DataType) -> str:
    return "23:59:59" if isinstance(dtype, pl.Time) else "2024-12-31 or 2024-12-31 23:59:59"
