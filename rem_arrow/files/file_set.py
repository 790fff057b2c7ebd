"""One or more open files of one format as one relation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import FileIO
from pathlib import PurePath
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

import polars as pl

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.logical_types import JSON
from rem_arrow.base.read_options import ReadOptions
from rem_arrow.files.csv_reader import csv_rows, open_csv
from rem_arrow.files.excel_reader import excel_rows
from rem_arrow.files.file_format import ending_of
from rem_arrow.files.file_rows import FileRows, in_memory
from rem_arrow.files.json_reader import json_frames, json_texts
from rem_arrow.files.meanings import typed
from rem_arrow.files.parquet_reader import arrow_rows, parquet_rows
from rem_arrow.files.retyping import retyped
from rem_arrow.files.text_types import ColumnType

# What a folder has for NULL.
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_HIVE = re.compile(r"([^=/]+)=([^/]*)")
_ROW_NUMBER = "file_row_number"
_Types: TypeAlias = Mapping[str, pl.DataType]


class OpenFile(NamedTuple):
    """An open file, and the name that it is called by."""

    name: str
    file: FileIO


def file_rows(files: Sequence[OpenFile], format_: str, options: ReadOptions, types: _Types | None = None) -> FileRows:
    """Return the rows of open files. The files stay open for as long as their rows are used. Raises InputError.

    Args:
        types: the types in which texts are read, where `options` say nothing else.
    """
    assert files, "there is a file"
    asked = {**(types or {}), **options.dtypes, **options.schema}
    parts = _READERS[format_](files, options, asked)
    parts = [
        part if format_ in ("parquet", "arrow", "json_objects") else _chosen(part, options, f.name)
        for part, f in zip(parts, files)
    ]
    if options.file_row_number:
        parts = [_numbered(part, f.name) for part, f in zip(parts, files)]
    partitions = _partitions(files, options)
    if not options.filename and not partitions:
        return _together(parts, files, options)
    extended = [
        _with(part, _constants(f, options, p)) for part, f, p in zip(parts, files, partitions or [{}] * len(files))
    ]
    together = _together(extended, files, options)
    if not options.filename or len({tuple(p.schema) for p in extended}) == 1:
        return together
    # The name of the file stands behind the columns of all files.
    last = {n: t for n, t in together.schema.items() if n != options.filename}
    schema = pl.Schema({**last, options.filename: together.schema[options.filename]})
    return FileRows(schema, together.count, together.lazy.select(schema.names()))


# --- formats


def _csv(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    separators = ["\t" if ending_of(f.name) == "tsv" else "," for f in files]
    if options.schema:
        options = options.named(tuple(options.schema))
    opened = [open_csv(f.file, f.name, options, s) for f, s in zip(files, separators, strict=True)]
    by_place = dict(zip(opened[0].names, options.place_types))
    unknown = [n for n in options.dtypes if not any(n in f.names for f in opened)]
    if unknown:
        raise InputError(
            f'{files[0].name} has no column "{unknown[0]}". {suggest(unknown[0], opened[0].names, "Columns")}'
        )
    # A line of names may be blank.
    named = all(f.dialect.header_lines for f in opened) or bool(options.names)
    return [replace(rows, named=named) for rows in csv_rows(opened, {**types, **by_place})]


def _json(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    frames, meant = json_frames([(f.file, f.name) for f in files], options, types)
    if options.schema:
        frames = [
            f.select(pl.col(n) if n in f.columns else pl.lit(None).alias(n) for n in options.schema) for f in frames
        ]
    wanted = {**options.dtypes, **options.schema}
    read = [in_memory(retyped(frame, wanted, f.name)) for frame, f in zip(frames, files, strict=True)]
    kept = {n: t for n, t in meant.items() if n not in wanted}
    return [replace(rows, schema=typed(rows.schema, kept)) for rows in read]


def _json_objects(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    frames = [pl.DataFrame({"json": json_texts(f.file, f.name, options)}, schema={"json": pl.String}) for f in files]
    return [replace(in_memory(frame), schema=pl.Schema({"json": JSON})) for frame in frames]


def _parquet(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    return [parquet_rows(f.file, f.name, options.columns) for f in files]


def _arrow(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    return [arrow_rows(f.file, f.name, options.columns) for f in files]


def _excel(files: Sequence[OpenFile], options: ReadOptions, types: _Types) -> list[FileRows]:
    return [in_memory(retyped(excel_rows(f.file, f.name, options), options.dtypes, f.name)) for f in files]


_READERS: Mapping[str, Callable[[Sequence[OpenFile], ReadOptions, _Types], list[FileRows]]] = {
    "csv": _csv,
    "json": _json,
    "json_objects": _json_objects,
    "parquet": _parquet,
    "arrow": _arrow,
    "excel": _excel,
}


def _chosen(rows: FileRows, options: ReadOptions, name: str) -> FileRows:
    """Return only the columns that were asked for, in that order. Raises InputError."""
    if not options.columns:
        return rows
    for column in options.columns:
        if column not in rows.schema:
            raise InputError(f'{name} has no column "{column}". {suggest(column, list(rows.schema), "Columns")}')
    schema = pl.Schema({n: rows.schema[n] for n in options.columns})
    return FileRows(schema, rows.count, rows.lazy.select(options.columns))


# --- several files


def _together(parts: Sequence[FileRows], files: Sequence[OpenFile], options: ReadOptions) -> FileRows:
    """Return the rows of all files, one after the other: in all columns by union_by_name, else in those of the
    first."""
    if len(parts) == 1:
        return parts[0]
    counts = [p.count for p in parts]
    count = None if None in counts else sum(c for c in counts if c is not None)
    first = parts[0].schema
    if all(p.schema == first for p in parts):
        return FileRows(first, count, pl.concat([p.lazy for p in parts], how="vertical"), parts[0].named)
    if not options.union_by_name:
        for part, file in zip(parts, files, strict=True):
            differing = [n for n in (*first, *part.schema) if n not in part.schema or n not in first]
            if differing:
                raise InputError(
                    f'{file.name} has other columns than {files[0].name}: only one of them has "{differing[0]}". '
                    "union_by_name = true reads files of several columns"
                )
    frames = [p.lazy if options.union_by_name else p.lazy.select(first.names()) for p in parts]
    try:
        lazy = pl.concat(frames, how="diagonal_relaxed")
        return FileRows(lazy.collect_schema(), count, lazy)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{files[0].name} and others have columns of types that do not meet: {error}") from error


def _with(rows: FileRows, constants: Mapping[str, pl.Expr]) -> FileRows:
    lazy = rows.lazy.with_columns(value.alias(name) for name, value in constants.items())
    return FileRows(lazy.collect_schema(), rows.count, lazy)


def _numbered(rows: FileRows, name: str) -> FileRows:
    """Return the rows with their numbers. Raises InputError where a column bears that name."""
    if _ROW_NUMBER in rows.schema:
        raise InputError(f"{name} has a column {_ROW_NUMBER} of its own; leave file_row_number out")
    number = pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW_NUMBER)
    return FileRows(pl.Schema({**rows.schema, _ROW_NUMBER: pl.Int64()}), rows.count, rows.lazy.with_columns(number))


def _constants(file: OpenFile, options: ReadOptions, partition: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    """Return the columns that a file's name gives to its rows."""
    name = {options.filename: pl.lit(file.name, pl.String)} if options.filename else {}
    return {**name, **partition}


def _partitions(files: Sequence[OpenFile], options: ReadOptions) -> list[dict[str, pl.Expr]]:
    """Return the values that folders such as year=2024 give to the rows of each file; [] where there are none."""
    if options.hive_partitioning is False:
        return []
    found: list[dict[str, str]] = [
        {m[1]: m[2] for part in reversed(PurePath(f.name).parts[:-1]) if (m := _HIVE.fullmatch(part))} for f in files
    ]
    # As in DuckDB: by name, and of two folders of one key the outer one.
    keys = sorted(found[0])
    if not keys or any(sorted(values) != keys for values in found):
        if options.hive_partitioning and keys:
            raise InputError(f"{files[0].name} and others lie in folders of different keys: {', '.join(keys)}")
        return []
    texts = {k: [None if v[k] == HIVE_NULL else unquote(v[k]) for v in found] for k in keys}
    columns = {}
    for key, values in texts.items():
        kind = ColumnType()
        kind.observe(pl.Series(values, dtype=pl.String))
        columns[key] = kind.result
    return [{k: columns[k].read(pl.lit(texts[k][i], pl.String)) for k in keys} for i in range(len(files))]
