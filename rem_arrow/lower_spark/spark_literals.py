"""Constants in Spark's SQL, each with its type written out."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import UnsupportedError
from rem_arrow.lower_spark.spark_tree import call, cast, text
from rem_arrow.publish.published_types import encoded, published


def lower_constant(value: object, dtype: pl.DataType) -> exp.Expression:
    """Return a constant of our type `dtype`. Raises UnsupportedError for one that has no literal."""
    if value is None:
        return _null(dtype)
    try:
        values = pl.select(pl.lit(value, dtype=dtype).alias("x"))
        return _literal(encoded(values, {"x": dtype}, "the statement").to_series(), published(dtype))
    except (ValueError, OverflowError) as error:
        raise UnsupportedError(f"the constant {value!r} has no literal in Spark: {error}") from error


def _null(dtype: pl.DataType) -> exp.Expression:
    return cast(exp.Null(), dtype)


def _literal(held: pl.Series, dtype: pl.DataType) -> exp.Expression:
    """Return the one value of a column in published form."""
    if held.null_count():
        return _null(dtype)
    match dtype:
        case pl.List():
            inner = instance(dtype.inner)
            items = held.explode() if held.list.len().item() else held.explode().clear()
            made = [_literal(items.slice(i, 1), inner) for i in range(len(items))]
            return cast(call("array", *made), dtype)
        case pl.Struct():
            fields = [
                part
                for f in dtype.fields
                for part in (text(f.name), _literal(held.struct.field(f.name), instance(f.dtype)))
            ]
            return cast(call("named_struct", *fields), dtype)
        case pl.Boolean():
            return exp.Boolean(this=held.item())
        case pl.String():
            return text(held.item())
        case pl.Binary():
            return call("unhex", text(held.item().hex()))
        case _:
            return cast(text(_plain(held)), dtype)


def _plain(held: pl.Series) -> str:
    """Return a number, a day or a moment as Spark reads it from a text."""
    value = held.item()
    if isinstance(value, float):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), repr(value))
    if isinstance(held.dtype, pl.Datetime):
        zone = "" if held.dtype.time_zone is None else "+00:00"
        return f"{value.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}{zone}"
    return str(value)
