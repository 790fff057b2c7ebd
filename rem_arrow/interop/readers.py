"""The inputs of `load` as pieces of frames: Polars, pandas and Arrow objects, and paths of Parquet, CSV, NDJSON and
Arrow files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import polars as pl
import pyarrow as pa

from rem_arrow.base import checks
from rem_arrow.base.datatypes import instance, without_maps
from rem_arrow.base.errors import InputError
from rem_arrow.base.python_values import frame_of_columns, frame_of_rows
from rem_arrow.base.read_options import read_options
from rem_arrow.files import meanings
from rem_arrow.files.arrow_columns import empty_frame, frame_of
from rem_arrow.files.file_format import format_of
from rem_arrow.files.file_rows import PIECE_ROWS
from rem_arrow.files.file_set import OpenFile, file_rows
from rem_arrow.files.meanings import Meanings
from rem_arrow.interop.duck_relations import is_relation, of_relation
from rem_arrow.running.file_patterns import is_pattern, matches
from rem_arrow.sql.text.type_names import named_type

# Options of reading by name.
Options: TypeAlias = "Sequence[tuple[str, object]]"

_SHOWN_MAX = 400
FrameT = TypeVar("FrameT", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class Input:
    """Rows to load: their columns, how many (None: unknown), and the rows in pieces of at most PIECE_ROWS."""

    schema: pl.Schema
    rows: int | None
    pieces: Iterator[pl.DataFrame]


def open_input(data: Any, given: Options = (), types: Mapping[str, pl.DataType] | None = None) -> Input:
    """Return `data` as pieces of frames. Raises InputError if it cannot be read.

    Args:
        given: how files are read, by name.
        types: the types in which texts of files are read.
    """
    if isinstance(data, Input):
        return data
    if isinstance(data, (str, Path)):
        return _open_paths([str(data)], given, types)
    if isinstance(data, (list, tuple)) and data and all(isinstance(d, (str, Path)) for d in data):
        return _open_paths([str(d) for d in data], given, types)
    options = dict(given)
    columns = options.pop("columns", None)
    if options:
        raise InputError(
            f"{next(iter(options))} says how files are read, and the data are of the type {type(data).__name__}"
        )
    if columns is not None:
        data = _chosen(data, columns)
    if isinstance(data, pl.LazyFrame):
        data = data.collect()
    if isinstance(data, pl.DataFrame):
        return _of_frame(plain_frame(data))
    if isinstance(data, pa.RecordBatchReader):
        return of_batches(data, None)
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    try:
        if isinstance(data, list):
            return _of_frame(frame_of_rows(data))
        if isinstance(data, dict):
            return _of_frame(frame_of_columns(data))
        if hasattr(data, "__arrow_c_stream__"):
            return _of_arrow(data)
        if type(data).__module__.split(".")[0] == "pandas":
            return _of_frame(from_pandas(data))
    except (pl.exceptions.PolarsError, pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"the data cannot be read as a table: {error}") from error
    raise InputError(
        f"load takes a Polars, pandas or Arrow table, a list of dicts, or a path; not {type(data).__name__}"
    )


def _chosen(data: Any, columns: Any) -> Any:
    """Return only some columns of data in memory; the others are not looked at. Raises InputError."""
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        raise InputError(f"columns is a list of names, not {columns!r}")
    for column in columns:
        checks.text(column, "the name of a column")
    try:
        if isinstance(data, pa.RecordBatchReader):
            return data.read_all().select(list(columns))
        if isinstance(data, dict):
            return {name: data[name] for name in columns}
        if isinstance(data, list):
            return [{name: row.get(name) for name in columns} for row in data]
        if isinstance(data, pa.RecordBatch):
            data = pa.Table.from_batches([data])
        return data.select(list(columns)) if hasattr(data, "select") else data[list(columns)]
    except (KeyError, pl.exceptions.PolarsError, TypeError, AttributeError) as error:
        raise InputError(f"the data have not all of the columns {', '.join(map(str, columns))}: {error}") from error


def _of_frame(frame: pl.DataFrame) -> Input:
    pieces = (frame.slice(start, PIECE_ROWS) for start in range(0, frame.height, PIECE_ROWS))
    return Input(frame.schema, frame.height, pieces)


def plain_frame(frame: FrameT) -> FrameT:
    """Return a frame of Polars in the types of a table: its maps are lists of entries."""
    schema = frame.collect_schema()
    plain = {n: p for n, t in schema.items() if (p := without_maps(instance(t))) != t}
    return frame.with_columns(pl.col(n).cast(t) for n, t in plain.items()) if plain else frame


def from_pandas(data: Any) -> pl.DataFrame:
    """Return a DataFrame of pandas; its index is no column, and NaN is NULL."""
    frame = pl.from_pandas(data)
    return plain_frame(frame)


def of_batches(
    reader: pa.RecordBatchReader, rows: int | None, where: str = "the data", told: Meanings | None = None
) -> Input:
    """Return a stream of Arrow batches as pieces. Raises InputError.

    Args:
        where: names the data in errors.
        told: what columns mean of which the stream does not say it.
    """
    meant = {**meanings.of_schema(reader.schema), **(told or {})}

    def frames() -> Iterator[pl.DataFrame]:
        try:
            for batch in reader:
                frame = frame_of(pa.Table.from_batches([batch]), where)
                yield frame.with_columns(meanings.categories(frame.schema, meant))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
            raise InputError(f"{where} cannot be read: {error}") from error

    try:
        schema = empty_frame(reader.schema, where).schema
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    return Input(meanings.typed(schema, meant), rows, _of_frames(frames()))


def _of_arrow(data: Any) -> Input:
    """Return an object of the Arrow PyCapsule interface."""
    if is_relation(data):
        frame, schema = from_arrow(data), pa.RecordBatchReader.from_stream(data.limit(0)).schema
    else:
        table = data if isinstance(data, pa.Table) else pa.RecordBatchReader.from_stream(data).read_all()
        frame, schema = from_arrow(table), table.schema
    rows = _of_frame(frame)
    return Input(meanings.typed(rows.schema, meanings.of_schema(schema)), rows.rows, rows.pieces)


def from_arrow(data: Any, where: str = "the data") -> pl.DataFrame:
    """Return an object of the Arrow PyCapsule interface as a frame. Raises InputError for data that are not valid."""
    try:
        if isinstance(data, pa.Table):
            return frame_of(data, where)
        if is_relation(data):
            return of_relation(data, where)
        if hasattr(data, "__arrow_c_stream__"):
            return frame_of(pa.RecordBatchReader.from_stream(data).read_all(), where)
        return frame_of(pa.Table.from_batches([pa.record_batch(data)]), where)
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError(f"{where} cannot be read as a table: {error}") from error


def _open_paths(names: Sequence[str], given: Options, types: Mapping[str, pl.DataType] | None) -> Input:
    paths = [path for name in names for path in _matching(name)]
    for path in paths:
        if not Path(path).is_file():
            raise InputError(
                f"there is no file {path}; load takes files of Parquet, CSV, JSON, Arrow or Excel, and import_from a "
                "folder"
            )
    return open_files([Path(p) for p in paths], given, types)


def _matching(name: str) -> list[str]:
    """Return the file of exactly this name, or those that match it as a pattern."""
    if os.path.lexists(name) or not is_pattern(name):
        return [name]
    found = matches(name)
    if not found:
        raise InputError(f"no file matches {name}")
    return found


def open_files(paths: Sequence[Path], given: Options = (), types: Mapping[str, pl.DataType] | None = None) -> Input:
    """Return the rows of files of one format, by their ending, as one table. Raises InputError."""
    where = str(paths[0] if len(paths) == 1 else paths[0].parent)
    formats = {format_of(str(p)) for p in paths}
    if len(formats) > 1:
        raise InputError(
            f"{where} holds files of several formats, {' and '.join(sorted(formats))}; load them one by one"
        )
    (format_,) = formats
    options = read_options(given, format_, named_type, where="load")
    try:
        files = [OpenFile(str(p), FileIO(p)) for p in paths]
        rows = file_rows(files, format_, options, types)
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise unreadable(where, error) from error
    opened = of_lazy(rows.lazy, where, rows.count)
    return Input(rows.schema, opened.rows, opened.pieces)


def unreadable(where: object, error: BaseException) -> InputError:
    """Return the error for a file or folder; what a library says may hold a line of the data, however long."""
    reason = str(error)
    return InputError(f"{where} cannot be read: {reason if len(reason) <= _SHOWN_MAX else reason[:_SHOWN_MAX] + '...'}")


def file_names(paths: Sequence[Path]) -> list[str]:
    """Return names that Polars takes for no addresses: it reads /etc/a for `file:/etc/a`, and the home for `~`. NDJSON
    has no argument against patterns, and needs `glob.escape`."""
    return [os.path.abspath(p) for p in paths]


def of_lazy(frame: pl.LazyFrame, where: str, rows: int | None = None) -> Input:
    """Return a LazyFrame in pieces, read by Polars' streaming engine: half the processor time of pyarrow's reader on
    TPC-H lineitem (0.6 s against 1.4 s).

    Args:
        where: names the data in errors.
    """

    def pieces() -> Iterator[pl.DataFrame]:
        seen = 0
        try:
            for piece in _of_frames(frame.collect_batches(chunk_size=PIECE_ROWS, maintain_order=True, lazy=True)):
                yield piece
                seen += piece.height
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise unreadable(where, error) from error
        # Polars 2.1 ends the batches without an error where its reader of Parquet panics.
        if rows is not None and seen != rows:
            raise InputError(f"{where} says that it holds {rows:,} rows, and {seen:,} can be read: it is damaged")

    try:
        return Input(frame.collect_schema(), rows, pieces())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(where, error) from error


def _of_frames(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for frame in frames:
        yield from (frame.slice(start, PIECE_ROWS) for start in range(0, frame.height, PIECE_ROWS))
