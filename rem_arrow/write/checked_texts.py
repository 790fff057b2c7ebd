"""Texts that are stored as JSON or UUID: each is checked, at any depth of lists and structs."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import InputError
from rem_arrow.base.json_text import valid
from rem_arrow.base.logical_types import is_checked, is_json
from rem_arrow.base.uuid_form import CANONICAL, canonical

_SHOWN_MAX = 60


def checked(column: pl.Series, dtype: pl.DataType, where: str) -> pl.Series:
    """Return a column of a stored type with its UUIDs in canonical form. Raises InputError for a text that does not
    fit."""
    if is_checked(dtype):
        return _checked_json(column, where) if is_json(dtype) else _canonical(column, where)
    if not has_text_type(dtype):
        return column
    if isinstance(dtype, (pl.List, pl.Array)):
        items = column.arr.explode() if isinstance(dtype, pl.Array) else column.list.explode(keep_nulls=False)
        found = checked(items, instance(dtype.inner), where)
        return column if found.equals(items) else _relisted(column, found)
    assert isinstance(dtype, pl.Struct), "the other types that hold others"
    fields = column.struct.unnest()
    new = [checked(fields[f.name], instance(f.dtype), f"{where}.{f.name}") for f in dtype.fields]
    return pl.select(pl.when(column.is_not_null()).then(pl.struct(new))).to_series().alias(column.name)


def has_text_type(dtype: pl.DataType) -> bool:
    """Say whether texts with a meaning are in a type."""
    match dtype:
        case pl.List() | pl.Array():
            return has_text_type(instance(dtype.inner))
        case pl.Struct():
            return any(has_text_type(instance(f.dtype)) for f in dtype.fields)
        case _:
            return is_checked(dtype)


def _checked_json(column: pl.Series, where: str) -> pl.Series:
    wrong = next((text for text in column if text is not None and not valid(text)), None)
    if wrong is not None:
        raise InputError(f"{where} is JSON, and this is none: {wrong[:_SHOWN_MAX]}")
    return column


def _canonical(column: pl.Series, where: str) -> pl.Series:
    usual = column.str.contains(CANONICAL)
    if usual.all():
        return column
    texts = [None if text is None else canonical(text) for text in column]
    wrong = next((old for old, new in zip(column, texts, strict=True) if old is not None and new is None), None)
    if wrong is not None:
        raise InputError(f"{where} is UUID, and this is none: {wrong[:_SHOWN_MAX]}")
    return pl.Series(column.name, texts, dtype=pl.String)


def _relisted(column: pl.Series, items: pl.Series) -> pl.Series:
    """Return the lists of a column with these items in their places."""
    sizes = column.arr.len() if isinstance(column.dtype, pl.Array) else column.list.len()
    ends = sizes.fill_null(0).cum_sum().to_list()
    starts = [0, *ends[:-1]]
    listed = [
        None if size is None else items[start:end].to_list()
        for size, start, end in zip(sizes.to_list(), starts, ends, strict=True)
    ]
    return pl.Series(column.name, listed, dtype=column.dtype)
