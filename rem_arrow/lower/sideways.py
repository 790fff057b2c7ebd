"""Run the small side of a join first, and let the large scan on the other side read only the range of its keys.

Pays where the scan's rows lie in the order of the key, as facts mostly lie in the order of their time: zone maps then skip
most segments. Only costs depend on it; the join still decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.plan.nodes import BOOLEAN, Aggregate, Call, Column, Expr, Filter, Join, Literal, Project, Relation, Scan, Sort
from rem_arrow.plan.walk import children, conjunction
from rem_arrow.source import ColumnRange

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE_ROWS_MIN = 500_000
_SMALL_ROWS_MAX = 300_000
_KINDS = ("inner", "semi")


def smaller_side(plan: Join) -> str | None:
    """Return which side should run first, "left" or "right"; None when the join may as well run as it is."""
    if plan.kind not in _KINDS or plan.nulls_equal:
        return None
    sides = {"right": (plan.right, plan.left, [(b, a) for a, b in plan.equals]), "left": (plan.left, plan.right, list(plan.equals))}
    for name, (small, large, pairs) in sides.items():
        if plan.kind == "semi" and name == "left":
            continue
        if any(isinstance(large_key, Column) and _rows_of(large_key.name, large) >= _LARGE_ROWS_MIN and _is_key(large_key) for _, large_key in pairs) and _is_small(small):
            return name
    return None


def _is_key(column: Column) -> bool:
    return bool(column.dtype.is_integer()) or isinstance(column.dtype, (pl.Date, pl.Datetime))


def _is_small(plan: Relation) -> bool:
    """Say whether a plan reads little and leaves some of it out."""
    read, filtered, todo = 0, False, [plan]
    while todo:
        node = todo.pop()
        read += node.rows if isinstance(node, Scan) else 0
        filtered = filtered or isinstance(node, (Filter, Join))
        todo += children(node)
    return filtered and 0 < read <= _SMALL_ROWS_MAX


def _rows_of(name: str, plan: Relation) -> int:
    """Return the rows of the scan that a column comes from unchanged; 0 if there is none."""
    found: list[int] = []

    def note(scan: Scan) -> Relation:
        found.append(scan.rows)
        return scan

    _at_scan(plan, name, lambda scan, _: note(scan))
    return found[0] if found else 0


def restricted(plan: Relation, keys: list[tuple[Expr, pl.Series]]) -> Relation:
    """Return `plan` with its scans reading only what lies between the least and the largest of each key's values."""
    for expr, values in keys:
        if isinstance(expr, Column) and _is_key(expr) and len(values):
            low, high = values.min(), values.max()
            if low is not None and isinstance(low, (int, dt.date)) and high is not None:
                plan = _at_scan(plan, expr.name, lambda scan, name, low=low, high=high: _between(scan, name, low, high)) or plan  # type: ignore[misc]
    return plan


def _between(scan: Scan, name: str, low: object, high: object) -> Relation:
    column = next(c for n, c, _ in scan.columns if n == name)
    dtype = scan.schema[name]
    read = Column(name, dtype)
    inside = [Call(">=", (read, Literal(low, dtype)), BOOLEAN), Call("<=", (read, Literal(high, dtype)), BOOLEAN)]
    return Filter(replace(scan, ranges=(*scan.ranges, ColumnRange(column, low, high))), conjunction(list(inside)))


def _at_scan(plan: Relation, name: str, change: Callable[[Scan, str], Relation]) -> Relation | None:
    """Return the plan with `change` applied to the scan that the column comes from unchanged; None if there is none."""
    match plan:
        case Scan():
            return change(plan, name) if name in plan.schema else None
        case Filter() | Sort():
            below = _at_scan(plan.input, name, change)
            return None if below is None else replace(plan, input=below)
        case Project():
            expr = dict(plan.outputs).get(name)
            below = _at_scan(plan.input, expr.name, change) if isinstance(expr, Column) else None
            return None if below is None else replace(plan, input=below)
        case Aggregate():
            expr = dict(plan.keys).get(name)
            below = _at_scan(plan.input, expr.name, change) if isinstance(expr, Column) else None
            return None if below is None else replace(plan, input=below)
        case Join():
            if name in plan.left.schema and plan.kind in ("inner", "left", "semi", "anti", "asof"):
                below = _at_scan(plan.left, name, change)
                return None if below is None else replace(plan, left=below)
            if name in plan.right.schema and plan.kind in ("inner", "right"):
                below = _at_scan(plan.right, name, change)
                return None if below is None else replace(plan, right=below)
            return None
        case _:
            return None
