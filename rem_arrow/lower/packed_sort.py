"""Sorting rows by several columns as one of integers: each key takes some of 63 bits, the row's place the last.

Sorting plain integers is many times faster than comparing columns. Keys that do not fit, or have no small integers, are
left to Polars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

_BITS = 63


def packed_order(groups: list[pl.Series], keys: list[tuple[pl.Series, bool, bool]]) -> npt.NDArray[np.int64] | None:
    """Return the rows' places in order, equal rows as they came; None where the columns do not fit.

    Args:
        groups: columns whose equal values are to stand together, in any order.
        keys: columns to sort by, whether descending, and whether NULLs come last.
    """
    rows = len(groups[0]) if groups else len(keys[0][0])
    place_bits = max(1, int(rows).bit_length())
    packed, used = None, place_bits
    for column, descending, nulls_last in [(_grouped(g), False, True) for g in groups] + keys:
        codes = _codes(column, descending=descending, nulls_last=nulls_last)
        if codes is None:
            return None
        values, bits = codes
        used += bits
        if used > _BITS:
            return None
        packed = values if packed is None else (packed << bits) | values
    assert packed is not None, "there is something to sort by"
    packed = (packed << place_bits) | np.arange(rows, dtype=np.int64)
    packed.sort()
    return np.asarray(packed & ((1 << place_bits) - 1))


def _grouped(column: pl.Series) -> pl.Series:
    """Return numbers for texts, equal for equal ones."""
    return column.cast(pl.Categorical).to_physical() if column.dtype == pl.String else column


def _codes(column: pl.Series, *, descending: bool, nulls_last: bool) -> tuple[npt.NDArray[np.int64], int] | None:
    """Return a column as integers from 0 that sort as asked, and how many bits they take."""
    dtype = column.dtype
    if not (dtype.is_integer() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Categorical, pl.Enum)) or dtype in (
        pl.Int128,
        pl.UInt64,
    ):
        return None
    if dtype in (pl.Categorical, pl.Enum):
        return None
    whole = column.to_physical().cast(pl.Int64)
    low, high = whole.min(), whole.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return np.zeros(len(column), dtype=np.int64), 0
    span = high - low
    if span >= 1 << _BITS - 2:
        return None
    values = (high - whole if descending else whole - low) + (0 if nulls_last else 1)
    return values.fill_null(span + 1 if nulls_last else 0).to_numpy(), int(span + 2).bit_length()
