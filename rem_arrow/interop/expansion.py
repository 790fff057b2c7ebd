"""What a file holds once it is read, from its own description of itself, before it is read: a few bytes can stand for
more rows than memory holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from rem_arrow.base.errors import InputError

EXPANSION_MAX = 1_000
# What is smaller once it is read is read, however small its file is.
EXPANDED_BYTES_MIN = 1 << 30
_VALUE_BYTES = 8
_PARQUET, _ARROW = b"PAR1", b"ARROW1"
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x78\x01": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
}


def check_expansion(paths: Iterable[Path | str]) -> None:
    """Raise InputError for a file that is far larger once it is read, or a compressed text file."""
    for path in map(Path, paths):
        with path.open("rb") as file:
            head = file.read(8)
        if head.startswith(_PARQUET):
            _check(path, _parquet_bytes(path))
        elif head.startswith(_ARROW):
            _check(path, _arrow_bytes(path))
        else:
            for mark, name in _COMPRESSED.items():
                if head.startswith(mark):
                    raise InputError(f"{path} is compressed by {name}; decompress it first")


def _check(path: Path, expanded: int) -> None:
    size = path.stat().st_size
    if expanded > max(EXPANDED_BYTES_MIN, EXPANSION_MAX * size):
        raise InputError(
            f"{path} has {size:,} bytes, and {expanded:,} once it is read: more than {EXPANSION_MAX:,} times as many. "
            "If it is what it should be, read it with Polars, and load its frames one by one"
        )


def _parquet_bytes(path: Path) -> int:
    """Return the bytes of the pages without compression, and of the values that are decoded from them; 0 for a file
    that is damaged, as its reader says."""
    try:
        metadata = parquet.read_metadata(path)
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        values = sum(g.column(i).num_values for g in groups for i in range(g.num_columns))
        return int(values * _VALUE_BYTES + sum(g.total_byte_size for g in groups))
    except pa.ArrowException:
        return 0


def _arrow_bytes(path: Path) -> int:
    """Return the bytes of the values, each of one width."""
    rows = pl.scan_ipc(path, glob=False).select(pl.len()).collect().item()
    return int(rows) * len(pl.read_ipc_schema(path)) * _VALUE_BYTES
