"""Files as single values: a row for each, with its whole content."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.files.file_set import OpenFile

_BYTES_MAX = 1 << 30


def whole_files(files: Sequence[OpenFile], *, as_text: bool) -> pl.DataFrame:
    """Return `filename`, `content`, `size` and `last_modified` of each file. Raises InputError for one of over 1 GiB,
    and a text that is no UTF-8."""
    rows = []
    for name, file in files:
        stat = os.fstat(file.fileno())
        if stat.st_size > _BYTES_MAX:
            raise InputError(f"{name} has {stat.st_size:,} bytes; a value may take 1 GiB")
        content: bytes | str = os.pread(file.fileno(), stat.st_size, 0)
        if as_text:
            try:
                content = bytes(content).decode() if isinstance(content, bytes) else content
            except UnicodeDecodeError as error:
                raise InputError(f"{name} is no text in UTF-8; read it by read_blob") from error
        modified = dt.datetime.fromtimestamp(int(stat.st_mtime), dt.timezone.utc)
        rows.append((name, content, stat.st_size, modified))
    schema = {
        "filename": pl.String(),
        "content": pl.String() if as_text else pl.Binary(),
        "size": pl.Int64(),
        "last_modified": pl.Datetime("us", "UTC"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
