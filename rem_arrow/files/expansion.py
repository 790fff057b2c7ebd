"""What a file holds once it is read, from its own description of itself, before it is read: a few bytes can stand for
more rows than memory holds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError
from rem_arrow.base.lazy_module import LazyModule
from rem_arrow.files.parquet_footer import has_encrypted_columns

if TYPE_CHECKING:
    from pyarrow import parquet
else:
    parquet = LazyModule("pyarrow.parquet")

EXPANSION_MAX = 1_000
# What is smaller once it is read is read, however small its file is.
EXPANDED_BYTES_MIN = 1 << 30
_VALUE_BYTES = 8
_PARQUET, _ARROW = b"PAR1", b"ARROW1"
# The first bytes of compressed files, and the names of what compressed them.
COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x78\x01": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}


def check_expansion(paths: Iterable[Path | str]) -> None:
    """Raise InputError for a Parquet or Arrow file that is far larger once it is read."""
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            check_open_expansion(file, str(path))


def check_open_expansion(file: FileIO, name: str) -> None:
    """Do the same for an open file, and leave it at its beginning; `name` names it in errors. It has no buffer: Polars
    reads from where the descriptor is."""
    head = file.read(8)
    if head.startswith(_PARQUET):
        if has_encrypted_columns(file):
            raise InputError(f"{name} has encrypted columns, and nothing here decrypts them; write it without")
        _check(file, name, _parquet_bytes(file))
    elif head.startswith(_ARROW):
        _check(file, name, _arrow_bytes(file))
    file.seek(0)


def expanded_bytes_max(size: int) -> int:
    """Return how many bytes a file of `size` bytes may be once it is read."""
    return max(EXPANDED_BYTES_MIN, EXPANSION_MAX * size)


def _check(file: FileIO, name: str, expanded: int) -> None:
    size = os.fstat(file.fileno()).st_size
    if expanded > expanded_bytes_max(size):
        raise InputError(
            f"{name} has {size:,} bytes, and {expanded:,} once it is read: more than {EXPANSION_MAX:,} times as many. "
            "If it is what it should be, read it with Polars, and load its frames one by one"
        )


def _parquet_bytes(file: FileIO) -> int:
    """Return the bytes of the pages without compression, and of the values that are decoded from them; 0 for a file
    that is damaged, as its reader says."""
    file.seek(0)
    try:
        metadata = parquet.read_metadata(file)
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        values = sum(g.column(i).num_values for g in groups for i in range(g.num_columns))
        return int(values * _VALUE_BYTES + sum(g.total_byte_size for g in groups))
    except (pa.ArrowException, OSError):
        return 0


def _arrow_bytes(file: FileIO) -> int:
    """Return the bytes of the values, each of one width; 0 for a file that is damaged, as its reader says."""
    try:
        file.seek(0)
        columns = len(pl.read_ipc_schema(file))
        file.seek(0)
        rows = pl.scan_ipc(file).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return 0
    return int(rows) * columns * _VALUE_BYTES
