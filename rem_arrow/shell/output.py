"""The output of the command line: rows as a table in a terminal, otherwise as CSV, JSON, Markdown, Parquet or Arrow."""

from __future__ import annotations

import sys
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import polars as pl
import typer
from rich.console import Console

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.printable import printable
from rem_arrow.base.wide_integers import as_portable
from rem_arrow.interop.text_files import csv_frame, json_frame
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import file_written_beside
from rem_arrow.shell.drawn_rows import draw_table, lines, markdown

_ROWS_SHOWN_MAX = 40


class Format(StrEnum):
    """The form in which rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"
    lines = "lines"
    parquet = "parquet"
    arrow = "arrow"


# Those that are no text.
BINARY = (Format.parquet, Format.arrow)
_BY_SUFFIX = {
    ".csv": Format.csv,
    ".json": Format.json,
    ".md": Format.markdown,
    ".parquet": Format.parquet,
    ".arrow": Format.arrow,
}


def format_for(format_: Format | None, output: Path | None) -> Format:
    if format_ is not None:
        return format_
    if output is not None:
        return _BY_SUFFIX.get(output.suffix, Format.csv)
    return Format.table if sys.stdout.isatty() else Format.csv


def write_rows(frame: pl.DataFrame, format_: Format | None, output: Path | None) -> None:
    kind = format_for(format_, output)
    if kind is Format.table and output is None:
        draw_table(Console(), frame, _ROWS_SHOWN_MAX, "--format and --output")
        return
    if output is None and kind in BINARY and sys.stdout.isatty():
        raise InputError(f"{kind.value} is not for a terminal; name a file with --output, or pipe it")
    if output is None and sys.stdout.isatty():
        typer.echo(printable(as_text(frame, kind)), nl=False)
        return
    if output is None:
        encode(frame, kind, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    try:
        with file_written_beside(output) as temporary, temporary.open("wb") as file:
            encode(frame, kind, file)
    except OSError as error:
        raise file_error(error, f"cannot write {output}") from error
    typer.echo(f"{frame.height:,} rows to {output}", err=True)


def file_error(error: OSError, what: str) -> RemError:
    """Return our error where the file system refused; `what` says which file cannot be read or written."""
    return disk_error(error, what) or InputError(f"{what}: {error.strerror or error}")


def as_text(frame: pl.DataFrame, kind: Format) -> str:
    """Return rows in a format that is a text."""
    encoded = BytesIO()
    encode(frame, kind, encoded)
    return encoded.getvalue().decode("utf-8")


def encode(frame: pl.DataFrame, kind: Format, file: BinaryIO) -> None:
    """Write rows to a file in a format; a table is written as CSV."""
    match kind:
        case Format.parquet:
            as_portable(frame).write_parquet(file)
        case Format.arrow:
            as_portable(frame).write_ipc_stream(file)
        case Format.json:
            json_frame(frame, "the result").write_ndjson(file)
        case Format.markdown:
            file.write(markdown(frame).encode())
        case Format.lines:
            file.write(lines(frame).encode())
        case Format.csv | Format.table:
            csv_frame(frame, "the result").write_csv(file)
