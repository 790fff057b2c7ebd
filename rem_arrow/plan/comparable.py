"""How values compare: intervals by their length."""

from __future__ import annotations

import polars as pl

from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Expr


def comparable(operand: Expr) -> Expr:
    """Return an operand as it compares: an interval with months as days, 30 to a month."""
    return Call("interval_days", (operand,), pl.Duration("us")) if operand.dtype == types.CALENDAR else operand
