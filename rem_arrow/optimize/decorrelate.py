"""Make joins of subqueries, correlated or not: no Apply is left.

A condition of a WHERE that is a subquery's mark, or its negation, becomes a semi or anti join; any other subquery
becomes an outer join that adds its value. What a correlated subquery computes for one row of the outer query, `Domain`
makes it compute for all of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import polars as pl

from rem_arrow.optimize.domain import Domain
from rem_arrow.optimize.pushed import Pushed, matched, not_null, with_default
from rem_arrow.optimize.tools import NO_TOOLS, Tools
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    BOOLEAN,
    FALSE,
    TRUE,
    Aggregate,
    AggregateCall,
    Apply,
    Call,
    Case,
    Column,
    Expr,
    Filter,
    Join,
    Limit,
    Literal,
    Or,
    Project,
    Relation,
    Shared,
    Sort,
    Unnest,
    Values,
)
from rem_arrow.plan.shared_numbers import fresh_numbers
from rem_arrow.plan.volatility import is_repeatable
from rem_arrow.plan.walk import (
    all_names,
    children,
    columns_of,
    conjunction,
    conjuncts,
    free_columns,
    map_aggregate,
    passed,
    rebuild,
    substitute,
)

_INT = pl.Int64()


def decorrelate(plan: Relation, tools: Tools = NO_TOOLS) -> Relation:
    """Return the plan without Apply."""
    return _Unnesting(plan).rewrite(plan) if _has_apply(plan) else plan


def _has_apply(plan: Relation) -> bool:
    return isinstance(plan, Apply) or any(map(_has_apply, children(plan)))


class _Unnesting:
    """One run of the rule."""

    def __init__(self, plan: Relation) -> None:
        self.names, self.numbers = Names(all_names(plan)), fresh_numbers(plan)
        self.shared: dict[int, Relation] = {}

    def rewrite(self, plan: Relation) -> Relation:
        if isinstance(plan, Filter):
            return self._filter(plan)
        if isinstance(plan, Apply):
            return self._joined(self._over(plan, self.rewrite(plan.input)))
        if isinstance(plan, Shared):
            if plan.number not in self.shared:
                self.shared[plan.number] = rebuild(plan, self.rewrite)
            return self.shared[plan.number]
        return rebuild(plan, self.rewrite)

    def _over(self, plan: Apply, outer: Relation) -> Apply:
        """Return a subquery over the outer rows, which are computed once where its domain would be others."""
        subquery = self.rewrite(plan.subquery)
        if free_columns(subquery) & outer.schema.keys() and not is_repeatable(outer):
            outer = self._once(outer)
        return replace(plan, input=outer, subquery=subquery)

    def _once(self, plan: Relation) -> Relation:
        return plan if isinstance(plan, Shared) else Shared(plan, next(self.numbers))

    def _filter(self, plan: Filter) -> Relation:
        """Turn the subqueries that are conditions of their own into semi and anti joins, the others into columns."""
        applies: list[Apply] = []
        below: Relation = plan.input
        while isinstance(below, Apply) and below.kind not in ("cross", "left"):
            applies.append(below)
            below = below.input
        conditions = list(conjuncts(plan.condition))
        result = self.rewrite(below)
        for apply in reversed(applies):
            bound = self._over(apply, result)
            mark = next((c for c in conditions if _is_mark(c, apply)), None)
            if mark is not None and not any(apply.name in columns_of(c) for c in conditions if c is not mark):
                joined = self._as_condition(bound, negated=not isinstance(mark, Column))
                if joined is not None:
                    conditions = [c for c in conditions if c is not mark]
                    result = joined
                    continue
            result = self._joined(bound)
        return Filter(result, conjunction(conditions)) if conditions else result

    def _as_condition(self, plan: Apply, *, negated: bool) -> Relation | None:
        """Return the outer rows that meet a subquery as a condition, or None where that is no semi or anti join."""
        if plan.kind == "in" and negated:
            return None
        subquery = plan.subquery
        if plan.kind == "exists":
            subquery = _without_shape(subquery)
        direct = self._uncorrelated_part(plan, subquery)
        kind: JoinKind = "anti" if negated else "semi"
        if direct is not None:
            inner, conditions = direct
            return self._with_conditions(kind, plan, inner, conditions)
        pushed = self._pushed(plan, subquery)
        if pushed is None:
            return None
        return self._equal(kind, plan.input, pushed, _operand_pair(plan, subquery))

    def _uncorrelated_part(self, plan: Apply, subquery: Relation) -> tuple[Relation, list[Expr]] | None:
        """Return the subquery below its correlated filters, and those; None when it is correlated deeper, or not by
        filters."""
        conditions: list[Expr] = []
        operand = [] if plan.operand is None else [Call("=", _operand_pair(plan, subquery)[0], BOOLEAN)]
        names: dict[str, Expr] = {}
        while True:
            if isinstance(subquery, Filter):
                conditions += [substitute(c, names) for c in conjuncts(subquery.condition)]
                subquery = subquery.input
            elif isinstance(subquery, Project) and not names and not conditions:
                names = dict(subquery.outputs)
                subquery = subquery.input
            else:
                break
        conditions += [substitute(c, names) for c in operand]
        if (
            free_columns(subquery)
            or not conditions
            or not any(columns_of(c) & plan.input.schema.keys() for c in conditions)
        ):
            return None
        return subquery, conditions

    def _with_conditions(self, kind: JoinKind, plan: Apply, inner: Relation, conditions: list[Expr]) -> Relation:
        own = [c for c in conditions if columns_of(c) <= inner.schema.keys()]
        rest = [c for c in conditions if c not in own]
        return Join(
            kind,
            plan.input,
            Filter(inner, conjunction(own)) if own else inner,
            residual=conjunction(rest) if rest else None,
        )

    def _pushed(self, plan: Apply, subquery: Relation, reader: Relation | None = None) -> Pushed | None:
        """Return the subquery for all outer values that it, or `reader` above it, reads; None when there are none."""
        columns = free_columns(reader or subquery) & plan.input.schema.keys()
        if not columns and plan.operand is None:
            return None
        return Domain(plan.input, columns, self.names, self.numbers).push(subquery, columns)

    def _equal(
        self, kind: JoinKind, outer: Relation, pushed: Pushed, extra: tuple[tuple[Expr, Expr], ...] = ()
    ) -> Join:
        """Join the outer rows with what was computed for them."""
        return matched(kind, outer, {f: Column(f, outer.schema[f]) for f in pushed.names}, pushed, extra)

    # --- subqueries as values

    def _joined(self, plan: Apply) -> Relation:
        match plan.kind:
            case "scalar":
                return self._scalar(plan)
            case "exists":
                return self._exists(plan)
            case "in":
                return self._in(plan)
            case "cross" | "left":
                return self._lateral(plan)

    def _scalar(self, plan: Apply) -> Relation:
        top, value = self._above_aggregate(plan)
        if top is not None:
            return self._of_aggregate(plan, top, value)
        (column, dtype), *_ = plan.subquery.schema.items()
        pushed = self._pushed(plan, plan.subquery)
        inner = pushed.plan if pushed is not None else plan.subquery
        keys = (
            tuple((self.names.fresh(c.name), cast(Expr, c)) for c in pushed.names.values())
            if pushed is not None
            else ()
        )
        single = Aggregate(inner, keys, ((plan.name, AggregateCall("single", Column(column, dtype), dtype)),))
        if pushed is None:
            return Join("inner", plan.input, single)
        named = {f: Column(n, e.dtype) for f, (n, e) in zip(pushed.names, keys, strict=True)}
        return self._kept(plan, self._equal("left", plan.input, Pushed(single, named, pushed.strict)))

    def _above_aggregate(self, plan: Apply) -> tuple[Aggregate | None, Expr]:
        """Return the aggregate without keys that the subquery's one value is computed from, and how."""
        below, (name, dtype) = plan.subquery, next(iter(plan.subquery.schema.items()))
        value: Expr = Column(name, dtype)
        while isinstance(below, Project):
            value = substitute(value, dict(below.outputs))
            below = below.input
        return (below, value) if isinstance(below, Aggregate) and not below.keys else (None, value)

    def _of_aggregate(self, plan: Apply, aggregate: Aggregate, value: Expr) -> Relation:
        pushed = self._pushed(plan, aggregate.input, aggregate)
        if pushed is None:
            joined: Relation = Join("inner", plan.input, aggregate)
        else:
            keys = tuple((self.names.fresh(c.name), cast(Expr, c)) for c in pushed.names.values())
            calls = tuple((n, map_aggregate(c, lambda e: substitute(e, pushed.names))) for n, c in aggregate.aggregates)
            named = {f: Column(n, e.dtype) for f, (n, e) in zip(pushed.names, keys, strict=True)}
            joined = self._equal("left", plan.input, Pushed(Aggregate(pushed.plan, keys, calls), named, pushed.strict))
            value = substitute(value, with_default(aggregate.aggregates))
        outer = passed(plan.input)
        return Project(joined, (*outer, (plan.name, value)))

    def _kept(self, plan: Apply, joined: Relation, extra: tuple[tuple[str, Expr], ...] = ()) -> Relation:
        """Drop what the join has beside the columns of the Apply."""
        columns = [(n, t) for n, t in plan.schema.items() if n not in {e for e, _ in extra}]
        return Project(joined, (*((n, cast(Expr, Column(n, t))) for n, t in columns), *extra))

    def _exists(self, plan: Apply) -> Relation:
        subquery = _without_shape(plan.subquery)
        pushed = self._pushed(plan, subquery)
        if pushed is None:
            count = self.names.fresh("rows")
            some = Aggregate(Limit(subquery, Literal(1, _INT)), (), ((count, AggregateCall("count", None, _INT)),))
            exists = Call(">", (Column(count, _INT), Literal(0, _INT)), BOOLEAN)
            return self._kept(plan, Join("inner", plan.input, some), ((plan.name, exists),))
        flag = self.names.fresh("found")
        distinct = self._distinct(pushed, ())
        marked = Project(distinct.plan, (*passed(distinct.plan), (flag, TRUE)))
        joined = self._equal("left", plan.input, Pushed(marked, distinct.names, distinct.strict))
        is_found = not_null(Column(flag, BOOLEAN))
        return self._kept(plan, joined, ((plan.name, is_found),))

    def _distinct(self, pushed: Pushed, more: tuple[Column, ...]) -> Pushed:
        keys = [(self.names.fresh(c.name), cast(Expr, c)) for c in (*pushed.names.values(), *more)]
        named = {f: Column(n, e.dtype) for f, (n, e) in zip(pushed.names, keys, strict=False)}
        return Pushed(Aggregate(pushed.plan, tuple(keys), ()), named, pushed.strict)

    def _in(self, plan: Apply) -> Relation:
        """TRUE where a row is equal; else NULL where a NULL may be; else FALSE."""
        assert plan.operand is not None, "IN has an operand"
        (column, dtype), *_ = plan.subquery.schema.items()
        pushed = self._pushed(plan, plan.subquery)
        assert pushed is not None, "with an operand there is always a domain"
        if not is_repeatable(pushed.plan):
            pushed = replace(pushed, plan=self._once(pushed.plan))
        value = Column(column, dtype)
        flag, rows, values = (self.names.fresh(n) for n in ("found", "rows", "known"))
        distinct = self._distinct(pushed, (value,))
        last = list(distinct.plan.schema)[-1]
        marked = Project(distinct.plan, (*passed(distinct.plan), (flag, TRUE)))
        joined: Relation = self._equal(
            "left", plan.input, Pushed(marked, distinct.names, distinct.strict), ((plan.operand, Column(last, dtype)),)
        )
        keys = tuple((self.names.fresh(c.name), cast(Expr, c)) for c in pushed.names.values())
        counts = Aggregate(
            pushed.plan,
            keys,
            ((rows, AggregateCall("count", None, _INT)), (values, AggregateCall("count", value, _INT))),
        )
        named = {f: Column(n, e.dtype) for f, (n, e) in zip(pushed.names, keys, strict=True)}
        joined = (
            self._equal("left", joined, Pushed(counts, named, pushed.strict)) if keys else Join("inner", joined, counts)
        )
        none = Call("=", (Call("coalesce", (Column(rows, _INT), Literal(0, _INT)), _INT), Literal(0, _INT)), BOOLEAN)
        unknown = Or(
            (Call("is_null", (plan.operand,), BOOLEAN), Call("<", (Column(values, _INT), Column(rows, _INT)), BOOLEAN))
        )
        is_found = not_null(Column(flag, BOOLEAN))
        mark = Case(
            ((is_found, TRUE), (none, FALSE), (unknown, Literal(None, BOOLEAN))),
            FALSE,
            BOOLEAN,
        )
        return self._kept(plan, joined, ((plan.name, mark),))

    # --- LATERAL

    def _lateral(self, plan: Apply) -> Relation:
        unnested = self._unnest(plan)
        if unnested is not None:
            return unnested
        kind: JoinKind = "inner" if plan.kind == "cross" else "left"
        pushed = self._pushed(plan, plan.subquery)
        if pushed is None:
            return Join(kind, plan.input, plan.subquery, residual=plan.condition)
        joined = self._equal(kind, plan.input, pushed)
        return self._kept(plan, replace(joined, residual=plan.condition))

    def _unnest(self, plan: Apply) -> Relation | None:
        """Lists of the outer row need no join: they are unnested beside it."""
        projections: list[Project] = []
        below = plan.subquery
        while isinstance(below, Project):
            projections.append(below)
            below = below.input
        single = (
            isinstance(below, Unnest)
            and isinstance(below.input, Values)
            and not below.input.columns
            and len(below.input.rows) == 1
        )
        if not single or (plan.condition is not None and plan.condition != TRUE):
            return None
        result: Relation = replace(cast(Unnest, below), input=plan.input, keep_empty=plan.kind == "left")
        for project in reversed(projections):
            outer = passed(plan.input)
            result = Project(result, (*outer, *project.outputs))
        return self._kept(plan, result)


def _is_mark(condition: Expr, apply: Apply) -> bool:
    bare = condition.args[0] if isinstance(condition, Call) and condition.function == "not" else condition
    return apply.kind in ("exists", "in") and isinstance(bare, Column) and bare.name == apply.name


def _operand_pair(plan: Apply, subquery: Relation) -> tuple[tuple[Expr, Expr], ...]:
    if plan.operand is None:
        return ()
    (column, dtype), *_ = subquery.schema.items()
    return ((plan.operand, Column(column, dtype)),)


def _without_shape(plan: Relation) -> Relation:
    """Return a plan that has a row exactly when `plan` has one."""
    while isinstance(plan, (Project, Sort)) or (isinstance(plan, Aggregate) and plan.keys):
        plan = plan.input
    return plan
