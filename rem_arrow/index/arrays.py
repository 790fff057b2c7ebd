"""Arrays that indexes are made of: their types, and what is done to them in several places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

Ints: TypeAlias = "npt.NDArray[np.int64]"
Codes: TypeAlias = "npt.NDArray[np.int32]"
Mask: TypeAlias = "npt.NDArray[np.bool_]"


def taken(values: pl.Series, places: npt.NDArray[np.integer[Any]]) -> pl.Series:
    """Return the values at some places. `gather` runs as a query of Polars, which costs more than a few values."""
    return values[pl.Series("", places.astype(np.uint32))]


def once(keys: Ints, space: int) -> Ints:
    """Return each of some keys below `space` once, ascending."""
    if len(keys) < 2:
        return keys
    if len(keys) * 20 < space:
        ordered = np.sort(keys)
        first: Mask = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        return ordered[first]
    flags = np.zeros(space, dtype=np.bool_)
    flags[keys] = True
    return np.flatnonzero(flags)


def among(rowids: Ints, allowed: Ints) -> Mask:
    """Return which rowids are among `allowed`, which ascend."""
    if not len(allowed):
        return np.zeros(len(rowids), dtype=np.bool_)
    places = np.searchsorted(allowed, rowids)
    places[places == len(allowed)] = 0
    hits: Mask = allowed[places] == rowids
    return hits
