"""Rows that are made while a frame is computed with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source

from rem_arrow.running.passing import passing


def lazy_rows(schema: pl.Schema, frames: Callable[[], Iterator[pl.DataFrame]]) -> pl.LazyFrame:
    """Return the rows of `frames`, which is called each time that the result is collected.

    Filters stay above, where Polars computes them on all cores.
    """

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        filtered = (f if predicate is None else f.filter(predicate) for f in frames())
        return limited((f if columns is None else f.select(columns) for f in filtered), n_rows)

    return passing(register_io_source(source, schema=schema, validate_schema=False), filters=False)


def limited(frames: Iterator[pl.DataFrame], count: int | None) -> Iterator[pl.DataFrame]:
    """Yield the first `count` rows; None is all."""
    remaining = count
    for frame in frames:
        yield frame if remaining is None else frame.head(remaining)
        if remaining is not None:
            remaining -= min(remaining, frame.height)
            if not remaining:
                return
