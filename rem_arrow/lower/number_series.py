"""`range` and `generate_series` of whole numbers."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.function import ScalarFunction

_INT = pl.Int64()
# Of the numbers of one series: 8 GB.
_SERIES_MAX = 1_000_000_000


def _range(*, closed: bool) -> ScalarFunction:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        zero, one = pl.lit(0, _INT), pl.lit(1, _INT)
        start, stop = (zero, args[0]) if len(args) == 1 else (args[0], args[1])
        step = (
            args[2]
            if len(args) == 3
            else args[2].map_batches(_not_zero, return_dtype=_INT, is_elementwise=True)
            if len(args) > 3
            else one
        )
        # One more beyond the end, in the direction of the step, makes it part of the series.
        end = stop + step.sign() if closed else stop
        if len(args) <= 2:
            return pl.int_ranges(start, start + _size(start, end))
        size = (
            pl.when(step > 0)
            .then((end - start + step - 1) // step)
            .when(step < 0)
            .then((start - end - step - 1) // -step)
            .otherwise(zero)
        )
        counted = pl.int_ranges(zero, _size(zero, size))
        not_null = pl.all_horizontal([a.is_not_null() for a in args[:3]])
        return pl.when(not_null).then(start + counted * step)

    return lower


def _size(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """How many numbers lie from one to before the other."""
    return (end.cast(pl.Int128) - start.cast(pl.Int128)).map_batches(_fitting, return_dtype=_INT, is_elementwise=True)


def _fitting(sizes: pl.Series) -> pl.Series:
    largest = sizes.max()
    if isinstance(largest, int) and largest > _SERIES_MAX:
        raise ExecuteError(f"a series of {largest:,} numbers does not fit in memory; it may have {_SERIES_MAX:,}")
    return sizes.clip(0).cast(_INT)


def _not_zero(steps: pl.Series) -> pl.Series:
    if (steps == 0).any():
        raise ExecuteError("the step of a series must not be 0")
    return steps


SERIES: dict[str, ScalarFunction] = {
    "generate_series": _range(closed=True),
    "range": _range(closed=False),
}
