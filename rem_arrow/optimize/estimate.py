"""How many rows a plan may have, and how many distinct values its columns: guesses, for choosing between plans."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

import polars as pl

from rem_arrow.base.source import Catalog, ColumnStatistics
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.nodes import (
    Aggregate,
    And,
    Call,
    Cast,
    Column,
    Expr,
    Filter,
    Index,
    InList,
    Join,
    Limit,
    Literal,
    Or,
    Project,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    Union,
    Unnest,
    Values,
    Window,
)
from rem_arrow.plan.walk import children, columns_of, conjuncts

_EQUAL, _RANGE, _LIKE, _OTHER = 0.05, 0.3, 0.1, 0.3
# Who asks for groups by what they add up to asks for few.
_HAVING = 0.05
_BOUNDS = ("<", "<=", ">", ">=")
_EPOCH = dt.date(1970, 1, 1)


@dataclass(slots=True)
class Estimates:
    """Estimates over one catalog, remembered for the plans of one optimization."""

    catalog: Catalog | None = None
    _rows: dict[int, tuple[Relation, float]] = field(default_factory=dict)
    _statistics: dict[tuple[str, str], ColumnStatistics | None] = field(default_factory=dict)

    def rows(self, plan: Relation) -> float:
        """Return the estimated number of rows, at least 1."""
        estimate = self._rows.get(id(plan))
        if estimate is None:
            estimate = self._rows[id(plan)] = (plan, max(1.0, self._count(plan)))
        return estimate[1]

    def _count(self, plan: Relation) -> float:
        match plan:
            case Scan():
                return plan.rows
            case Values():
                return len(plan.rows)
            case Filter():
                return self.rows(plan.input) * self.selectivity(plan.condition, plan.input)
            case Join():
                return self.joined(plan)
            case Aggregate():
                return self._groups(plan)
            case Limit():
                count = (
                    plan.count.value if isinstance(plan.count, Literal) and isinstance(plan.count.value, int) else 100
                )
                return min(self.rows(plan.input), count)
            case Union():
                return sum(self.rows(i) for i in plan.inputs)
            case Index():
                return INDEX_FUNCTIONS[plan.function].rows * max(
                    1.0, sum(self.rows(i) for i in plan.inputs[: len(plan.inputs) - len(plan.named)])
                )
            case Search():
                return min(self.rows(plan.input), 10.0)
            case Unnest():
                return self.rows(plan.input) * 5
            case Project() | Sort() | Window() | Shared():
                return self.rows(plan.input)
            case _:
                return max((self.rows(c) for c in children(plan)), default=1000.0)

    def joined(self, plan: Join) -> float:
        """Return the rows of a join: each key divides by the larger number of its distinct values."""
        left, right = self.rows(plan.left), self.rows(plan.right)
        share = self.key_share(plan.left, plan.right, list(plan.equals))
        matches = left * right * share
        if plan.residual is not None:
            matches *= _OTHER
        match plan.kind:
            case "inner":
                return matches
            case "left":
                return max(left, matches)
            case "asof":
                return left
            case "positional":
                return max(left, right)
            case "right":
                return max(right, matches)
            case "full":
                return max(left, right, matches)
            case "semi":
                return min(left, left * min(1.0, right * share)) if plan.equals else left * 0.5
            case "anti":
                return max(left * 0.1, left - min(left, left * min(1.0, right * share)))

    def key_share(self, left: Relation, right: Relation, equals: list[tuple[Expr, Expr]]) -> float:
        """Return which share of the pairs of rows agree in the keys. Keys of one pair of tables hang together."""
        shares = sorted(1.0 / max(self.distinct(a, left), self.distinct(b, right), 1.0) for a, b in equals)
        share = 1.0
        for i, s in enumerate(shares):
            share *= s ** (1.0 / 2**i)
        if len(equals) > 1:
            # A key of several columns has no more values than the smaller table has rows.
            tables = [self._table_rows([a for a, _ in equals], left), self._table_rows([b for _, b in equals], right)]
            if all(tables):
                share = max(share, 1.0 / min(tables))
        return share

    def _table_rows(self, keys: list[Expr], plan: Relation) -> float:
        """Return the rows of the one table that the keys are columns of, all filters left aside; 0 where they are of
        several, so that nothing ties them."""
        origins = [self._origin(k.name, plan) if isinstance(k, Column) else None for k in keys]
        tables = {o[0] for o in origins if o is not None}
        if len(tables) > 1:
            return 0.0
        source = (
            self.catalog.source(tables.pop())
            if len(tables) == 1 and None not in origins and self.catalog is not None
            else None
        )
        return max(1.0, self.rows(plan) if source is None else float(source.row_count()))

    def _groups(self, plan: Aggregate) -> float:
        if not plan.keys:
            return 1.0
        rows, groups = self.rows(plan.input), 1.0
        for _, key in plan.keys:
            groups *= self.distinct(key, plan.input)
        return min(rows, groups)

    # --- columns

    def distinct(self, expr: Expr, plan: Relation) -> float:
        """Return the estimated number of distinct values."""
        rows = self.rows(plan)
        names = columns_of(expr)
        count = 1.0
        for name in names:
            source = self._origin(name, plan)
            statistics = self._of(*source) if source is not None else None
            count *= min(
                statistics.distinct if statistics is not None else max(1.0, rows * 0.5), self._asked(name, plan)
            )
        return max(1.0, min(rows, count))

    def _asked(self, name: str, plan: Relation) -> float:
        """Return how many values of a column the filters below let through, where they list them."""
        match plan:
            case Filter():
                listed = [
                    len(c.options)
                    for c in conjuncts(plan.condition)
                    if isinstance(c, InList) and c.operand == Column(name, plan.schema[name])
                ]
                listed += [
                    1
                    for c in conjuncts(plan.condition)
                    if isinstance(c, Call) and c.function == "=" and c.args[0] == Column(name, plan.schema[name])
                ]
                return min([*listed, self._asked(name, plan.input)]) if name in plan.schema else inf
            case Project():
                expr = dict(plan.outputs).get(name)
                return self._asked(expr.name, plan.input) if isinstance(expr, Column) else inf
            case Join():
                return min(
                    (self._asked(name, side) for side in (plan.left, plan.right) if name in side.schema), default=inf
                )
            case _:
                return inf

    def table_distinct(self, expr: Expr, plan: Relation) -> float:
        """Return the distinct values of a column in its table, all filters left aside; else as `distinct`."""
        source = self._origin(expr.name, plan) if isinstance(expr, Column) else None
        statistics = self._of(*source) if source is not None else None
        return max(1.0, statistics.distinct) if statistics is not None else self.distinct(expr, plan)

    def _origin(self, name: str, plan: Relation) -> tuple[str, str] | None:
        """Return the table and column that a column of the plan is, if it is one unchanged."""
        match plan:
            case Scan():
                return next(((plan.source, source) for n, source, _ in plan.columns if n == name), None)
            case Project():
                expr = dict(plan.outputs).get(name)
                return self._origin(expr.name, plan.input) if isinstance(expr, Column) else None
            case Aggregate():
                key = dict(plan.keys).get(name)
                return self._origin(key.name, plan.input) if isinstance(key, Column) else None
            case _:
                return next(
                    (
                        origin
                        for c in children(plan)
                        if name in c.schema and (origin := self._origin(name, c)) is not None
                    ),
                    None,
                )

    def _of(self, table: str, column: str) -> ColumnStatistics | None:
        key = (table, column)
        if key not in self._statistics:
            source = None if self.catalog is None else self.catalog.source(table)
            self._statistics[key] = None if source is None else source.statistics(column)
        return self._statistics[key]

    # --- conditions

    def selectivity(self, condition: Expr, plan: Relation) -> float:
        """Return the share of rows that meet a condition."""
        match condition:
            case Literal():
                return 1.0 if condition.value else 0.0
            case And():
                return self._all(conjuncts(condition), plan)
            case Or():
                return min(1.0, sum(self.selectivity(o, plan) for o in condition.operands))
            case InList():
                return min(1.0, len(condition.options) / self.distinct(condition.operand, plan))
            case Call(function="not"):
                return max(0.05, 1.0 - self.selectivity(condition.args[0], plan))
            case Call(function="is_null"):
                return 0.05
            case Call(function="="):
                return 1.0 / self.distinct(_column_side(condition), plan) if columns_of(condition) else _EQUAL
            case Call(function="<>"):
                return 0.9
            case Call(function="<" | "<=" | ">" | ">="):
                return self._range(condition, plan)
            case Call(function="like" | "ilike" | "starts_with" | "contains"):
                return _LIKE
            case _:
                return _OTHER

    def _all(self, conditions: tuple[Expr, ...], plan: Relation) -> float:
        """Conditions are taken to be independent, but for two bounds of one column: these are a range."""
        share, bounds = 1.0, dict[str, list[float]]()
        for condition in conditions:
            own = self.selectivity(condition, plan)
            if (
                isinstance(condition, Call)
                and condition.function in _BOUNDS
                and len(names := columns_of(condition)) == 1
            ):
                bounds.setdefault(next(iter(names)), []).append(own)
            else:
                share *= own
        for shares in bounds.values():
            share *= max(0.001, sum(shares) - 1.0) if len(shares) == 2 else min(shares)
        return share

    def _range(self, condition: Call, plan: Relation) -> float:
        """A range takes the share of the column's span that it covers."""
        left, right = condition.args
        upper = condition.function in ("<", "<=")
        if isinstance(left, Literal):
            left, right, upper = right, left, not upper
        while isinstance(left, Cast):
            left = left.operand
        if not (isinstance(left, Column) and isinstance(right, Literal)):
            return _RANGE
        if _is_aggregate(left.name, plan):
            return _HAVING
        source = self._origin(left.name, plan)
        statistics = self._of(*source) if source is not None else None
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


def _column_side(condition: Call) -> Expr:
    left, right = condition.args
    return left if columns_of(left) and not isinstance(left, Literal) else right


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
