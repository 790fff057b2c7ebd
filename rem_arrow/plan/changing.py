"""Functions whose value is another one each time, whatever their arguments."""

from __future__ import annotations

from rem_arrow.plan.nodes import Call, Expr
from rem_arrow.plan.walk import expr_children

CHANGING = frozenset(
    {
        "random",
        "setseed",
        "uuid",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "now",
        "current_date",
        "current_time",
        "current_timestamp",
        "today",
        "get_current_timestamp",
    }
)


def changes(expr: Expr) -> bool:
    """Say whether computing an expression twice may give two values."""
    return (isinstance(expr, Call) and expr.function in CHANGING) or any(map(changes, expr_children(expr)))
