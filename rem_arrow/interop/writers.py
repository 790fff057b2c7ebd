"""Frames to open files: Parquet, CSV, JSON by lines or as one array, Arrow."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, BinaryIO, cast

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.wide_integers import as_portable
from rem_arrow.interop.quoted_csv import Quoting, write_quoted
from rem_arrow.interop.text_files import csv_frame, json_frame
from rem_arrow.running.disk_errors import disk_error

_NAMES = {
    "header": "header",
    "separator": "separator",
    "sep": "separator",
    "delim": "separator",
    "delimiter": "separator",
    "null": "null",
    "nullstr": "null",
    "quote": "quote",
    "escape": "escape",
    "force_quote": "force_quote",
    "date_format": "date_format",
    "dateformat": "date_format",
    "timestamp_format": "timestamp_format",
    "timestampformat": "timestamp_format",
    "compression": "compression",
    "array": "array",
    "row_group_size": "row_group_size",
}
_BY_FORMAT = {
    "csv": (
        *("header", "separator", "null", "quote", "escape", "force_quote"),
        *("date_format", "timestamp_format", "compression"),
    ),
    "json": ("array", "compression"),
    "parquet": ("compression", "row_group_size"),
    "arrow": ("compression",),
}
_CODECS: dict[str, dict[str, str]] = {
    "csv": {"none": "", "auto": "", "gzip": "gzip", "gz": "gzip", "zstd": "zstd", "zst": "zstd"},
    "parquet": {c: c for c in ("snappy", "gzip", "brotli", "lz4", "zstd", "uncompressed")} | {"none": "uncompressed"},
    "arrow": {"none": "uncompressed", "uncompressed": "uncompressed", "lz4": "lz4", "zstd": "zstd"},
}
_CODECS["json"] = _CODECS["csv"]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a file is written; "" of a format or a codec is the library's own."""

    header: bool = True
    separator: str = ","
    null: str = ""
    quote: str = '"'
    escape: str = ""
    force_quote: tuple[str, ...] = ()
    date_format: str = ""
    timestamp_format: str = ""
    compression: str = ""
    array: bool = False
    row_group_size: int = 0


def write_options(given: Sequence[tuple[str, object]], format_: str, name: str) -> WriteOptions:
    """Return the options of writing a file. Raises InputError for one that is not known, or of another format."""
    options = WriteOptions()
    known = [n for n, field in _NAMES.items() if field in _BY_FORMAT.get(format_, ())]
    if format_ not in _BY_FORMAT:
        raise InputError(
            f"{name}: {format_} files are read and not written; name a .csv, .parquet, .json or .arrow file"
        )
    for key, value in given:
        if key not in known:
            raise InputError(f"writing {format_} files has no option {key!r}. {suggest(key, known, 'Options')}")
        changed: dict[str, Any] = {_NAMES[key]: _checked(key, value)}
        options = replace(options, **changed)
    codec = options.compression.lower() or _codec_by_ending(format_, name)
    if codec and codec not in _CODECS[format_]:
        raise InputError(
            f"{format_} files are not compressed by {codec}. {suggest(codec, list(_CODECS[format_]), 'Codecs')}"
        )
    return replace(options, compression=_CODECS[format_][codec] if codec else "")


def _codec_by_ending(format_: str, name: str) -> str:
    ends = {".gz": "gzip", ".zst": "zstd"}
    return next((c for e, c in ends.items() if name.lower().endswith(e)), "") if format_ in ("csv", "json") else ""


def _checked(key: str, value: object) -> object:
    kind = type(next(f.default for f in fields(WriteOptions) if f.name == _NAMES[key]))
    if kind is bool and str(value).lower() in ("true", "false", "1", "0", "on", "off"):
        return str(value).lower() in ("true", "1", "on")
    if kind is tuple and isinstance(value, (str, list)) and all(isinstance(v, str) for v in value):
        return (value,) if isinstance(value, str) else tuple(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if kind is str and isinstance(value, (str, int)) and not isinstance(value, bool):
        text = "\t" if value == "\\t" else str(value)
        if _NAMES[key] not in ("separator", "quote", "escape") or len(text) == 1:
            return text
    raise InputError(f"{key} is {_WANTED.get(_NAMES[key], 'a text')}, not {value!r}")


_WANTED = {
    "header": "true or false",
    "array": "true or false",
    "separator": "one character",
    "quote": "one character",
    "escape": "one character",
    "force_quote": "names of columns, or *",
    "row_group_size": "a number of rows, at least 1",
}


def write_file(frame: pl.DataFrame, file: BinaryIO, name: str, format_: str, options: WriteOptions) -> None:
    """Write a frame to an open file. Raises InputError, or ExecuteError where the disk fails.

    Args:
        name: names the file in errors.
    """
    try:
        match format_:
            case "parquet":
                codec = cast(Any, options.compression or "zstd")
                as_portable(frame).write_parquet(file, compression=codec, row_group_size=options.row_group_size or None)
            case "csv":
                plain = csv_frame(frame, name)
                form: dict[str, Any] = {
                    "include_header": options.header,
                    "separator": options.separator,
                    "null_value": options.null,
                    "date_format": options.date_format or None,
                    "datetime_format": options.timestamp_format or None,
                }
                escape = options.escape or options.quote
                quoting = Quoting(options.separator, options.quote, escape, options.force_quote)
                with _compressed(file, options.compression) as target:
                    if quoting.forced or quoting.escape != quoting.quote:
                        write_quoted(plain, target, quoting, form)
                    else:
                        plain.write_csv(target, quote_char=options.quote, **form)
            case "json":
                frame = json_frame(frame, name)
                with _compressed(file, options.compression) as target:
                    frame.write_json(target) if options.array else frame.write_ndjson(target)
            case _:
                as_portable(frame).write_ipc(file, compression=cast(Any, options.compression or "uncompressed"))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise disk_error(error, f"writing {name}") or InputError(f"{name} cannot be written: {error}") from error


@contextmanager
def _compressed(file: BinaryIO, codec: str) -> Iterator[Any]:
    if not codec:
        yield file
        return
    with pa.CompressedOutputStream(pa.PythonFile(_Kept(file), mode="w"), codec) as target:
        yield target


class _Kept(io.RawIOBase):
    """A file that stays open when the stream over it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)
