"""Columns of frames in types that somebody gives, each value kept or refused."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.files.given_types import given_type


def retyped(frame: pl.DataFrame, types: Mapping[str, pl.DataType], name: str) -> pl.DataFrame:
    """Return a frame with the columns of `types` in these types. Raises InputError for a value that does not fit.

    Args:
        name: names the file in errors.
    """
    for column, dtype in types.items():
        if column not in frame.columns:
            raise InputError(f'{name} has no column "{column}". {suggest(column, frame.columns, "Columns")}')
        old = frame[column]
        if old.dtype == dtype:
            continue
        new = _cast(old, dtype)
        lost = new.is_null() & old.is_not_null()
        if dtype.is_nested() and _loses_fractions(old.dtype, dtype):
            lost |= new.cast(old.dtype, strict=False).ne_missing(old)
        if lost.any():
            row = int(lost.arg_max() or 0)
            (value,) = old.slice(row, 1).to_list()
            raise InputError(
                f'{name}, row {row + 1}, column "{column}": {value!r} is no {sql_name(dtype)}; give the column '
                "another type by dtypes (types in SQL)"
            )
        frame = frame.with_columns(new)
    return frame


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if column.dtype == pl.String:
        kind = given_type(dtype, column.name, marks=("", "."), date_format="", timestamp_format="")
        return column.to_frame().select(kind.read(pl.col(column.name))).to_series()
    new = column.cast(dtype, strict=False)
    if column.dtype.is_float() and dtype.is_integer():
        return (
            column.to_frame().select(pl.when(column == new.cast(column.dtype)).then(new)).to_series().alias(column.name)
        )
    return new


def _loses_fractions(old: pl.DataType, new: pl.DataType) -> bool:
    """Say whether numbers anywhere in a type become whole ones."""
    if isinstance(old, (pl.List, pl.Array)) and isinstance(new, (pl.List, pl.Array)):
        return _loses_fractions(instance(old.inner), instance(new.inner))
    if isinstance(old, pl.Struct) and isinstance(new, pl.Struct):
        before = {f.name: instance(f.dtype) for f in old.fields}
        return any(f.name in before and _loses_fractions(before[f.name], instance(f.dtype)) for f in new.fields)
    return old.is_float() and new.is_integer()
