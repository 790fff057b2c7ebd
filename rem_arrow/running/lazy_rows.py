"""Rows that are made while a frame is computed with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source


def lazy_rows(schema: pl.Schema, frames: Callable[[], Iterator[pl.DataFrame]]) -> pl.LazyFrame:
    """Return the rows of `frames`, which is called each time that the result is collected.

    Filters stay above, where Polars computes them on all cores.
    """

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        remaining = n_rows
        for frame in frames():
            rows = frame if predicate is None else frame.filter(predicate)
            rows = rows if columns is None else rows.select(columns)
            if remaining is not None:
                rows = rows.head(remaining)
                remaining -= rows.height
            yield rows
            if remaining == 0:
                return

    return register_io_source(source, schema=schema, validate_schema=False).map_batches(
        lambda rows: rows,
        predicate_pushdown=False,
        projection_pushdown=True,
        slice_pushdown=True,
        streamable=True,
        validate_output_schema=False,
    )
