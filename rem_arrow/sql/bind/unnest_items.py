"""UNNEST in the SELECT list: lists become rows, and a struct that stands alone as an item becomes columns.

`unnest(x)` opens one level; `max_depth := n` as many, `recursive := true` all. The levels of lists come first; after
them structs are opened, and within these no list any more. Each level of lists is an entry of `Collected.unnests` that
reads the one before it; `laid_out` makes the rows, the last level of each beside the last of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import UnsupportedError
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Cast, Column, Expr, Literal, Relation, Unnest
from rem_arrow.plan.walk import columns_of
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.containers import as_list, field
from rem_arrow.sql.text.trees import named_argument, own_nodes

# Deeper than any type may be nested.
_ALL_LEVELS = 1_000


def explode(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`unnest(list)` as a part of an expression: the row once for each value."""
    value, levels, _ = _rows(binder, tree)
    if levels and _is_struct(value.dtype):
        raise binder.error("UNNEST of a struct stands alone, as an item of the SELECT list", tree)
    return value


def items(binder: ExprBinder, item: exp.Expression) -> list[tuple[str | None, Expr]] | None:
    """Return the columns that an item of the SELECT list becomes; the name is None for rows of values. None: it is no
    UNNEST."""
    tree = item.this if isinstance(item, exp.Alias) else item
    while isinstance(tree, exp.Paren):
        tree = tree.this
    if not isinstance(tree, (exp.Explode, exp.Unnest)):
        return None
    value, levels, keeps_parents = _rows(binder, tree)
    if not levels or not _is_struct(value.dtype):
        return [(None, value)]
    return list(_fields(value, levels, "", keeps_parents=keeps_parents))


def _is_struct(dtype: pl.DataType) -> bool:
    """Say whether a type has fields; an interval has none."""
    return bool(nested.fields_of(dtype))


def _fields(value: Expr, levels: int, parents: str, *, keeps_parents: bool) -> list[tuple[str | None, Expr]]:
    columns: list[tuple[str | None, Expr]] = []
    unnamed = nested.is_unnamed(value.dtype)
    for name, dtype in nested.fields_of(value.dtype).items():
        shown = f"element{name}" if unnamed else f"{parents}{name}"
        part = field(value, name, dtype)
        if levels > 1 and _is_struct(dtype):
            columns += _fields(part, levels - 1, f"{shown}." if keeps_parents else "", keeps_parents=keeps_parents)
        else:
            columns.append((shown, part))
    return columns


def _rows(binder: ExprBinder, tree: exp.Expression) -> tuple[Expr, int, bool]:
    """Return the value of each row once the lists are opened, how many levels may still be, and whether names of
    parents are kept."""
    unnests = binder.collected.unnests
    if unnests is None:
        raise binder.error("UNNEST cannot stand here", tree, "It belongs in FROM or, alone, in the SELECT list.")
    first, *rest = [t for t in (tree.this, *tree.expressions) if t is not None]
    if any(isinstance(node, (exp.Explode, exp.Unnest)) for node in own_nodes(first)):
        raise binder.error("UNNEST inside of UNNEST is not supported", tree, "Write UNNEST(x, recursive := true).")
    levels, keeps_parents = _options(binder, rest)
    value = binder.bind(first)
    if not (isinstance(value.dtype, (pl.List, pl.Array, pl.Null)) or _is_struct(value.dtype)):
        raise binder.error(f"UNNEST takes a list or a struct, and this is {sql_name(value.dtype)}", tree)
    while levels and not _is_struct(value.dtype) and (nested.is_list(value.dtype) or isinstance(value.dtype, pl.Null)):
        value, opened = as_list(binder, value, tree), binder.names.fresh("unnest")
        unnests[opened] = value
        value = Column(opened, nested.item_of(value.dtype))
        levels -= 1
        if isinstance(value.dtype, pl.Null) or nested.is_map(value.dtype):
            break
    return value, levels, keeps_parents


def _options(binder: ExprBinder, trees: list[exp.Expression]) -> tuple[int, bool]:
    """Return how many levels of lists are opened, and whether names of parents are kept."""
    levels, keeps_parents = 1, False
    for option in trees:
        named = named_argument(option)
        if named is None:
            raise binder.error(
                "UNNEST takes one list or struct, and recursive :=, max_depth := or keep_parent_names :=", option
            )
        value = _option_value(binder, option, *named)
        match named[0]:
            case "keep_parent_names":
                keeps_parents = bool(value)
            case "max_depth":
                levels = int(value)
            case _ if value:
                levels = _ALL_LEVELS
    return levels, keeps_parents


def _option_value(binder: ExprBinder, option: exp.Expression, name: str, tree: exp.Expression) -> bool | int | Decimal:
    if name not in ("recursive", "max_depth", "keep_parent_names"):
        raise binder.error(
            f'UNNEST has no option "{name}"', option, "There are recursive, max_depth and keep_parent_names."
        )
    expr = binder.bind(tree)
    expr = expr.operand if isinstance(expr, Cast) else expr
    value = expr.value if isinstance(expr, Literal) else None
    if name == "max_depth" and isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, (bool, int, Decimal)):
        kind = "a number" if name == "max_depth" else "TRUE or FALSE"
        raise binder.error(f"{name} of UNNEST is {kind} that stands here as such", option)
    if name == "max_depth" and value < 1:
        raise binder.error("max_depth of UNNEST is above zero", option)
    return value


def laid_out(plan: Relation, unnests: Mapping[str, Expr]) -> Relation:
    """Return `plan` with the rows of its lists, level by level; those that nobody opens further come last, side by
    side."""
    above = dict.fromkeys(unnests, 0)
    for name in reversed(list(unnests)):
        for inner in columns_of(unnests[name]) & unnests.keys():
            above[inner] = max(above[inner], above[name] + 1)
    for level in sorted(set(above.values()), reverse=True):
        plan = Unnest(plan, tuple((n, e) for n, e in unnests.items() if above[n] == level))
    return plan


def needed_by(keys: Sequence[Expr], unnests: Mapping[str, Expr]) -> dict[str, Expr]:
    """Return the lists that keys of GROUP BY are computed from, by way of others too."""
    needed, todo = set[str](), columns_of(*keys) & unnests.keys()
    while todo:
        needed |= todo
        todo = (columns_of(*(unnests[n] for n in todo)) & unnests.keys()) - needed
    return {n: e for n, e in unnests.items() if n in needed}


# --- functions that are an UNNEST


def _generate_subscripts(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """generate_subscripts(list, 1): the places of the items, from 1."""
    if len(trees) > 2 or (len(trees) == 2 and not (isinstance(trees[1], exp.Literal) and trees[1].name == "1")):
        raise UnsupportedError("generate_subscripts takes a list and the dimension 1", binder.text)
    places = exp.GenerateSeries(
        start=exp.Literal.number(1), end=exp.Anonymous(this="list_length", expressions=[trees[0].copy()])
    )
    return explode(binder, exp.Explode(this=places))


def _regexp_split_to_table(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    if len(trees) != 2:
        raise binder.error("regexp_split_to_table takes a text and a pattern", tree)
    return explode(
        binder, exp.Explode(this=exp.Anonymous(this="regexp_split_to_array", expressions=[t.copy() for t in trees]))
    )


FUNCTIONS = {"generate_subscripts": _generate_subscripts, "regexp_split_to_table": _regexp_split_to_table}
