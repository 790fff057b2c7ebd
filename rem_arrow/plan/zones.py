"""Names of time zones, in any case of letters."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

# The zone of a time whose text names none: UTC, or that of the session.
UNZONED = ZoneInfo("UTC")


def zone_named(text: str) -> str | None:
    """Return a time zone's name in its own spelling, or None."""
    return _zones().get(text.strip().casefold())


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
