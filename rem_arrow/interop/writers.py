"""Frames to open files: Parquet, CSV, NDJSON, Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.running.disk_errors import disk_error

FORMATS = {
    "parquet": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "json": "ndjson",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "arrow": "arrow",
    "ipc": "arrow",
    "feather": "arrow",
    "pq": "parquet",
}


def format_of(path: Path) -> str:
    """Return the format that a file's ending names. Raises InputError."""
    format_ = FORMATS.get(path.suffix.lower().lstrip("."))
    if format_ is None:
        raise InputError(
            f"{path} ends in {path.suffix or 'nothing'}; name a .parquet, .csv, .ndjson, .jsonl or .arrow file, or "
            "give a FORMAT"
        )
    return format_


def write_file(
    frame: pl.DataFrame,
    file: BinaryIO,
    name: str,
    format_: str,
    *,
    header: bool = True,
    separator: str = ",",
    null: str = "",
) -> None:
    """Write a frame to an open file. Raises InputError, or ExecuteError where the disk fails.

    Args:
        name: names the file in errors.
    """
    try:
        match format_:
            case "parquet":
                frame.write_parquet(file)
            case "csv":
                frame.write_csv(file, include_header=header, separator=separator, null_value=null)
            case "ndjson":
                frame.write_ndjson(file)
            case _:
                frame.write_ipc(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise disk_error(error, f"writing {name}") or InputError(f"{name} cannot be written: {error}") from error
