"""A source of rows as a LazyFrame: Polars, and DuckDB through it, ask it for columns, for rows that pass a filter, and
for so many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source

from rem_arrow.interop.arrow import as_portable, portable_schema
from rem_arrow.interop.predicate import ranges_of
from rem_arrow.source import ColumnRange

# Gives the rows of some columns: at least those within the ranges, all that pass the filter, at most so many.
Read = Callable[[list[str], tuple[ColumnRange, ...], "pl.Expr | None", "int | None"], Iterator[pl.DataFrame]]


def live_frame(schema: pl.Schema, read: Read, *, for_others: bool = False) -> pl.LazyFrame:
    """Return a frame of that schema whose rows `read` gives, each time that it is collected.

    Args:
        for_others: in types that other tools take.
    """
    shown = portable_schema(schema) if for_others else schema
    changed = {n for n in schema if shown[n] != schema[n]}

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = columns if columns is not None else shown.names()
        ranges = ranges_of(predicate) if predicate is not None else ()
        if predicate is None or changed.isdisjoint(predicate.meta.root_names()):
            for piece in read(wanted, ranges, predicate, n_rows):
                yield as_portable(piece) if for_others else piece
        else:
            # The filter compares in the types that are shown.
            yield from _filtered(read, wanted, ranges, predicate, n_rows)
        yield pl.DataFrame(schema={c: shown[c] for c in wanted})

    return register_io_source(source, schema=shown, validate_schema=False)


def _filtered(
    read: Read, columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr, n_rows: int | None
) -> Iterator[pl.DataFrame]:
    needed, left = list(dict.fromkeys([*columns, *predicate.meta.root_names()])), n_rows
    for piece in read(needed, ranges, None, None):
        found = as_portable(piece).filter(predicate).select(columns)
        if left is not None:
            found = found.head(left)
            left -= found.height
        yield found
        if left == 0:
            return
