"""ASOF and POSITIONAL joins as frames."""

from __future__ import annotations

from typing import cast

import polars as pl

from rem_arrow.lower.context import Lowering
from rem_arrow.plan.asof import prefers_largest
from rem_arrow.plan.nodes import Call, Join

_LEFT, _RIGHT, _ROW = "#asof.l", "#asof.r", "#position"


def lower_asof(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame, context: Lowering) -> pl.LazyFrame:
    """Return every row of the left side with its match.

    Polars drops the right side's keys and wants both sides sorted; so the keys are columns of their own. A NULL matches
    nothing there either, but would cost its sorting.
    """
    assert not plan.nulls_equal, "the binder and decorrelate make none that does"
    order = cast(Call, plan.residual)
    a, b = order.args
    pairs = [(f"{_LEFT}{i}", f"{_RIGHT}{i}") for i in range(len(plan.equals))]
    left = left.with_columns(
        context.expr(a).alias(_LEFT),
        *(context.expr(x).alias(n) for (x, _), (n, _) in zip(plan.equals, pairs, strict=True)),
    )
    right = right.with_columns(
        context.expr(b).alias(_RIGHT),
        *(context.expr(y).alias(n) for (_, y), (_, n) in zip(plan.equals, pairs, strict=True)),
    )
    right = right.filter(pl.col(n).is_not_null() for n in (_RIGHT, *(n for _, n in pairs)))
    joined = left.sort(_LEFT).join_asof(
        right.sort(_RIGHT),
        left_on=_LEFT,
        right_on=_RIGHT,
        by_left=[n for n, _ in pairs] or None,
        by_right=[n for _, n in pairs] or None,
        strategy="backward" if prefers_largest(order) else "forward",
        allow_exact_matches=order.function in (">=", "<="),
        check_sortedness=False,
        coalesce=False,
    )
    return joined.select(list(plan.schema))


def lower_positional(plan: Join, left: pl.LazyFrame, right: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of both sides by their places, the shorter side filled with NULLs."""
    sides = [side.with_row_index(f"{_ROW}{name}") for side, name in ((left, "l"), (right, "r"))]
    joined = sides[0].join(sides[1], left_on=f"{_ROW}l", right_on=f"{_ROW}r", how="full", coalesce=True)
    return joined.sort(f"{_ROW}l").select(list(plan.schema))
