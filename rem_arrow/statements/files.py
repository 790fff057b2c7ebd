"""COPY of rows to a file and from one. A file appears complete or not at all: it is written under another name, then
renamed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.errors import InputError, UnsupportedError, suggest
from rem_arrow.base.schema import Field, Table
from rem_arrow.engine.results import unique_names
from rem_arrow.interop.readers import read_file
from rem_arrow.interop.writers import FORMATS, format_of, write_file
from rem_arrow.model.registry import SYSTEM_FIELDS
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.bind.write_queries import Target, WriteBinder
from rem_arrow.sql.statement.statement import CopyFrom, CopyTo, Options
from rem_arrow.statements.environment import Context, Result, counted, writable
from rem_arrow.statements.fitting_rows import fitting
from rem_arrow.statements.rows import chosen_fields, stored
from rem_arrow.storage.changes import Changes

_FILE = "\x00file"
_SEPARATORS = ("DELIMITER", "DELIM", "SEP")


def copy_to(context: Context, statement: CopyTo) -> Result:
    """Write a table or query to a Parquet, CSV, NDJSON or Arrow file."""
    path, chosen = statement.path, _Options(context.text, statement.options, statement.path)
    snapshot = context.snapshot()
    query = Binder(context.text, snapshot, context.dtypes, context.evaluate(snapshot)).statement(statement.source)
    with context.instance.files.writing(path) as file:
        frame = context.rows(query, snapshot)
        frame.columns = unique_names(query.names)
        write_file(frame, file, path, chosen.format, header=chosen.header, separator=chosen.separator, null=chosen.null)
    return counted(frame.height)


def copy_from(context: Context, statement: CopyFrom) -> Result:
    """Add the rows of a file to a table: all of them, or none."""
    path, chosen = statement.path, _Options(context.text, statement.options, statement.path)

    def compute(access: Access) -> tuple[Changes, Result]:
        tv = writable(access.version, statement.table, context.text)
        table = tv.table
        listed = list(table.given) if statement.columns is None else chosen_fields(context, table, statement.columns)
        schema = {f.name: f.dtype for f in listed}
        with context.instance.files.reading(path) as file:
            frame = read_file(
                file,
                path,
                chosen.format,
                schema,
                header=chosen.header,
                separator=chosen.separator,
                null=chosen.null,
            )
        by_place = statement.columns is not None or not chosen.header
        fields = _by_place(frame, listed, table) if by_place else _by_name(frame, table, statement.path)
        snapshot = context.snapshot(access, frames={_FILE: frame})
        query = WriteBinder(context.text, snapshot, {}, Target(table, table.name, _FILE)).copied(
            _FILE, frame.columns, fields
        )
        frame = fitting(context, query, snapshot, table, fields) if frame.width else frame
        outcome = stored(context, access, tv, frame)
        return outcome.changes, counted(outcome.affected)

    return context.write(compute)


class _Options:
    """The options of a COPY. Raises UnsupportedError for one that is not known."""

    def __init__(self, text: str, options: Options, path: str) -> None:
        self.format, self.header, self.separator, self.null = "", True, ",", ""
        for name, value in options:
            if name == "FORMAT" and str(value).lower() in FORMATS:
                self.format = FORMATS[str(value).lower()]
            elif name == "HEADER":
                self.header = value is True or str(value).lower() in ("true", "1", "on")
            elif name in _SEPARATORS and len(str(value)) == 1:
                self.separator = str(value)
            elif name in ("NULL", "NULLSTR"):
                self.null = str(value)
            else:
                raise UnsupportedError(
                    f"COPY does not know {name} {value}; there are FORMAT parquet, csv, json or arrow, HEADER, "
                    "DELIMITER (one character) and NULL",
                    text,
                )
        self.format = self.format or format_of(Path(path))


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
