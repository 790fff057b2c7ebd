"""Aggregate functions over decimals that are held as integers, and the expressions that make their results of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from rem_arrow.optimize.fixed_numbers import FLOAT, INT, Fixed, fix, is_decimal, plain, scaled_down, unfixed
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import AggregateCall, Call, Cast, Column, Expr
from rem_arrow.plan.walk import columns_of, map_aggregate

# Polars counts rows in 32 bits: a sum of so many values below 2^31 fits into 64.
_SMALL = 1 << 31
_DIGITS_MAX = 38
_PICKED = ("min", "max", "any_value", "first", "last")


@dataclass(frozen=True, slots=True)
class FixedCall:
    """What computes one aggregate: calls by name, the result over their names, and its bounds if it is an integer."""

    calls: tuple[tuple[str, AggregateCall], ...]
    result: Expr
    fixed: Fixed | None = None


def fixed_call(name: str, call: AggregateCall, columns: Mapping[str, Fixed], names: Names) -> FixedCall:
    """Return what computes the aggregate `name` over fixed `columns`."""
    rest = map_aggregate(call, lambda e: plain(e, columns))
    argument = call.argument
    number = fix(argument, columns) if argument is not None and columns_of(argument) & columns.keys() else None
    if number is not None and argument is not None and is_decimal(argument):
        expr, fixed = number
        whole = replace(rest, argument=expr, dtype=INT)
        if call.function in _PICKED and not call.extra:
            return FixedCall(((name, whole),), Column(name, INT), fixed)
        if call.function == "sum" and not call.distinct:
            return _sum(name, replace(whole, function="fixed_sum"), fixed, call.dtype, names)
        if call.function == "avg" and not call.distinct:
            return _mean(name, replace(whole, function="fixed_sum"), fixed, names)
        if call.function == "count":
            return FixedCall(((name, replace(whole, dtype=call.dtype)),), Column(name, call.dtype))
    return FixedCall(((name, rest),), Column(name, call.dtype))


def _sum(name: str, whole: AggregateCall, fixed: Fixed, dtype: pl.DataType, names: Names) -> FixedCall:
    """A sum of small values fits; of larger ones the upper and the lower halves are summed apart."""
    if fixed.size < _SMALL:
        return FixedCall(((name, whole),), unfixed(Column(name, INT), fixed.scale, dtype))
    return _halves(name, whole, dtype, names)


def _mean(name: str, whole: AggregateCall, fixed: Fixed, names: Names) -> FixedCall:
    """A mean is a sum over a count, of which others may have use too."""
    count = (names.fresh(f"{name} count"), replace(whole, function="count"))
    number = Cast(Column(count[0], INT), FLOAT)
    if fixed.size < _SMALL:
        return FixedCall(((name, whole), count), scaled_down(Column(name, INT), number, fixed.scale))
    # A sum of floats would lose the digits of large values that cancel out.
    total = _halves(name, whole, pl.Decimal(_DIGITS_MAX, fixed.scale), names)
    return FixedCall((*total.calls, count), Call("/", (Cast(total.result, FLOAT), number), FLOAT))


def _halves(name: str, whole: AggregateCall, dtype: pl.DataType, names: Names) -> FixedCall:
    low = names.fresh(f"{name} low")
    assert whole.argument is not None, "a sum has an argument"
    calls = (
        (name, replace(whole, argument=Call("fixed_high", (whole.argument,), INT))),
        (low, replace(whole, argument=Call("fixed_low", (whole.argument,), INT))),
    )
    return FixedCall(calls, Call("unfixed_sum", (Column(name, INT), Column(low, INT)), dtype))
