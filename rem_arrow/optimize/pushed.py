"""A subquery computed for all values of its domain at once, and its join with the rows of the outer query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.kinds import JoinKind
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    BOOLEAN,
    AggregateCall,
    Call,
    Column,
    Expr,
    Filter,
    Index,
    Join,
    Literal,
    Project,
    Relation,
    Search,
)
from rem_arrow.plan.walk import conjunction, conjuncts, map_exprs, passed, substitute

_ZERO_OF_NOTHING = ("count", "count_if", "approx_count_distinct", "regr_count")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A plan that holds, beside its own columns, the outer ones under the names `names`; those of `strict` are never
    NULL in a match."""

    plan: Relation
    names: dict[str, Column]
    strict: frozenset[str] = frozenset()

    def passed(self) -> tuple[tuple[str, Expr], ...]:
        """Return the outputs of a projection that passes the outer values."""
        return tuple((c.name, c) for c in self.names.values())

    def matchable(self) -> Relation:
        """Return the plan without the rows whose outer values match nothing, being NULL."""
        if not self.strict:
            return self.plan
        return Filter(self.plan, conjunction([not_null(self.names[f]) for f in sorted(self.strict)]))


def matched(
    kind: JoinKind,
    outer: Relation,
    own: Mapping[str, Column],
    pushed: Pushed,
    extra: tuple[tuple[Expr, Expr], ...] = (),
) -> Join:
    """Join a relation that holds the outer columns, under the names `own`, with what was computed for their values.

    Args:
        extra: further equalities, in which no NULL matches.
    """
    pairs = (*((comparable(own[f]), comparable(c)) for f, c in pushed.names.items()), *extra)
    if pushed.strict >= pushed.names.keys():
        return Join(kind, outer, pushed.plan, pairs)
    strict = [not_null(e) for e in (*(pushed.names[f] for f in sorted(pushed.strict)), *(b for _, b in extra))]
    inner = Filter(pushed.plan, conjunction(strict)) if strict else pushed.plan
    return Join(kind, outer, inner, pairs, nulls_equal=True)


def joined(plan: Join, left: Pushed, right: Pushed, names: Names) -> Pushed:
    """Return the join `plan` of its sides, each for the outer values that it needs; rows of the same values meet."""
    shared = [f for f in left.names if f in right.names]
    own = {**left.names, **right.names} if plan.kind == "right" else {**right.names, **left.names}
    bound = cast(Join, map_exprs(plan, lambda e: substitute(e, own)))
    conditions = [_same(a, b) if plan.nulls_equal else equal(a, b) for a, b in bound.equals]
    conditions += conjuncts(bound.residual) if bound.residual is not None else ()
    strict = left.strict | right.strict
    join = Join(
        plan.kind,
        left.plan,
        right.plan,
        tuple((comparable(left.names[f]), comparable(right.names[f])) for f in shared),
        conjunction(conditions) if conditions else None,
        nulls_equal=not strict.issuperset(shared),
    )
    if plan.kind == "full":
        return _merged(join, left, right, names)
    # The side that an outer join keeps also has rows of outer values that are NULL.
    strict = {"inner": strict, "semi": strict, "right": right.strict}.get(plan.kind, left.strict)
    return Pushed(join, {f: c for f, c in own.items() if c.name in join.schema}, strict)


def _merged(join: Join, left: Pushed, right: Pushed, names: Names) -> Pushed:
    """Behind a full join an outer value stands on the one side or the other."""
    merged = {f: Column(names.fresh(f), c.dtype) for f, c in left.names.items()}
    values = tuple(
        (merged[f].name, cast(Expr, Call("coalesce", (c, right.names[f]), c.dtype))) for f, c in left.names.items()
    )
    return Pushed(Project(join, (*passed(join), *values)), merged)


def called(plan: Index, inputs: Sequence[Pushed], names: Names) -> Pushed:
    """Return a call of a function for each of the outer values, which its inputs hold."""
    assert not plan.keys, "no call is in two domains"
    keys = {f: Column(names.fresh(f), c.dtype) for f, c in inputs[0].names.items()}
    asked = tuple(
        Project(
            inner.matchable(),
            (
                *passed(relation),
                *((names.fresh(f), cast(Expr, inner.names[f])) for f in keys),
            ),
        )
        for relation, inner in zip(plan.inputs, inputs, strict=False)
    )
    columns = tuple((c.name, c.dtype) for c in keys.values())
    return Pushed(replace(plan, inputs=(*asked, *plan.inputs[len(asked) :]), keys=columns), keys)


def searched(plan: Search, inner: Pushed, queries: Sequence[Pushed], names: Names) -> Pushed:
    """Return a search for each of the outer values, which its queries hold: among all rows of the input, or among those
    with the values that the input holds."""
    assert not plan.keys, "no search is in two domains"
    keys = {f: inner.names.get(f) or Column(names.fresh(f), c.dtype) for f, c in queries[0].names.items()}
    hits = tuple(
        replace(
            hit,
            query=Project(
                query.matchable(),
                (*passed(hit.query), *((names.fresh(f), cast(Expr, query.names[f])) for f in keys)),
            ),
        )
        for hit, query in zip(plan.hits, queries, strict=True)
    )
    columns = tuple((c.name, c.dtype) for c in keys.values())
    return Pushed(Search(inner.matchable(), hits, keys=columns), keys, inner.strict)


def with_default(aggregates: tuple[tuple[str, AggregateCall], ...]) -> dict[str, Expr]:
    """Return, for the aggregates that are 0 of no rows, what to read instead behind an outer join."""
    counts = [(n, c.dtype) for n, c in aggregates if c.function in _ZERO_OF_NOTHING]
    return {n: Call("coalesce", (Column(n, t), Literal(0, t)), t) for n, t in counts}


def equal(a: Expr, b: Expr) -> Expr:
    return Call("=", (a, b), BOOLEAN)


def _same(a: Expr, b: Expr) -> Expr:
    return Call("not", (Call("is_distinct", (a, b), BOOLEAN),), BOOLEAN)


def not_null(expr: Expr) -> Expr:
    """Return the condition that a value is not NULL."""
    return Call("not", (Call("is_null", (expr,), BOOLEAN),), BOOLEAN)
