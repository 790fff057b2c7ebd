"""COPY ... TO with PARTITION_BY: rows in a folder for each value of some columns, such as year=2024/data_0.csv.

Each file appears complete or not at all; that all of them do, a copy that fails does not promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import polars as pl

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.files.file_set import HIVE_NULL
from rem_arrow.interop.writers import WriteOptions, write_file
from rem_arrow.running.file_access import FileAccess

_FOLDERS_MAX = 10_000
_OPTIONS = ("partition_by", "overwrite_or_ignore", "write_partition_columns", "filename_pattern", "file_extension")


class Partitioning(NamedTuple):
    """The columns whose values are folders, and how their files are called."""

    columns: tuple[str, ...]
    replaces: bool = False
    keeps_columns: bool = False
    pattern: str = "data_{i}"
    ending: str = ""


def partitioning(given: Sequence[tuple[str, object]]) -> tuple[Partitioning | None, list[tuple[str, object]]]:
    """Return what the options of COPY say of folders, None for nothing, and the other options. Raises InputError."""
    asked = {name: value for name, value in given if name in _OPTIONS}
    rest = [(name, value) for name, value in given if name not in _OPTIONS]
    columns = asked.get("partition_by")
    if columns is None:
        return None, list(given)
    names = [columns] if isinstance(columns, str) else columns
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise InputError("partition_by names columns: PARTITION_BY (year, month)")
    pattern, ending = asked.get("filename_pattern", "data_{i}"), asked.get("file_extension", "")
    if not isinstance(pattern, str) or not isinstance(ending, str) or "/" in pattern + ending or "{i}" not in pattern:
        raise InputError("filename_pattern is the name of a file with {i} in it, and file_extension an ending")
    flags = [str(asked.get(n, False)).lower() in ("true", "1", "on") for n in _OPTIONS[1:3]]
    return Partitioning(tuple(names), flags[0], flags[1], pattern, ending), rest


def write_folders(
    files: FileAccess, frame: pl.DataFrame, folder: str, format_: str, options: WriteOptions, into: Partitioning
) -> None:
    """Write the rows into the folders below one. Raises InputError."""
    known = {name.casefold(): name for name in frame.columns}
    for name in into.columns:
        if name.casefold() not in known:
            raise InputError(f'partition_by: no column "{name}". {suggest(name, frame.columns, "Columns")}')
    keys = [known[name.casefold()] for name in into.columns]
    kept = frame.columns if into.keeps_columns else [n for n in frame.columns if n not in keys]
    if not kept:
        raise InputError(
            "partition_by leaves no column for the files; WRITE_PARTITION_COLUMNS keeps those that it names"
        )
    if frame.select(keys).n_unique() > _FOLDERS_MAX:
        raise InputError(f"partition_by makes more than {_FOLDERS_MAX:,} folders")
    files.make_folder(folder)
    if not into.replaces and any(files.matching(f"{folder}/**")):
        raise InputError(f"{folder} is not empty; OVERWRITE_OR_IGNORE writes into it")
    name = into.pattern.replace("{i}", "0") + f".{into.ending.removeprefix('.') or format_}"
    for values, rows in frame.group_by(keys, maintain_order=True):
        place = "/".join([folder, *(f"{quote(k)}={_text(v)}" for k, v in zip(keys, values, strict=True))])
        files.make_folder(place)
        with files.writing(f"{place}/{name}") as file:
            write_file(rows.select(kept), file, f"{place}/{name}", format_, options)


def _text(value: object) -> str:
    """Return a value as the name of a folder has it."""
    if value is None:
        return HIVE_NULL
    return quote(str(value).lower() if isinstance(value, bool) else str(value), safe="")
