"""Window functions, over all rows at once.

The calls of one node are computed by partition and order: rows are sorted once for each pair, frames are arrays of a
first and a last place in that order, and every function is arithmetic over these arrays. What no shortcut computes is
aggregated over the rows of each frame laid out one after the other, some millions at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.lower import inner_order
from rem_arrow.lower.context import Lowering
from rem_arrow.lower.frame_bounds import Layout, bounds
from rem_arrow.lower.growth import copied
from rem_arrow.lower.window_functions import Inputs, compute
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import Call, Expr, Window, WindowCall
from rem_arrow.plan.volatility import is_volatile_function
from rem_arrow.running.allowance import Allowance, current_allowance

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A call whose expressions are columns: names of its arguments, partition, order, frame offsets and filter."""

    name: str
    call: WindowCall
    args: tuple[str, ...]
    partition: tuple[str, ...]
    order: tuple[str, ...]
    start: str | None
    end: str | None
    where: str | None
    inner: tuple[str, ...] = ()


def lower_window(plan: Window, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return the frame with a column for each call of `plan`."""
    volatile = [
        (n, Call(c.function, c.args if c.where is None else (*c.args, c.where), c.dtype))
        for n, c in plan.calls
        if is_volatile_function(c.function)
    ]
    if volatile:
        # Polars moves nothing past what is made of the number of rows.
        frame = frame.with_columns(context.expr(call).alias(name) for name, call in volatile)
    if len(volatile) == len(plan.calls):
        return frame.select(list(plan.schema))
    columns: dict[Expr, str] = {}

    def column(expr: Expr) -> str:
        return columns.setdefault(expr, f"#w{len(columns)}")

    windows = [(name, call) for name, call in plan.calls if not is_volatile_function(call.function)]
    calls = [_prepared(name, call, column) for name, call in windows]
    ordered = {
        k.expr: (context.expr(k.expr), k.expr.dtype)
        for _, call in windows
        if len(call.partition) + len(call.order) > 1
        for k in call.order
    }
    frame = copied("a window's ORDER BY", frame, list(ordered.values()), held=True)
    added = frame.with_columns([context.expr(e).alias(n) for e, n in columns.items()])
    schema = pl.Schema({**plan.input.schema, **{n: c.dtype for n, c in plan.calls}})
    # Nothing may pass: a filter above sees the result of all rows.
    allowance = current_allowance()
    return added.map_batches(lambda rows: _computed(rows, calls, list(schema), allowance), schema=schema)


def _order_key(expr: Expr) -> Expr:
    """Return what orders as `expr` does: Polars has another order for what is in lists and structs."""
    return Call("order_key", (expr,), expr.dtype) if nested.is_nested(expr.dtype) else comparable(expr)


def _prepared(name: str, call: WindowCall, column: Callable[[Expr], str]) -> _Prepared:
    frame = call.frame
    start = None if frame is None or frame.start.offset is None else column(comparable(frame.start.offset))
    end = None if frame is None or frame.end.offset is None else column(comparable(frame.end.offset))
    where = None if call.where is None else column(call.where)
    return _Prepared(
        name,
        call,
        tuple(map(column, call.args)),
        tuple(column(comparable(e)) for e in call.partition),
        tuple(column(_order_key(k.expr)) for k in call.order),
        start,
        end,
        where,
        tuple(column(_order_key(k.expr) if call.function in inner_order.FUNCTIONS else k.expr) for k in call.inner),
    )


def _computed(rows: pl.DataFrame, calls: list[_Prepared], columns: list[str], allowance: Allowance) -> pl.DataFrame:
    layouts: dict[object, Layout] = {}
    results = []
    for call in calls:
        key = (call.partition, call.order, tuple((k.descending, k.nulls_last) for k in call.call.order))
        layout = layouts.get(key)
        if layout is None:
            layout = layouts[key] = Layout.of(rows, call.partition, call.order, call.call.order)
        results.append(_one(rows, call, layout, allowance).alias(call.name))
    return rows.with_columns(results).select(columns)


def _one(rows: pl.DataFrame, call: _Prepared, layout: Layout, allowance: Allowance) -> pl.Series:
    if not rows.height:
        return pl.Series("", [], dtype=call.call.dtype)

    def ordered(name: str | None) -> pl.Series | None:
        return None if name is None else layout.sorted(rows[name])

    key = ordered(call.order[0]) if len(call.order) == 1 else None
    start, end = bounds(call.call.frame, layout, ordered(call.start), ordered(call.end), key, call.call.order)
    args = [layout.sorted(rows[a]) for a in call.args]
    if call.inner and call.call.function in inner_order.FUNCTIONS:
        own = Layout.of(rows, (), call.inner, call.call.inner)
        ordinal = (
            pl.Series("", own.group) if own.order is None else pl.Series("", own.group).gather(_inverse(own.order))
        )
        picked = inner_order.compute(
            call.call, Inputs(layout, args, None, start, end, allowance), layout.sorted(ordinal).to_numpy()
        )
        return (
            picked.gather(_inverse(layout.order)).cast(call.call.dtype)
            if layout.order is not None
            else picked.cast(call.call.dtype)
        )
    inner = [layout.sorted(rows[n]) for n in call.inner]
    result = compute(call.call, Inputs(layout, args, ordered(call.where), start, end, allowance, inner))
    assert len(result) == rows.height, "a window function gives one value for each row"
    return (
        result.gather(_inverse(layout.order)).cast(call.call.dtype)
        if layout.order is not None
        else result.cast(call.call.dtype)
    )


def _inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order), dtype=order.dtype)
    return inverse
