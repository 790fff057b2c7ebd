"""Aggregates that follow from aggregates of parts of the rows: of finer groups, or of a table before it is joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from rem_arrow.plan import functions
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import AggregateCall, Call, Case, Cast, Column, Expr, Literal

# Which aggregates of the parts each one follows from.
_PARTS = {
    "sum": ("sum",),
    "count": ("count",),
    "min": ("min",),
    "max": ("max",),
    "avg": ("sum", "count"),
    "bool_and": ("bool_and",),
    "bool_or": ("bool_or",),
}


def has_parts(call: AggregateCall) -> bool:
    """Say whether an aggregate follows from those of parts of its rows."""
    return call.function in _PARTS and not call.distinct and not call.order and not call.extra


def parts_of(calls: Mapping[str, AggregateCall], names: Names) -> dict[str, tuple[str, AggregateCall]]:
    """Return the aggregates of a part, with the columns that they go to, by a key for `totals`."""
    parts: dict[str, tuple[str, AggregateCall]] = {}
    for name, call in calls.items():
        for kind in _PARTS[call.function]:
            dtype = (
                call.dtype
                if kind == call.function
                else functions.AGGREGATES[kind].result(call.argument.dtype if call.argument is not None else pl.Int64())
            )
            parts[f"{name} {kind}"] = (names.fresh(f"{name} {kind}"), replace(call, function=kind, dtype=dtype))
    return parts


def again(parts: Mapping[str, tuple[str, AggregateCall]], names: Names) -> dict[str, tuple[str, AggregateCall]]:
    """Return the aggregates over the results of `parts`, under the same keys."""
    return {key: (names.fresh(name), _again(name, call)) for key, (name, call) in parts.items()}


def total(name: str, call: AggregateCall, combined: Mapping[str, tuple[str, AggregateCall]]) -> Expr:
    """Return the value of the aggregate `call`, named `name`, from the columns of `again`."""
    columns = {key: Column(column, part.dtype) for key, (column, part) in combined.items()}
    if call.function == "count":
        counted = columns[f"{name} count"]
        return Cast(Call("coalesce", (counted, Literal(0, counted.dtype)), counted.dtype), call.dtype)
    if call.function == "avg":
        summed, count = (Cast(columns[f"{name} {p}"], pl.Float64()) for p in ("sum", "count"))
        some = Call(">", (count, Literal(0.0, pl.Float64())), pl.Boolean())
        return Case(((some, Call("/", (summed, count), pl.Float64())),), Literal(None, pl.Float64()), pl.Float64())
    column = columns[f"{name} {call.function}"]
    return column if column.dtype == call.dtype else Cast(column, call.dtype)


def _again(name: str, part: AggregateCall) -> AggregateCall:
    function = "sum" if part.function == "count" else part.function
    dtype = functions.AGGREGATES["sum"].result(part.dtype) if function == "sum" else part.dtype
    return AggregateCall(function, Column(name, part.dtype), dtype)
