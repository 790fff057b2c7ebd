"""Integers of 128 bits where rows leave: nothing outside Polars reads them.

In a DataFrame, whose values are known, they are Int64 where all of a column fit, else DECIMAL(38,0). Where a schema
must be known before the rows, in lazy frames, streams and files, they are DECIMAL(38,0). A number of 39 digits is an
error there; in a DataFrame it is kept as it is.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from rem_arrow.base.datatypes import mapped
from rem_arrow.base.errors import ExecuteError

_DECIMAL = pl.Decimal(38, 0)


def portable(dtype: pl.DataType) -> pl.DataType:
    """Return the type in which other tools accept values of `dtype`, whatever they are."""
    return _with_wide(dtype, _DECIMAL)


def portable_schema(schema: pl.Schema) -> pl.Schema:
    return pl.Schema({name: portable(dtype) for name, dtype in schema.items()})


def as_portable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in portable types. Raises ExecuteError for a number of more than 38 digits."""
    wide = [(n, p) for n, t in frame.schema.items() if (p := portable(t)) != t]
    return frame.with_columns(_cast(frame[n], p) for n, p in wide) if wide else frame


def lazily_portable(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return a frame of that schema in portable types; collecting it fails for a number of more than 38 digits."""
    wide = [(n, p) for n, t in schema.items() if (p := portable(t)) != t]
    columns = [pl.col(n).map_batches(partial(_cast, dtype=p), return_dtype=p, is_elementwise=True) for n, p in wide]
    return frame.with_columns(columns) if columns else frame


def narrowed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its integers of 128 bits in the narrowest type that other tools accept and that holds all of
    a column; unchanged where there is none."""
    wide = [n for n, t in frame.schema.items() if portable(t) != t]
    return frame.with_columns(_narrowed(frame[n]) for n in wide) if wide else frame


def _narrowed(values: pl.Series) -> pl.Series:
    for dtype in (pl.Int64(), _DECIMAL):
        try:
            return values.cast(_with_wide(values.dtype, dtype))
        except pl.exceptions.InvalidOperationError:
            continue
    return values


def _cast(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    try:
        return values.cast(dtype)
    except pl.exceptions.InvalidOperationError as error:
        raise ExecuteError(
            f'an integer of the column "{values.name}" has more than the 38 digits that other tools take; cast it to '
            "VARCHAR, or to DOUBLE if it may be rounded"
        ) from error


def _with_wide(dtype: pl.DataType, other: pl.DataType) -> pl.DataType:
    return mapped(dtype, lambda leaf: other if isinstance(leaf, (pl.Int128, pl.UInt128)) else leaf)
