"""ORDER BY and DISTINCT ON: numbers and names of the SELECT list, else expressions."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from rem_arrow.plan.nodes import Expr, SortKey
from rem_arrow.sql.bind import stars
from rem_arrow.sql.bind.binder import ExprBinder, sort_key
from rem_arrow.sql.bind.select_list import Item, ordinal


def sort_keys(
    tree: exp.Expression, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder
) -> list[tuple[SortKey, exp.Expression]]:
    """Bind the ORDER BY of a query; each key beside the tree that it is bound from."""
    order = tree.args.get("order")
    return [
        (sort_key(expr, ordered), key)
        for ordered in (order.expressions if order is not None else ())
        for expr, key in _targets(ordered.this, items, by_alias, binder)
    ]


def _targets(
    tree: exp.Expression, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder
) -> list[tuple[Expr, exp.Expression]]:
    """Return what one element of ORDER BY orders by: several things for ALL and for a star."""
    if (isinstance(tree, exp.Var) or _is_name(tree)) and tree.name.upper() == "ALL":
        return [(item.expr, item.tree) for item in items]
    shown = stars.expanded(binder, tree)
    if shown is not None:
        return [(binder.bind(column.tree), column.tree) for column in shown]
    item = ordinal(tree, items, "ORDER BY", binder)
    if item is not None:
        return [(item.expr, tree)]
    named = by_alias.get(tree.name.casefold()) if _is_name(tree) else None
    if named is None and _is_name(tree):
        # The name of one column of the result goes before those of FROM, where it may be ambiguous.
        columns = [i.expr for i in items if i.is_column and i.name.casefold() == tree.name.casefold()]
        named = columns[0] if len(columns) == 1 else None
    return [(named if named is not None else binder.bind(tree), tree)]


def distinct_on(tree: exp.Select, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder) -> list[Expr]:
    """Bind DISTINCT ON; nothing without one."""
    clause = tree.args.get("distinct")
    on = clause.args.get("on") if clause is not None else None
    if on is None:
        return []
    return [_key(t, items, by_alias, binder) for t in (on.expressions if isinstance(on, exp.Tuple) else [on])]


def _key(tree: exp.Expression, items: list[Item], by_alias: Mapping[str, Expr], binder: ExprBinder) -> Expr:
    item = ordinal(tree, items, "DISTINCT ON", binder)
    if item is not None:
        return item.expr
    named = by_alias.get(tree.name.casefold()) if _is_name(tree) else None
    return named if named is not None else binder.bind(tree.this if isinstance(tree, exp.Paren) else tree)


def _is_name(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Column) and not tree.table
