"""Joins as frames: by keys, by a further condition, by neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

import polars as pl

from rem_arrow.lower import crossing
from rem_arrow.lower.context import Lowering
from rem_arrow.lower.ordered_joins import lower_asof, lower_positional
from rem_arrow.plan.nodes import Call, Column, Expr, Index, Join, Recursive, Relation, Unnest
from rem_arrow.plan.walk import children, columns_of, conjuncts

Side: TypeAlias = Literal["left", "right"]

_ROW = "#row"
# Two sides that have no more make few rows, whatever meets.
_FEW_ROWS = 2_000
_ORDERS = ("<", "<=", ">", ">=")
OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
_BUILT: dict[Side | None, Literal["auto", "force_left", "force_right"]] = {
    None: "auto",
    "left": "force_left",
    "right": "force_right",
}


def lower_join(
    plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering, held: Side | None = None
) -> pl.LazyFrame:
    """Return the rows of two sides that meet, with those of a side that an outer join keeps.

    Args:
        held: the side that Polars holds in memory; None leaves it to Polars, which then holds up to ten million rows of
            both to choose.
    """
    if plan.kind == "asof":
        return lower_asof(plan, left, right, context)
    if plan.kind == "positional":
        return lower_positional(plan, left, right)
    if plan.residual is not None and plan.kind != "inner":
        return _outer_with_residual(plan, left, right, context)
    joined = _equi(plan, left, right, context, held=held)
    if plan.residual is not None:
        joined = joined.filter(context.expr(plan.residual))
    # Rows without columns are rows still.
    return joined.select(list(plan.schema) or pl.nth(0).alias(_ROW))


def _equi(
    plan: Join,
    left: pl.LazyFrame,
    right: pl.LazyFrame,
    context: Lowering,
    kind: str | None = None,
    held: Side | None = None,
) -> pl.LazyFrame:
    how = kind or plan.kind
    if not plan.equals:
        if any(dtype.is_nested() for side in (plan.left, plan.right) for dtype in side.schema.values()):
            left, right = crossing.asked(left, right, in_memory=context.reads_few_rows)
        if _may_multiply(plan, context):
            left, right = context.met(left, right, ((), ()), nulls_equal=False)
        return context.bounds.gated(_without_keys(how, left, right), filters=_is_inequality(plan))
    left, left_keys = _with_keys(left, [a for a, _ in plan.equals], "l", context)
    right, right_keys = _with_keys(right, [b for _, b in plan.equals], "r", context)
    if how not in ("semi", "anti") and _may_multiply(plan, context):
        left, right = context.met(left, right, (left_keys, right_keys), nulls_equal=plan.nulls_equal)
    joined = _by_keys(how, (left, left_keys), (right, right_keys), held, nulls_equal=plan.nulls_equal)
    # What is left out behind it has been made: filters do not run before the gate.
    return context.bounds.gated(joined, filters=False)


def _by_keys(
    how: str,
    left_side: tuple[pl.LazyFrame, list[str]],
    right_side: tuple[pl.LazyFrame, list[str]],
    held: Side | None,
    *,
    nulls_equal: bool,
) -> pl.LazyFrame:
    """The rows of two sides, each with the names of its keys, that meet."""
    (left, left_keys), (right, right_keys) = left_side, right_side
    if how == "right":
        return right.join(
            left,
            left_on=right_keys,
            right_on=left_keys,
            how="left",
            coalesce=False,
            nulls_equal=nulls_equal,
            build_side=_BUILT[held and OTHER[held]],
        )
    if how in ("semi", "anti"):
        return left.join(
            right,
            how=how,  # type: ignore[arg-type]
            left_on=left_keys,
            right_on=right_keys,
            nulls_equal=nulls_equal,
        )
    return left.join(
        right,
        how=how,  # type: ignore[arg-type]
        left_on=left_keys,
        right_on=right_keys,
        nulls_equal=nulls_equal,
        coalesce=False,
        build_side=_BUILT[held],
    )


def _may_multiply(plan: Join, context: Lowering) -> bool:
    """Say whether a join may make many rows of the few that it reads, on the engine that makes them all at once."""
    if not context.reads_few_rows:
        return False
    return context.rows > _FEW_ROWS or any(map(_multiplies, children(plan)))


def _multiplies(plan: Relation) -> bool:
    return isinstance(plan, (Join, Unnest, Index, Recursive)) or any(map(_multiplies, children(plan)))


def _is_inequality(plan: Join) -> bool:
    """Say whether the further condition orders the sides: Polars then does not look at every pair of rows."""
    if plan.kind != "inner" or plan.residual is None:
        return False
    sides = (plan.left.schema.keys(), plan.right.schema.keys())
    return any(
        isinstance(c, Call)
        and c.function in _ORDERS
        and any(columns_of(c.args[0]) <= a and columns_of(c.args[1]) <= b for a, b in (sides, sides[::-1]))
        for c in conjuncts(plan.residual)
    )


def _with_keys(frame: pl.LazyFrame, keys: list[Expr], side: str, context: Lowering) -> tuple[pl.LazyFrame, list[str]]:
    """Return the frame with its keys as columns, and their names. NaN equals NaN in SQL, and not always in joins of
    Polars 2.1: it becomes a key of its own."""
    names = [k.name if isinstance(k, Column) else f"#{side}{i}" for i, k in enumerate(keys)]
    if len(set(names)) < len(names):
        names = [f"#{side}{i}" for i in range(len(keys))]
    added = [context.expr(k).alias(n) for k, n in zip(keys, names, strict=True) if n.startswith("#")]
    frame = frame.with_columns(added) if added else frame
    floats = [n for n, k in zip(names, keys, strict=True) if k.dtype.is_float()]
    if floats:
        frame = frame.with_columns(
            e
            for n in floats
            for e in (pl.col(n).is_nan().alias(f"#{side}{n}"), pl.col(n).fill_nan(0.0).alias(f"#{side}{n} or 0"))
        )
        names = [n for n in names if n not in floats] + [f"#{side}{n}{rest}" for n in floats for rest in ("", " or 0")]
    return frame, names


def _without_keys(how: str, left: pl.LazyFrame, right: pl.LazyFrame) -> pl.LazyFrame:
    """Every row with every row; an outer join of that keeps a side when the other is empty."""
    one = pl.lit(1, pl.Int8)
    if how == "inner":
        return left.join(right, how="cross")
    left, right = left.with_columns(one.alias("#l")), right.with_columns(one.alias("#r"))
    if how == "right":
        return right.join(left, left_on="#r", right_on="#l", how="left", coalesce=False)
    if how in ("semi", "anti"):
        return left.join(right, left_on="#l", right_on="#r", how=how)  # type: ignore[arg-type]
    return left.join(right, left_on="#l", right_on="#r", how=how, coalesce=False)  # type: ignore[arg-type]


def _outer_with_residual(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """The matches by the whole condition, then what matched nothing, with NULLs beside it.

    Each of these frames is one chain of its own: Polars may order rows differently each time that it computes an input,
    so a row number of one computation says nothing about another.
    """
    assert plan.residual is not None, "without a residual the plain join does"
    if plan.kind in ("semi", "anti"):
        return _partnered(plan, left, right, context, partnered=plan.kind == "semi").select(list(plan.schema))
    matches = _equi(plan, left, right, context, "inner").filter(context.expr(plan.residual))
    frames = [matches.select(list(plan.schema))]
    if plan.kind in ("left", "full"):
        frames.append(_partnered(plan, left, right, context, partnered=False).select(list(plan.left.schema)))
    if plan.kind in ("right", "full"):
        mirrored = replace(plan, left=plan.right, right=plan.left, equals=tuple((b, a) for a, b in plan.equals))
        frames.append(_partnered(mirrored, right, left, context, partnered=False).select(list(plan.right.schema)))
    return pl.concat(frames, how="diagonal").select(list(plan.schema))


def _partnered(
    plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering, *, partnered: bool
) -> pl.LazyFrame:
    """Return the rows of the left side that have (or have not) a partner by the whole condition, each once."""
    assert plan.residual is not None, "the caller checked"
    row, there = f"{_ROW}l", f"{_ROW}r"
    joined = _equi(plan, left.with_row_index(row), right.with_columns(pl.lit(value=True).alias(there)), context, "left")
    holds = (pl.col(there).is_not_null() & context.expr(plan.residual)).fill_null(value=False)
    columns = list(plan.left.schema)
    by_row = (
        joined.with_columns(holds.alias(there))
        .group_by(row)
        .agg(*(pl.col(c).first() for c in columns), pl.col(there).any())
    )
    return by_row.filter(pl.col(there) if partnered else ~pl.col(there))
