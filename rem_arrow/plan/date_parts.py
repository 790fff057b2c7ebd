"""The parts of dates and times by all their names, and the units that they are where something is counted or cut."""

from __future__ import annotations

_SHORT: dict[str, tuple[str, ...]] = {
    "era": (),
    "millennium": ("mil", "mils", "millenniums", "millennia"),
    "century": ("c", "cent", "centuries"),
    "decade": ("dec", "decs", "decades"),
    "year": ("y", "yr", "yrs", "years"),
    "isoyear": (),
    "quarter": ("quarters",),
    "month": ("mon", "mons", "months"),
    "week": ("w", "weeks", "weekofyear"),
    "yearweek": (),
    "day": ("d", "days", "dayofmonth"),
    "dayofweek": ("dow", "weekday"),
    "isodow": (),
    "dayofyear": ("doy",),
    "hour": ("h", "hr", "hrs", "hours"),
    "minute": ("m", "min", "mins", "minutes"),
    "second": ("s", "sec", "secs", "seconds"),
    "millisecond": ("ms", "msec", "msecs", "msecond", "mseconds", "milliseconds"),
    "microsecond": ("us", "usec", "usecs", "usecond", "useconds", "microseconds"),
    "epoch": (),
    "julian": (),
    "timezone_offset": ("timezone",),
    "timezone_hour": (),
    "timezone_minute": (),
}
# What EXTRACT takes, by every name of it.
PART_OF: dict[str, str] = {name: part for part, short in _SHORT.items() for name in (part, *short)}
_UNIT_OF_PART = {
    "yearweek": "week",
    "dayofweek": "day",
    "isodow": "day",
    "dayofyear": "day",
    "julian": "day",
    "epoch": "second",
}
_NO_UNITS = ("era", "timezone_offset", "timezone_hour", "timezone_minute")
# The units of date_trunc, date_diff and date_sub, by every name of them.
UNIT_OF: dict[str, str] = {
    name: _UNIT_OF_PART.get(part, part) for name, part in PART_OF.items() if part not in _NO_UNITS
}
PARTS_OF_TIMES = (
    "hour", "minute", "second", "millisecond", "microsecond", "epoch", "timezone_offset", "timezone_hour",
    "timezone_minute",
)  # fmt: skip
PARTS_OF_INTERVALS = (
    "millennium", "century", "decade", "year", "quarter", "month", "day", "hour", "minute", "second", "millisecond",
    "microsecond", "epoch",
)  # fmt: skip
