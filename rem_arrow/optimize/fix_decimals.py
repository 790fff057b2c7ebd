"""Compute decimals as 64-bit integers where the data prove that nothing overflows.

Polars' decimals are 128 bits wide and slow. A column of DECIMAL(p, s) whose values, as integers, fit into 64 bits is
read as these integers; sums, products and comparisons are carried out on them, with the scale and the bounds kept here,
and they become decimals again where something else is done with them, at the latest at the root. Nobody sees a
difference.

Reads bounds for correctness: its result holds for as long as the tables' parts are the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, cast

import polars as pl

from rem_arrow.base.source import Catalog, TableSource
from rem_arrow.optimize.fixed_aggregates import fixed_call
from rem_arrow.optimize.fixed_numbers import (
    INT,
    INTEGER_MAX,
    Fixed,
    fix,
    fix_pair,
    is_decimal,
    plain,
    sort_form,
    spanning,
    unfixed,
)
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
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
)
from rem_arrow.plan.walk import all_names, children, columns_of, passed, rebuild, substitute

# Which columns of a plan are integers in it.
Columns: TypeAlias = "dict[str, Fixed]"


def fix_decimals(plan: Relation, catalog: Catalog) -> Relation:
    """Return the plan with its decimals as integers inside."""
    return _Fixing(catalog, Names(all_names(plan))).whole(plan) if _reads_decimals(plan) else plan


def _reads_decimals(plan: Relation) -> bool:
    if isinstance(plan, Scan):
        return any(isinstance(t, pl.Decimal) for _, _, t in plan.columns)
    return any(map(_reads_decimals, children(plan)))


class _Fixing:
    def __init__(self, catalog: Catalog, names: Names) -> None:
        self.catalog, self.names = catalog, names

    def whole(self, plan: Relation) -> Relation:
        """Return the plan with the columns and types that it has."""
        below, columns = self.rewrite(plan)
        fixed = {n: f for n, f in columns.items() if not f.whole}
        if not fixed:
            return below
        outputs = tuple(
            (n, unfixed(Column(n, INT), fixed[n].scale, t) if n in fixed else cast(Expr, Column(n, t)))
            for n, t in plan.schema.items()
        )
        return Project(below, outputs)

    def rewrite(self, plan: Relation) -> tuple[Relation, Columns]:
        """Return the plan, and which of its columns are integers in it."""
        match plan:
            case Scan():
                return self._scan(plan)
            case Filter():
                below, columns = self.rewrite(plan.input)
                return Filter(below, plain(plan.condition, columns)), columns
            case Project():
                return self._project(plan)
            case Join():
                return self._join(plan)
            case Aggregate():
                return self._aggregate(plan)
            case Sort():
                below, columns = self.rewrite(plan.input)
                return Sort(below, tuple(replace(k, expr=sort_form(k.expr, columns)) for k in plan.keys)), columns
            case Limit():
                below, columns = self.rewrite(plan.input)
                return replace(plan, input=below), columns
            case Union():
                return self._union(plan)
            case _:
                return rebuild(plan, self.whole), {}

    def _scan(self, plan: Scan) -> tuple[Relation, Columns]:
        source = self.catalog.source(plan.source)
        if source is None:
            return plan, {}
        bounds = {n: _bounds(source, column, dtype) for n, column, dtype in plan.columns}
        columns = {n: f for n, f in bounds.items() if f is not None}
        fixed = {n: f.scale for n, f in columns.items() if not f.whole}
        outputs = tuple((n, c, INT if n in fixed else t) for n, c, t in plan.columns)
        return replace(plan, columns=outputs, fixed=tuple(fixed.items())), columns

    def _project(self, plan: Project) -> tuple[Relation, Columns]:
        below, columns = self.rewrite(plan.input)
        outputs: list[tuple[str, Expr]] = []
        made: Columns = {}
        for name, expr in plan.outputs:
            # Constants too: beside a column of another branch of a union they stay what it is.
            number = fix(expr, columns) if is_decimal(expr) else None
            if number is not None:
                made[name] = number[1]
            elif isinstance(expr, Column) and expr.name in columns:
                made[name] = columns[expr.name]
            outputs.append((name, number[0] if number is not None else plain(expr, columns)))
        return Project(below, tuple(outputs)), made

    def _join(self, plan: Join) -> tuple[Relation, Columns]:
        left, of_left = self.rewrite(plan.left)
        right, of_right = self.rewrite(plan.right)
        equals = tuple(fix_pair(a, of_left, b, of_right) for a, b in plan.equals)
        both = {**of_left, **of_right}
        residual = None if plan.residual is None else plain(plan.residual, both)
        columns = of_left if plan.kind in ("semi", "anti") else both
        return replace(plan, left=left, right=right, equals=equals, residual=residual), columns

    def _union(self, plan: Union) -> tuple[Relation, Columns]:
        """A column stays an integer where it is one in every branch."""
        branches = [self.rewrite(i) for i in plan.inputs]
        columns: Columns = {}
        for place, name in enumerate(plan.schema):
            bounds = [fixed.get(list(branch.schema)[place]) for branch, fixed in branches]
            integers = [f for f in bounds if f is not None and not f.whole]
            if len(integers) == len(branches):
                columns[name] = spanning(integers)
        loose = [n not in columns for n in plan.schema]
        inputs = [_loosened(*branch, old, loose) for branch, old in zip(branches, plan.inputs, strict=True)]
        return Union(tuple(inputs)), columns

    def _aggregate(self, plan: Aggregate) -> tuple[Relation, Columns]:
        below, columns = self.rewrite(plan.input)
        made: Columns = {}
        keys = []
        for name, key in plan.keys:
            number = fix(key, columns) if is_decimal(key) and columns_of(key) & columns.keys() else None
            if number is not None:
                made[name] = number[1]
            elif isinstance(key, Column) and key.name in columns:
                made[name] = columns[key.name]
            keys.append((name, number[0] if number is not None else plain(key, columns)))
        calls: list[tuple[str, AggregateCall]] = []
        outputs: list[tuple[str, Expr]] = []
        for name, call in plan.aggregates:
            fixed = fixed_call(name, call, columns, self.names)
            # The same call twice is one.
            twins = {n: next((m for m, other in calls if other == c), None) for n, c in fixed.calls}
            calls += [(n, c) for n, c in fixed.calls if twins[n] is None]
            by_twin = {n: Column(m, INT) for n, m in twins.items() if m is not None}
            outputs.append((name, substitute(fixed.result, by_twin)))
            if fixed.fixed is not None:
                made[name] = fixed.fixed
        result = Aggregate(below, tuple(keys), tuple(calls))
        if all(isinstance(e, Column) and e.name == n for n, e in outputs):
            return result, made
        return Project(result, (*passed(result)[: len(keys)], *outputs)), made


def _bounds(source: TableSource, column: str, dtype: pl.DataType) -> Fixed | None:
    """Return the bounds of a column of decimals or integers, if it has some that fit."""
    if not isinstance(dtype, pl.Decimal) and not dtype.is_integer():
        return None
    statistics = source.statistics(column)
    if statistics is None or not isinstance(statistics.low, int) or not isinstance(statistics.high, int):
        return None
    scale = dtype.scale if isinstance(dtype, pl.Decimal) else 0
    fixed = Fixed(scale, statistics.low, statistics.high, whole=not isinstance(dtype, pl.Decimal))
    return fixed if fixed.size <= INTEGER_MAX else None


def _loosened(branch: Relation, columns: Columns, old: Relation, loose: list[bool]) -> Relation:
    """Return the branch of a union with its integers as the decimals of `old` where the union's column is `loose`."""
    freed = {
        n for n, is_loose in zip(old.schema, loose, strict=True) if is_loose and n in columns and not columns[n].whole
    }
    if not freed:
        return branch
    outputs = tuple(
        (n, unfixed(Column(n, INT), columns[n].scale, t) if n in freed else cast(Expr, Column(n, branch.schema[n])))
        for n, t in old.schema.items()
    )
    return Project(branch, outputs)
