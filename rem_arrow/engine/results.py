"""Results under the user's names."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.lower.interval import flattened
from rem_arrow.plan import types


def named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names. An interval with months leaves as a Duration of 30 days a month: Polars has no
    type for it."""
    calendars = [name for name, dtype in frame.schema.items() if dtype == types.CALENDAR]
    if calendars:
        frame = frame.with_columns(flattened(pl.col(name), types.CALENDAR).alias(name) for name in calendars)
    return titled(frame, names)


def titled(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names, and leave its intervals as they are."""
    frame.columns = unique_names(names)
    return frame


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names with repeated ones numbered, since the columns of a frame differ: a, a_1."""
    taken, unique = set(names), dict[str, None]()
    for name in names:
        numbered, n = name, 0
        while numbered in unique or (n and numbered in taken):
            n += 1
            numbered = f"{name}_{n}"
        unique[numbered] = None
    return list(unique)
