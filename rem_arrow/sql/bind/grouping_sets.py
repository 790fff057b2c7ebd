"""Aggregations: one plain GROUP BY, or a union of one for each grouping set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import Aggregate, AggregateCall, Column, Expr, Literal, Project, Relation, Shared, Union
from rem_arrow.plan.parts import again, has_parts, parts_of, total

_INT = pl.Int64()


@dataclass(frozen=True, slots=True)
class Grouping:
    """What an aggregation computes, each by the name of its column.

    Attributes:
        keys: each key of GROUP BY once.
        sets: the sets of keys to group by; None for one plain GROUP BY.
        levels: the arguments of each GROUPING(...).
        unnests: the lists that keys are computed from, laid out as rows before.
    """

    keys: tuple[tuple[str, Expr], ...]
    sets: tuple[tuple[Expr, ...], ...] | None
    aggregates: Mapping[str, AggregateCall]
    levels: Mapping[str, tuple[Expr, ...]]
    unnests: Mapping[str, Expr]


def aggregated(plan: Relation, grouping: Grouping, names: Names) -> Relation:
    """Return the aggregation of the rows of `plan`; keys that are not in a grouping set are NULL in its rows."""
    if grouping.sets is None:
        return Aggregate(plan, grouping.keys, tuple(grouping.aggregates.items()))
    finest = any(len(s) == len(grouping.keys) for s in grouping.sets)
    if finest and len(grouping.sets) > 1 and grouping.aggregates and all(map(has_parts, grouping.aggregates.values())):
        return _rolled_up(plan, grouping, grouping.sets, names)
    branches = [_branch(plan, grouping, keys, names) for keys in grouping.sets]
    return branches[0] if len(branches) == 1 else Union(tuple(branches))


def _branch(plan: Relation, grouping: Grouping, chosen: tuple[Expr, ...], names: Names) -> Relation:
    """Return the aggregation by one grouping set."""
    own = {k: names.fresh(n) for n, k in grouping.keys if k in chosen}
    calls = tuple((names.fresh(n), c) for n, c in grouping.aggregates.items())
    grouped = Aggregate(plan, tuple((n, k) for k, n in own.items()), calls)
    values = [(n, Column(c, call.dtype)) for n, (c, call) in zip(grouping.aggregates, calls, strict=True)]
    return _shown(grouped, grouping, own, values)


def _rolled_up(plan: Relation, grouping: Grouping, sets: tuple[tuple[Expr, ...], ...], names: Names) -> Relation:
    """Aggregate by all keys once, and every set of them from that."""
    fine = [(names.fresh(n), k) for n, k in grouping.keys]
    parts = parts_of(grouping.aggregates, names)
    shared = Shared(Aggregate(plan, tuple(fine), tuple(parts.values())), -1 - names.count())
    columns = {k: Column(n, k.dtype) for n, k in fine}
    branches = []
    for chosen in sets:
        own = {k: names.fresh(n) for n, k in grouping.keys if k in chosen}
        calls = again(parts, names)
        grouped = Aggregate(shared, tuple((n, columns[k]) for k, n in own.items()), tuple(calls.values()))
        values = [(n, total(n, c, calls)) for n, c in grouping.aggregates.items()]
        branches.append(_shown(grouped, grouping, own, values))
    return Union(tuple(branches))


def _shown(
    grouped: Relation, grouping: Grouping, own: Mapping[Expr, str], values: Iterable[tuple[str, Expr]]
) -> Relation:
    """Return one grouping set under the names that all of them share; `own` are the names of its keys."""
    keys = [(n, Column(own[k], k.dtype) if k in own else Literal(None, k.dtype)) for n, k in grouping.keys]
    levels = [(n, Literal(_level(exprs, own), _INT)) for n, exprs in grouping.levels.items()]
    return Project(grouped, (*keys, *values, *levels))


def _level(exprs: tuple[Expr, ...], own: Mapping[Expr, str]) -> int:
    """GROUPING(a, b): a bit for each, 1 where it is not grouped by, the last the lowest."""
    level = 0
    for expr in exprs:
        level = level * 2 + (expr not in own)
    return level
