"""Frames to files: Parquet, CSV, NDJSON, Arrow. A file is written beside its target, and then renamed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import file_written_beside

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
    frame: pl.DataFrame, path: Path, format_: str, *, header: bool = True, separator: str = ",", null: str = ""
) -> None:
    """Write a frame to `path`, which is replaced if it exists. Raises InputError, or ExecuteError where the disk fails,
    and then leaves the old file as it was."""
    try:
        with file_written_beside(path) as temporary:
            match format_:
                case "parquet":
                    frame.write_parquet(temporary)
                case "csv":
                    frame.write_csv(temporary, include_header=header, separator=separator, null_value=null)
                case "ndjson":
                    frame.write_ndjson(temporary)
                case _:
                    frame.write_ipc(temporary)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise disk_error(error, f"writing {path}") or InputError(f"{path} cannot be written: {error}") from error
