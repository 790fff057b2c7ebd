"""What a correlated subquery computes for each row of the outer query, computed for all rows at once.

The domain are the distinct values of the outer columns that the subquery reads. `push` moves it down the subquery:
every node gets them as further columns, so that its rows say which outer values they belong to. Where a filter says
that an outer column equals one of the subquery's own, that one takes its place and the domain is not needed at all.

Source: Neumann and Kemper, "Unnesting Arbitrary Queries", BTW 2015.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import assert_never, cast

import polars as pl

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.optimize.pushed import Pushed, called, equal, joined, matched, searched, with_default
from rem_arrow.plan.asof import expanded
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    BOOLEAN,
    Aggregate,
    Apply,
    Call,
    Cast,
    Column,
    Expr,
    Filter,
    Index,
    Join,
    Limit,
    Literal,
    Project,
    Recursive,
    Relation,
    Scan,
    Search,
    Shared,
    Sort,
    SortKey,
    Union,
    Unnest,
    Values,
    Window,
    WindowCall,
    Working,
)
from rem_arrow.plan.volatility import is_volatile_function, is_volatile_node
from rem_arrow.plan.walk import (
    children,
    columns_of,
    conjunction,
    conjuncts,
    exprs_of,
    free_columns,
    map_exprs,
    map_window,
    passed,
    substitute,
)

_INT = pl.Int64()


class Domain:
    """The distinct values of some columns of the outer relation."""

    def __init__(self, outer: Relation, columns: Collection[str], names: Names, numbers: Iterator[int]) -> None:
        self._outer, self._names, self._numbers = outer, names, numbers
        self._columns = {n: outer.schema[n] for n in outer.schema if n in columns}
        # The recursions that this is inside of, and the columns in which their rows carry the domain.
        self._recursions: dict[str, dict[str, Column]] = {}
        # What is computed once, for all of the domain.
        self._shared: dict[int, Pushed] = {}

    def push(self, plan: Relation, columns: Collection[str]) -> Pushed:
        """Return `plan` for all of the domain, with at least those outer columns and the ones that it reads."""
        columns = (set(columns) | self._read(plan)) & self._columns.keys()
        if not columns:
            return Pushed(plan, {})
        if not self._read(plan) & columns:
            # What is volatile is another value for each outer one.
            of_each = isinstance(plan, Window) and is_volatile_node(plan)
            return self._window(cast(Window, plan), columns) if of_each else self._crossed(plan, columns)
        match plan:
            case Filter():
                return self._filter(plan, columns)
            case Project():
                inner = self.push(plan.input, columns)
                outputs = tuple((n, self._bound(e, inner)) for n, e in plan.outputs)
                return replace(inner, plan=Project(inner.plan, (*outputs, *inner.passed())))
            case Aggregate():
                return self._aggregate(plan, columns)
            case Join(kind="asof"):
                return self.push(Project(expanded(plan, self._names.fresh), passed(plan)), columns)
            case Join(kind="positional"):
                raise UnsupportedError("a POSITIONAL JOIN in a subquery cannot read columns of the query around it")
            case Join():
                return self._join(plan, columns)
            case Sort() | Unnest():
                inner = self.push(plan.input, columns)
                bound = map_exprs(plan, lambda e: self._bound(e, inner))
                return replace(inner, plan=replace(cast(Sort, bound), input=inner.plan))
            case Limit():
                return self._limit(plan, columns)
            case Union():
                return self._union(plan, columns)
            case Window():
                return self._window(plan, columns)
            case Values():
                return self._values(plan, columns)
            case Shared():
                return self._once(plan)
            case Recursive():
                return self._recursive(plan)
            case Working():
                return self._last_rows(plan)
            case Search():
                return self._search(plan, columns)
            case Index():
                asked = plan.inputs[: len(plan.inputs) - len(plan.named)]
                return called(plan, [self.push(i, self._columns) for i in asked], self._names)
            case Scan() | Apply():
                raise AssertionError("a scan reads no outer column, and what is inside has no subqueries left")
            case _:
                assert_never(plan)

    def _read(self, plan: Relation) -> set[str]:
        """Return the outer columns that a plan reads; the rows of a recursion that reads some belong to all of them."""
        if self._recursions and _has_working(plan, self._recursions.keys()):
            return set(self._columns)
        return free_columns(plan) & self._columns.keys()

    def _once(self, plan: Shared) -> Pushed:
        """A Shared for all of the domain; each use but the first has the outer columns under names of its own."""
        shared = self._shared.get(plan.number)
        if shared is None:
            inner = self.push(plan.input, self._columns.keys())
            shared = self._shared[plan.number] = replace(inner, plan=Shared(inner.plan, next(self._numbers)))
            return shared
        named = {f: Column(self._names.fresh(f), c.dtype) for f, c in shared.names.items()}
        outputs = tuple((named[f].name, cast(Expr, c)) for f, c in shared.names.items())
        return replace(shared, plan=Project(shared.plan, (*passed(plan), *outputs)), names=named)

    def _recursive(self, plan: Recursive) -> Pushed:
        """Every round goes on for each outer value apart: the rows carry it."""
        base = self.push(plan.base, self._columns.keys())
        carried = {f: Column(self._names.fresh(f), c.dtype) for f, c in base.names.items()}
        self._recursions[plan.name] = carried
        step = self.push(plan.step, self._columns.keys())
        del self._recursions[plan.name]
        columns = passed(plan.base)
        first = Project(
            base.matchable(), (*columns, *((carried[f].name, cast(Expr, c)) for f, c in base.names.items()))
        )
        again = passed(plan.step)
        then = Project(
            step.matchable(), (*again, *((self._names.fresh(f), cast(Expr, step.names[f])) for f in carried))
        )
        keys = (*plan.keys, *(c.name for c in carried.values())) if plan.keys else ()
        return Pushed(replace(plan, base=first, step=then, keys=keys), carried)

    def _last_rows(self, plan: Working) -> Pushed:
        carried = self._recursions[plan.name]
        named = {f: Column(self._names.fresh(f), c.dtype) for f, c in carried.items()}
        return Pushed(
            replace(plan, columns=(*plan.columns, *((named[f].name, c.name, c.dtype) for f, c in carried.items()))),
            named,
        )

    def _bound(self, expr: Expr, inner: Pushed) -> Expr:
        return substitute(expr, inner.names)

    def _instance(self, columns: Collection[str]) -> Pushed:
        """Return the domain itself as a relation with fresh names."""
        keys = {n: self._names.fresh(n) for n in self._columns if n in columns}
        named = {n: Column(k, self._columns[n]) for n, k in keys.items()}
        source = Project(self._outer, tuple((n, Column(n, self._columns[n])) for n in keys))
        return Pushed(Aggregate(source, tuple((k, Column(n, self._columns[n])) for n, k in keys.items()), ()), named)

    def _crossed(self, plan: Relation, columns: Collection[str]) -> Pushed:
        domain = self._instance(columns)
        return replace(domain, plan=Join("inner", domain.plan, plan))

    def _filter(self, plan: Filter, columns: set[str]) -> Pushed:
        """Where equalities bind all outer columns to the input's own, these are the domain."""
        if not self._read(plan.input):
            bound: dict[str, Expr] = {}
            rest = []
            for condition in conjuncts(plan.condition):
                pair = self._binding(condition, plan.input)
                if pair is not None and pair[0] not in bound:
                    bound[pair[0]] = pair[1]
                else:
                    rest.append(condition)
            if bound.keys() >= columns:
                return self._substituted(
                    plan.input,
                    {f: bound[f] for f in self._columns if f in columns},
                    [*rest, *(equal(Column(f, e.dtype), e) for f, e in bound.items() if f not in columns)],
                )
        inner = self.push(plan.input, columns)
        return replace(inner, plan=Filter(inner.plan, self._bound(plan.condition, inner)))

    def _binding(self, condition: Expr, inner: Relation) -> tuple[str, Expr] | None:
        if not (isinstance(condition, Call) and condition.function == "="):
            return None
        for outer, own in (condition.args, condition.args[::-1]):
            if (
                isinstance(outer, Column)
                and outer.name in self._columns
                and outer.dtype == own.dtype
                and (used := columns_of(own))
                and used <= inner.schema.keys()
            ):
                return outer.name, own
        return None

    def _substituted(self, plan: Relation, bound: Mapping[str, Expr], conditions: list[Expr]) -> Pushed:
        if conditions:
            plan = Filter(plan, conjunction([substitute(c, bound) for c in conditions]))
        # Each gets a column of its own: two outer columns may equal one of the subquery's.
        names = {f: Column(self._names.fresh(f), e.dtype) for f, e in bound.items()}
        outputs = passed(plan)
        plan = Project(plan, (*outputs, *((names[f].name, e) for f, e in bound.items())))
        return Pushed(plan, names, frozenset(bound))

    def _aggregate(self, plan: Aggregate, columns: set[str]) -> Pushed:
        inner = self.push(plan.input, columns)
        bound = cast(Aggregate, map_exprs(plan, lambda e: self._bound(e, inner)))
        named = {f: Column(self._names.fresh(f), c.dtype) for f, c in inner.names.items()}
        keys = tuple((named[f].name, cast(Expr, c)) for f, c in inner.names.items())
        grouped = Pushed(Aggregate(inner.plan, (*bound.keys, *keys), bound.aggregates), named, inner.strict)
        if plan.keys:
            return grouped
        # Without keys there is a row for every outer value, also where nothing is aggregated.
        domain = self._instance(columns)
        every = matched("left", domain.plan, domain.names, grouped)
        defaults = with_default(plan.aggregates)
        outputs = tuple((n, defaults.get(n, Column(n, c.dtype))) for n, c in plan.aggregates)
        return replace(domain, plan=Project(every, (*outputs, *domain.passed())))

    def _join(self, plan: Join, columns: set[str]) -> Pushed:
        """Each side that reads outer columns gets the domain; a side that outer joins keep gets all of it."""
        read = columns_of(*exprs_of(plan)) & self._columns.keys()
        on_left, on_right = self._read(plan.left), self._read(plan.right)
        if plan.kind == "right" or (plan.kind == "inner" and on_right and not on_left):
            left, right = self.push(plan.left, on_left), self.push(plan.right, columns | read | on_left)
        elif plan.kind == "full":
            left, right = (
                replace(p, plan=p.matchable(), strict=frozenset())
                for p in (self.push(side, columns | read) for side in (plan.left, plan.right))
            )
        else:
            left, right = (
                self.push(plan.left, columns | read | (on_right if plan.kind != "inner" else set())),
                self.push(plan.right, on_right),
            )
        return joined(plan, left, right, self._names)

    def _limit(self, plan: Limit, columns: set[str]) -> Pushed:
        """The first rows of each outer value: by a row number."""
        keys = plan.input.keys if isinstance(plan.input, Sort) else ()
        below = plan.input.input if isinstance(plan.input, Sort) else plan.input
        inner = self.push(below, columns)
        order = tuple(SortKey(self._bound(k.expr, inner), k.descending, k.nulls_last) for k in keys)
        number = self._names.fresh("row")
        call = WindowCall("row_number", (), _INT, tuple(inner.names.values()), order)
        numbered = Window(inner.plan, ((number, call),))
        place: Expr = Column(number, _INT)
        conditions: list[Expr] = []
        if plan.offset is not None:
            conditions.append(Call(">", (place, _wide(plan.offset)), BOOLEAN))
        if plan.count is not None:
            last = (
                _wide(plan.count) if plan.offset is None else Call("+", (_wide(plan.count), _wide(plan.offset)), _INT)
            )
            conditions.append(Call("<=", (place, last), BOOLEAN))
        outputs = passed(inner.plan)
        return replace(
            inner, plan=Project(Filter(numbered, conjunction(conditions)) if conditions else numbered, outputs)
        )

    def _union(self, plan: Union, columns: set[str]) -> Pushed:
        branches = [self.push(i, columns) for i in plan.inputs]
        outputs = []
        for branch, old in zip(branches, plan.inputs, strict=True):
            own = passed(old)
            outputs.append(
                Project(
                    branch.matchable(),
                    (*own, *((branch.names[f].name, cast(Expr, branch.names[f])) for f in sorted(columns))),
                )
            )
        first = branches[0]
        return Pushed(Union(tuple(outputs)), {f: first.names[f] for f in sorted(columns)})

    def _search(self, plan: Search, columns: set[str]) -> Pushed:
        if plan.keep_all:
            # The order of the scores, which stands above, says the same.
            inner = self.push(plan.input, columns)
            scores = tuple((h.score, Literal(None, pl.Float64())) for h in plan.hits)
            return replace(inner, plan=Project(inner.plan, (*passed(inner.plan), *scores)))
        inner = self.push(plan.input, self._read(plan.input))
        asked = columns | inner.names.keys()
        return searched(plan, inner, [self.push(h.query, asked) for h in plan.hits], self._names)

    def _window(self, plan: Window, columns: set[str]) -> Pushed:
        inner = self.push(plan.input, columns)
        keys = tuple(inner.names.values())
        calls = [(n, map_window(c, lambda e: self._bound(e, inner))) for n, c in plan.calls]
        calls = [
            (n, c if is_volatile_function(c.function) else replace(c, partition=(*c.partition, *keys)))
            for n, c in calls
        ]
        return replace(inner, plan=Window(inner.plan, tuple(calls)))

    def _values(self, plan: Values, columns: set[str]) -> Pushed:
        """VALUES that read outer columns: one projection of the domain a row."""
        one = Values((), ((),))
        rows = tuple(
            Project(one, tuple((n, e) for (n, _), e in zip(plan.columns, row, strict=True))) for row in plan.rows
        )
        return self.push(rows[0] if len(rows) == 1 else Union(rows), columns)


def _has_working(plan: Relation, names: Collection[str]) -> bool:
    return (isinstance(plan, Working) and plan.name in names) or any(_has_working(c, names) for c in children(plan))


def _wide(expr: Expr) -> Expr:
    return replace(expr, dtype=_INT) if isinstance(expr, Literal) else Cast(expr, _INT)
