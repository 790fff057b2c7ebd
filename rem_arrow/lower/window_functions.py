"""What each window function computes, from sorted arguments and frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.expression import lower_aggregate
from rem_arrow.lower.frame_bounds import Layout
from rem_arrow.lower.interval import flattened
from rem_arrow.lower.sample import sampled
from rem_arrow.plan import types
from rem_arrow.plan.functions import JOINED
from rem_arrow.plan.nodes import AggregateCall, Column, WindowCall
from rem_arrow.running.allowance import Allowance

if TYPE_CHECKING:
    from rem_arrow.lower.frame_bounds import Places

# A row of a frame that is laid out: its number, its place, and a value.
_LAID_OUT_BYTES = 24.0
_SUMMED = ("count", "sum", "avg")


@dataclass(frozen=True, slots=True)
class Inputs:
    """A call's arguments and filter in window order, each row's frame, and what bounds the statement."""

    layout: Layout
    args: list[pl.Series]
    where: pl.Series | None
    start: Places
    end: Places
    allowance: Allowance
    # The keys by which a call takes the rows of its frame.
    inner: list[pl.Series] = field(default_factory=list)


def compute(call: WindowCall, inputs: Inputs) -> pl.Series:
    """Return the value of each row, in window order."""
    ranking = _RANKING.get(call.function)
    if ranking is not None:
        return pl.Series("", ranking(inputs))
    if call.function == "sampled":
        return pl.Series("", sampled(inputs.layout, inputs.args))
    if call.function in ("lag", "lead"):
        return _shifted(call, inputs)
    if call.function in ("first_value", "last_value", "nth_value"):
        return _nth(call, inputs)
    return _aggregated(call, inputs)


# --- by place


def _row_number(inputs: Inputs) -> Places:
    return inputs.layout.place - inputs.layout.partition_start + 1


def _rank(inputs: Inputs) -> Places:
    return inputs.layout.peer_start - inputs.layout.partition_start + 1


def _dense_rank(inputs: Inputs) -> Places:
    return inputs.layout.group - inputs.layout.group[inputs.layout.partition_start] + 1


def _percent_rank(inputs: Inputs) -> Places:
    size = inputs.layout.partition_end - inputs.layout.partition_start
    return np.where(size > 1, (_rank(inputs) - 1) / np.maximum(size - 1, 1), 0.0)


def _cume_dist(inputs: Inputs) -> Places:
    layout = inputs.layout
    return np.asarray((layout.peer_end - layout.partition_start) / (layout.partition_end - layout.partition_start))


def _ntile(inputs: Inputs) -> Places:
    count = inputs.args[0].cast(pl.Int64).fill_null(0).to_numpy()
    if len(count) and count.min() < 1:
        raise ExecuteError("NTILE takes a number above zero")
    layout = inputs.layout
    size, place = layout.partition_end - layout.partition_start, layout.place - layout.partition_start
    small, larger = size // count, size % count
    edge = larger * (small + 1)
    return np.asarray(np.where(place < edge, place // (small + 1), larger + (place - edge) // np.maximum(small, 1)) + 1)


_RANKING: dict[str, Callable[[Inputs], Places]] = {
    "row_number": _row_number,
    "rank": _rank,
    "dense_rank": _dense_rank,
    "percent_rank": _percent_rank,
    "cume_dist": _cume_dist,
    "ntile": _ntile,
}


def _counted(call: WindowCall, inputs: Inputs) -> Places:
    """Return the places of the rows that count: all, or those whose argument is not NULL."""
    if not call.ignore_nulls:
        return inputs.layout.place
    return np.flatnonzero(inputs.args[0].is_not_null().to_numpy()).astype(np.int64)


def _taken(values: pl.Series, places: Places, inside: np.ndarray) -> pl.Series:
    """Return the values at those places, NULL where not `inside`."""
    if not len(values):
        return values
    at = pl.Series("", np.where(inside, places, 0)).set(pl.Series(~inside), None)
    return values.gather(at)


def _shifted(call: WindowCall, inputs: Inputs) -> pl.Series:
    values, layout = inputs.args[0], inputs.layout
    given = inputs.args[1].cast(pl.Int64) if len(inputs.args) > 1 else None
    distance = np.ones(layout.rows, dtype=np.int64) if given is None else given.fill_null(0).to_numpy()
    distance = -distance if call.function == "lag" else distance
    counted = _counted(call, inputs)
    if call.ignore_nulls:
        # From a row that does not count, the next one that does is one step.
        here = np.searchsorted(counted, layout.place, side="left")
        present = np.zeros(layout.rows, dtype=np.bool_)
        present[counted] = True
        target = here + distance - np.where((distance > 0) & ~present, 1, 0)
    else:
        target = layout.place + distance
    exists = (target >= 0) & (target < len(counted))
    places = (
        counted[np.clip(target, 0, max(len(counted) - 1, 0))] if len(counted) else np.zeros(layout.rows, dtype=np.int64)
    )
    inside = exists & (places >= layout.partition_start) & (places < layout.partition_end)
    shifted = _taken(values, places, inside)
    if len(inputs.args) > 2:
        shifted = shifted.zip_with(pl.Series(inside), inputs.args[2].cast(shifted.dtype))
    # NULL rows on there is nothing, and no default either.
    return shifted if given is None else shifted.set(given.is_null(), None)


def _nth(call: WindowCall, inputs: Inputs) -> pl.Series:
    if inputs.inner or (call.frame is not None and call.frame.exclude):
        return _nth_laid_out(call, inputs)
    counted = _counted(call, inputs)
    low, high = np.searchsorted(counted, inputs.start), np.searchsorted(counted, inputs.end)
    if call.function == "last_value":
        target = high - 1
    elif call.function == "nth_value":
        nth = inputs.args[1].cast(pl.Int64).fill_null(0).to_numpy()
        target = np.where(nth > 0, low + nth - 1, -1)
    else:
        target = low
    inside = (target >= low) & (target < high)
    places = (
        counted[np.clip(target, 0, max(len(counted) - 1, 0))]
        if len(counted)
        else np.zeros(inputs.layout.rows, dtype=np.int64)
    )
    return _taken(inputs.args[0], places, inside)


def _nth_laid_out(call: WindowCall, inputs: Inputs) -> pl.Series:
    if call.function == "nth_value":
        raise ExecuteError("NTH_VALUE with EXCLUDE is not supported; number the rows with ROW_NUMBER instead")
    name = "first" if call.function == "first_value" else "last"
    plain = WindowCall(
        name if not call.ignore_nulls or name == "last" else "any_value",
        call.args[:1],
        call.dtype,
        frame=call.frame,
        inner=call.inner,
    )
    where = inputs.args[0].is_not_null() if call.ignore_nulls else None
    return _laid_out(plain, replace(inputs, args=inputs.args[:1], where=where))


# --- aggregates


def _aggregated(call: WindowCall, inputs: Inputs) -> pl.Series:
    layout = inputs.layout
    exclude = call.frame.exclude if call.frame is not None else ""
    from_start = np.array_equal(inputs.start, layout.partition_start)
    if not exclude and from_start and np.array_equal(inputs.end, layout.partition_end):
        return _whole(call, inputs)
    if not exclude and not call.distinct and not inputs.inner:
        if call.function in _SUMMED and call.dtype != types.CALENDAR and (from_start or _is_exact(inputs)):
            return _from_sums(call, inputs)
        if call.function in ("min", "max") and from_start:
            return _running_extreme(call, inputs)
    return _laid_out(call, inputs)


def _as_aggregate(call: WindowCall) -> AggregateCall:
    args = [Column(f"a{i}", a.dtype) for i, a in enumerate(call.args)]
    where = None if call.where is None else Column("where", pl.Boolean())
    order = tuple(replace(k, expr=Column(f"o{i}", k.expr.dtype)) for i, k in enumerate(call.inner))
    return AggregateCall(
        call.function, args[0] if args else None, call.dtype, call.distinct, where, tuple(args[1:]), order
    )


def _columns(inputs: Inputs) -> dict[str, pl.Series]:
    columns = {**{f"a{i}": a for i, a in enumerate(inputs.args)}, **{f"o{i}": o for i, o in enumerate(inputs.inner)}}
    return columns if inputs.where is None else {**columns, "where": inputs.where}


def _expression(call: WindowCall, inputs: Inputs) -> pl.Expr:
    where = None if inputs.where is None else pl.col("where")
    return lower_aggregate(
        _as_aggregate(call),
        [pl.col(f"a{i}") for i in range(len(inputs.args))],
        where,
        [pl.col(f"o{i}") for i in range(len(inputs.inner))],
    ).alias("value")


def _whole(call: WindowCall, inputs: Inputs) -> pl.Series:
    part = pl.Series("part", inputs.layout.partition)
    if call.function in JOINED:
        with inputs.allowance.asked(f"{call.function} over the partitions", len(part) * _longest(inputs.args)):
            pass
    by_part = (
        pl.DataFrame({**_columns(inputs), "part": part})
        .group_by("part", maintain_order=True)
        .agg(_expression(call, inputs))
    )
    return by_part["value"].gather(part)


def _is_exact(inputs: Inputs) -> bool:
    """Say whether sums of differences are the sums: not of floats."""
    return not inputs.args or not inputs.args[0].dtype.is_float()


def _from_sums(call: WindowCall, inputs: Inputs) -> pl.Series:
    """COUNT, SUM and AVG of a frame as the difference of two running sums; from the partition's start, of floats
    too."""
    value = inputs.args[0] if inputs.args else pl.Series("", [1], dtype=pl.Int8).new_from_index(0, inputs.layout.rows)
    counts = value.is_not_null()
    if inputs.where is not None:
        counts &= inputs.where.fill_null(value=False)
    count = _difference(counts.cast(pl.Int64), inputs)
    if call.function == "count":
        return count
    counted = (
        value.set(~counts, None).fill_null(0)
        if not value.dtype.is_decimal()
        else pl.select(pl.when(counts).then(value).otherwise(pl.lit(0).cast(value.dtype))).to_series()
    )
    if value.dtype.is_float():
        total = _running_float(counted.cast(pl.Float64), inputs)
    else:
        wide = (
            counted.cast(pl.Decimal(38, value.dtype.scale))
            if isinstance(value.dtype, pl.Decimal)
            else counted.cast(pl.Int128)
        )
        total = _difference(wide, inputs)
    total = (
        total.set(count == 0, None)
        if not total.dtype.is_decimal()
        else pl.select(pl.when(count > 0).then(total)).to_series()
    )
    return total.cast(pl.Float64) / count if call.function == "avg" else total


def _difference(values: pl.Series, inputs: Inputs) -> pl.Series:
    zero = pl.select(pl.lit(0).cast(values.dtype)).to_series()
    sums = pl.concat([zero, values.cum_sum().cast(values.dtype)])
    return sums.gather(inputs.end) - sums.gather(inputs.start)


def _running_float(values: pl.Series, inputs: Inputs) -> pl.Series:
    """Sums from each partition's start, added in order, so that an infinity or a NaN stays in its partition."""
    rows = pl.DataFrame({"v": values, "part": pl.Series(inputs.layout.partition)})
    running = rows.select(pl.col("v").cum_sum().over("part", order_by=pl.int_range(pl.len()))).to_series()
    empty = pl.Series(inputs.end == inputs.start)
    return running.gather(np.maximum(inputs.end - 1, 0)).set(empty, 0.0)


