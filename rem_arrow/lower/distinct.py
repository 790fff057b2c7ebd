"""Functions that Polars lacks, in Python, once for each distinct row of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeGuard

import polars as pl

from rem_arrow.running.allowance import PIECE_BYTES, Allowance, current_allowance

_PIECE_ROWS = 4096
# An item of a list, as an object of Python.
_ITEM_BYTES = 64


def over_distinct(
    function: Callable[..., object], result: pl.DataType, *, of_nulls: bool = False
) -> Callable[..., pl.Expr]:
    """Return `function` over columns; NULL for a NULL among the arguments, unless the function takes them with
    `of_nulls`."""

    def computed(row: tuple[object, ...]) -> object:
        return None if None in row and not of_nulls else function(*row)

    def apply(rows: pl.Series, allowance: Allowance) -> pl.Series:
        frame = rows.struct.unnest()
        if not of_nulls and any(column.null_count() == len(column) for column in frame):
            return pl.Series("value", [None], dtype=result).new_from_index(0, len(frame))
        distinct = frame.unique(maintain_order=True)
        values = _values(distinct, computed, result, allowance)
        if len(distinct) == len(frame):
            return values
        return frame.join(
            distinct.with_columns(values), on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
        )["value"]

    def lower(*args: pl.Expr) -> pl.Expr:
        packed = pl.struct([a.alias(f"a{i}") for i, a in enumerate(args)])
        bound = partial(apply, allowance=current_allowance())
        return packed.map_batches(bound, return_dtype=result, is_elementwise=True)

    return lower


def _values(
    rows: pl.DataFrame, computed: Callable[[tuple[object, ...]], object], result: pl.DataType, allowance: Allowance
) -> pl.Series:
    """Return the value of each row. Some are objects of Python at a time: they need more than a column of them."""
    pieces: list[pl.Series] = []
    values: list[object] = []
    held, made = 0, 0.0
    for row in rows.iter_rows(buffer_size=_PIECE_ROWS):
        allowance.check()
        value = computed(row)
        values.append(value)
        held += len(value) if isinstance(value, (str, bytes)) else _ITEM_BYTES * len(value) if _is_list(value) else 0
        if len(values) == _PIECE_ROWS or held > PIECE_BYTES:
            with allowance.asked("a function of texts or times", held, made):
                pieces.append(pl.Series("value", values, dtype=result))
            made += pieces[-1].estimated_size()
            values, held = [], 0
    pieces.append(pl.Series("value", values, dtype=result))
    return pl.concat(pieces)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
