"""Compute each call of a volatile function once for each row, in a place that no other rule moves or copies.

A call becomes a window call right below the node that reads it, and a column there. What stands above in the same
SELECT reads that column too: the calls of one place in the text are one value in each row. A sequence gives a number
for the rows only for which its call is reached, in a CASE or COALESCE. A call in the ON of a join
is computed for each pair of rows that the keys let meet; what an outer join keeps follows from the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import polars as pl

from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    TRUE,
    Aggregate,
    Apply,
    Call,
    Case,
    Column,
    Expr,
    Filter,
    Join,
    Lambda,
    Limit,
    Literal,
    Project,
    Relation,
    Shared,
    Sort,
    Union,
    Unnest,
    Window,
    WindowCall,
)
from rem_arrow.plan.shared_numbers import fresh_numbers
from rem_arrow.plan.volatility import NUMBERING, is_volatile, is_volatile_function
from rem_arrow.plan.walk import (
    all_names,
    columns_of,
    conjunction,
    conjuncts,
    disjunction,
    every_expr,
    expr_children,
    exprs_of,
    map_exprs,
    passed,
    rebuild,
    rebuild_expr,
)

_INT = pl.Int64()


def place_volatile(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan with each call of a volatile function as a window call; those in lambdas and VALUES stay."""
    if not any(isinstance(e, Call) and is_volatile_function(e.function) for e in every_expr(plan)):
        return plan
    return _Placing(plan).exact(plan)


class _Placing:
    """One run of the rule. What is placed may have more columns than before: `known` says which calls they are."""

    def __init__(self, plan: Relation) -> None:
        self._names, self._numbers = Names(all_names(plan)), fresh_numbers(plan)
        self._shared: dict[int, Shared] = {}

    def exact(self, plan: Relation) -> Relation:
        """Return the plan placed, with its own columns only."""
        placed, _ = self._placed(plan)
        return placed if list(placed.schema) == list(plan.schema) else Project(placed, passed(plan))

    def _placed(self, plan: Relation) -> tuple[Relation, dict[Call, Column]]:
        match plan:
            case Filter():
                return self._filter(plan, *self._placed(plan.input))
            case Sort() | Window() | Unnest():
                below, known = self._drawn(*self._placed(plan.input), exprs_of(plan))
                return _reading(replace(plan, input=below), known), known
            case Project() | Aggregate():
                below, known = self._drawn(*self._placed(plan.input), exprs_of(plan))
                return _reading(replace(plan, input=below), known), {}
            case Limit():
                below, known = self._placed(plan.input)
                return replace(plan, input=below), known
            case Apply():
                return self._apply(plan)
            case Join():
                return self._join(plan), {}
            case Shared():
                if plan.number not in self._shared:
                    self._shared[plan.number] = replace(plan, input=self.exact(plan.input))
                return self._shared[plan.number], {}
            case _:
                return rebuild(plan, self.exact), {}

    def _drawn(
        self, plan: Relation, known: dict[Call, Column], exprs: Iterable[Expr]
    ) -> tuple[Relation, dict[Call, Column]]:
        """Return the plan with the calls of these expressions as columns, and all that it has then."""
        wanted: dict[Call, list[tuple[Expr, ...]]] = {}
        for call, conditions in (reached for e in exprs for reached in _reached(e, ())):
            if call not in known:
                wanted.setdefault(call, []).append(conditions if call.function in NUMBERING else ())
        while wanted:
            # What a condition reads is drawn before what it decides about; where two decide about each other, for all
            # rows.
            ready = {c: w for c, w in wanted.items() if not any(map(wanted.__contains__, _read_by(c, w)))}
            ready = ready or {c: [()] for c in wanted}
            columns = {c: Column(self._names.fresh(c.function), c.dtype) for c in ready}
            window = tuple(
                (columns[c].name, WindowCall(c.function, c.args, c.dtype, where=_where(w, known)))
                for c, w in ready.items()
            )
            plan, known = _below_subqueries(plan, window), {**known, **columns}
            wanted = {c: w for c, w in wanted.items() if c not in ready}
        return plan, known

    def _filter(self, plan: Filter, below: Relation, known: dict[Call, Column]) -> tuple[Relation, dict[Call, Column]]:
        """What is not volatile goes first: fewer rows need a value."""
        conditions = [_swapped(c, known) for c in conjuncts(plan.condition)]
        plain = [c for c in conditions if not is_volatile(c)]
        drawing = [c for c in conditions if is_volatile(c)]
        if not drawing:
            return replace(plan, input=below, condition=conjunction(plain)), known
        below = Filter(below, conjunction(plain)) if plain else below
        below, known = self._drawn(below, known, drawing)
        return Filter(below, conjunction([_swapped(c, known) for c in drawing])), known

    def _apply(self, plan: Apply) -> tuple[Relation, dict[Call, Column]]:
        below, known = self._placed(plan.input)
        subquery = self.exact(plan.subquery)
        below, known = self._drawn(below, known, [] if plan.operand is None else [plan.operand])
        if plan.condition is not None:
            subquery, of_pairs = self._drawn(subquery, {}, [_swapped(plan.condition, known)])
            return _reading(replace(plan, input=below, subquery=subquery), {**known, **of_pairs}), known
        return _reading(replace(plan, input=below, subquery=subquery), known), known

    # --- joins

    def _join(self, plan: Join) -> Relation:
        left, of_left = self._drawn(self.exact(plan.left), {}, [a for a, _ in plan.equals])
        right, of_right = self._drawn(self.exact(plan.right), {}, [b for _, b in plan.equals])
        equals = tuple((_swapped(a, of_left), _swapped(b, of_right)) for a, b in plan.equals)
        residual = plan.residual
        if plan.kind == "asof" and isinstance(residual, Call):
            a, b = residual.args
            left, of_left = self._drawn(left, of_left, [a])
            right, of_right = self._drawn(right, of_right, [b])
            residual = replace(residual, args=(_swapped(a, of_left), _swapped(b, of_right)))
        plan = replace(plan, left=left, right=right, equals=equals, residual=residual)
        if residual is None or not is_volatile(residual):
            return plan
        return self._pairs(plan) if plan.kind == "inner" else self._by_pairs(plan)

    def _pairs(self, plan: Join) -> Relation:
        """Return the pairs of rows that meet, the condition being computed once for each that the keys let meet."""
        assert plan.residual is not None, "the caller checked"
        conditions = conjuncts(plan.residual)
        plain = [c for c in conditions if not is_volatile(c)]
        met = replace(plan, kind="inner", residual=conjunction(plain) if plain else None)
        below, known = self._drawn(met, {}, conditions)
        return Filter(below, conjunction([_swapped(c, known) for c in conditions if is_volatile(c)]))

    def _by_pairs(self, plan: Join) -> Relation:
        """Return a join that keeps rows without a partner, or none with one: the pairs, and beside them the rows that
        are in none."""
        left, row = self._numbered(plan.left)
        right, other = self._numbered(plan.right) if plan.kind in ("right", "full") else (plan.right, None)
        pairs = Shared(self._pairs(replace(plan, left=left, right=right)), next(self._numbers))
        if plan.kind in ("semi", "anti"):
            return Project(self._partnered(plan.kind == "semi", left, row, pairs), passed(plan.left))
        frames: list[Relation] = [Project(pairs, passed(plan))]
        if plan.kind in ("left", "full"):
            alone = self._partnered(False, left, row, pairs)
            frames.append(Project(alone, (*passed(plan.left), *_nulls(plan.right))))
        if other is not None:
            alone = self._partnered(False, right, other, pairs)
            frames.append(Project(alone, (*_nulls(plan.left), *passed(plan.right))))
        return Union(tuple(frames))

    def _numbered(self, plan: Relation) -> tuple[Relation, Column]:
        row = Column(self._names.fresh("row"), _INT)
        return Shared(Window(plan, ((row.name, WindowCall("row_number", (), _INT)),)), next(self._numbers)), row

    def _partnered(self, partnered: bool, side: Relation, row: Column, pairs: Relation) -> Relation:
        met = Column(self._names.fresh("met"), _INT)
        return Join("semi" if partnered else "anti", side, Project(pairs, ((met.name, row),)), ((row, met),))


