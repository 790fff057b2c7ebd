"""Parquet and Arrow files as rows, read as far as a query needs them.

Polars scans a file, with columns and filters pushed down to its statistics, if it reads every column with its meaning.
A file with other columns, that Polars cannot open, or whose footer counts other rows than its row groups, is read by
pyarrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from io import FileIO
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from pyarrow import ipc

from rem_arrow.base.datatypes import without_maps
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.files import arrow_columns, meanings
from rem_arrow.files.arrow_columns import DAYS_MAX, empty_frame, frame_of, is_plain
from rem_arrow.files.expansion import check_open_expansion
from rem_arrow.files.file_rows import PIECE_ROWS, FileRows, Pieces, streamed
from rem_arrow.files.streams import place_of

if TYPE_CHECKING:
    from pyarrow import parquet
else:
    parquet = LazyModule("pyarrow.parquet")

_VARIANT = "VARIANT"
_SHAPES = ("GEOMETRY", "GEOGRAPHY")
# Logical types that Polars reads as bytes.
_BYTES = ("UUID", "JSON", "BSON", "ENUM", "INTERVAL")
_BOUNDED = ("TIME", "DATE", "TIMESTAMP")


def parquet_rows(file: FileIO, name: str, columns: tuple[str, ...]) -> FileRows:
    """Return the rows of a Parquet file; with `columns` only these are looked at. Raises InputError."""
    check_open_expansion(file, name)
    try:
        opened = _opened(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name} cannot be read: {error}") from error
    metadata = opened.metadata
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if any(g.num_columns != metadata.num_columns for g in groups):
        raise InputError(
            f"{name} has {metadata.num_columns} columns, and not all of its row groups have them: it is damaged"
        )
    told = _told(metadata, opened.schema_arrow)
    schema = _chosen(opened.schema_arrow, columns, name, told)
    rows = sum(g.num_rows for g in groups)
    if rows == metadata.num_rows and _is_plain(metadata, schema):
        # Polars 2.1 opens no file with a column of a type that it does not know, such as a VARIANT.
        with suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
            frame = pl.scan_parquet(file, glob=False, hive_partitioning=False).select(schema.names)
            return _with_meaning(_without_maps(frame, rows), schema)

    def pieces(wanted: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        seen = 0
        for batch in _opened(file).iter_batches(PIECE_ROWS, columns=list(wanted or schema.names)):
            yield frame_of(pa.Table.from_batches([batch]), name)
            seen += batch.num_rows
        if seen != rows:
            raise InputError(f"{name} holds {seen:,} rows, and its footer says {rows:,}: it is damaged")

    return _with_meaning(streamed(empty_frame(schema, name).schema, translated(pieces, name), rows), schema)


def arrow_rows(file: FileIO, name: str, columns: tuple[str, ...]) -> FileRows:
    """Return the rows of an Arrow file. Raises InputError."""
    check_open_expansion(file, name)
    try:
        reader = ipc.open_file(place_of(file))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{name} cannot be read: {error}") from error
    schema = _chosen(reader.schema, columns, name)

    def pieces(wanted: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        opened = ipc.open_file(place_of(file))
        for i in range(opened.num_record_batches):
            batch = pa.Table.from_batches([opened.get_batch(i)]).select(list(wanted or schema.names))
            frame = frame_of(batch, name)
            yield from (frame.slice(start, PIECE_ROWS) for start in range(0, frame.height, PIECE_ROWS))

    return _with_meaning(streamed(empty_frame(schema, name).schema, translated(pieces, name)), schema)


def _with_meaning(rows: FileRows, schema: pa.Schema) -> FileRows:
    """Return rows with JSON and UUID in their schema, which Polars shows as texts."""
    return replace(rows, schema=meanings.typed(rows.schema, meanings.of_schema(schema)))


def _without_maps(frame: pl.LazyFrame, rows: int) -> FileRows:
    """Return rows whose maps are lists of entries, as SQL's MAP."""
    schema = frame.collect_schema()
    plain = pl.Schema({n: without_maps(t) for n, t in schema.items()})
    casts = [pl.col(n).cast(t) for n, t in plain.items() if t != schema[n]]
    return FileRows(plain, rows, frame.with_columns(casts) if casts else frame)


def _opened(file: FileIO) -> parquet.ParquetFile:
    return parquet.ParquetFile(place_of(file), coerce_int96_timestamp_unit="us")


