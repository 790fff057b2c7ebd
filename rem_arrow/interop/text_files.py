"""Columns as texts and back, for CSV and NDJSON, which have few types.

Texts, booleans and numbers of up to 64 bits are written as they are. Dates and times are ISO 8601, timestamps with a
zone with their offset; decimals and integers of 128 bits are texts. Nested values are JSON, in which all of this holds
too. JSON has no NaN and no infinities: a column of them is refused.

An export, which knows the types of its columns, holds a BLOB as base64 and an interval as a number of its units. COPY
and the command line refuse what a reader would take for something else.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import InputError

_SIGNED = (pl.Int8, pl.Int16, pl.Int32, pl.Int64)
_UNSIGNED = (pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_UNCHANGED = (pl.Boolean, pl.String, pl.Null)
_VALUE = "v"
_OPENING, _CLOSING = f'{{"{_VALUE}":', "}"


def plain_schema(schema: pl.Schema) -> pl.Schema:
    """Return the types in which JSON holds the columns. Raises InputError for a BLOB inside a list or struct."""
    return pl.Schema({name: _plain(dtype, name, inside=False) for name, dtype in schema.items()})


def check_finite(frame: pl.DataFrame, table: str, *, nested_only: bool) -> pl.DataFrame:
    """Return the frame. Raises InputError for a NaN or an infinity, which JSON lacks; with `nested_only`, as in a CSV,
    for those inside lists and structs."""
    for column in frame.get_columns():
        if (column.dtype.is_nested() or not nested_only) and _has_infinite(column):
            raise InputError(
                f'"{column.name}" of {table} holds NaN or an infinity, which JSON cannot hold; export it as parquet or '
                "ipc, or replace them"
            )
    return frame


def csv_frame(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return a frame with nested values as JSON, for a CSV. Raises InputError for a column that a CSV cannot hold.

    Args:
        name: names the file in errors.
    """
    _check_written(frame, name, "a CSV", (pl.Binary, pl.Duration))
    nested = pl.Schema({n: t for n, t in frame.schema.items() if t.is_nested()})
    return check_finite(frame, name, nested_only=True).with_columns(written(nested, nested_as_text=True))


