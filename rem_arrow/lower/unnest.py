"""UNNEST as a frame."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower.context import Lowering
from rem_arrow.lower.growth import bytes_of
from rem_arrow.plan.nodes import Unnest
from rem_arrow.running.allowance import current_allowance
from rem_arrow.running.passing import passing

_ROW = "#row"
# Lists that need no more make less than a piece, whatever is beside them.
_SMALL_BYTES = 2048
# A number, or where a text stands.
_CELL_BYTES = 12.0


def lower_unnest(plan: Unnest, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return a row for each place of the lists of a row.

    All lists of a row are brought to the length of the longest, and exploded together with a list of places.
    """
    names = [n for n, _ in plan.outputs]
    lists = [context.expr(e).cast(pl.List(plan.schema[n])).alias(n) for n, e in plan.outputs]
    frame = frame.with_columns(lists)
    places = pl.int_ranges(1, pl.max_horizontal(pl.col(n).list.len().cast(pl.Int64).fill_null(0) for n in names) + 1)
    frame = frame.with_columns(places.alias(_ROW))
    if plan.keep_empty:
        frame = frame.with_columns(pl.when(pl.col(_ROW).list.len() > 0).then(pl.col(_ROW)))
    frame = _asked(frame, names)
    if len(names) > 1:
        # Of a NULL in place of a list there is nothing to gather, not even NULLs.
        empty = {n: pl.lit([], dtype=pl.List(plan.schema[n])) for n in names}
        frame = frame.with_columns(
            pl.coalesce(pl.col(n), empty[n]).list.gather(pl.col(_ROW) - 1, null_on_oob=True) for n in names
        )
    elif plan.keep_empty:
        frame = frame.with_columns(pl.when(pl.col(names[0]).list.len() > 0).then(pl.col(names[0])))
    if not plan.keep_empty:
        frame = frame.filter(pl.col(_ROW).list.len() > 0)
    exploded = frame.explode([*names, _ROW])
    return exploded.rename({_ROW: plan.ordinality}) if plan.ordinality is not None else exploded.drop(_ROW)


def _asked(frame: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    """Return the frame with its batches asked for before their lists become rows, which repeat what is beside them."""
    allowance = current_allowance()

    def look(rows: pl.DataFrame) -> None:
        if rows.estimated_size() <= _SMALL_BYTES:
            return
        beside = [
            bytes_of(pl.col(n), t) if t.is_nested() and n not in (*names, _ROW) else pl.lit(_CELL_BYTES)
            for n, t in rows.schema.items()
        ]
        sizes = pl.col(_ROW).list.len().cast(pl.Float64) * pl.sum_horizontal(beside)
        with allowance.asked("UNNEST", rows.select(sizes.sum()).item()):
            pass

    return passing(frame, look)
