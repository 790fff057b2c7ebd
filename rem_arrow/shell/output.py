"""The output of the command line: rows as a table in a terminal, otherwise as CSV, JSON, Parquet or Arrow."""

from __future__ import annotations

import sys
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rem_arrow.base.errors import InputError
from rem_arrow.base.printable import printable
from rem_arrow.base.wide_integers import as_portable
from rem_arrow.interop.text_files import csv_frame, json_frame
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import file_written_beside

_ROWS_SHOWN_MAX = 40
_TEXT_CHARS_MAX = 60


class Format(StrEnum):
    """The form in which rows are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"
    arrow = "arrow"


def format_for(format_: Format | None, output: Path | None) -> Format:
    if format_ is not None:
        return format_
    if output is not None:
        by_suffix = {".csv": Format.csv, ".json": Format.json, ".parquet": Format.parquet, ".arrow": Format.arrow}
        return by_suffix.get(output.suffix, Format.csv)
    return Format.table if sys.stdout.isatty() else Format.csv


def write_rows(frame: pl.DataFrame, format_: Format | None, output: Path | None) -> None:
    kind = format_for(format_, output)
    if kind is Format.table and output is None:
        _draw(frame)
        return
    if output is None and kind in (Format.parquet, Format.arrow) and sys.stdout.isatty():
        raise InputError(f"{kind.value} is not for a terminal; name a file with --output, or pipe it")
    if output is None and sys.stdout.isatty():
        encoded = BytesIO()
        _encode(frame, kind, encoded)
        typer.echo(printable(encoded.getvalue().decode("utf-8")), nl=False)
        return
    if output is None:
        _encode(frame, kind, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    try:
        with file_written_beside(output) as temporary, temporary.open("wb") as file:
            _encode(frame, kind, file)
    except OSError as error:
        what = f"cannot write {output}"
        raise disk_error(error, what) or InputError(f"{what}: {error.strerror or error}") from error
    typer.echo(f"{frame.height:,} rows to {output}", err=True)


def _encode(frame: pl.DataFrame, kind: Format, file: BinaryIO) -> None:
    match kind:
        case Format.parquet:
            as_portable(frame).write_parquet(file)
        case Format.arrow:
            as_portable(frame).write_ipc_stream(file)
        case Format.json:
            json_frame(frame, "the result").write_ndjson(file)
        case Format.csv | Format.table:
            csv_frame(frame, "the result").write_csv(file)


def _draw(frame: pl.DataFrame) -> None:
    console = Console()
    table = Table(show_edge=False, header_style="bold", pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(
            Text(_line(name)),
            justify="right" if dtype.is_numeric() else "left",
            overflow="fold" if frame.width <= 3 else "ellipsis",
            no_wrap=frame.width > 3,
        )
    for row in frame.head(_ROWS_SHOWN_MAX).iter_rows():
        table.add_row(*(_cell(v) for v in row))
    console.print(table)
    remainder = (
        f"; {frame.height - _ROWS_SHOWN_MAX:,} more, see --format and --output"
        if frame.height > _ROWS_SHOWN_MAX
        else ""
    )
    console.print(f"{frame.height:,} row{'s' if frame.height != 1 else ''}{remainder}", style="dim", highlight=False)


def _cell(value: Any) -> Text:
    # A Text, since rich takes a str for its markup.
    if value is None:
        return Text("NULL", style="dim")
    if isinstance(value, float):
        return Text(f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}")
    if isinstance(value, int) and not isinstance(value, bool):
        return Text(f"{value:,}")
    text = _line(str(value))
    return Text(text if len(text) <= _TEXT_CHARS_MAX else text[: _TEXT_CHARS_MAX - 1] + "…")


def _line(text: str) -> str:
    return printable(text.replace("\n", " ").replace("\t", " "))
