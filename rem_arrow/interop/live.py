"""A source of rows as a LazyFrame: Polars, and DuckDB through it, push down columns, a filter and a number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from polars.io.plugins import register_io_source

from rem_arrow.base.source import ColumnRange
from rem_arrow.base.wide_integers import as_portable, portable_schema
from rem_arrow.interop.predicate import ranges_of
from rem_arrow.running.lazy_rows import limited

# From columns, ranges, a filter and a limit to frames. A row outside of the ranges may be left out; a row that fails
# the filter must be.
Read = Callable[[list[str], tuple[ColumnRange, ...], "pl.Expr | None", "int | None"], Iterator[pl.DataFrame]]


def live_frame(schema: pl.Schema, read: Read, *, for_others: bool = False) -> pl.LazyFrame:
    """Return a frame of that schema that calls `read` each time it is collected.

    Args:
        for_others: return types that other tools accept.
    """
    out_schema = portable_schema(schema) if for_others else schema
    cast_columns = {n for n in schema if out_schema[n] != schema[n]}

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        selected = columns if columns is not None else out_schema.names()
        ranges = ranges_of(predicate) if predicate is not None else ()
        if predicate is None or cast_columns.isdisjoint(predicate.meta.root_names()):
            for piece in read(selected, ranges, predicate, n_rows):
                yield as_portable(piece) if for_others else piece
        else:
            # The filter refers to the returned types, so it runs after the cast.
            yield from _filtered(read, selected, ranges, predicate, n_rows)
        yield pl.DataFrame(schema={c: out_schema[c] for c in selected})

    return register_io_source(source, schema=out_schema, validate_schema=False)


def _filtered(
    read: Read, columns: list[str], ranges: tuple[ColumnRange, ...], predicate: pl.Expr, n_rows: int | None
) -> Iterator[pl.DataFrame]:
    read_columns = list(dict.fromkeys([*columns, *predicate.meta.root_names()]))
    pieces = read(read_columns, ranges, None, None)
    return limited((as_portable(p).filter(predicate).select(columns) for p in pieces), n_rows)
