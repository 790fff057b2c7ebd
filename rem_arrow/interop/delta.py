"""Delta Lake tables, by the library `deltalake`, an extra: an Arrow stream to a new table, and a table to a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from rem_arrow.base.datatypes import instance, sql_name
from rem_arrow.base.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from types import ModuleType

_SIGNED: Mapping[type[pl.DataType], pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
    pl.UInt64: pl.Decimal(20, 0),
}


def write(reader: pa.RecordBatchReader, path: Path, partition_by: Sequence[str]) -> None:
    """Write a stream as a new Delta table. Raises InputError for a type that Delta lacks."""
    library = deltalake()
    try:
        library.write_deltalake(path, reader, partition_by=list(partition_by) or None)
    except (library.exceptions.DeltaError, ValueError, TypeError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path.name} cannot be written as a Delta table: {str(error).splitlines()[0]}") from error


def fitting(schema: pl.Schema) -> pl.Schema:
    """Return the types in which Delta holds these columns: signed integers only, texts for categories, lists for
    arrays. Raises InputError for a type that Delta lacks."""
    return pl.Schema({name: _fitting(dtype, name) for name, dtype in schema.items()})


def _fitting(dtype: pl.DataType, name: str) -> pl.DataType:
    match dtype:
        case pl.List() | pl.Array():
            return pl.List(_fitting(instance(dtype.inner), name))
        case pl.Struct():
            return pl.Struct([pl.Field(f.name, _fitting(instance(f.dtype), name)) for f in dtype.fields])
        case pl.Time() | pl.Duration() | pl.Null():
            raise InputError(
                f'"{name}" holds {sql_name(dtype)}, for which Delta has no type; export it as parquet, or leave the '
                "table out"
            )
        case pl.Datetime() if dtype.time_unit == "ns":
            raise InputError(
                f'"{name}" holds nanoseconds, which Delta lacks; export it as parquet, or leave the table out'
            )
        case pl.Enum() | pl.Categorical():
            return pl.String()
        case _:
            return _SIGNED.get(type(dtype), dtype)


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
