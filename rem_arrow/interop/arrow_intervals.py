"""Intervals on the way to Arrow (back: `files/arrow_columns.py`): Arrow has a type for them, month_day_nano, and Polars
a struct of three numbers.

Arrow's value is 16 bytes: months and days in 32 bits each, then nanoseconds in 64, all little-endian. Polars 2.1 reads
and writes none of it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rem_arrow.base.errors import ExecuteError
from rem_arrow.plan import types

_ARROW = pa.month_day_nano_interval()
_VALUE = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanos", "<i8")])
_FIELDS = [pa.field(name, pa.int32() if "micro" not in name else pa.int64()) for name in types.CALENDAR_FIELDS]
_STRUCT = pa.struct(_FIELDS)
_MICROS_MAX = (1 << 63) // 1000 - 1


def to_arrow_intervals(table: pa.Table) -> pa.Table:
    """Return a table that Polars made with its intervals as Arrow's. Raises ExecuteError for one of over 292 years of
    time, which nanoseconds cannot hold."""
    for place, field in enumerate(table.schema):
        if field.type == _STRUCT:
            chunks = [_to_arrow(chunk, field.name) for chunk in table.column(place).chunks]
            table = table.set_column(place, field.with_type(_ARROW), pa.chunked_array(chunks, _ARROW))
    return table


def _to_arrow(chunk: pa.StructArray, name: str) -> pa.Array:
    months, days, micros = (
        chunk.field(place).fill_null(0).to_numpy(zero_copy_only=False) for place in range(len(_FIELDS))
    )
    if (np.abs(micros) > _MICROS_MAX).any():
        raise ExecuteError(f'"{name}" holds an interval of over 292 years of time, which Arrow has no place for')
    values = np.empty(len(chunk), dtype=_VALUE)
    values["months"], values["days"], values["nanos"] = months, days, micros * 1000
    valid = pa.array(chunk.is_valid().to_numpy(zero_copy_only=False))
    return pa.Array.from_buffers(_ARROW, len(chunk), [valid.buffers()[1], pa.py_buffer(values.tobytes())])
