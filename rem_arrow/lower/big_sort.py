"""ORDER BY of rows that may not fit into memory: they are divided by ranges of the first key, and each range is
sorted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.lower.context import Lowering, Parts
from rem_arrow.lower.growth import copied
from rem_arrow.lower.order_key import sort_key
from rem_arrow.lower.spool import BUCKETS, divided, in_files, lazy, spooled
from rem_arrow.plan.nodes import Sort, SortKey
from rem_arrow.running.scratch import SpillFile

_KEY = "#sort"
# Values of the first key by which the ranges are chosen, of each piece of a file.
_SAMPLED = 200
# The numbers of the files: NULLs, what lies below, at and above each of the ends of ranges, and NaNs.
_NULLS, _NANS = 0, BUCKETS - 1
_ENDS = (BUCKETS - 3) // 2


def divided_sort(plan: Sort, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return the rows in order; rows that are equal stay in theirs."""
    parts = context.bounds.parts
    in_memory = parts is None or not parts.are_needed(plan)
    frame, keys = with_keys(plan, frame, context, held=in_memory)
    if parts is None or in_memory or not all(_is_plain(k.expr.dtype) for k in plan.keys):
        return _sorted(frame, keys, plan.keys)
    # A scan may give categories for texts.
    keys = [
        k.cast(pl.String) if isinstance(o.expr.dtype, pl.String) else k for k, o in zip(keys, plan.keys, strict=True)
    ]
    # The keys are columns, such that what is random is computed once.
    names = [f"{_KEY}{i}" for i in range(len(keys))]
    rows = spooled(frame.with_columns(k.alias(n) for k, n in zip(keys, names, strict=True)), context, parts)
    columns = [pl.col(n) for n in names]
    if isinstance(rows, pl.DataFrame):
        return _sorted(rows.lazy(), columns, plan.keys).select(list(plan.schema))
    out: list[SpillFile] = []
    todo: list[tuple[SpillFile, int]] = [(rows[0], 0)]
    while todo:
        file, key = todo.pop()
        if file.bytes > parts.bytes_max and key < len(names):
            todo += _in_ranges(file, key, names[key], plan.keys[key], parts)
        elif file.height:
            # What is equal in all keys is in order.
            in_order = file.lazy() if key == len(names) else _sorted(file.lazy(), columns[key:], plan.keys[key:])
            out += in_files(spooled(in_order.select(list(plan.schema)), context, parts), parts)
            file.delete()
    return lazy(out) if out else pl.LazyFrame(schema=plan.schema)


def with_keys(plan: Sort, frame: pl.LazyFrame, context: Lowering, *, held: bool) -> tuple[pl.LazyFrame, list[pl.Expr]]:
    """Return the rows, and the keys in a form that Polars orders as SQL does; `held` says that those of all rows are
    at once. Where there are several Polars writes them one behind the other, a text of many rows once for each."""
    keys = [(context.expr(k.expr), k.expr.dtype) for k in plan.keys]
    if len(keys) > 1:
        frame = copied("ORDER BY", frame, keys, held=held)
    return frame, [sort_key(key, dtype) for key, dtype in keys]


def _sorted(frame: pl.LazyFrame, keys: Sequence[pl.Expr], orders: Sequence[SortKey]) -> pl.LazyFrame:
    return frame.sort(
        keys,
        descending=[k.descending for k in orders],
        nulls_last=[k.nulls_last for k in orders],
        maintain_order=True,
    )


def _in_ranges(file: SpillFile, key: int, name: str, order: SortKey, parts: Parts) -> list[tuple[SpillFile, int]]:
    """Return the ranges of a file, the one that comes first last, each with the first key by which it is not in
    order."""
    value = pl.col(name).cast(pl.UInt8) if isinstance(order.expr.dtype, pl.Boolean) else pl.col(name)
    is_float = order.expr.dtype.is_float()
    seen = [rows.select(value.drop_nans() if is_float else value).to_series().drop_nulls() for rows in file.frames()]
    sample = pl.concat([v.sample(min(_SAMPLED, len(v)), seed=1) for v in seen]).sort()
    places = [len(sample) * i // (_ENDS + 1) for i in range(1, _ENDS + 1)] if len(sample) else []
    ends = pl.lit(sample.gather(places).unique().sort())
    # What equals an end is a range of its own, in order by this key.
    range_ = ends.search_sorted(value, side="left") + ends.search_sorted(value, side="right") + 1
    range_ = pl.when(value.is_nan()).then(_NANS).otherwise(range_) if is_float else range_
    files = divided(file, parts, pl.when(value.is_null()).then(_NULLS).otherwise(range_))
    in_order = [(f, key + (number % 2 == 0 or number == _NANS)) for number, f in enumerate(files)]
    values = in_order[:_NULLS:-1] if order.descending else in_order[_NULLS + 1 :]
    return [*values, in_order[_NULLS]][::-1] if order.nulls_last else [in_order[_NULLS], *values][::-1]


def _is_plain(dtype: pl.DataType) -> bool:
    """Say whether Polars orders values as SQL does, and finds their places."""
    return dtype.is_numeric() or isinstance(
        dtype, (pl.String, pl.Binary, pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Duration)
    )
