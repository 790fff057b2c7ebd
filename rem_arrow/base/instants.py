"""Times that a caller gives: datetimes, dates and ISO 8601 texts, in UTC where they have no zone."""

from __future__ import annotations

import datetime as dt

from rem_arrow.base.errors import InputError

Time = dt.datetime | dt.date | str


def instant(value: Time, name: str) -> dt.datetime:
    """Return a time as a datetime in UTC; a date is its first instant. Raises InputError that calls it by `name`."""
    given: object = value
    if isinstance(given, str):
        try:
            given = dt.datetime.fromisoformat(given.strip())
        except ValueError as error:
            raise InputError(
                f"{name} is {value!r}, which is not an ISO 8601 time; write 2026-06-15 or 2026-06-15T12:00:00+02:00"
            ) from error
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        given = dt.datetime.combine(given, dt.time())
    if not isinstance(given, dt.datetime):
        raise InputError(f"{name} is a datetime, a date or an ISO 8601 text, not {value!r}")
    try:
        return given.replace(tzinfo=dt.timezone.utc) if given.tzinfo is None else given.astimezone(dt.timezone.utc)
    except OverflowError as error:
        raise InputError(f"{name} {value} is out of range in UTC") from error
