"""GROUP BY as a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from rem_arrow.lower import growth, interval, semantics
from rem_arrow.lower.context import Lowering
from rem_arrow.lower.expression import lower_aggregate
from rem_arrow.plan.comparable import compared
from rem_arrow.plan.functions import JOINED
from rem_arrow.plan.nodes import Aggregate, AggregateCall, Column

_ROW = "#row"


class _Call(NamedTuple):
    """An aggregate call: the columns that it reads, to be added to the input, and what it computes of them."""

    inputs: list[pl.Expr]
    result: pl.Expr


def lower_groups(plan: Aggregate, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return a row for each group of the rows of `frame`.

    Keys and arguments become columns first: Polars would take a literal for one row, where SQL has one for each.
    """
    spans = {n: e.dtype for n, e in plan.keys if compared(e.dtype) is not e.dtype}
    keys = [context.expr(e).alias(n) for n, e in plan.keys]
    calls = [_call(i, n, c, context) for i, (n, c) in enumerate(plan.aggregates)]
    if not (keys or calls):
        return pl.LazyFrame({_ROW: [None]})
    added = [*keys, *(e for c in calls for e in c.inputs)]
    rows = frame.with_columns(added) if added else frame
    results = [c.result for c in calls]
    singles = [n for n, c in plan.aggregates if c.function == "single"]
    if singles:
        results.append(pl.len().alias(_ROW))
    if not keys:
        return semantics.with_single_rows(rows.select(results), singles, _ROW)
    names = [n for n, _ in plan.keys]
    if spans:
        groups = _of_intervals(rows, names, spans, results)
    else:
        groups = rows.group_by(names).agg(results) if results else rows.select(names).unique()
    return semantics.with_single_rows(_without_categories(groups, plan), singles, _ROW)


def _of_intervals(
    rows: pl.LazyFrame, names: list[str], spans: Mapping[str, pl.DataType], results: list[pl.Expr]
) -> pl.LazyFrame:
    """Return groups where intervals that are equal, as 30 days and a month, are one key: one of them stands for all."""
    flat = {n: f"#{n}" for n in spans}
    rows = rows.with_columns(interval.as_compared(pl.col(n), spans[n]).alias(f) for n, f in flat.items())
    groups = rows.group_by([flat.get(n, n) for n in names]).agg([*(pl.col(n).first() for n in spans), *results])
    return groups.drop(flat.values()).select(*names, pl.exclude(names))


def _call(place: int, name: str, call: AggregateCall, context: Lowering) -> _Call:
    inputs: list[pl.Expr] = []

    def column(role: str, value: pl.Expr) -> pl.Expr:
        inputs.append(value.alias(f"#{place}.{role}"))
        return pl.col(f"#{place}.{role}")

    arguments = [context.expr(e) for e in (call.argument, *call.extra) if e is not None]
    if call.where is not None:
        # Polars 2.1 takes the aggregates of a constant column for sorted, with NULLs of empty groups between them.
        arguments = [pl.when(context.expr(call.where)).then(a) for a in arguments]
    if call.function in JOINED:
        arguments[0] = growth.asked_in_all(call.function, arguments)
    columns = [column(str(k), a) for k, a in enumerate(arguments)]
    where = None if call.where is None else column("where", context.expr(call.where))
    order = [column(f"order{k}", context.expr(key.expr)) for k, key in enumerate(call.order)]
    return _Call(inputs, lower_aggregate(call, columns, where, order).alias(name))


def _without_categories(groups: pl.LazyFrame, plan: Aggregate) -> pl.LazyFrame:
    """Return the groups with texts as keys where a scan may have given categories."""
    texts = [n for n, e in plan.keys if isinstance(e, Column) and isinstance(e.dtype, pl.String)]
    return groups.with_columns(pl.col(n).cast(pl.String) for n in texts) if texts else groups