def _running_extreme(call: WindowCall, inputs: Inputs) -> pl.Series:
    """MIN and MAX from the partition's start: of the values' ranks, so that any type that sorts will do."""
    value = inputs.args[0]
    if inputs.where is not None:
        value = pl.select(pl.when(inputs.where).then(value)).to_series()
    sortable = flattened(pl.lit(value), types.CALENDAR) if value.dtype == types.CALENDAR else pl.lit(value)
    rank = pl.select(sortable.rank("dense").cast(pl.Int64)).to_series()
    rows = pl.DataFrame({"r": rank, "part": pl.Series(inputs.layout.partition)})
    best = pl.col("r").cum_min() if call.function == "min" else pl.col("r").cum_max()
    running = rows.select(best.forward_fill().over("part", order_by=pl.int_range(pl.len()))).to_series()
    at_end = running.gather(np.maximum(inputs.end - 1, 0)).set(pl.Series(inputs.end == inputs.start), None)
    by_rank = pl.DataFrame({"r": rank, "v": value}).drop_nulls("r").unique("r").sort("r")["v"]
    return by_rank.gather(at_end - 1) if len(by_rank) else value


def _laid_out(call: WindowCall, inputs: Inputs) -> pl.Series:
    """Any aggregate over any frames: the rows of each frame one after the other, grouped by the row that they are the
    frame of."""
    columns, sizes = pl.DataFrame(_columns(inputs)) if _columns(inputs) else None, inputs.end - inputs.start
    aggregate = _expression(call, inputs)
    empty = (
        pl.DataFrame(schema=columns.schema) if columns is not None else pl.DataFrame(schema={"#": pl.Int8})
    ).select(aggregate)["value"]

    def piece(places: pl.DataFrame) -> pl.Series:
        begin = places["place"][0]
        return _piece(call, inputs, columns, aggregate, begin, begin + places.height).to_struct()

    places = pl.DataFrame({"place": inputs.layout.place})
    row_bytes = _LAID_OUT_BYTES + (_longest(inputs.args) if call.function in JOINED else 0)
    made = inputs.allowance.in_pieces(
        f"{call.function} over the frames", places, pl.Series(sizes, dtype=pl.Float64) * row_bytes, piece
    )
    rows = made.struct.unnest()
    if empty[0] is None:
        return rows["value"]
    return pl.select(pl.when(rows["seen"]).then(rows["value"]).otherwise(pl.lit(empty).first())).to_series()


