"""What binding needs: what one statement shares, and the place in a SELECT where an expression stands.

What a tree of an expression means depends on its class: expressions.py has a function of a binder and a tree for each.
They are in their own files, and bind what is inside by `ExprBinder.bind`, which leads to that table again. Clauses and
relations are told apart by `match` where they are bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError, UnsupportedError
from rem_arrow.base.logical_types import Collated
from rem_arrow.base.source import Catalog
from rem_arrow.plan import collations, text_scores, types
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import AggregateCall, Apply, Call, Expr, Query, SortKey, Variable, WindowCall
from rem_arrow.sql.bind.conversions import cast_to, castable, common_type
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.text.position import Place

# Runs a bound query while another is bound, and returns its rows.
Evaluate: TypeAlias = "Callable[[Query], list[tuple[object, ...]]]"
Operator: TypeAlias = "Callable[[ExprBinder, exp.Expression], Expr]"


@dataclass(frozen=True, slots=True)
class StatementContext:
    """What all binders of one statement share.

    Attributes:
        text: the statement, for errors.
        parameters: the type of each parameter by name, "1" and so on for `?`.
        evaluate: None where no rows may be read while the statement is bound.
        expanded: what macros stand for, which is no part of the statement's tree.
        expression: binds a tree at the place of a binder: the table of expressions.py.
    """

    text: str
    catalog: Catalog
    parameters: Mapping[str, pl.DataType]
    evaluate: Evaluate | None
    expression: Operator
    names: Names = field(default_factory=Names)
    expanded: list[exp.Expression] = field(default_factory=list)

    def resolved(self, parts: Sequence[str], tree: exp.Expression, within: str | None = None) -> str | None:
        """Return the full name of a table or view, see `Catalog.resolve`. Raises BindError with the position."""
        try:
            return self.catalog.resolve(parts, within)
        except BindError as error:
            raise self.error(error.message, tree, error.hint) from error

    def error(self, message: str, tree: exp.Expression, hint: str = "") -> BindError:
        return Place(self.text, tree).error(message, hint)

    def unsupported(self, message: str, tree: exp.Expression, hint: str = "") -> UnsupportedError:
        return Place(self.text, tree).unsupported(message, hint)


@dataclass(slots=True)
class Collected:
    """What is found in the expressions of a clause and computed before them; each stands in the expression as a column.

    Attributes:
        aggregates, windows, groupings: calls by that column; None where they are not allowed.
        applies: subqueries, each to be given the plan below as its input.
        inside: where the same goes for the arguments of aggregates: below the aggregation.
        unnests: lists in a SELECT list that are laid out as rows; None where they are not allowed.
    """

    aggregates: dict[str, AggregateCall] | None = None
    windows: dict[str, WindowCall] | None = None
    groupings: dict[str, tuple[Expr, ...]] | None = None
    unnests: dict[str, Expr] | None = None
    named_windows: Mapping[str, exp.Expression] = field(default_factory=dict)
    applies: list[Apply] = field(default_factory=list)
    inside: Collected | None = None


def _no_subqueries(tree: exp.Expression, scope: Scope) -> Query:
    raise BindError("a subquery cannot stand here")


@dataclass(frozen=True, slots=True)
class ExprBinder:
    """Binds the expressions that stand at one place of a SELECT.

    Attributes:
        collected: where aggregates, windows and subqueries are collected.
        aliases: names of the SELECT list, which stand for their expressions where FROM has no such column.
        preferred: aliases that stand for their expressions also where FROM has such a column.
        subquery: binds a query that sees the scope.
        variables: parameters of the lambdas around, by name; they hide columns.
    """

    context: StatementContext
    scope: Scope
    collected: Collected = field(default_factory=Collected)
    aliases: Mapping[str, exp.Expression] = field(default_factory=dict)
    preferred: frozenset[str] = frozenset()
    subquery: Callable[[exp.Expression, Scope], Query] = _no_subqueries
    variables: Mapping[str, Variable] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.context.text

    @property
    def names(self) -> Names:
        return self.context.names

    @property
    def aggregates(self) -> dict[str, AggregateCall] | None:
        return self.collected.aggregates

    # --- the same binder at another place

    def without_aggregates(self) -> ExprBinder:
        """Return the same binder for what stands inside of an aggregate."""
        inside = self.collected.inside or Collected(applies=self.collected.applies)
        return replace(self, collected=inside, preferred=frozenset())

    def without_windows(self) -> ExprBinder:
        """Return the same binder where no window function may stand."""
        return replace(self, collected=replace(self.collected, windows=None), preferred=frozenset())

    def preferring(self, names: Collection[str]) -> ExprBinder:
        """Return the same binder where these aliases win over columns of their name."""
        return replace(self, preferred=frozenset(names))

    def beside(self, scope: Scope, collected: Collected) -> ExprBinder:
        """Return the same binder for what sees another scope."""
        return ExprBinder(self.context, scope, collected, subquery=self.subquery)

    def within(self, variables: Mapping[str, Variable]) -> ExprBinder:
        """Return the same binder inside of a lambda with these parameters."""
        inner = {**self.variables, **{name.casefold(): v for name, v in variables.items()}}
        return replace(self, collected=Collected(), variables=inner, preferred=frozenset())

    # --- what a tree means

    def bind(self, tree: exp.Expression) -> Expr:
        """Return the typed expression. Raises BindError or UnsupportedError with the position."""
        return self.context.expression(self, tree)

    def of_alias(self, name: str) -> Expr:
        """Bind the expression that an alias stands for; within it the alias is a column again."""
        others = {k: v for k, v in self.aliases.items() if k != name}
        return replace(self, aliases=others, preferred=frozenset()).bind(self.aliases[name])

    def boolean(self, tree: exp.Expression, what: str) -> Expr:
        """Bind a condition."""
        return self.as_boolean(self.bind(tree), tree, what)

    def as_boolean(self, expr: Expr, tree: exp.Expression, what: str) -> Expr:
        if isinstance(expr.dtype, pl.Boolean):
            return expr
        if is_score(expr):
            raise self.error(
                "a search stands alone as an AND term of WHERE",
                tree,
                "Compare the score, as in embedding.cosine('x') > 0.7, or read FROM SEARCH(t, 'x').",
            )
        if isinstance(expr.dtype, pl.Null) or types.is_number(expr.dtype) or types.is_text(expr.dtype):
            return cast_to(expr, pl.Boolean())
        raise self.error(f"{what} needs a BOOLEAN, and this is {sql_name(expr.dtype)}", tree)

    def same(self, operands: list[Expr], tree: exp.Expression) -> list[Expr]:
        """Return the operands in one type. A text literal takes the type of the others: d = '2024-01-01'."""
        joint = common_type(operands)
        if joint is None and len(several := collations.joint([o.dtype for o in operands])) > 1:
            raise self.mixed(several, tree)
        if joint is None:
            kinds = " and ".join(dict.fromkeys(sql_name(o.dtype) for o in operands))
            raise self.error(f"{kinds} do not compare", tree, "Cast one of them: CAST(x AS ...).")
        return [self.converted(o, joint, tree) for o in operands]

    def converted(self, expr: Expr, dtype: pl.DataType, tree: exp.Expression) -> Expr:
        """Return the expression in this type, as an assignment casts it."""
        if not castable(expr.dtype, dtype):
            raise self.error(f"this is {sql_name(expr.dtype)}, where {sql_name(dtype)} is needed", tree)
        try:
            return cast_to(expr, dtype)
        except ValueError as error:
            raise self.error(f"{error}", tree) from error

    # --- errors

    def mixed(self, several: list[Collated], tree: exp.Expression) -> BindError:
        """Return the error for texts of several collations."""
        names = [c.collation for c in several]
        hint = f"Write one for all of them: x COLLATE {names[0]}."
        return self.error(f"texts of the collations {' and '.join(names)} do not compare", tree, hint)

    def place(self, tree: exp.Expression | None) -> Place:
        """Return where a tree stands in the text."""
        return Place(self.text, tree)

    def error(self, message: str, tree: exp.Expression, hint: str = "") -> BindError:
        return self.place(tree).error(message, hint)

    def unsupported(self, message: str, tree: exp.Expression) -> UnsupportedError:
        return self.place(tree).unsupported(message)


def is_score(expr: Expr) -> bool:
    """Say whether an expression is the score of a search, as a number."""
    return isinstance(expr, Call) and (expr.function.startswith("vector_") or expr.function == text_scores.FUNCTION)


def sort_key(expr: Expr, ordered: exp.Expression) -> SortKey:
    """Return an expression as a key, in the direction that an element of an ORDER BY says."""
    return SortKey(expr, bool(ordered.args.get("desc")), not ordered.args.get("nulls_first"))
