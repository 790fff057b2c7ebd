"""Which share of the rows meets a condition: by the bounds, NULLs, most common and distinct values of its columns.

Source: Selinger and others, "Access Path Selection in a Relational Database Management System", SIGMOD 1979.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Protocol

import polars as pl

from rem_arrow.base.source import ColumnStatistics
from rem_arrow.plan.nodes import (
    Aggregate,
    And,
    Call,
    Cast,
    Column,
    Expr,
    Filter,
    InList,
    Literal,
    Or,
    Project,
    Relation,
)
from rem_arrow.plan.walk import columns_of, conjuncts

_EQUAL, _RANGE, _LIKE, _OTHER, _NULL = 0.05, 0.3, 0.1, 0.3, 0.05
# What is between two columns, of which nothing else is known.
_ORDERED = 1 / 3
# Who asks for groups by what they add up to asks for few.
_HAVING = 0.05
_SHARE_MIN = 1e-6
_BOUNDS = ("<", "<=", ">", ">=")
_TEXTS = frozenset(("like", "ilike", "starts_with", "ends_with", "contains", "regexp_matches"))
_EPOCH = dt.date(1970, 1, 1)


class Known(Protocol):
    """What is known of the columns of a plan."""

    def statistics(self, name: str, plan: Relation) -> ColumnStatistics | None:
        """Return what is known of the column of a table that a column of the plan is, unchanged."""

    def distinct(self, expr: Expr, plan: Relation) -> float:
        """Return an estimate of the distinct values, at least 1."""


def share_of(condition: Expr, plan: Relation, known: Known) -> float:
    """Return the share of the rows of a plan that meet a condition."""
    return max(_SHARE_MIN, min(1.0, _share(condition, plan, known)))


def _share(condition: Expr, plan: Relation, known: Known) -> float:
    match condition:
        case Literal():
            return 1.0 if condition.value else 0.0
        case And():
            return _all(conjuncts(condition), plan, known)
        case Or():
            return _any(condition, plan, known)
        case InList():
            options = len(condition.options) / known.distinct(condition.operand, plan)
            equal = [_equal(condition.operand, o, plan, known) for o in condition.options]
            return sum(options / len(equal) if e is None else e for e in equal)
        case Call(function="not"):
            return 1.0 - share_of(condition.args[0], plan, known) - _nulls(condition.args[0], plan, known)
        case Call(function="is_null"):
            return _nulls(condition.args[0], plan, known, _NULL)
        case Call(function="is_not_null"):
            return 1.0 - _nulls(condition.args[0], plan, known, _NULL)
        case Call(function="="):
            return _equality(condition, plan, known)
        case Call(function="<>"):
            return 1.0 - _equality(condition, plan, known) - _nulls(condition, plan, known)
        case Call(function="<" | "<=" | ">" | ">="):
            return _range(condition, plan, known)
        case Call() if condition.function in _TEXTS:
            return _LIKE
        case _:
            return _OTHER


def _all(conditions: tuple[Expr, ...], plan: Relation, known: Known) -> float:
    """Conditions are taken to be independent, but for two bounds of one column: these are a range."""
    share, bounds = 1.0, dict[str, list[float]]()
    for condition in conditions:
        own = share_of(condition, plan, known)
        if isinstance(condition, Call) and condition.function in _BOUNDS and len(names := columns_of(condition)) == 1:
            bounds.setdefault(next(iter(names)), []).append(own)
        else:
            share *= own
    for shares in bounds.values():
        share *= max(0.001, sum(shares) - 1.0) if len(shares) == 2 else min(shares)
    return share


def _any(condition: Or, plan: Relation, known: Known) -> float:
    """Conditions on one column are taken to exclude each other, others to be independent."""
    shares = [share_of(o, plan, known) for o in condition.operands]
    if len(columns_of(condition)) == 1:
        return sum(shares)
    neither = 1.0
    for share in shares:
        neither *= 1.0 - share
    return 1.0 - neither


def _equality(condition: Call, plan: Relation, known: Known) -> float:
    left, right = condition.args
    sides = [side for side in (left, right) if columns_of(side)]
    if not sides:
        return _EQUAL
    equal = _equal(left, right, plan, known)
    equal = _equal(right, left, plan, known) if equal is None else equal
    return 1.0 / max(known.distinct(side, plan) for side in sides) if equal is None else equal


def _equal(column: Expr, value: Expr, plan: Relation, known: Known) -> float | None:
    """Return the share of the rows in which a column has a constant value; None where it is no such pair, or nothing is
    known of the column."""
    if not (isinstance(column, Column) and isinstance(value, Literal)):
        return None
    statistics = known.statistics(column.name, plan)
    if statistics is None or not statistics.rows or value.value is None:
        return None
    common = dict(statistics.common)
    wanted = _unscaled(value.value, column.dtype)
    if wanted in common:
        return common[wanted] / statistics.rows
    low, high, number = (_number(v, column.dtype) for v in (statistics.low, statistics.high, wanted))
    if low is not None and high is not None and number is not None and not low <= number <= high:
        return 0.0
    rest = statistics.rows - statistics.null_count - sum(common.values())
    return max(0.0, rest) / statistics.rows / max(1, statistics.distinct - len(common))


def _nulls(expr: Expr, plan: Relation, known: Known, default: float = 0.0) -> float:
    """Return the share of the rows in which an expression is NULL, as far as one column decides it."""
    names = columns_of(expr)
    statistics = known.statistics(names.pop(), plan) if len(names) == 1 else None
    return default if statistics is None or not statistics.rows else statistics.null_count / statistics.rows


def _range(condition: Call, plan: Relation, known: Known) -> float:
    """A range takes the share of the column's span that it covers."""
    left, right = condition.args
    upper = condition.function in ("<", "<=")
    if isinstance(left, Literal):
        left, right, upper = right, left, not upper
    while isinstance(left, Cast):
        left = left.operand
    if not (isinstance(left, Column) and isinstance(right, Literal)):
        return _ORDERED if columns_of(left) and columns_of(right) else _RANGE
    if _is_aggregate(left.name, plan):
        return _HAVING
    statistics = known.statistics(left.name, plan)
    if statistics is None:
        return _RANGE
    low, high, value = (_number(v, left.dtype) for v in (statistics.low, statistics.high, right.value))
    if isinstance(left.dtype, pl.Decimal) and low is not None and high is not None:
        low, high = low / 10**left.dtype.scale, high / 10**left.dtype.scale
    if low is None or high is None or value is None or high <= low:
        return _RANGE
    below = min(1.0, max(0.0, (value - low) / (high - low)))
    return max(0.0005, below if upper else 1.0 - below)


def _is_aggregate(name: str, plan: Relation) -> bool:
    """Say whether a column is what an aggregate gives."""
    match plan:
        case Aggregate():
            return any(n == name for n, _ in plan.aggregates)
        case Project():
            expr = dict(plan.outputs).get(name)
            read = columns_of(expr) if expr is not None else set()
            return len(read) == 1 and _is_aggregate(read.pop(), plan.input)
        case Filter():
            return _is_aggregate(name, plan.input)
        case _:
            return False


def _unscaled(value: object, dtype: pl.DataType) -> object:
    """Return a value as statistics have it: decimals without their scale."""
    if isinstance(dtype, pl.Decimal) and isinstance(value, (int, Decimal)):
        return int(Decimal(value).scaleb(dtype.scale))
    return value


def _number(value: object, dtype: pl.DataType) -> float | None:
    match value:
        case bool() | None:
            return None
        case int() | float() | Decimal():
            return float(value)
        case dt.datetime():
            return value.replace(tzinfo=None).timestamp() / 86400
        case dt.date():
            return float((value - _EPOCH).days)
        case _:
            return None
