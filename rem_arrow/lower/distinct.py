"""Functions that Polars lacks, in Python, once for each distinct row of the arguments."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def over_distinct(
    function: Callable[..., object], result: pl.DataType, *, of_nulls: bool = False
) -> Callable[..., pl.Expr]:
    """Return `function` over columns; NULL for a NULL among the arguments, unless the function takes them with
    `of_nulls`."""

    def computed(row: tuple[object, ...]) -> object:
        return None if None in row and not of_nulls else function(*row)

    def apply(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest()
        if not of_nulls and any(column.null_count() == len(column) for column in frame):
            return pl.Series("value", [None], dtype=result).new_from_index(0, len(frame))
        distinct = frame.unique(maintain_order=True)
        values = pl.Series("value", [computed(row) for row in distinct.rows()], dtype=result)
        if len(distinct) == len(frame):
            return values
        return frame.join(
            distinct.with_columns(values), on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
        )["value"]

    def lower(*args: pl.Expr) -> pl.Expr:
        packed = pl.struct([a.alias(f"a{i}") for i, a in enumerate(args)])
        return packed.map_batches(apply, return_dtype=result, is_elementwise=True)

    return lower
