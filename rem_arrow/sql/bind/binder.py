"""What binding an expression needs: the text, the scope, the names in use, the parameters, and a way to bind what is
inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan import types
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import AggregateCall, Apply, Call, Expr, Query, Variable, WindowCall
from rem_arrow.sql.bind.conversions import cast_to, castable, common_type
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.text.parser import position

# Where a tree keeps the expression that it is bound to already.
REFERENCE = "reference"

# Runs a bound query while another is bound, and returns its rows.
Evaluate: TypeAlias = "Callable[[Query], list[tuple[object, ...]]]"


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


Operator: TypeAlias = "Callable[[Binding, exp.Expression], Expr]"


class Binding(ABC):
    """Binds expressions of one SELECT; the operators and functions are in their own files and call back.

    Args:
        parameters: the type of each parameter by name, "1" and so on for `?`.
        collected: where aggregates, windows and subqueries are collected.
        aliases: names of the SELECT list, which stand for their expressions where FROM has no such column.
        subquery: binds a query that sees the scope.
        variables: parameters of the lambdas around, by name; they hide columns.
    """

    variables: Mapping[str, Variable] = {}
    evaluate: Evaluate | None = None
    entity_table: Callable[[str], str | None] | None = None

    def __init__(
        self,
        text: str,
        scope: Scope,
        names: Names,
        parameters: Mapping[str, pl.DataType],
        *,
        collected: Collected | None = None,
        aliases: Mapping[str, exp.Expression] | None = None,
        subquery: Callable[[exp.Expression, Scope], Query] = _no_subqueries,
    ) -> None:
        self.text, self.scope, self.names, self.parameters = text, scope, names, parameters
        self.collected = collected or Collected()
        self.aliases: Mapping[str, exp.Expression] = aliases or {}
        self.subquery = subquery

    @property
    def aggregates(self) -> dict[str, AggregateCall] | None:
        return self.collected.aggregates

    @abstractmethod
    def bind(self, tree: exp.Expression) -> Expr:
        """Return the typed expression. Raises BindError or UnsupportedError with the position."""

    @abstractmethod
    def call(self, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        """Return a call of the scalar function `name`."""

    @abstractmethod
    def without_aggregates(self) -> Binding:
        """Return the same binding for what stands inside of an aggregate."""

    @abstractmethod
    def without_windows(self) -> Binding:
        """Return the same binding where no window function may stand."""

    @abstractmethod
    def of_alias(self, name: str) -> Expr:
        """Bind the expression that an alias stands for; within it the alias is a column again."""

    @abstractmethod
    def beside(self, scope: Scope, collected: Collected) -> Binding:
        """Return the same binding for what sees another scope."""

    @abstractmethod
    def within(self, variables: Mapping[str, Variable]) -> Binding:
        """Return the same binding inside of a lambda with these parameters."""

    def boolean(self, tree: exp.Expression, what: str) -> Expr:
        """Bind a condition."""
        return self.as_boolean(self.bind(tree), tree, what)

    def as_boolean(self, expr: Expr, tree: exp.Expression, what: str) -> Expr:
        if isinstance(expr.dtype, pl.Boolean):
            return expr
        if isinstance(expr, Call) and (expr.function.startswith("vector_") or expr.function == "text_score"):
            raise self.error(
                "a search stands alone as an AND term of WHERE",
                tree,
                "Compare the score, as in embedding.cosine('x') > 0.7, or read FROM SEARCH(t, 'x').",
            )
        if isinstance(expr.dtype, pl.Null) or types.is_number(expr.dtype) or types.is_text(expr.dtype):
            return cast_to(expr, pl.Boolean())
        raise self.error(f"{what} needs a BOOLEAN, and this is {sql_name(expr.dtype)}", tree)

    def place(self, tree: exp.Expression) -> tuple[int | None, int | None]:
        """Return where a tree stands in the text."""
        return position(tree)

    def error(self, message: str, tree: exp.Expression, hint: str = "") -> BindError:
        return BindError(message, self.text, *position(tree), hint=hint)

    def unsupported(self, message: str, tree: exp.Expression) -> UnsupportedError:
        return UnsupportedError(message, self.text, *position(tree))

    def common(self, operands: list[Expr]) -> pl.DataType | None:
        """Return the type in which the operands meet, or None."""
        return common_type(operands)

    def same(self, operands: list[Expr], tree: exp.Expression) -> list[Expr]:
        """Return the operands in one type. A text literal takes the type of the others: d = '2024-01-01'."""
        wanted = common_type(operands)
        if wanted is None:
            kinds = " and ".join(dict.fromkeys(sql_name(o.dtype) for o in operands))
            raise self.error(f"{kinds} do not compare", tree, "Cast one of them: CAST(x AS ...).")
        return [self.converted(o, wanted, tree) for o in operands]

    def converted(self, expr: Expr, wanted: pl.DataType, tree: exp.Expression) -> Expr:
        if not castable(expr.dtype, wanted):
            raise self.error(f"this is {sql_name(expr.dtype)}, where {sql_name(wanted)} is needed", tree)
        try:
            return cast_to(expr, wanted)
        except ValueError as error:
            raise self.error(f"{error}", tree) from error
