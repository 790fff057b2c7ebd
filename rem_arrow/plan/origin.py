"""Where a column comes from: scans that give it unchanged, and may give fewer rows without a change to the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from rem_arrow.plan.nodes import (
    Aggregate,
    Apply,
    Column,
    Expr,
    Filter,
    Join,
    Limit,
    Project,
    Relation,
    Scan,
    Sort,
    Union,
    Window,
)

# What takes the place of a scan; the name is the column's in the scan's schema.
ScanChange: TypeAlias = Callable[[Scan, str], Relation]


def at_scans(plan: Relation, name: str, change: ScanChange) -> Relation | None:
    """Return the plan with `change` applied to the scans that its column `name` comes from; None if there is none.

    `change` may leave out rows by the value of the column: the rows of the plan with the other values stay as they are.
    """
    match plan:
        case Scan():
            return change(plan, name) if name in plan.schema else None
        case Filter() | Sort():
            below = at_scans(plan.input, name, change)
            return None if below is None else replace(plan, input=below)
        case Project():
            return _below(plan, dict(plan.outputs).get(name), change)
        case Aggregate():
            return _below(plan, dict(plan.keys).get(name), change)
        case Union():
            place = list(plan.schema).index(name)
            inputs = [at_scans(i, list(i.schema)[place], change) for i in plan.inputs]
            return (
                None
                if all(i is None for i in inputs)
                else replace(plan, inputs=tuple(new or old for new, old in zip(inputs, plan.inputs, strict=True)))
            )
        case Join():
            return _at_join(plan, name, change)
        case _:
            return None


def stored_column(plan: Relation, name: str) -> tuple[str, str] | None:
    """Return the source and the column of it that a column of a plan is, unchanged in rows that are the source's; None
    where it is computed, grouped, or one of several."""
    match plan:
        case Scan():
            return next(((plan.source, column) for unique, column, _ in plan.columns if unique == name), None)
        case Filter() | Sort() | Limit() | Window() | Apply():
            return stored_column(plan.input, name)
        case Project():
            expr = dict(plan.outputs).get(name)
            return stored_column(plan.input, expr.name) if isinstance(expr, Column) else None
        case Join():
            return stored_column(plan.left if name in plan.left.schema else plan.right, name)
        case _:
            return None


def _below(plan: Project | Aggregate, expr: Expr | None, change: ScanChange) -> Relation | None:
    below = at_scans(plan.input, expr.name, change) if isinstance(expr, Column) else None
    return None if below is None else replace(plan, input=below)


def _at_join(plan: Join, name: str, change: ScanChange) -> Relation | None:
    """Change the side that has the column, and the other by the column that must equal it."""
    left, right = plan.left, plan.right
    if name in left.schema and plan.kind in ("inner", "left", "semi", "anti", "asof"):
        other = next(
            (b.name for a, b in plan.equals if isinstance(a, Column) and a.name == name and isinstance(b, Column)), None
        )
        mine = at_scans(left, name, change)
        theirs = None if other is None or plan.nulls_equal else at_scans(right, other, change)
    elif name in right.schema and plan.kind in ("inner", "right"):
        other = next(
            (a.name for a, b in plan.equals if isinstance(b, Column) and b.name == name and isinstance(a, Column)), None
        )
        theirs = at_scans(right, name, change)
        mine = None if other is None or plan.nulls_equal else at_scans(left, other, change)
    else:
        return None
    return None if mine is None and theirs is None else replace(plan, left=mine or left, right=theirs or right)


def indexed_rows(plan: Relation, name: str) -> int:
    """Return the rows of the largest scan that the column comes from and that has an index on it; 0 if there is
    none."""
    rows = [0]

    def note(scan: Scan, column: str) -> Relation:
        if any(c in scan.indexed for n, c, _ in scan.columns if n == column):
            rows.append(scan.rows)
        return scan

    at_scans(plan, name, note)
    return max(rows)


def scan_rows(plan: Relation, name: str) -> int:
    """Return the rows of the largest scan that the column comes from; 0 if there is none."""
    rows = [0]

    def note(scan: Scan, _: str) -> Relation:
        rows.append(scan.rows)
        return scan

    at_scans(plan, name, note)
    return max(rows)