def _told(metadata: parquet.FileMetaData, schema: pa.Schema) -> dict[str, str]:
    """Return the columns that no table has, and of which pyarrow 26 does not tell it, by name."""
    told = {f.name: _VARIANT for f in schema if _is_variant(f.type)}
    told |= {f.name: "a STRUCT without fields" for f in schema if _is_empty_struct(f.type)}
    leaves = [metadata.schema.column(i) for i in range(len(metadata.schema))]
    told |= {_top(c.path): c.logical_type.type for c in leaves if c.logical_type.type in _SHAPES}
    try:
        geo = json.loads((metadata.metadata or {}).get(b"geo", b"{}"))
        return {**told, **dict.fromkeys(map(str, geo.get("columns", {})), "GEOMETRY")}
    except (ValueError, AttributeError, TypeError):
        return told


def _is_variant(dtype: pa.DataType) -> bool:
    names = [f.name for f in dtype.fields] if pa.types.is_struct(dtype) else []
    return names[:2] == ["metadata", "value"] and all(pa.types.is_binary(dtype.field(i).type) for i in range(2))


def _is_empty_struct(dtype: pa.DataType) -> bool:
    """Say whether a type has a struct without fields, of which pyarrow 26 reads nothing."""
    children = [dtype.field(i).type for i in range(dtype.num_fields)]
    return (pa.types.is_struct(dtype) and not children) or any(_is_empty_struct(child) for child in children)


def _chosen(schema: pa.Schema, columns: tuple[str, ...], name: str, told: Mapping[str, str] | None = None) -> pa.Schema:
    """Return the columns to read. Raises InputError for one that is not there, or has no form here."""
    for column in columns:
        if column not in schema.names:
            raise InputError(f'{name} has no column "{column}". {suggest(column, schema.names, "Columns")}')
    twice = [n for n in schema.names if schema.names.count(n) > 1]
    if twice:
        raise InputError(f'{name} has several columns "{twice[0]}"; rename them')
    chosen = pa.schema([schema.field(n) for n in columns or schema.names])
    arrow_columns.check_columns(chosen, name, told)
    return chosen


def translated(pieces: Pieces, name: str) -> Pieces:
    """Return the pieces with the errors of libraries as InputError."""

    def checked(wanted: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        try:
            yield from pieces(wanted)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
            raise InputError(f"{name} cannot be read: {str(error)[:400]}") from error

    return checked


def _top(path: str) -> str:
    """Return the column of a leaf."""
    return path.split(".", maxsplit=1)[0]


def _is_plain(metadata: parquet.FileMetaData, schema: pa.Schema) -> bool:
    """Say whether Polars reads every column of a file with its meaning."""
    if not all(is_plain(f.type) for f in schema):
        return False
    places = [i for i in range(len(metadata.schema)) if _top(metadata.schema.column(i).path) in schema.names]
    return all(_is_plain_leaf(metadata, place) for place in places)


def _is_plain_leaf(metadata: parquet.FileMetaData, place: int) -> bool:
    leaf = metadata.schema.column(place)
    kind, stored = leaf.logical_type.type, leaf.physical_type
    if kind in _BYTES or stored == "INT96":
        return False
    chunks = [metadata.row_group(i).column(place) for i in range(metadata.num_row_groups)]
    # Polars 2.1 reads these bytes of floats, and of nothing else.
    if stored not in ("FLOAT", "DOUBLE") and any("BYTE_STREAM_SPLIT" in c.encodings for c in chunks):
        return False
    return kind not in _BOUNDED or all(_is_within(c, *_bounds(kind, str(leaf.logical_type))) for c in chunks)


def _is_within(chunk: parquet.ColumnChunkMetaData, low: int, high: int) -> bool:
    """Say whether the statistics of a file tell that all values of a column lie from `low` to before `high`."""
    known = chunk.statistics
    if known is None or not known.has_min_max:
        return not chunk.num_values or (known is not None and known.null_count == chunk.num_values)
    return bool(low <= known.min_raw <= known.max_raw < high)


def _bounds(kind: str, shown: str) -> tuple[int, int]:
    """Return the first number that a TIME, DATE or TIMESTAMP may have, and the first that is too large: a TIME ends
    before midnight, the others with the years that Polars computes with."""
    if kind == "DATE":
        return -DAYS_MAX, DAYS_MAX
    unit = next((u for u in ("milli", "micro", "nano") if u in shown), "micro")
    per_day = {"milli": 86_400_000, "micro": 86_400_000_000, "nano": 86_400_000_000_000}[unit]
    return (0, per_day) if kind == "TIME" else (-per_day * DAYS_MAX, per_day * DAYS_MAX)