def _longest(texts: list[pl.Series]) -> int:
    """Return the bytes of the longest of each, in all."""
    return sum(int(str(t.cast(pl.String).str.len_bytes().max() or 0)) for t in texts)


def _piece(
    call: WindowCall, inputs: Inputs, columns: pl.DataFrame | None, aggregate: pl.Expr, begin: int, stop: int
) -> pl.DataFrame:
    layout, start = inputs.layout, inputs.start[begin:stop]
    sizes = inputs.end[begin:stop] - start
    row = np.repeat(np.arange(begin, stop, dtype=np.int64), sizes)
    place = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(start, sizes)
    exclude = call.frame.exclude if call.frame is not None else ""
    if exclude:
        peers = (place >= layout.peer_start[row]) & (place < layout.peer_end[row])
        dropped = {"current row": place == row, "group": peers, "ties": peers & (place != row)}[exclude]
        row, place = row[~dropped], place[~dropped]
    laid = (
        columns[place] if columns is not None else pl.DataFrame({"#": np.zeros(len(row), dtype=np.int8)})
    ).with_columns(pl.Series("row", row))
    by_row = laid.group_by("row", maintain_order=True).agg(aggregate, pl.lit(value=True).alias("seen"))
    every = pl.DataFrame({"row": np.arange(begin, stop, dtype=np.int64)})
    return every.join(by_row, on="row", how="left", maintain_order="left").select(
        "value", pl.col("seen").fill_null(value=False)
    )
