"""Relations of FROM under their names: each column gets a name that is unique in the statement, and is seen by the
user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
from sqlglot import exp

from rem_arrow.base.source import ROWID, TableSource
from rem_arrow.plan.nodes import Column, Expr, Project, Query, Relation, Scan
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.bind.conversions import settled
from rem_arrow.sql.bind.scope import Scope, Visible


class BoundRelation(NamedTuple):
    """A plan, and the scope that it opens."""

    plan: Relation
    scope: Scope


def scanned(context: StatementContext, name: str, source: TableSource, tree: exp.Table, *, alias: str) -> BoundRelation:
    """Return a table of the catalog by its full name; its hidden columns are seen by their names, and are no part of
    `*`."""
    vectors = source.vectors
    labels = _column_names(context, alias, list(source.schema), tree)
    shown = [(label, c, t, False) for label, (c, t) in zip(labels, source.schema.items(), strict=True)]
    hidden = [(c, c, t, True) for c, t in source.hidden.items()]
    columns: list[tuple[str, str, pl.DataType]] = []
    visible: list[Visible] = []
    for label, column, dtype, is_hidden in (*shown, *hidden):
        unique = context.names.fresh(f"{alias}.{label}")
        columns.append((unique, column, dtype))
        visible.append(
            Visible(
                label,
                unique,
                dtype,
                also="rowid" if is_hidden and column == ROWID else "",
                hidden=is_hidden,
                vector=vectors.get(column),
                source=name,
                origin=column,
            )
        )
    scan = Scan(name, tuple(columns), rows=source.row_count(), indexed=source.indexed)
    return BoundRelation(scan, Scope([(alias, visible)]))


def derived(
    context: StatementContext,
    query: Query,
    alias: str,
    tree: exp.Expression,
    columns: Sequence[exp.Expression] = (),
    *,
    source: str = "",
) -> BoundRelation:
    """Return a query under an alias; `columns` are the names that a CTE gives, those of the alias win over them;
    `source` is the full name of a view."""
    defined = [c.name for c in columns]
    check_count(context, alias, len(defined), len(query.names), tree)
    names = _differing(_column_names(context, alias, [*defined, *query.names[len(defined) :]], tree))
    outputs: list[tuple[str, Expr]] = []
    visible: list[Visible] = []
    for name, (inner, dtype) in zip(names, query.plan.schema.items(), strict=True):
        column = settled(Column(inner, dtype))
        unique = context.names.fresh(f"{alias}.{name}")
        outputs.append((unique, column))
        visible.append(Visible(name, unique, column.dtype, null=isinstance(dtype, pl.Null), source=source))
    return BoundRelation(Project(query.plan, tuple(outputs)), Scope([(alias, visible)]))


def renamed(context: StatementContext, bound: BoundRelation, tree: exp.Expression) -> BoundRelation:
    """Return a join in parentheses with an alias: one relation of all its columns."""
    columns = bound.scope.all_columns()
    names = _differing(_column_names(context, tree.alias, [c.name for c in columns], tree))
    visible = [Visible(n, c.unique, c.dtype) for n, c in zip(names, columns, strict=True)]
    return BoundRelation(bound.plan, Scope([(tree.alias, visible)]))


def called(bound: BoundRelation, tree: exp.Expression) -> BoundRelation:
    """Return a function in FROM: its alias also names its column, which keeps its own name beside it."""
    alias = tree.args.get("alias")
    if alias is None or not alias.this or alias.args.get("columns"):
        return bound
    ((name, (first, *rest)),) = bound.scope.relations
    bound.scope.relations[0] = (name, [Visible(alias.name, first.unique, first.dtype, also=first.name), *rest])
    return bound


def _column_names(context: StatementContext, alias: str, names: list[str], tree: exp.Expression) -> list[str]:
    """Return the names of a relation's columns; `AS t(a, b)` renames the first of them."""
    new = [c.name for c in tree.args["alias"].args.get("columns") or ()] if tree.args.get("alias") else []
    check_count(context, alias, len(new), len(names), tree)
    return [*new, *names[len(new) :]]


def check_count(context: StatementContext, alias: str, names: int, columns: int, tree: exp.Expression) -> None:
    """Raise BindError for more names than columns."""
    if names > columns:
        raise context.error(f'"{alias}" has {columns} columns, and {names} names are given', tree)


def _differing(names: list[str]) -> list[str]:
    """Return the names of a derived table's columns: of those that repeat, the second becomes a_1."""
    differing: dict[str, str] = {}
    for name in names:
        shown, n = name, 0
        while shown.casefold() in differing:
            n += 1
            shown = f"{name}_{n}"
        differing[shown.casefold()] = shown
    return list(differing.values())
