"""Tell each scan which ranges its filter asks for, so that the store can skip segments and use an index.

Reads the values of the parameters: its result holds for one execution. The filter stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rem_arrow.base.exact_decimals import shifted
from rem_arrow.base.source import ColumnRange, Skips
from rem_arrow.plan.nodes import Call, Column, Expr, Filter, InList, Literal, Parameter, Relation, Scan
from rem_arrow.plan.walk import conjuncts, rebuild

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def prune_segments(plan: Relation, parameters: Mapping[str, object]) -> Relation:
    """Return the plan with ranges on the scans that stand right below a filter."""
    if isinstance(plan, Filter) and isinstance(plan.input, Scan):
        columns = {name: source for name, source, _ in plan.input.columns}
        scales = {columns[name]: scale for name, scale in plan.input.fixed}
        ranges = [
            _scaled(r, scales) for c in conjuncts(plan.condition) if (r := _range(c, columns, parameters)) is not None
        ]
        return replace(plan, input=replace(plan.input, skips=Skips(tuple(ranges))))
    return rebuild(plan, lambda p: prune_segments(p, parameters))


def _range(condition: Expr, columns: Mapping[str, str], parameters: Mapping[str, object]) -> ColumnRange | None:
    if isinstance(condition, InList) and isinstance(condition.operand, Column):
        values = [_value(o, parameters) for o in condition.options]
        if any(v is None for v in values):
            return None
        return ColumnRange(columns[condition.operand.name], min(values), max(values))  # type: ignore[type-var]
    if not (isinstance(condition, Call) and condition.function in _MIRRORED):
        return None
    operator, (left, right) = condition.function, condition.args
    if isinstance(right, Column):
        operator, left, right = _MIRRORED[operator], right, left
    value = _value(right, parameters)
    if not isinstance(left, Column) or value is None:
        return None
    column = columns[left.name]
    if operator == "=":
        return ColumnRange(column, value, value)
    return ColumnRange(column, high=value) if operator in ("<", "<=") else ColumnRange(column, low=value)


def _scaled(bounded: ColumnRange, scales: Mapping[str, int]) -> ColumnRange:
    """Return a range over unscaled integers as one over the decimals that they are."""
    scale = scales.get(bounded.column)
    if scale is None:
        return bounded
    bounds = (bounded.low, bounded.high)
    low, high = (None if v is None else shifted(v, -scale) for v in bounds)  # type: ignore[arg-type]
    return ColumnRange(bounded.column, low, high)


def _value(expr: Expr, parameters: Mapping[str, object]) -> object:
    if isinstance(expr, Literal):
        return expr.value
    return parameters.get(expr.name) if isinstance(expr, Parameter) else None
