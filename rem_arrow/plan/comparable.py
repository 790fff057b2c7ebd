"""How values compare: intervals by their length, within lists and structs too."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Call, Expr


def comparable(operand: Expr) -> Expr:
    """Return an operand as it compares: an interval with months as days, 30 to a month."""
    dtype = compared(operand.dtype)
    return operand if dtype is operand.dtype else Call("interval_days", (operand,), dtype)


def compared(dtype: pl.DataType) -> pl.DataType:
    """Return the type in which values compare: the same one where no interval is in it."""
    if dtype == types.CALENDAR:
        return pl.Duration("us")
    match dtype:
        case pl.List() | pl.Array():
            own = instance(dtype.inner)
            inner = compared(own)
            other: pl.DataType = pl.List(inner) if isinstance(dtype, pl.List) else pl.Array(inner, dtype.size)
            return dtype if inner is own else other
        case pl.Struct():
            inners = [(f.name, instance(f.dtype)) for f in dtype.fields]
            fields = {name: compared(t) for name, t in inners}
            return dtype if all(fields[name] is t for name, t in inners) else pl.Struct(fields)
        case _:
            return dtype
