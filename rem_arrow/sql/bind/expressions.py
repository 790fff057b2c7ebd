"""Scalar expressions: SQLGlot trees to typed expressions of plan/nodes.py, in one scope.

An aggregate function is bound where the caller allows it: it is put into `aggregates`, and stands in the expression as
a column of its own. Operators are in operators.py and arithmetic.py, functions in function_calls.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import polars as pl
from sqlglot import exp

from rem_arrow.errors import suggest
from rem_arrow.plan.nodes import Column, Expr, Literal, Parameter, Variable
from rem_arrow.sql.bind import containers, function_calls, json_paths, list_functions, subqueries, unnest, window_calls
from rem_arrow.sql.bind.arithmetic import ARITHMETIC
from rem_arrow.sql.bind.binder import REFERENCE, Binding, Collected, Operator
from rem_arrow.sql.bind.operators import OPERATORS
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.text.parser import position
from rem_arrow.sql.text.type_names import literal_number


class ExprBinder(Binding):
    """Binds expressions of one SELECT."""

    preferred: frozenset[str] = frozenset()

    def bind(self, tree: exp.Expression) -> Expr:
        binder = _BINDERS.get(type(tree))
        if binder is not None:
            return binder(self, tree)
        if isinstance(tree, exp.Func):
            return function_calls.function(self, tree)
        raise self.unsupported(f"{tree.sql('duckdb')[:60]} ({tree.key}) is not supported here", tree)

    def call(self, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        return function_calls.call(self, name, trees, tree)

    def without_aggregates(self) -> ExprBinder:
        inside = self.collected.inside or Collected(applies=self.collected.applies)
        return self._like_this(inside, self.aliases)

    def without_windows(self) -> ExprBinder:
        return self._like_this(replace(self.collected, windows=None), self.aliases)

    def preferring(self, names: Collection[str]) -> ExprBinder:
        """Return the same binder where these aliases win over columns of their name."""
        binder = self._like_this(self.collected, self.aliases)
        binder.preferred = frozenset(names)
        return binder

    def _like_this(self, collected: Collected, aliases: Mapping[str, exp.Expression]) -> ExprBinder:
        binder = ExprBinder(
            self.text,
            self.scope,
            self.names,
            self.parameters,
            collected=collected,
            aliases=aliases,
            subquery=self.subquery,
        )
        binder.variables = self.variables
        binder.evaluate, binder.entity_table = self.evaluate, self.entity_table
        return binder

    def beside(self, scope: Scope, collected: Collected) -> ExprBinder:
        binder = ExprBinder(self.text, scope, self.names, self.parameters, collected=collected, subquery=self.subquery)
        binder.evaluate, binder.entity_table = self.evaluate, self.entity_table
        return binder

    def within(self, variables: Mapping[str, Variable]) -> ExprBinder:
        binder = self._like_this(Collected(), self.aliases)
        binder.variables = {**self.variables, **{name.casefold(): v for name, v in variables.items()}}
        return binder

    def of_alias(self, name: str) -> Expr:
        """Bind the expression that an alias stands for; within it the alias is a column again."""
        others = {k: v for k, v in self.aliases.items() if k != name}
        return self._like_this(self.collected, others).bind(self.aliases[name])


def _column(binder: Binding, tree: exp.Expression) -> Expr:
    assert isinstance(binder, ExprBinder) and isinstance(tree, exp.Column), "the table below pairs them"
    prefixed = tree.table.casefold() == "alias" and tree.name.casefold() in binder.aliases
    if prefixed and not binder.scope.has("alias", tree.name) and not binder.scope.knows("alias"):
        return binder.of_alias(tree.name.casefold())
    reference = tree.meta.get(REFERENCE) if tree.meta else None
    if reference is not None:
        return reference  # type: ignore[no-any-return]
    start, end = position(tree)
    if isinstance(tree.this, exp.Star):
        raise binder.unsupported("* in an expression is not supported", tree)
    field = containers.of_struct(binder, tree)
    if field is not None:
        return field
    if tree.args.get("db") is not None:
        raise binder.unsupported("a column is named by its table and itself; schemas are not supported", tree)
    name = tree.name.casefold()
    if not tree.table and name in binder.aliases and (name in binder.preferred or not binder.scope.knows(tree.name)):
        return binder.of_alias(name)
    if not tree.table and (meant := binder.scope.alias(tree.name)) is not None:
        return meant
    return binder.scope.visible(tree.name, tree.table or None, binder.text, start, end).bound


def _literal(binder: Binding, tree: exp.Expression) -> Expr:
    if tree.is_string:
        return Literal(tree.this, pl.String())
    try:
        return Literal(*literal_number(tree.this))
    except ValueError as error:
        raise binder.error(f"{tree.this} is not a number", tree) from error


def _parameter(binder: Binding, tree: exp.Expression) -> Expr:
    name = tree.name or str(tree.args.get("this") or "")
    if not name:
        raise binder.error("positional parameters are numbered: write $1, $2", tree)
    if name not in binder.parameters:
        given = [f"${p}" for p in binder.parameters]
        raise binder.error(f"no value for the parameter ${name}", tree, suggest(f"${name}", given, "Parameters"))
    return Parameter(name, binder.parameters[name])


def _boolean(binder: Binding, tree: exp.Expression) -> Expr:
    return Literal(bool(tree.this), pl.Boolean())


def _null(binder: Binding, tree: exp.Expression) -> Expr:
    return Literal(None, pl.Null())


def _text(binder: Binding, tree: exp.Expression) -> Expr:
    return Literal(str(tree.this), pl.String())


def _paren(binder: Binding, tree: exp.Expression) -> Expr:
    inner = tree.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    return binder.bind(inner)


def _grouping(binder: Binding, tree: exp.Expression) -> Expr:
    """GROUPING(a, b): which of the keys a row is not grouped by."""
    groupings = binder.collected.groupings
    if groupings is None:
        raise binder.error(
            "GROUPING cannot stand here", tree, "It belongs in the SELECT, HAVING or ORDER BY of a query with GROUP BY."
        )
    name = binder.names.fresh("grouping")
    groupings[name] = tuple(binder.without_aggregates().bind(e) for e in tree.expressions)
    return Column(name, pl.Int64())


_BINDERS: dict[type[exp.Expression], Operator] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Placeholder: _parameter,
    exp.Parameter: _parameter,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.RawString: _text,
    exp.ByteString: _text,
    exp.Paren: _paren,
    exp.Window: window_calls.window,
    exp.Grouping: _grouping,
    exp.GroupingId: _grouping,
    exp.Explode: unnest.explode,
    exp.Unnest: unnest.explode,
    exp.Exists: subqueries.exists,
    **dict.fromkeys((exp.Subquery, exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Values), subqueries.scalar),
    **OPERATORS,
    **ARITHMETIC,
    **list_functions.TREES,
    **containers.TREES,
    **json_paths.TREES,
    **function_calls.FUNCTIONS,
}
