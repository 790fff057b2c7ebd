"""Joins, groups and windows whose rows may not fit into memory.

Rows go to files by the hash of their keys, so that rows that belong together are in files of one number; then one file,
or one of each side, is computed after the other. A file that is still too large is divided once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from rem_arrow.lower.context import Lowering, Parts
from rem_arrow.lower.groups import lower_groups
from rem_arrow.lower.joins import OTHER, Side, lower_join
from rem_arrow.lower.spool import (
    HASHED_BYTES,
    Files,
    Spool,
    bucket_of,
    divided,
    hashed_bytes,
    in_files,
    lazy,
    spooled,
    spread_nulls,
)
from rem_arrow.lower.window import lower_window
from rem_arrow.plan.nodes import Aggregate, Expr, Join, Relation, Shared, Window
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.running.scratch import SpillFile

_DIVISIONS_MAX = 3
# The aggregates that hold one value for each group, not all of its rows.
_SMALL = frozenset(
    ["count", "count_if", "sum", "fixed_sum", "avg", "min", "max", "product", "any_value", "single", "first", "last"]
    + ["bool_and", "bool_or", "bit_and", "bit_or", "bit_xor", "stddev", "stddev_pop", "variance", "var_pop"]
)
_DIVIDED = frozenset(("inner", "left", "right", "full", "semi", "anti"))
# Joins that with a further condition read their sides more than once.
_TWICE_READ = frozenset(("left", "right", "full"))
# Joins of which Polars holds the right side, however large.
_RIGHT_HELD = frozenset(("semi", "anti"))


def join(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return the frame of a join; the sides run now if neither may fit into memory."""
    parts = context.bounds.parts
    if parts is None:
        if plan.residual is not None and plan.kind in _TWICE_READ:
            left = left if is_repeatable(plan.left) else left.cache()
            right = right if is_repeatable(plan.right) else right.cache()
        return lower_join(plan, left, right, context)
    if plan.residual is not None and plan.kind in _TWICE_READ:
        left, right = _once(left, context, parts), _once(right, context, parts)
    if plan.kind not in _DIVIDED or not plan.equals:
        return lower_join(plan, left, right, context)
    held = _held(plan, parts)
    buckets = _join_buckets(plan, context, 0)
    if buckets is None or not parts.are_needed(plan.left if held == "left" else plan.right, HASHED_BYTES):
        return lower_join(plan, left, right, context, held)
    of_side: dict[Side, pl.Expr] = {"left": buckets[0], "right": buckets[1]}
    frames: dict[Side, pl.LazyFrame] = {"left": left, "right": right}
    rows: dict[Side, pl.DataFrame | Files] = {}
    for side in (held, OTHER[held]):
        rows[side] = spooled(frames[side], context, parts, of_side[side])
        frames[side] = lazy(rows[side])
        if isinstance(rows[side], pl.DataFrame) and (side == held or plan.kind not in _RIGHT_HELD):
            return lower_join(plan, frames["left"], frames["right"], context, side)
    out = _Out(context, parts)
    lefts, rights = (in_files(rows[side], parts, bucket) for side, bucket in of_side.items())
    todo = [(a, b, 1) for a, b in zip(lefts, rights, strict=True)]
    while todo:
        a, b, divisions = todo.pop()
        smaller = hashed_bytes(b) if plan.kind in _RIGHT_HELD else min(hashed_bytes(a), hashed_bytes(b))
        again = _join_buckets(plan, context, divisions)
        if smaller > parts.bytes_max and divisions < _DIVISIONS_MAX and again is not None:
            pairs = zip(divided(a, parts, again[0]), divided(b, parts, again[1]), strict=True)
            todo += [(c, d, divisions + 1) for c, d in pairs]
            continue
        if a.height or b.height:
            out.run(lower_join(plan, a.lazy(), b.lazy(), context, "left" if a.bytes < b.bytes else "right"))
        a.delete()
        b.delete()
    return out.lazy(plan)


