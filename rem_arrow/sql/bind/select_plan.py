"""A SELECT whose clauses are bound, and its plan: the clauses stacked in the order in which SQL means them.

FROM, WHERE, GROUP BY with its aggregates, HAVING, windows, QUALIFY, DISTINCT ON, lists laid out as rows, SELECT,
DISTINCT, ORDER BY, LIMIT. The subqueries of a clause are computed right below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

import polars as pl
from sqlglot import exp

from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Apply,
    Call,
    Column,
    Expr,
    Filter,
    Hit,
    Literal,
    Project,
    Query,
    Relation,
    Search,
    Sort,
    SortKey,
    Window,
    WindowCall,
)
from rem_arrow.sql.bind.grouping_sets import Grouping, aggregated
from rem_arrow.sql.bind.limit import BoundLimit, limited
from rem_arrow.sql.bind.select_list import Item
from rem_arrow.sql.bind.set_operations import distinct
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.bind.unnest_items import laid_out

_INT = pl.Int64()


class Condition(NamedTuple):
    """A condition, and the subqueries in it."""

    expr: Expr
    applies: tuple[Apply, ...]


@dataclass(frozen=True, slots=True)
class BoundSelect:
    """The clauses of a SELECT; expressions above the aggregation, where there is one, read its output.

    Attributes:
        source: FROM with its sample.
        where: WHERE but for its searches.
        hits: the searches of WHERE, or of ORDER BY score LIMIT k: that one `keeps_all` rows if fewer have a vector.
        applies_below, applies: the subqueries below and above the aggregation.
        unnests: the lists that are laid out as rows, by their columns.
        distinct: a plain DISTINCT; `distinct_on` are the keys of the other one.
        order: each key beside the tree that it is bound from.
    """

    source: Relation
    items: tuple[Item, ...]
    where: Condition | None = None
    hits: tuple[Hit, ...] = ()
    keeps_all: bool = False
    applies_below: tuple[Apply, ...] = ()
    grouping: Grouping | None = None
    applies: tuple[Apply, ...] = ()
    having: Expr | None = None
    windows: tuple[tuple[str, WindowCall], ...] = ()
    qualify: Expr | None = None
    distinct_on: tuple[Expr, ...] = ()
    unnests: Mapping[str, Expr] = field(default_factory=dict)
    distinct: bool = False
    order: tuple[tuple[SortKey, exp.Expression], ...] = ()
    limit: BoundLimit | None = None

    @property
    def keys(self) -> tuple[SortKey, ...]:
        return tuple(key for key, _ in self.order)


def planned(select: BoundSelect, names: Names) -> Query:
    """Return the plan of a SELECT."""
    plan = select.source
    if select.where is not None:
        plan = Filter(applied(plan, select.where.applies), select.where.expr)
    if select.hits:
        plan = Search(plan, select.hits, keep_all=select.keeps_all)
    plan = applied(plan, select.applies_below)
    if select.grouping is not None:
        plan = aggregated(laid_out(plan, select.grouping.unnests), select.grouping, names)
    plan = applied(plan, select.applies)
    if select.having is not None:
        plan = Filter(plan, select.having)
    if select.windows:
        plan = Window(plan, select.windows)
    if select.qualify is not None:
        plan = Filter(plan, select.qualify)
    if select.distinct_on:
        plan = _first_of_each(plan, select, names)
    return _result(laid_out(plan, select.unnests), select, names)


def _first_of_each(plan: Relation, select: BoundSelect, names: Names) -> Relation:
    """DISTINCT ON: of the rows that agree in its keys, the first in the order of the query."""
    number = Column(names.fresh("row"), _INT)
    call = WindowCall("row_number", (), _INT, select.distinct_on, select.keys)
    return Filter(Window(plan, ((number.name, call),)), Call("=", (number, Literal(1, _INT)), pl.Boolean()))


def _result(plan: Relation, select: BoundSelect, names: Names) -> Query:
    """Return the columns of the result, distinct, in order, and cut by LIMIT; what only ORDER BY reads goes at the
    end."""
    outputs = [(names.fresh(item.name), item.expr) for item in select.items]
    by_expr = {expr: name for name, expr in outputs}
    hidden: list[tuple[str, Expr]] = []
    keys: list[SortKey] = []
    for key in select.keys:
        if key.expr not in by_expr:
            by_expr[key.expr] = names.fresh("order")
            hidden.append((by_expr[key.expr], key.expr))
        keys.append(replace(key, expr=Column(by_expr[key.expr], key.expr.dtype)))
    plan = Project(plan, (*outputs, *hidden))
    if select.distinct:
        assert not hidden, "ORDER BY of a DISTINCT names columns of the result"
        plan = distinct(plan, names)
        renamed = dict(zip([n for n, _ in outputs], plan.schema, strict=True))
        outputs = [(renamed[n], e) for n, e in outputs]
        keys = [replace(k, expr=Column(renamed[cast(Column, k.expr).name], k.expr.dtype)) for k in keys]
    plan = limited(Sort(plan, tuple(keys)) if keys else plan, select.limit, names)
    if hidden:
        plan = Project(plan, tuple((n, Column(n, e.dtype)) for n, e in outputs))
    return Query(plan, tuple(item.name for item in select.items))
