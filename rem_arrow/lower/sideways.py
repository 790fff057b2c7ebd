"""Run one side of a join first, as the optimizer chose, and let scans on the other side read only rows with its keys.

Zone maps then skip segments by the range of the keys, and the rows in between are left out by looking their keys up in
an array of booleans, far faster than a hash join would. Only costs depend on it; the join still decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from rem_arrow.base.source import ColumnRange, KeySet, TextKeys
from rem_arrow.plan.nodes import BOOLEAN, Call, Column, Expr, Filter, Literal, Relation, Scan
from rem_arrow.plan.origin import at_scans
from rem_arrow.plan.walk import conjunction

# Bytes of the largest array of booleans: keys that lie wider apart only give a range.
_SPAN_MAX = 1 << 26
# Texts that an index is asked for; `optimize.run_first` has the same bound.
TEXTS_MAX = 128
# An array that begins at zero saves a subtraction for each row.
_FROM_ZERO_MAX = 1 << 22


def restricted(plan: Relation, keys: list[tuple[Expr, pl.Series]]) -> Relation:
    """Return `plan` with its scans reading only rows with the values of each key."""
    for expr, values in keys:
        if isinstance(expr, Column) and isinstance(expr.dtype, pl.String):
            plan = _looked_up(plan, expr, values)
        if not isinstance(expr, Column) or not (
            expr.dtype.is_integer() or isinstance(expr.dtype, (pl.Date, pl.Datetime))
        ):
            continue
        low, high = values.min(), values.max()
        if isinstance(low, (int, dt.date)) and isinstance(high, (int, dt.date)):
            key_set, dense = _key_set(values)
            narrow = partial(_narrowed, ends=(low, high), key_set=key_set, dense=dense)
            plan = at_scans(plan, expr.name, narrow) or plan
    return plan


def _looked_up(plan: Relation, expr: Column, values: pl.Series) -> Relation:
    """Let scans with an index on the key look its values up, where these are few."""
    texts = values.cast(pl.String).drop_nulls().unique()
    if len(texts) > TEXTS_MAX:
        return plan

    def narrow(scan: Scan, name: str) -> Relation:
        column = next(c for n, c, _ in scan.columns if n == name)
        return (
            replace(scan, skips=replace(scan.skips, texts=TextKeys(column, tuple(texts.to_list()))))
            if column in scan.indexed and scan.skips.texts is None
            else scan
        )

    return at_scans(plan, expr.name, narrow) or plan


def _key_set(values: pl.Series) -> tuple[KeySet | None, bool]:
    """Return the values as a set, named later, and whether they are all the numbers between the ends; None if they lie
    too far apart."""
    if not (values.dtype.is_integer() or values.dtype == pl.Date()) or values.dtype in (
        pl.UInt64,
        pl.Int128,
        pl.UInt128,
    ):
        return None, False
    # On a few values each of these calls would cost more than all the rest: Polars runs it as a query.
    present_values = values.drop_nulls() if values.null_count() else values
    physical = present_values if values.dtype.is_integer() else present_values.to_physical()
    numbers = physical.to_numpy().astype(np.int64, copy=False)
    least, high = int(numbers.min()), int(numbers.max())
    low = 0 if 0 < least <= _FROM_ZERO_MAX else least - 1
    if high - low >= _SPAN_MAX or low < -(1 << 62):
        return None, False
    present = np.zeros(high - low + 2, dtype=np.bool_)
    present[numbers - low] = True
    between = present[least - low : high - low + 1]
    return KeySet("", low, present), int(np.count_nonzero(between)) == len(between)


def _narrowed(scan: Scan, name: str, *, ends: tuple[object, object], key_set: KeySet | None, dense: bool) -> Relation:
    """Let a scan read only rows whose column `name` lies between the ends, and is one of the keys."""
    column = next(c for n, c, _ in scan.columns if n == name)
    dtype, (low, high) = scan.schema[name], ends
    if key_set is not None and any(k.column == column and k.present is key_set.present for k in scan.skips.keys):
        return scan
    skips = replace(scan.skips, ranges=(*scan.skips.ranges, ColumnRange(column, low, high)))
    if key_set is not None:
        skips = replace(skips, keys=(*skips.keys, replace(key_set, column=column)))
    inside = replace(scan, skips=skips)
    if key_set is not None and not dense:
        return inside
    read = Column(name, dtype)
    bounds = [Call(">=", (read, Literal(low, dtype)), BOOLEAN), Call("<=", (read, Literal(high, dtype)), BOOLEAN)]
    return Filter(inside, conjunction(list(bounds)))
