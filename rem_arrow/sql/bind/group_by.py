"""GROUP BY: keys, grouping sets, and the rewriting of what stands above an aggregation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import Aggregate, Apply, Call, Column, Expr, Literal, Project, Relation, Shared, Union
from rem_arrow.plan.parts import again, has_parts, parts_of, total
from rem_arrow.plan.walk import columns_of, free_columns, rebuild_expr, substitute_all
from rem_arrow.sql.bind.binder import Collected, ExprBinder
from rem_arrow.sql.bind.select_list import Item, ordinal
from rem_arrow.sql.text.position import position

Swap: TypeAlias = Callable[[Expr, exp.Expression], Expr]

_INT = pl.Int64()
SETS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Grouping:
    """The keys, each once, and the sets of them to group by; `sets` is None for one plain GROUP BY."""

    keys: list[Expr]
    sets: list[tuple[Expr, ...]] | None


def grouping(binder: ExprBinder, group: exp.Expression | None, items: list[Item], above: Collected) -> Grouping:
    """Bind GROUP BY."""
    aggregates = above.aggregates or {}
    if group is None:
        return Grouping([], None)
    if group.args.get("all"):
        made = {*aggregates, *(above.windows or ())}
        return Grouping(list(dict.fromkeys(item.expr for item in items if not columns_of(item.expr) & made)), None)

    def key(tree: exp.Expression) -> Expr:
        item = ordinal(tree, items, "GROUP BY", binder) or _item_of(tree, items, binder)
        found = binder.bind(tree) if item is None else item.expr
        if columns_of(found) & aggregates.keys():
            raise binder.error(
                "GROUP BY cannot hold an aggregate",
                tree,
                "Group by what the aggregate is taken of, or by another column.",
            )
        if columns_of(found) & (above.windows or {}).keys():
            raise binder.error("GROUP BY cannot hold a window function", tree, "Compute it in a subquery first.")
        # A subquery of the SELECT list that is a key is computed below the aggregation.
        moved = [a for a in above.applies if a.name in columns_of(found)]
        above.applies = [a for a in above.applies if a not in moved]
        binder.collected.applies.extend(moved)
        return found

    trees = [
        *group.expressions,
        *(t for name in ("cube", "rollup", "grouping_sets") for t in group.args.get(name) or ()),
    ]
    if not any(isinstance(t, (exp.Cube, exp.Rollup, exp.GroupingSets)) for t in trees) and not above.groupings:
        return Grouping(list(dict.fromkeys(key(t) for tree in trees for t in _members(tree))), None)
    elements = [_sets(t) for t in trees]
    combined = [tuple(t for part in parts for t in part) for parts in product(*elements)]
    if len(combined) > SETS_MAX:
        raise binder.error(f"GROUP BY makes {len(combined):,} grouping sets; at most {SETS_MAX:,} are computed", group)
    bound: dict[int, Expr] = {}
    sets = [tuple(dict.fromkeys(bound.setdefault(id(t), key(t)) for t in trees)) for trees in combined]
    return Grouping(list(dict.fromkeys(e for s in sets for e in s)), sets)


def _item_of(tree: exp.Expression, items: list[Item], binder: ExprBinder) -> Item | None:
    """Return the item of the SELECT list that a name means where FROM has no such column."""
    if (
        not isinstance(tree, exp.Column)
        or tree.table
        or tree.name.casefold() not in binder.aliases
        or binder.scope.knows(tree.name)
    ):
        return None
    return next((item for item in items if item.name.casefold() == tree.name.casefold()), None)


def _sets(tree: exp.Expression) -> list[tuple[exp.Expression, ...]]:
    """Return the grouping sets of one element of GROUP BY."""
    if isinstance(tree, exp.GroupingSets):
        return [s for inner in tree.expressions for s in _sets(inner)]
    if isinstance(tree, exp.Rollup):
        parts = [_members(e) for e in tree.expressions]
        return [tuple(t for part in parts[:n] for t in part) for n in range(len(parts), -1, -1)]
    if isinstance(tree, exp.Cube):
        parts = [_members(e) for e in tree.expressions]
        return [
            tuple(t for part in chosen for t in part)
            for n in range(len(parts), -1, -1)
            for chosen in combinations(parts, n)
        ]
    return [_members(tree)]


def _members(tree: exp.Expression) -> tuple[exp.Expression, ...]:
    if isinstance(tree, exp.Tuple):
        return tuple(tree.expressions)
    return (tree.this,) if isinstance(tree, exp.Paren) else (tree,)


def aggregated(plan: Relation, grouping: Grouping, above: Collected, names: Names, text: str) -> tuple[Relation, Swap]:
    """Return the aggregation, and the function that rewrites expressions over its input to ones over its output."""
    named = [(names.fresh(k.name if isinstance(k, Column) else "key"), k) for k in grouping.keys]
    by_expr: dict[Expr, Expr] = {k: Column(n, k.dtype) for n, k in named}
    aggregates = tuple((above.aggregates or {}).items())
    before = plan.schema.keys()
    if grouping.sets is None:
        result: Relation = Aggregate(plan, tuple(named), aggregates)
    else:
        result = _union(plan, grouping.sets, named, above, names)

    def swap(expr: Expr) -> Expr:
        return by_expr.get(expr) or rebuild_expr(expr, swap)

    def rewrite(expr: Expr, tree: exp.Expression) -> Expr:
        swapped = swap(expr)
        loose = (columns_of(swapped) & before) - result.schema.keys()
        if loose:
            column = next(iter(sorted(loose))).rsplit(".", 1)[-1]
            hint = f"Add it to GROUP BY, or write ANY_VALUE({column})."
            raise BindError(
                f'the column "{column}" must appear in GROUP BY or in an aggregate function',
                text,
                *position(tree),
                hint=hint,
            )
        return swapped

    return result, rewrite


def swapped(applies: list[Apply], swap: Swap, tree: exp.Expression) -> list[Apply]:
    """Let subqueries above an aggregation read its output."""

    def change(expr: Expr) -> Expr:
        # A subquery may hold the same literal as a key; only columns tie it to the outer query.
        return swap(expr, tree) if columns_of(expr) else expr

    def one(apply: Apply) -> Apply:
        operand = None if apply.operand is None else swap(apply.operand, tree)
        return replace(
            apply,
            subquery=substitute_all(apply.subquery, change) if free_columns(apply.subquery) else apply.subquery,
            operand=operand,
        )

    return [one(a) for a in applies]


def _union(
    plan: Relation, sets: list[tuple[Expr, ...]], named: list[tuple[str, Expr]], above: Collected, names: Names
) -> Relation:
    """One aggregation for each grouping set; keys that are not in it are NULL."""
    finest = next((s for s in sets if len(s) == len(named)), None)
    if finest is not None and len(sets) > 1 and above.aggregates and all(map(has_parts, above.aggregates.values())):
        return _rolled_up(plan, sets, named, above, names)
    branches = []
    for chosen in sets:
        own = {k: names.fresh(n) for n, k in named if k in chosen}
        calls = tuple((names.fresh(n), c) for n, c in (above.aggregates or {}).items())
        grouped = Aggregate(plan, tuple((n, k) for k, n in own.items()), calls)
        keys = tuple((n, Column(own[k], k.dtype) if k in own else Literal(None, k.dtype)) for n, k in named)
        values = tuple((n, Column(c, call.dtype)) for n, (c, call) in zip(above.aggregates or {}, calls, strict=True))
        levels = tuple((n, Literal(_level(exprs, chosen), _INT)) for n, exprs in (above.groupings or {}).items())
        branches.append(Project(grouped, (*keys, *values, *levels)))
    return branches[0] if len(branches) == 1 else Union(tuple(branches))


def _rolled_up(
    plan: Relation, sets: list[tuple[Expr, ...]], named: list[tuple[str, Expr]], above: Collected, names: Names
) -> Relation:
    """Aggregate by all keys once, and every set of them from that."""
    fine = [(names.fresh(n), k) for n, k in named]
    parts = parts_of(above.aggregates or {}, names)
    shared = Shared(Aggregate(plan, tuple(fine), tuple(parts.values())), -1 - names.count())
    own = {k: Column(n, k.dtype) for n, k in fine}
    branches = []
    for chosen in sets:
        keys = tuple((names.fresh(n), own[k]) for n, k in named if k in chosen)
        calls = again(parts, names)
        grouped = Aggregate(shared, keys, tuple(calls.values()))
        by_key = dict(zip([k for _, k in named if k in chosen], [n for n, _ in keys], strict=True))
        shown = tuple((n, Column(by_key[k], k.dtype) if k in by_key else Literal(None, k.dtype)) for n, k in named)
        values = tuple((n, total(n, c, calls)) for n, c in (above.aggregates or {}).items())
        levels = tuple((n, Literal(_level(exprs, chosen), _INT)) for n, exprs in (above.groupings or {}).items())
        branches.append(Project(grouped, (*shown, *values, *levels)))
    return Union(tuple(branches))


def _level(exprs: tuple[Expr, ...], chosen: tuple[Expr, ...]) -> int:
    """GROUPING(a, b): a bit for each, 1 where it is not grouped by, the last the lowest."""
    level = 0
    for expr in exprs:
        level = level * 2 + (expr not in chosen)
    return level


def equals_one(column: str) -> Expr:
    """Return the condition that a number is 1."""
    return Call("=", (Column(column, _INT), Literal(1, _INT)), pl.Boolean())
