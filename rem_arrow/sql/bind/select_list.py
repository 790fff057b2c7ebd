"""The SELECT list: its items with their names, and what a number or a name means that stands for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlglot import exp

from rem_arrow.plan.nodes import Column, Expr
from rem_arrow.sql.bind import stars, unnest_items
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.scope import without_references
from rem_arrow.sql.text import item_names
from rem_arrow.sql.text.rendered import rendered


class Item(NamedTuple):
    """One column of the result; `is_column` says that it is a column or a field as it is, under its own name."""

    name: str
    expr: Expr
    tree: exp.Expression
    is_column: bool = False


def bound_items(binder: ExprBinder, tree: exp.Select, aliases: dict[str, exp.Expression]) -> list[Item]:
    """Bind the SELECT list; each item sees the names that those before it give.

    The arguments that a *COLUMNS in an item stands for take its place in `aliases` too.
    """
    seen: dict[str, exp.Expression] = {}
    binder = replace(binder, aliases=seen)
    items: list[Item] = []
    for item in tree.expressions:
        shown = stars.expanded(binder, item)
        if shown is not None:
            items += _of_star(binder, item, shown)
            continue
        written = stars.unpacked(binder, item)
        alias = item.alias.casefold() if isinstance(item, exp.Alias) else None
        if alias == "export_state":
            _refuse_state(binder, item)
        if written is not item and alias is not None and aliases.get(alias) is item.this:
            aliases[alias] = written.this
        rows = unnest_items.items(binder, written)
        if rows is None:
            inner = written.this if alias is not None else written
            expr = binder.bind(inner)
            items.append(Item(_name_of(binder, item, written, expr), expr, inner, isinstance(inner, exp.Column)))
        else:
            items += _of_unnest(binder, item, written, rows, tree.args.get("group"))
        if alias is not None and (rows is None or rows[0][0] is None):
            seen.setdefault(alias, written.this)
    return items


def _refuse_state(binder: ExprBinder, item: exp.Expression) -> None:
    """Refuse `sum(x) EXPORT_STATE`, which SQLGlot reads as an alias: without AS it asks for the state of an
    aggregate."""
    start = item.args["alias"].meta.get("start")
    if isinstance(item.this, exp.Func) and start is not None and binder.text[:start].rstrip().endswith(")"):
        raise binder.unsupported("EXPORT_STATE is not supported", item)


def aliases_of(tree: exp.Select) -> dict[str, exp.Expression]:
    """Return the names that the SELECT list gives, the first of each, and what they stand for."""
    return {item.alias.casefold(): item.this for item in reversed(tree.expressions) if isinstance(item, exp.Alias)}


def by_alias(items: list[Item], aliases: Mapping[str, exp.Expression]) -> dict[str, Expr]:
    """Return what the names that the SELECT list gives mean once it is bound."""
    return {i.name.casefold(): i.expr for i in reversed(items) if aliases.get(i.name.casefold()) is i.tree}


def ordinal(tree: exp.Expression, items: Sequence[Item], clause: str, binder: ExprBinder) -> Item | None:
    """Return the item that a number means, or None for any other expression. ORDER BY takes no other constant."""
    negated = isinstance(tree, exp.Neg) and clause == "ORDER BY"
    number = tree.this if negated or isinstance(tree, exp.PositionalColumn) else tree
    if isinstance(tree, exp.PositionalColumn) and clause != "ORDER BY":
        return None
    if not isinstance(number, exp.Literal) or number.is_string:
        if clause == "ORDER BY" and isinstance(number, (exp.Literal, exp.Null, exp.Boolean)):
            raise binder.error("ORDER BY a constant has no effect; write the name of a column without quotes", tree)
        return None
    if negated or not number.this.isdigit() or not 1 <= int(number.this) <= len(items):
        raise binder.error(
            f"{clause} {'-' if negated else ''}{number.this} is not the number of a column; there are {len(items)}",
            tree,
        )
    return items[int(number.this) - 1]


def output_name(tree: exp.Expression) -> str:
    """Return the name of a column of the result that the user does not name."""
    read = item_names.name_of(tree)
    if read is not None:
        return read
    match tree:
        case exp.Column():
            return str(tree.name)
        case exp.Count(this=exp.Star()):
            return "count_star()"
    shown = rendered(tree)
    return shown.lower() if isinstance(tree, exp.AggFunc) else shown


def _name(item: exp.Expression, written: exp.Expression) -> str:
    if isinstance(item, exp.Alias):
        return str(item.alias)
    return output_name(item if written is item else without_references(written))


def _name_of(binder: ExprBinder, item: exp.Expression, written: exp.Expression, expr: Expr) -> str:
    """The name of an item; that of a column is written as its table has it."""
    name = _name(item, written)
    if isinstance(item, (exp.Column, exp.PositionalColumn)) and isinstance(expr, Column):
        column = binder.scope.find(expr.name)
        if column is not None and (isinstance(item, exp.PositionalColumn) or column.is_called(name.casefold())):
            return column.name
    return name


def _of_star(binder: ExprBinder, item: exp.Expression, shown: list[stars.Shown]) -> list[Item]:
    items = []
    for column in shown:
        tree = column.tree.this if isinstance(column.tree, exp.Alias) else column.tree
        name = stars.alias_of(item.alias, column) if isinstance(item, exp.Alias) else column.name
        items.append(Item(name, binder.bind(tree), tree, column.is_column or isinstance(tree, exp.Column)))
    return items


def _of_unnest(
    binder: ExprBinder,
    item: exp.Expression,
    written: exp.Expression,
    rows: list[tuple[str | None, Expr]],
    group: exp.Expression | None,
) -> list[Item]:
    if rows[0][0] is not None and group is not None and group.args.get("all"):
        raise binder.error("GROUP BY ALL cannot stand with UNNEST of a struct", written)
    inner = written.this if isinstance(written, exp.Alias) else written
    return [Item(name if name is not None else _name(item, written), expr, inner) for name, expr in rows]
