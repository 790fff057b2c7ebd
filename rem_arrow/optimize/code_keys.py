"""Let a scan give text columns as categories where they are only grouped by.

A group by codes is several times faster than one by texts. A column may come as codes when all that happens to it
between the scan and an Aggregate that has it as a key is being passed on, or compared for equality with values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

import polars as pl

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.nodes import (
    Aggregate,
    Apply,
    Call,
    Column,
    Expr,
    Filter,
    Index,
    InList,
    Join,
    Limit,
    Literal,
    Parameter,
    Project,
    Recursive,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
    Working,
)
from rem_arrow.plan.walk import aggregate_exprs, columns_of, expr_children, exprs_of, rebuild


def code_keys(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with `coded` set on its scans."""
    return _code(plan, frozenset())


def _code(plan: Relation, keys: frozenset[str]) -> Relation:
    """Return `plan`; of its columns, `keys` may be categories for what is above."""
    match plan:
        case Scan():
            return replace(plan, coded=keys.intersection(plan.schema))
        case Filter():
            return replace(plan, input=_code(plan.input, keys - _read(plan.condition)))
        case Project():
            passed = {e.name for n, e in plan.outputs if n in keys and isinstance(e, Column)}
            passed -= {e.name for n, e in plan.outputs if n not in keys and isinstance(e, Column)}
            return replace(
                plan,
                input=_code(
                    plan.input, frozenset(passed) - _read(*(e for _, e in plan.outputs if not isinstance(e, Column)))
                ),
            )
        case Join():
            left = keys - columns_of(*exprs_of(plan))
            return rebuild(plan, lambda i: _code(i, left.intersection(i.schema)))
        case Aggregate():
            return replace(plan, input=_code(plan.input, _keys_of(plan)))
        case Sort():
            return replace(plan, input=_code(plan.input, keys - columns_of(*(k.expr for k in plan.keys))))
        case Limit():
            return replace(plan, input=_code(plan.input, keys))
        case (
            Values() | Union() | Window() | Unnest() | Apply() | Recursive() | Working() | Shared() | Search() | Index()
        ):
            return rebuild(plan, lambda i: _code(i, frozenset()))
        case _:
            assert_never(plan)


def _keys_of(plan: Aggregate) -> frozenset[str]:
    texts = {e.name for _, e in plan.keys if isinstance(e, Column) and isinstance(e.dtype, pl.String)}
    others = [e for _, e in plan.keys if not isinstance(e, Column)]
    return frozenset(texts) - columns_of(*others, *(e for _, c in plan.aggregates for e in aggregate_exprs(c)))


def _read(*exprs: Expr) -> set[str]:
    """Return the columns whose text the expressions need, not only whether it equals a value."""
    columns: set[str] = set()
    for expr in exprs:
        match expr:
            case Call(
                function="=" | "<>", args=(Column(), Literal() | Parameter()) | (Literal() | Parameter(), Column())
            ):
                continue
            case InList(operand=Column(), options=options) if all(isinstance(o, (Literal, Parameter)) for o in options):
                continue
            case Column():
                columns.add(expr.name)
            case _:
                columns |= _read(*expr_children(expr))
    return columns
