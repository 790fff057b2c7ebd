"""ASOF and POSITIONAL joins in FROM.

An ASOF join of any kind is made of the one that keeps every left row (plan/asof.py), over a right side that bears a
mark: the mark says which left rows have found a match. For RIGHT and FULL the right rows are numbered, so that those
that nobody chose can be joined in.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.asof import expanded, ordering
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    BOOLEAN,
    Call,
    Column,
    Expr,
    Filter,
    Join,
    JoinKind,
    Literal,
    Project,
    Relation,
    Shared,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import columns_of, conjunction, equality, free_columns, passed
from rem_arrow.sql.text.parser import position

_INT = pl.Int64()


@dataclass(slots=True)
class AsofBinder:
    """Makes the ASOF and POSITIONAL joins of one statement."""

    text: str
    names: Names

    def positional(self, left: Relation, right: Relation, tree: exp.Join) -> Relation:
        """`a POSITIONAL JOIN b`: the first row beside the first; NULLs beside what is left over of the longer side."""
        if tree.side or tree.kind or tree.args.get("on") is not None or tree.args.get("using"):
            raise BindError("a POSITIONAL JOIN takes no ON, no USING and no side", self.text, *position(tree))
        self._refuse_lateral(left, right, "POSITIONAL", tree)
        return Join("positional", left, right)

    def asof(self, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join) -> Relation:
        """Return the columns of both sides, for SEMI and ANTI of the left one; and perhaps columns that nobody
        names."""
        self._refuse_lateral(left, right, "ASOF", tree)
        if kind in ("right", "full"):
            return self._with_all_right(kind, left, right, conditions, tree)
        mark = self.names.fresh("match")
        found = self._left(
            kind, left, Project(right, (*passed(right), (mark, Literal(True, BOOLEAN)))), conditions, tree
        )
        match kind:
            case "inner":
                return Filter(found, Column(mark, BOOLEAN))
            case "semi":
                return Project(Filter(found, Column(mark, BOOLEAN)), passed(left))
            case "anti":
                return Project(Filter(found, Call("is_null", (Column(mark, BOOLEAN),), BOOLEAN)), passed(left))
            case _:
                return found

    def _refuse_lateral(self, left: Relation, right: Relation, name: str, tree: exp.Join) -> None:
        if free_columns(right) & left.schema.keys():
            raise UnsupportedError(
                f"{name} JOIN cannot have a LATERAL relation on its right", self.text, *position(tree)
            )

    def _left(
        self, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join
    ) -> Relation:
        """Return every left row with its match. Conditions on one side alone go into it, where no row of the result is
        lost by that."""
        equals: list[tuple[Expr, Expr]] = []
        orders: list[Call] = []
        of_left, of_right, rest = [], [], []
        for condition in conditions:
            order, pair, used = (
                ordering(condition, left, right),
                equality(condition, left, right),
                columns_of(condition),
            )
            if order is not None:
                orders.append(order)
            elif pair is not None:
                equals.append(pair)
            elif not used & left.schema.keys():
                of_right.append(condition)
            elif not used & right.schema.keys() and kind in ("inner", "semi"):
                of_left.append(condition)
            else:
                rest.append(condition)
        if len(orders) != 1:
            found = "no inequality" if not orders else f"{len(orders)} inequalities"
            raise BindError(
                f"an ASOF JOIN has {found} between its sides; it needs one",
                self.text,
                *position(tree.args.get("on") or tree),
                hint="Write for example ON a.k = b.k AND a.t >= b.t.",
            )
        left = Filter(left, conjunction(of_left)) if of_left else left
        right = Filter(right, conjunction(of_right)) if of_right else right
        plan = Join("asof", left, right, tuple(equals), orders[0])
        plain = not rest and not any(nested.is_nested(e.dtype) for e in (orders[0].args[0], *(a for a, _ in equals)))
        return plan if plain else expanded(plan, self.names.fresh, tuple(rest))

    def _with_all_right(
        self, kind: JoinKind, left: Relation, right: Relation, conditions: list[Expr], tree: exp.Join
    ) -> Relation:
        """Choose by the right rows' numbers, then join these in."""
        number, chosen = self.names.fresh("row"), self.names.fresh("row")
        numbered = Shared(Window(right, ((number, WindowCall("row_number", (), _INT)),)), -1 - self.names.count())
        candidates = Project(numbered, (*passed(right), (chosen, Column(number, _INT))))
        found = Project(
            self._left("left", left, candidates, conditions, tree), (*passed(left), (chosen, Column(chosen, _INT)))
        )
        return Join(kind, found, numbered, ((Column(chosen, _INT), Column(number, _INT)),))
