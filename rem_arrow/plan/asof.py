"""ASOF joins: each row of the left side beside the row of the right side that comes last before, or first after.

`Join("asof")` keeps every row of its left side. Its `equals` pair columns as in any join; its `residual` is one
inequality, the left side's value first, which orders the candidates: with > and >= the largest of the right side's
values wins, with < and <= the least. A NULL on either side of it matches nothing. Of candidates with equal values any
may win.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import polars as pl

from rem_arrow.plan.nodes import (
    BOOLEAN,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    Literal,
    Relation,
    SortKey,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import columns_of, conjunction

_INT = pl.Int64()
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def ordering(condition: Expr, left: Relation, right: Relation) -> Call | None:
    """Return an inequality between the two sides, the left side's value first; None for any other condition."""
    if not (isinstance(condition, Call) and condition.function in _FLIPPED):
        return None
    a, b = condition.args
    if _of_one_side(a, left, right) and _of_one_side(b, right, left):
        return condition
    if _of_one_side(b, left, right) and _of_one_side(a, right, left):
        return Call(_FLIPPED[condition.function], (b, a), BOOLEAN)
    return None


def _of_one_side(expr: Expr, own: Relation, other: Relation) -> bool:
    """Say whether an expression reads the one side, perhaps a query around it too, and nothing of the other."""
    used = columns_of(expr)
    return bool(used & own.schema.keys()) and not used & other.schema.keys()


def prefers_largest(order: Call) -> bool:
    """Say whether the candidate with the largest value wins."""
    return order.function in (">", ">=")


def expanded(plan: Join, fresh: Callable[[str], str], conditions: tuple[Expr, ...] = ()) -> Relation:
    """Return an ASOF join as a left join of which the best match is kept: for what the other form cannot say.

    Args:
        conditions: what a candidate must meet beside the inequality.
    """
    order = cast(Call, plan.residual)
    row, place = fresh("row"), fresh("place")
    numbered = Window(plan.left, ((row, WindowCall("row_number", (), _INT)),))
    joined = Join("left", numbered, plan.right, plan.equals, conjunction([order, *conditions]), plan.nulls_equal)
    best = SortKey(order.args[1], descending=prefers_largest(order))
    ranked = Window(joined, ((place, WindowCall("row_number", (), _INT, (Column(row, _INT),), (best,))),))
    return Filter(ranked, Call("=", (Column(place, _INT), Literal(1, _INT)), BOOLEAN))
