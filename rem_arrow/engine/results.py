"""Results under the user's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.wide_integers import narrowed, portable
from rem_arrow.lower.interval import flattened
from rem_arrow.plan import types


def named(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names. An interval with months leaves as a Duration of 30 days a month, for Polars has
    no type for it, and an integer of 128 bits in a type that other tools accept."""
    return titled(narrowed(_flattened(frame)), names)


def is_portable(schema: Mapping[str, pl.DataType]) -> bool:
    """Say whether `named` leaves the types of a result as they are."""
    return all(portable(t) == t and t != types.CALENDAR for t in schema.values())


def filed(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names, for a file: its types do not follow from its values."""
    return titled(_flattened(frame), names)


def lazily_named(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], names: Sequence[str]) -> pl.LazyFrame:
    """Give a frame of that schema the user's names; its integers of 128 bits stay."""
    flat = _flat(schema)
    return (frame.with_columns(flat) if flat else frame).rename(dict(zip(schema, unique_names(names), strict=True)))


def titled(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give a result the user's names, and leave its intervals as they are."""
    frame.columns = unique_names(names)
    return frame


def _flattened(frame: pl.DataFrame) -> pl.DataFrame:
    flat = _flat(frame.schema)
    try:
        return frame.with_columns(flat) if flat else frame
    except pl.exceptions.PolarsError as error:
        raise ExecuteError(
            "a result holds an interval of more than 292,000 years, which no Duration holds; cast it to VARCHAR"
        ) from error


def _flat(schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    return [flattened(pl.col(n), t).alias(n) for n, t in schema.items() if t == types.CALENDAR]


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names with repeated ones numbered, since the columns of a frame differ: a, a_1."""
    if len(set(names)) == len(names):
        return list(names)
    taken, unique = set(names), dict[str, None]()
    for name in names:
        numbered, n = name, 0
        while numbered in unique or (n and numbered in taken):
            n += 1
            numbered = f"{name}_{n}"
        unique[numbered] = None
    return list(unique)
