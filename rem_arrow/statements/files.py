"""COPY of rows to a file and from one. A file appears complete or not at all: it is written under another name, then
renamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import BindError, InputError, UnsupportedError, suggest
from rem_arrow.base.read_options import ReadOptions, read_options
from rem_arrow.base.schema import Field, Table
from rem_arrow.catalog.statement_files import opened_files
from rem_arrow.engine.results import filed
from rem_arrow.files.file_format import format_of
from rem_arrow.files.file_set import file_rows
from rem_arrow.interop.readers import unreadable
from rem_arrow.interop.writers import write_file, write_options
from rem_arrow.model.registry import SYSTEM_FIELDS
from rem_arrow.sql.bind.write_queries import Target, WriteBinder
from rem_arrow.sql.statement.statement import CopyFrom, CopyTo
from rem_arrow.sql.text.type_names import named_type
from rem_arrow.statements.environment import Context, Result, counted, writable
from rem_arrow.statements.fitting_rows import fitting
from rem_arrow.statements.partitioned_files import partitioning, write_folders
from rem_arrow.statements.rows import chosen_fields, stored
from rem_arrow.storage.changes import Changes

_FILE = "\x00file"
_FORMATS = {"parquet": "parquet", "csv": "csv", "tsv": "csv", "json": "json", "ndjson": "json", "jsonl": "json"} | {
    "arrow": "arrow",
    "ipc": "arrow",
    "feather": "arrow",
    "pq": "parquet",
    "xlsx": "excel",
    "excel": "excel",
}


def copy_to(context: Context, statement: CopyTo) -> Result:
    """Write a table or query to a Parquet, CSV, NDJSON or Arrow file."""
    path = statement.path
    format_, given = format_and_options(context.text, statement)
    with _in_text(context.text):
        folders, given = partitioning(given)
        options = write_options(given, format_, path)
    snapshot = context.snapshot()
    query = context.bound(statement.source, snapshot)
    context.parsed.check_read()
    if folders is not None:
        frame = filed(context.rows(query, snapshot, to_store=True), query.names)
        write_folders(context.instance.files, frame, path, format_, options, folders)
        return counted(frame.height)
    with context.instance.files.writing(path) as file:
        frame = filed(context.rows(query, snapshot, to_store=True), query.names)
        write_file(frame, file, path, format_, options)
    return counted(frame.height)


def copy_from(context: Context, statement: CopyFrom) -> Result:
    """Add the rows of a file to a table: all of them, or none."""
    format_, given = format_and_options(context.text, statement)
    with _in_text(context.text):
        options = read_options(given, format_, named_type, where="COPY")

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        table = tv.table
        listed = list(table.given) if statement.columns is None else chosen_fields(context, table, statement.columns)
        frame, named = _read(context, statement.path, format_, options, listed)
        by_place = statement.columns is not None or not named
        fields = _by_place(frame, listed, table) if by_place else _by_name(frame, table, statement.path)
        snapshot = context.snapshot(access, frames={_FILE: frame})
        query = WriteBinder(context.text, snapshot, {}, Target(table, table.name, _FILE)).copied(
            _FILE, frame.columns, fields
        )
        frame = fitting(context, query, snapshot, table, fields) if frame.width else frame
        outcome = stored(context, access, tv, frame)
        return outcome.changes, counted(outcome.affected)

    return context.write(compute)


@contextmanager
def _in_text(text: str) -> Iterator[None]:
    """Options stand in the text of a statement."""
    try:
        yield
    except InputError as error:
        raise BindError(str(error), text) from error


def format_and_options(text: str, statement: CopyTo | CopyFrom) -> tuple[str, list[tuple[str, object]]]:
    """Return the format of the file, and the other options. Raises UnsupportedError for an unknown format."""
    named = [str(value).lower() for name, value in statement.options if name == "format"]
    if any(name not in _FORMATS for name in named):
        raise UnsupportedError(f"COPY knows no FORMAT {named[0]}; there are parquet, csv, json, arrow and xlsx", text)
    given = [(name, value) for name, value in statement.options if name != "format"]
    if not named and any(name == "partition_by" for name, _ in given) and not PurePath(statement.path).suffix:
        return "csv", given
    return _FORMATS[named[-1]] if named else format_of(statement.path), given


def _read(
    context: Context, path: str, format_: str, options: ReadOptions, listed: list[Field]
) -> tuple[pl.DataFrame, bool]:
    """Return the rows of the files, and whether they have names. Texts of a CSV stay texts, which are cast to the
    columns as in SQL."""
    texts = {f.name: f.dtype for f in listed if isinstance(f.dtype, pl.String)}
    if format_ == "csv" and not (options.date_format or options.timestamp_format):
        options = replace(options, all_varchar=True)
    rows = file_rows(opened_files(context.instance.files, (path,)), format_, options, texts)
    try:
        return rows.lazy.collect(), rows.named
    except pl.exceptions.PolarsError as error:
        raise unreadable(path, error) from error


def _by_place(frame: pl.DataFrame, listed: list[Field], table: Table) -> list[Field]:
    fields = listed if frame.width in (0, len(listed)) else [f for f in listed if f.name not in SYSTEM_FIELDS]
    if frame.width not in (0, len(fields)):
        raise InputError(
            f"the file has {frame.width} columns, and {len(listed)} columns of {table.name} are to be filled"
        )
    return fields


def _by_name(frame: pl.DataFrame, table: Table, path: str) -> list[Field]:
    fields = {f.name.casefold(): f for f in table.given}
    for name in frame.columns:
        if name.casefold() not in fields:
            raise InputError(f'{path}: no column "{name}" in {table.name}. {suggest(name, table.names, "Columns")}')
    return [fields[name.casefold()] for name in frame.columns]