def _nulls(plan: Relation) -> Iterator[tuple[str, Expr]]:
    return ((n, cast(Expr, Literal(None, t))) for n, t in plan.schema.items())


def _reading(plan: Relation, known: dict[Call, Column]) -> Relation:
    return map_exprs(plan, lambda e: _swapped(e, known)) if known else plan


def _swapped(expr: Expr, known: dict[Call, Column]) -> Expr:
    """Return an expression that reads the columns of the calls that are known."""
    if isinstance(expr, Call) and is_volatile_function(expr.function):
        return known.get(expr, expr)
    return expr if isinstance(expr, Lambda) else rebuild_expr(expr, lambda e: _swapped(e, known))


def _reached(expr: Expr, conditions: tuple[Expr, ...]) -> Iterator[tuple[Call, tuple[Expr, ...]]]:
    """Yield the calls in an expression, each with the conditions on a row that it is computed for; a lambda's are of
    items, not of rows."""
    match expr:
        case Call() if is_volatile_function(expr.function):
            yield expr, conditions
        case Lambda():
            return
        case Case():
            for condition, value in expr.branches:
                yield from _reached(condition, conditions)
                yield from _reached(value, (*conditions, condition))
                conditions = (*conditions, Call("is_distinct", (condition, TRUE), TRUE.dtype))
            yield from _reached(expr.otherwise, conditions)
        case Call(function="coalesce"):
            for value in expr.args:
                yield from _reached(value, conditions)
                conditions = (*conditions, Call("is_null", (value,), TRUE.dtype))
        case _:
            for child in expr_children(expr):
                yield from _reached(child, conditions)


def _read_by(call: Call, reached: list[tuple[Expr, ...]]) -> Iterator[Call]:
    """Yield the calls that the conditions of another one read."""
    if all(reached):
        inner = (c for conditions in reached for e in conditions for c, _ in _reached(e, ()))
        yield from (c for c in inner if c != call)


def _where(reached: list[tuple[Expr, ...]], known: dict[Call, Column]) -> Expr | None:
    """Return the condition on a row for which a call is computed wherever it is reached; None for every row."""
    if not all(reached):
        return None
    return disjunction([conjunction([_swapped(e, known) for e in conditions]) for conditions in reached])


def _below_subqueries(plan: Relation, calls: tuple[tuple[str, WindowCall], ...]) -> Relation:
    """Return the plan with the calls below the subqueries right under it, where they read none of those: a condition on
    a subquery stays right above it."""
    read = columns_of(*(a for _, c in calls for a in (*c.args, *([] if c.where is None else [c.where]))))
    if isinstance(plan, Apply) and plan.kind in ("scalar", "exists", "in") and read <= plan.input.schema.keys():
        return replace(plan, input=_below_subqueries(plan.input, calls))
    return Window(plan, calls)
