"""Delta Lake tables, by the library `deltalake`, which is an extra: writing an Arrow stream, and reading what was written."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from rem_arrow.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from types import ModuleType


def write(reader: pa.RecordBatchReader, path: Path, partition_by: Sequence[str]) -> None:
    """Write a stream as a new Delta table. Raises InputError for a type that Delta has not."""
    library = deltalake()
    try:
        library.write_deltalake(path, reader, partition_by=list(partition_by) or None)
    except (library.exceptions.DeltaError, ValueError, TypeError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path.name} cannot be written as a Delta table: {str(error).splitlines()[0]}. Its types are few: parquet takes all of ours") from error


def scan(path: Path) -> pl.LazyFrame:
    """Return a Delta table as a frame."""
    deltalake()
    return pl.scan_delta(str(path))


def deltalake() -> ModuleType:
    """Return the library. Raises UnsupportedError."""
    if find_spec("deltalake") is None:
        raise UnsupportedError("Delta tables need deltalake: pip install 'rem_arrow[delta]'")
    import deltalake as library

    return library  # type: ignore[no-any-return]
