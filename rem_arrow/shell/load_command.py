"""The command `load`: files into a table, with the options of `Database.load`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rem_arrow.base.errors import InputError
from rem_arrow.face.connection import connect
from rem_arrow.shell.command import DatabasePath, errors_as_text


def load(
    database: DatabasePath,
    table: Annotated[str, typer.Argument(help="Table to load into; created if it does not exist")],
    file: Annotated[
        list[Path],
        typer.Argument(help="Files: .parquet, .csv, .tsv, .json, .ndjson, .arrow or .xlsx; texts also as .gz or .zst"),
    ],
    separator: Annotated[str | None, typer.Option(help="What stands between the values of a CSV")] = None,
    quote: Annotated[str | None, typer.Option(help="What quotes the values of a CSV")] = None,
    escape: Annotated[str | None, typer.Option(help="What stands before a quote inside of quotes")] = None,
    comment: Annotated[str | None, typer.Option(help="What begins a line of a CSV that is passed over")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first line names the columns")] = None,
    null_values: Annotated[
        list[str] | None, typer.Option("--null-values", "--null", help="A text that is NULL; may be repeated")
    ] = None,
    dtypes: Annotated[
        list[str] | None, typer.Option("--dtypes", "--type", help="COLUMN=TYPE in SQL; may be repeated")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--columns", "--column", help="Only this column; may be repeated")
    ] = None,
    skip_rows: Annotated[int | None, typer.Option(help="Lines at the beginning that are passed over")] = None,
    decimal_separator: Annotated[str | None, typer.Option(help="Before the fraction of a number; default .")] = None,
    thousands: Annotated[str | None, typer.Option(help="Between the thousands of a number; default nothing")] = None,
    date_format: Annotated[str | None, typer.Option(help="Of dates, such as %d.%m.%Y")] = None,
    timestamp_format: Annotated[str | None, typer.Option(help="Of timestamps, such as '%d.%m.%Y %H:%M'")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of texts, such as latin-1; default utf-8")] = None,
    compression: Annotated[str | None, typer.Option(help="gzip, zstd, bz2 or none; default: by the file")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file, by name or place from 1")] = None,
    records: Annotated[bool | None, typer.Option(help="Whether each value of a JSON file is a row of columns")] = None,
    union_by_name: Annotated[bool | None, typer.Option(help="All columns of several files, by name")] = None,
    ignore_errors: Annotated[bool | None, typer.Option(help="Leave out rows that cannot be read")] = None,
) -> None:
    """Load files into a table: all of them, or nothing.

    rem-arrow load my.rem sales sales.csv --type zip=VARCHAR
    """
    with errors_as_text(), connect(database) as db:
        rows = db.load(
            table,
            [str(f) for f in file],
            separator=separator,
            quote=quote,
            escape=escape,
            comment=comment,
            header=header,
            null_values=null_values or None,
            dtypes=_types(dtypes) if dtypes else None,
            columns=columns or None,
            skip_rows=skip_rows,
            decimal_separator=decimal_separator,
            thousands=thousands,
            date_format=date_format,
            timestamp_format=timestamp_format,
            encoding=encoding,
            compression=compression,
            sheet=int(sheet) if sheet is not None and sheet.isdigit() else sheet,
            records=records,
            union_by_name=union_by_name,
            ignore_errors=ignore_errors,
        )
        typer.echo(f"{rows:,} rows into {table} of {database}", err=True)


def _types(given: list[str]) -> dict[str, str]:
    types: dict[str, str] = {}
    for text in given:
        name, equals, dtype = text.partition("=")
        if not equals or not name:
            raise InputError(f"--type is COLUMN=TYPE, such as zip=VARCHAR, not {text!r}")
        types[name] = dtype
    return types