def json_frame(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the frame. Raises InputError for a column that JSON cannot hold.

    Args:
        name: names the file in errors.
    """
    _check_written(frame, name, "JSON", (pl.Binary,))
    return check_finite(frame, name, nested_only=False)


def _check_written(frame: pl.DataFrame, name: str, form: str, refused: tuple[type[pl.DataType], ...]) -> None:
    for column, dtype in frame.schema.items():
        held = next((t for t in _leaves(dtype) if isinstance(t, refused)), None)
        if held is not None:
            raise InputError(
                f'"{column}" of {name} is {sql_name(dtype)}, and {form} has no {sql_name(held)}; cast it to VARCHAR, '
                "or write a .parquet or .arrow file"
            )


def _leaves(dtype: pl.DataType) -> Iterator[pl.DataType]:
    """Yield the types of the values in a nested type."""
    if isinstance(dtype, (pl.List, pl.Array)):
        yield from _leaves(instance(dtype.inner))
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _leaves(instance(field.dtype))
    else:
        yield dtype


def _has_infinite(column: pl.Series) -> bool:
    """Say whether a column holds a float that is not finite, at any depth."""
    if column.dtype.is_float():
        return not bool(column.is_finite().all())
    if isinstance(column.dtype, (pl.List, pl.Array)):
        return _has_infinite(column.explode(empty_as_null=False)) if _holds_floats(column.dtype) else False
    if isinstance(column.dtype, pl.Struct) and _holds_floats(column.dtype):
        return any(_has_infinite(column.struct.field(f.name)) for f in column.dtype.fields)
    return False


def _holds_floats(dtype: pl.DataType) -> bool:
    return any(leaf.is_float() for leaf in _leaves(dtype))


def written(schema: pl.Schema, *, nested_as_text: bool) -> list[pl.Expr]:
    """Return expressions that write the columns to NDJSON, or with `nested_as_text` to CSV. Raises InputError."""
    return [_written(name, dtype, nested_as_text=nested_as_text) for name, dtype in schema.items()]


def read(schema: pl.Schema, *, from_texts: bool) -> list[pl.Expr]:
    """Return expressions that read the columns back from those of `written`; with `from_texts` every column is a text,
    as in a CSV."""
    return [_read(name, dtype, from_texts=from_texts).alias(name) for name, dtype in schema.items()]


def _plain(dtype: pl.DataType, name: str, *, inside: bool) -> pl.DataType:
    match dtype:
        case _ if isinstance(dtype, _UNCHANGED):
            return dtype
        case _ if isinstance(dtype, _SIGNED):
            return pl.Int64()
        case _ if isinstance(dtype, _UNSIGNED):
            return pl.UInt64()
        case _ if dtype.is_float():
            return pl.Float64()
        case pl.Duration():
            return pl.Int64()
        case pl.Binary() if inside:
            raise InputError(
                f'"{name}" holds BLOBs inside a list or struct, which CSV and NDJSON cannot hold; export it as '
                "parquet or ipc"
            )
        case pl.List() | pl.Array():
            return pl.List(_plain(instance(dtype.inner), name, inside=True))
        case pl.Struct():
            return pl.Struct([pl.Field(f.name, _plain(instance(f.dtype), name, inside=True)) for f in dtype.fields])
        case _:
            return pl.String()


def _written(name: str, dtype: pl.DataType, *, nested_as_text: bool) -> pl.Expr:
    column, plain = pl.col(name), _plain(dtype, name, inside=False)
    if isinstance(dtype, pl.Binary):
        return column.bin.encode("base64")
    if dtype.is_nested():
        column = column.cast(_with_moments(dtype, plain))
        text = (
            pl.struct(column.alias(_VALUE)).struct.json_encode().str.strip_prefix(_OPENING).str.strip_suffix(_CLOSING)
        )
        return pl.when(column.is_not_null()).then(text).alias(name) if nested_as_text else column
    if isinstance(dtype, pl.Duration):
        return column.to_physical()
    if dtype.is_temporal():
        return column.dt.to_string("iso")
    return column.cast(plain) if plain == pl.String() != dtype else column


def _read(name: str, dtype: pl.DataType, *, from_texts: bool) -> pl.Expr:
    column, plain = pl.col(name), _plain(dtype, name, inside=False)
    match dtype:
        case pl.Null():
            return pl.repeat(None, pl.len(), dtype=pl.Null)
        case pl.Binary():
            return column.str.decode("base64")
        case pl.Boolean() if from_texts:
            return column.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
        case pl.Date() | pl.Time() | pl.Datetime():
            return _moment(column, dtype, " ")
        case _ if dtype.is_nested():
            if from_texts:
                wrapped = pl.concat_str(pl.lit(_OPENING), column, pl.lit(_CLOSING))
                column = wrapped.str.json_decode(pl.Struct([pl.Field(_VALUE, plain)])).struct.field(_VALUE)
            return _typed(column, dtype)
        case _:
            return column.cast(plain).cast(dtype) if isinstance(dtype, pl.Duration) else column.cast(dtype)


def _moment(texts: pl.Expr, dtype: pl.DataType, between: str) -> pl.Expr:
    """Read dates and times; `between` stands between the date and the time of a timestamp with a zone."""
    match dtype:
        case pl.Date():
            return texts.str.to_date("%Y-%m-%d")
        case pl.Time():
            return texts.str.to_time("%H:%M:%S%.f")
        case pl.Datetime() if dtype.time_zone is None:
            return texts.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=dtype.time_unit)
        case _:
            assert isinstance(dtype, pl.Datetime), "dates, times and timestamps are ISO 8601"
            form = f"%Y-%m-%d{between}%H:%M:%S%.f%:z"
            moments = texts.str.to_datetime(form, time_unit=dtype.time_unit, time_zone="UTC")
            return moments.dt.convert_time_zone(str(dtype.time_zone))


def _typed(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return nested values of plain types in their own."""
    match dtype:
        case pl.List():
            return values.list.eval(_typed(pl.element(), instance(dtype.inner)))
        case pl.Array():
            return values.list.eval(_typed(pl.element(), instance(dtype.inner))).cast(dtype)
        case pl.Struct():
            fields = [_typed(values.struct.field(f.name), instance(f.dtype)).alias(f.name) for f in dtype.fields]
            return pl.when(values.is_not_null()).then(pl.struct(fields)) if fields else values
        case pl.Date() | pl.Time() | pl.Datetime():
            return _moment(values, dtype, "T")
        case _:
            return values.cast(dtype)


def _with_moments(dtype: pl.DataType, plain: pl.DataType) -> pl.DataType:
    """Return the type in which a nested value is written: the plain one, with dates and times as they are."""
    match dtype:
        case pl.List() | pl.Array():
            assert isinstance(plain, pl.List)
            return pl.List(_with_moments(instance(dtype.inner), instance(plain.inner)))
        case pl.Struct():
            assert isinstance(plain, pl.Struct)
            pairs = zip(dtype.fields, plain.fields, strict=True)
            return pl.Struct([pl.Field(f.name, _with_moments(instance(f.dtype), instance(p.dtype))) for f, p in pairs])
        case _:
            return dtype if dtype.is_temporal() and not isinstance(dtype, pl.Duration) else plain
