"""Batches of rows that are looked at while a frame is computed."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def passing(
    frame: pl.LazyFrame, look: Callable[[pl.DataFrame], object] = lambda _: None, *, filters: bool = True
) -> pl.LazyFrame:
    """Return the rows of a frame, whose batches pass by `look`, as they are unless it raises an error.

    Args:
        filters: those behind it may run before it.
    """

    def passed(rows: pl.DataFrame) -> pl.DataFrame:
        look(rows)
        return rows

    return frame.map_batches(
        passed,
        predicate_pushdown=filters,
        projection_pushdown=True,
        slice_pushdown=True,
        streamable=True,
        validate_output_schema=False,
    )