def groups(plan: Aggregate, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return the frame of groups; its rows run now if the groups may not fit into memory."""
    parts = context.bounds.parts
    small = all(c.function in _SMALL and not c.distinct and not c.order for _, c in plan.aggregates)
    if parts is None or not parts.are_needed(plan if small else plan.input, HASHED_BYTES):
        return lower_groups(plan, frame, context)
    return _by_keys(plan, frame, [e for _, e in plan.keys], lambda f: lower_groups(plan, f, context), context, parts)


def window(plan: Window, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return the frame of window calls; its rows run now if they may not fit into memory and all of the calls have keys
    of their partitions in common."""
    parts = context.bounds.parts
    if parts is None or not parts.are_needed(plan):
        return lower_window(plan, frame, context)
    common = [e for e in plan.calls[0][1].partition if all(e in call.partition for _, call in plan.calls)]
    return _by_keys(plan, frame, common, lambda f: lower_window(plan, f, context), context, parts)


def shared(plan: Shared, frame: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return rows that several nodes read. In parts, and where they would be others each time, they run now: nodes that
    run by themselves would each compute them."""
    parts = context.bounds.parts
    if parts is not None:
        return _once(frame, context, parts)
    return frame.cache() if is_repeatable(plan.input) else context.collect(frame).lazy()


def _once(frame: pl.LazyFrame, context: Lowering, parts: Parts) -> pl.LazyFrame:
    """Run a frame now; return its rows, which are the same each time that they are read."""
    return lazy(spooled(frame, context, parts))


class _Out:
    """Takes the results of the parts, which run one after the other."""

    def __init__(self, context: Lowering, parts: Parts) -> None:
        self._context, self._parts = context, parts
        self._spool: Spool | None = None
        self._files: Files = []

    def run(self, frame: pl.LazyFrame) -> None:
        rows = spooled(frame, self._context, self._parts)
        if isinstance(rows, pl.DataFrame):
            self._spool = self._spool or Spool(self._parts, rows.schema)
            self._spool.add(rows)
        else:
            self._files += rows

    def lazy(self, plan: Relation) -> pl.LazyFrame:
        held = pl.DataFrame(schema=plan.schema) if self._spool is None else self._spool.held()
        return lazy([*self._files, *in_files(held, self._parts)] if self._files else held)


def _held(plan: Join, parts: Parts) -> Side:
    """Return the side to hold: the smaller one, where there is a choice."""
    return "left" if plan.kind not in _RIGHT_HELD and parts.bytes(plan.left) < parts.bytes(plan.right) else "right"


def _join_buckets(plan: Join, context: Lowering, seed: int) -> tuple[pl.Expr, pl.Expr] | None:
    """Return the buckets of the rows of both sides; None where there are none such that rows that meet have the
    same."""
    if any(a.dtype != b.dtype for a, b in plan.equals):
        return None
    keys = [a for a, _ in plan.equals], [b for _, b in plan.equals]
    left, right = (bucket_of(side, context, seed) for side in keys)
    if left is None or right is None:
        return None
    if plan.nulls_equal:
        return left, right
    return spread_nulls(left, keys[0], context), spread_nulls(right, keys[1], context)


def _by_keys(
    plan: Aggregate | Window,
    frame: pl.LazyFrame,
    keys: Sequence[Expr],
    lowered: Callable[[pl.LazyFrame], pl.LazyFrame],
    context: Lowering,
    parts: Parts,
) -> pl.LazyFrame:
    """Return what is computed of the rows of each value of the keys, on its own."""
    bucket = bucket_of(keys, context, 0)
    if bucket is None:
        return lowered(frame)
    rows = spooled(frame, context, parts, bucket)
    if isinstance(rows, pl.DataFrame):
        return lowered(rows.lazy())
    out = _Out(context, parts)
    todo: list[tuple[SpillFile, int]] = [(file, 1) for file in rows]
    while todo:
        file, divisions = todo.pop()
        again = bucket_of(keys, context, divisions)
        if hashed_bytes(file) > parts.bytes_max and divisions < _DIVISIONS_MAX and again is not None:
            todo += [(f, divisions + 1) for f in divided(file, parts, again)]
            continue
        if file.height:
            out.run(lowered(file.lazy()))
        file.delete()
    return out.lazy(plan)
