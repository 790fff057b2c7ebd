"""Scalar expressions: SQLGlot trees to typed expressions of plan/nodes.py, in one scope.

An aggregate function is bound where the caller allows it: it is put into `aggregates`, and stands in the expression as
a column of its own. Operators are in operators.py and arithmetic.py, functions in function_calls.py.
"""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import suggest
from rem_arrow.plan.nodes import Call, Column, Expr, Literal, Parameter
from rem_arrow.sql.bind import (
    aggregate_calls,
    constructors,
    dates,
    function_calls,
    json_calls,
    list_functions,
    macros,
    subqueries,
    subscripts,
    unnest_items,
    window_calls,
)
from rem_arrow.sql.bind.arithmetic import ARITHMETIC
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.operators import OPERATORS
from rem_arrow.sql.text.rendered import shown
from rem_arrow.sql.text.type_names import literal_number


def bound(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Return the expression that a tree means at the place of a binder. Raises BindError and UnsupportedError."""
    if binder.context.catalog.has_macros:
        tree = macros.expanded(binder, tree)
    operator = _BINDERS.get(type(tree))
    if operator is not None:
        return operator(binder, tree)
    if isinstance(tree, exp.Func):
        return function_calls.function(binder, tree)
    raise binder.unsupported(f"{shown(tree)} ({tree.key}) is not supported here", tree)


def _column(binder: ExprBinder, tree: exp.Expression) -> Expr:
    assert isinstance(tree, exp.Column), "the table below pairs them"
    prefixed = tree.table.casefold() == "alias" and tree.name.casefold() in binder.aliases
    if prefixed and not binder.scope.has("alias", tree.name) and not binder.scope.knows("alias"):
        return binder.of_alias(tree.name.casefold())
    column = binder.scope.referenced(tree)
    if column is not None:
        return column.bound
    if isinstance(tree.this, exp.Star):
        raise binder.unsupported("* in an expression is not supported", tree)
    field = subscripts.of_struct(binder, tree)
    if field is not None:
        return field
    if tree.args.get("db") is not None:
        return _of_schema(binder, tree)
    name = tree.name.casefold()
    if not tree.table and name in binder.aliases and (name in binder.preferred or not binder.scope.knows(tree.name)):
        return binder.of_alias(name)
    if not tree.table and (meant := binder.scope.alias(tree.name)) is not None:
        return meant
    return binder.scope.visible(tree.name, tree.table or None, binder.place(tree)).bound


def _of_schema(binder: ExprBinder, tree: exp.Column) -> Expr:
    """`s.t.a` is the column of the table s.t that FROM has under its own name."""
    parts = [tree.args[key].name for key in ("catalog", "db", "table") if tree.args.get(key) is not None]
    full = binder.context.resolved(parts, tree)
    scope = None if full is None else binder.scope.of_source(parts[-1], full)
    if scope is None:
        raise binder.error(f'no table "{".".join(parts)}" in FROM', tree)
    return scope.visible(tree.name, parts[-1], binder.place(tree)).bound


def _literal(binder: ExprBinder, tree: exp.Expression) -> Expr:
    if tree.is_string:
        return Literal(tree.this, pl.String())
    try:
        return Literal(*literal_number(tree.this))
    except (ValueError, ArithmeticError) as error:
        known = str(error) if "128 bits" in str(error) else f"{tree.this} is not a number"
        raise binder.error(known, tree) from error


def _parameter(binder: ExprBinder, tree: exp.Expression) -> Expr:
    name = tree.name or str(tree.args.get("this") or "")
    if not name:
        raise binder.error("positional parameters are numbered: write $1, $2", tree)
    if name not in binder.context.parameters:
        variable = binder.context.catalog.session.variables.get(name.casefold())
        if isinstance(variable, (Call, Literal)):
            return variable
        names = [f"${p}" for p in binder.context.parameters]
        raise binder.error(f"no value for the parameter ${name}", tree, suggest(f"${name}", names, "Parameters"))
    return Parameter(name, binder.context.parameters[name])


def _positional(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """#2 is the second column of FROM."""
    columns = binder.scope.all_columns()
    number = literal_number(tree.this.this)[0]
    if not isinstance(number, int) or not 1 <= number <= len(columns):
        raise binder.error(f"#{tree.this.this} is not the number of a column of FROM; there are {len(columns)}", tree)
    return columns[number - 1].bound


def _boolean(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return Literal(bool(tree.this), pl.Boolean())


def _null(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return Literal(None, pl.Null())


def _text(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return Literal(str(tree.this), pl.String())


def _paren(binder: ExprBinder, tree: exp.Expression) -> Expr:
    inner = tree.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    return binder.bind(inner)


def _grouping(binder: ExprBinder, tree: exp.Expression) -> Expr:
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
    exp.PositionalColumn: _positional,
    exp.RawString: _text,
    exp.ByteString: _text,
    exp.Paren: _paren,
    exp.Window: window_calls.window,
    exp.Grouping: _grouping,
    exp.GroupingId: _grouping,
    exp.Explode: unnest_items.explode,
    exp.Unnest: unnest_items.explode,
    exp.Exists: subqueries.exists,
    **dict.fromkeys((exp.Subquery, exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Values), subqueries.scalar),
    **OPERATORS,
    **ARITHMETIC,
    **list_functions.TREES,
    **constructors.CONSTRUCTORS,
    **subscripts.SUBSCRIPTS,
    **dates.TREES,
    **aggregate_calls.AGGREGATES,
    **json_calls.TREES,
    **function_calls.FUNCTIONS,
}
