"""A scan that reads the parts of a table while its rows are computed with, where they would not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from rem_arrow.base.datatypes import value_bytes
from rem_arrow.base.schema import Field
from rem_arrow.running.lazy_rows import lazy_rows
from rem_arrow.running.threads import Threads, worked_ahead
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView

# Parts that are read while the rows of one are computed with.
_AHEAD = 1
_threads = Threads(2, "rem-scan")
_CODE_BYTES, _FIXED_BYTES, _TEXT_BYTES = 4, 8, 16


def decoded_bytes(
    views: Sequence[PartView], fields: Sequence[Field], coded: frozenset[str], fixed: frozenset[str]
) -> int:
    """Return a guess of the memory that the columns take."""
    rows = sum(view.length for view in views)
    segments = [view.part for view in views if isinstance(view.part, Segment)]
    total = 0
    for field in fields:
        if field.name in coded:
            total += rows * _CODE_BYTES
        elif field.name in fixed:
            total += rows * _FIXED_BYTES
        elif isinstance(field.dtype, (pl.String, pl.Binary)):
            # Long ones lie elsewhere, and may be the same ones many times.
            stored = sum(s.columns[field.number].bytes for s in segments if field.number in s.columns)
            total += rows * _TEXT_BYTES + stored
        else:
            total += rows * value_bytes(field.dtype)
    return total


def frame(schema: pl.Schema, views: Sequence[PartView], rows: Callable[[PartView], pl.DataFrame]) -> pl.LazyFrame:
    """Return the rows of each part, as `rows` gives them; they are read each time that the frame is collected."""

    return lazy_rows(schema, lambda: worked_ahead(_threads.pool, rows, views, _AHEAD))
