"""How many rows a plan may have, and how many distinct values its columns: guesses, for choosing between plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, prod

from rem_arrow.base.source import Catalog, ColumnStatistics
from rem_arrow.optimize.selectivity import share_of
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.nodes import (
    Aggregate,
    Call,
    Column,
    Expr,
    Filter,
    Index,
    InList,
    Join,
    Limit,
    Literal,
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
from rem_arrow.plan.walk import children, columns_of, conjunction, conjuncts

# Of the pairs whose keys agree, those that meet a further condition.
_RESIDUAL = 0.3


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
                return self.rows(plan.input) * share_of(plan.condition, plan.input, self)
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
                calls = self.rows(plan.hits[0].query) if plan.keys else 1.0
                return calls * min(self.rows(plan.input), 10.0)
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
            matches *= _RESIDUAL
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
                return left * self._partnered(plan, right, share) if plan.equals else left * 0.5
            case "anti":
                return max(left * 0.1, left * (1.0 - self._partnered(plan, right, share)))

    def _partnered(self, plan: Join, right: float, share: float) -> float:
        """Return the share of the left rows that meet any of the right."""
        if len(plan.equals) == 1:
            a, b = plan.equals[0]
            return min(1.0, self.distinct(b, plan.right) / max(self.domain(a, plan.left), self.domain(b, plan.right)))
        return min(1.0, right * share)

    def key_share(self, left: Relation, right: Relation, equals: list[tuple[Expr, Expr]]) -> float:
        """Return which share of the pairs of rows agree in the keys. Keys of one pair of tables hang together."""
        shares = sorted(self._equal(a, left, b, right) for a, b in equals)
        share = 1.0
        for i, s in enumerate(shares):
            share *= s ** (1.0 / 2**i)
        if len(equals) > 1:
            # A key of several columns has no more values than the smaller table has rows.
            tables = [self._table_rows([a for a, _ in equals], left), self._table_rows([b for _, b in equals], right)]
            if all(tables):
                share = max(share, 1.0 / min(tables))
        return share

    def _equal(self, a: Expr, left: Relation, b: Expr, right: Relation) -> float:
        """Return which share of the pairs of rows agree in one key. Values that many rows have on both sides meet more
        often than those of which nothing is known, of which the side with more is taken to have all."""
        domains = self.domain(a, left), self.domain(b, right)
        share = 1.0 / max(*domains, 1.0)
        common = [self._common(e, plan) for e, plan in ((a, left), (b, right))]
        if not all(common):
            return share
        mine, theirs = common
        rest = [max(0.0, 1.0 - sum(c.values())) for c in common]
        others = [max(1.0, d - len(c)) for d, c in zip(domains, common, strict=True)]
        met = sum(p * theirs.get(value, rest[1] / others[1]) for value, p in mine.items())
        met += sum(p * rest[0] / others[0] for value, p in theirs.items() if value not in mine)
        return max(share, met + rest[0] * rest[1] / max(others))

    def _common(self, expr: Expr, plan: Relation) -> dict[object, float]:
        """Return the share of the rows that each of the most common values has, where no filter below is about it: of
        the columns that a join below makes equal, those of the one in which they are the most."""
        if not isinstance(expr, Column):
            return {}
        most: dict[object, float] = {}
        for name in _same_as(expr.name, plan):
            if not _repeats(name, plan) or self._kept(name, plan) < 1.0:
                return {}
            statistics = self.statistics(name, plan)
            if (
                statistics is not None
                and statistics.rows
                and sum(n for _, n in statistics.common) > sum(most.values()) * statistics.rows
            ):
                most = {value: n / statistics.rows for value, n in statistics.common}
        return most

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
        by_table: dict[str | None, list[Expr]] = {}
        for _, key in plan.keys:
            origin = self._origin(key.name, plan.input) if isinstance(key, Column) else None
            by_table.setdefault(None if origin is None else origin[0], []).append(key)
        for table, keys in by_table.items():
            together = prod(self.distinct(key, plan.input) for key in keys)
            # Columns of one table have no more values together than it has rows.
            groups *= together if table is None else min(together, self._table_rows(keys, plan.input))
        return min(rows, groups)

    # --- columns

    def distinct(self, expr: Expr, plan: Relation) -> float:
        """Return the estimated number of distinct values."""
        rows, count = self.rows(plan), 1.0
        for name in columns_of(expr):
            statistics = self.statistics(name, plan)
            if statistics is None:
                own = max(1.0, rows * 0.5)
            else:
                own = _seen(statistics, rows) if _repeats(name, plan) else max(1.0, float(statistics.distinct))
            count *= min(own, self._asked(name, plan))
        return max(1.0, min(rows, count))

    def domain(self, expr: Expr, plan: Relation) -> float:
        """Return the distinct values of a column among which those of the plan are, all filters left aside but those on
        the column itself; of other expressions the distinct values."""
        statistics = self.statistics(expr.name, plan) if isinstance(expr, Column) else None
        if statistics is None or not isinstance(expr, Column):
            return self.distinct(expr, plan)
        return max(1.0, min(statistics.distinct * self._kept(expr.name, plan), self._asked(expr.name, plan)))

    def _kept(self, name: str, plan: Relation) -> float:
        """Return the share of the values of a column that the filters below let through, of those on it alone."""
        match plan:
            case Filter():
                own = [c for c in conjuncts(plan.condition) if columns_of(c) == {name}]
                kept = share_of(conjunction(own), plan.input, self) if own else 1.0
                return kept * self._kept(name, plan.input)
            case Project():
                expr = dict(plan.outputs).get(name)
                return self._kept(expr.name, plan.input) if isinstance(expr, Column) else 1.0
            case Join():
                return min((self._kept(name, s) for s in (plan.left, plan.right) if name in s.schema), default=1.0)
            case _:
                return 1.0

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
        statistics = self.statistics(expr.name, plan) if isinstance(expr, Column) else None
        return max(1.0, statistics.distinct) if statistics is not None else self.distinct(expr, plan)

    def statistics(self, name: str, plan: Relation) -> ColumnStatistics | None:
        """Return what is known of the column of a table that a column of the plan is, unchanged."""
        origin = self._origin(name, plan)
        return None if origin is None else self._of(*origin)

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


def _same_as(name: str, plan: Relation) -> list[str]:
    """Return the column and those that inner joins in the plan make equal to it."""
    pairs: list[tuple[str, str]] = []
    todo = [plan]
    while todo:
        node = todo.pop()
        if isinstance(node, Join) and node.kind == "inner":
            pairs += [(a.name, b.name) for a, b in node.equals if isinstance(a, Column) and isinstance(b, Column)]
        if isinstance(node, (Join, Filter)):
            todo += children(node)
    same = [name]
    for one in same:
        same += [other for pair in pairs if one in pair for other in pair if other not in same]
    return same


def _repeats(name: str, plan: Relation) -> bool:
    """Say whether a column of a table has its values as often as there: no grouping has made them one."""
    match plan:
        case Scan():
            return True
        case Project():
            expr = dict(plan.outputs).get(name)
            return isinstance(expr, Column) and _repeats(expr.name, plan.input)
        case Filter() | Join() | Sort() | Window() | Shared():
            return any(_repeats(name, c) for c in children(plan) if name in c.schema)
        case _:
            return False


def _seen(statistics: ColumnStatistics, rows: float) -> float:
    """Return how many of the distinct values of a column are expected in so many of its rows.

    Source: Cardenas, "Analysis and Performance of Inverted Data Base Structures", CACM 18 (1975).
    """
    if not statistics.rows or not statistics.distinct:
        return 1.0
    left_out = 1.0 - min(1.0, rows / statistics.rows)
    return max(1.0, float(statistics.distinct * (1.0 - left_out ** (statistics.rows / statistics.distinct))))
