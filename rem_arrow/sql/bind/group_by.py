"""GROUP BY: its keys and grouping sets, and what stands above an aggregation over the output of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import NamedTuple

from sqlglot import exp

from rem_arrow.plan.nodes import Apply, Column, Expr
from rem_arrow.plan.walk import columns_of, free_columns, map_window, rebuild_expr, substitute_all
from rem_arrow.sql.bind.binder import Collected, ExprBinder
from rem_arrow.sql.bind.select_list import Item, ordinal
from rem_arrow.sql.bind.select_plan import BoundSelect
from rem_arrow.sql.text.trees import members

SETS_MAX = 4_096


class Keys(NamedTuple):
    """The keys of a GROUP BY, each once, and the sets of them to group by; `sets` is None for one plain GROUP BY."""

    exprs: tuple[Expr, ...] = ()
    sets: tuple[tuple[Expr, ...], ...] | None = None


def keys(binder: ExprBinder, group: exp.Expression | None, items: Sequence[Item], above: Collected) -> Keys:
    """Bind GROUP BY; `binder` collects below the aggregation what it finds, `above` holds what the items hold."""
    if group is None:
        return Keys()
    if group.args.get("all"):
        computed = {*(above.aggregates or ()), *(above.windows or ())}
        read = ((item.expr, columns_of(item.expr)) for item in items)
        # What reads no column is no key.
        return Keys(tuple(dict.fromkeys(expr for expr, columns in read if columns and not columns & computed)))
    trees = [
        *group.expressions,
        *(t for name in ("cube", "rollup", "grouping_sets") for t in group.args.get(name) or ()),
    ]
    if not trees:
        raise binder.error("GROUP BY names no expression", group, "Write GROUP BY a, b, or GROUP BY ALL.")
    last = trees[-1]
    if isinstance(last, (exp.Cube, exp.Rollup)) and not last.expressions:
        # GROUP BY a, b WITH ROLLUP
        trees = [type(last)(expressions=trees[:-1])]
    if not any(isinstance(t, (exp.Cube, exp.Rollup, exp.GroupingSets)) for t in trees) and not above.groupings:
        return Keys(tuple(dict.fromkeys(_key(t, binder, items, above) for tree in trees for t in members(tree))))
    combined = [_flat(parts) for parts in product(*map(_sets, trees))]
    if len(combined) > SETS_MAX:
        raise binder.error(f"GROUP BY makes {len(combined):,} grouping sets; at most {SETS_MAX:,} are computed", group)
    by_tree: dict[int, Expr] = {}
    for tree in _flat(combined):
        if id(tree) not in by_tree:
            by_tree[id(tree)] = _key(tree, binder, items, above)
    sets = tuple(tuple(dict.fromkeys(by_tree[id(t)] for t in trees)) for trees in combined)
    return Keys(tuple(dict.fromkeys(e for s in sets for e in s)), sets)


def over_groups(select: BoundSelect, below: set[str], tree: exp.Select, binder: ExprBinder) -> BoundSelect:
    """Return the SELECT with what stands above its aggregation reading the output of that, not the columns `below`.

    Raises BindError for a column that is no key and stands in no aggregate. REQUIRES: it has an aggregation.
    """
    assert select.grouping is not None, "the caller made it"
    by_expr: dict[Expr, Expr] = {key: Column(name, key.dtype) for name, key in select.grouping.keys}

    def swapped(expr: Expr) -> Expr:
        return by_expr.get(expr) or rebuild_expr(expr, swapped)

    def over(expr: Expr, at: exp.Expression = tree) -> Expr:
        new = swapped(expr)
        loose = sorted(columns_of(new) & below)
        if loose:
            column = loose[0].rsplit(".", 1)[-1]
            raise binder.error(
                f'the column "{column}" must appear in GROUP BY or in an aggregate function',
                at,
                f"Add it to GROUP BY, or write ANY_VALUE({column}).",
            )
        return new

    def over_or_none(expr: Expr | None, clause: str) -> Expr | None:
        return None if expr is None else over(expr, tree.args[clause])

    return replace(
        select,
        items=tuple(item._replace(expr=over(item.expr, item.tree)) for item in select.items),
        order=tuple((replace(key, expr=over(key.expr, at)), at) for key, at in select.order),
        distinct_on=tuple(map(over, select.distinct_on)),
        having=over_or_none(select.having, "having"),
        qualify=over_or_none(select.qualify, "qualify"),
        windows=tuple((name, map_window(call, over)) for name, call in select.windows),
        unnests={name: over(expr) for name, expr in select.unnests.items()},
        applies=tuple(_apply_over(apply, over) for apply in select.applies),
    )


def _apply_over(apply: Apply, over: Callable[[Expr], Expr]) -> Apply:
    """Let a subquery above an aggregation read its output."""

    def change(expr: Expr) -> Expr:
        # A subquery may hold the same literal as a key; only columns tie it to the outer query.
        return over(expr) if columns_of(expr) else expr

    operand = None if apply.operand is None else over(apply.operand)
    correlated = free_columns(apply.subquery)
    return replace(
        apply, subquery=substitute_all(apply.subquery, change) if correlated else apply.subquery, operand=operand
    )


def _key(tree: exp.Expression, binder: ExprBinder, items: Sequence[Item], above: Collected) -> Expr:
    item = ordinal(tree, items, "GROUP BY", binder) or _item_of(tree, items, binder)
    key = binder.bind(tree) if item is None else item.expr
    columns = columns_of(key)
    if columns & (above.aggregates or {}).keys():
        raise binder.error(
            "GROUP BY cannot hold an aggregate", tree, "Group by what the aggregate is taken of, or by another column."
        )
    if columns & (above.windows or {}).keys():
        raise binder.error("GROUP BY cannot hold a window function", tree, "Compute it in a subquery first.")
    # A subquery of the SELECT list that is a key is computed below the aggregation.
    moved = [a for a in above.applies if a.name in columns]
    above.applies = [a for a in above.applies if a not in moved]
    binder.collected.applies.extend(moved)
    return key


def _item_of(tree: exp.Expression, items: Sequence[Item], binder: ExprBinder) -> Item | None:
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
    match tree:
        case exp.GroupingSets():
            return [s for inner in tree.expressions for s in _sets(inner)]
        case exp.Rollup():
            parts = [members(e) for e in tree.expressions]
            return [_flat(parts[:n]) for n in range(len(parts), -1, -1)]
        case exp.Cube():
            parts = [members(e) for e in tree.expressions]
            return [_flat(chosen) for n in range(len(parts), -1, -1) for chosen in combinations(parts, n)]
        case _:
            return [members(tree)]


def _flat(parts: Iterable[tuple[exp.Expression, ...]]) -> tuple[exp.Expression, ...]:
    return tuple(tree for part in parts for tree in part)
