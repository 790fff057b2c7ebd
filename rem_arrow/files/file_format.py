"""Formats of files, by their endings."""

from __future__ import annotations

from pathlib import PurePath

from rem_arrow.base.errors import InputError

FORMATS = {
    "parquet": "parquet",
    "pq": "parquet",
    "csv": "csv",
    "tsv": "csv",
    "json": "json",
    "ndjson": "json",
    "jsonl": "json",
    "arrow": "arrow",
    "ipc": "arrow",
    "feather": "arrow",
    "xlsx": "excel",
    "xls": "excel",
    "xlsb": "excel",
    "ods": "excel",
}
# What may follow the ending of a file of texts.
_COMPRESSED = (".gz", ".zst", ".bz2")
READABLE = tuple(f".{name}" for name in FORMATS)


def ending_of(name: str) -> str:
    """Return the ending of a file's name, in small letters and without that of its compression."""
    path = PurePath(name.lower())
    return PurePath(path.stem).suffix.lstrip(".") if path.suffix in _COMPRESSED else path.suffix.lstrip(".")


def format_by_ending(name: str) -> str | None:
    """Return the format that the ending of a file's name tells; None for another ending."""
    return FORMATS.get(ending_of(name))


def format_of(name: str) -> str:
    """Return the format that the ending of a file's name tells. Raises InputError."""
    format_ = format_by_ending(name)
    if format_ is None:
        raise InputError(f"{name} ends in {PurePath(name).suffix or 'nothing'}; name a {', '.join(READABLE)} file")
    return format_
