"""TRY: rows for which an expression is an error are NULL, and do not stop the others."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.running.allowance import TooLargeError, current_allowance

Compute = Callable[[pl.DataFrame], pl.Series]
_ROW = "#try"


def attempted(compute: Compute, rows: pl.DataFrame, dtype: pl.DataType) -> pl.Series:
    """Return what `compute` makes of each row, NULL where it raises. Raises TooLargeError, and where the statement has
    been abandoned."""
    try:
        return compute(rows).cast(dtype)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ExecuteError):
        distinct = rows.unique(maintain_order=True)
    values = _halved(compute, distinct, dtype).alias(_ROW)
    return rows.join(
        distinct.with_columns(values), on=rows.columns, how="left", nulls_equal=True, maintain_order="left"
    ).get_column(_ROW)


def _halved(compute: Compute, rows: pl.DataFrame, dtype: pl.DataType) -> pl.Series:
    """Compute the rows, each half by itself as long as one of them holds an error."""
    current_allowance().check()
    try:
        return compute(rows).cast(dtype)
    except TooLargeError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ExecuteError):
        if rows.height <= 1:
            return pl.Series("", [None] * rows.height, dtype=dtype)
    middle = rows.height // 2
    return pl.concat([_halved(compute, half, dtype).rename("") for half in (rows[:middle], rows[middle:])])
