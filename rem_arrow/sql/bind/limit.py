"""LIMIT, OFFSET and FETCH: numbers, parameters, constant expressions, subqueries, and percentages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.plan import types
from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Apply,
    Bound,
    Call,
    Cast,
    Column,
    Expr,
    Filter,
    Frame,
    Limit,
    Literal,
    Or,
    Parameter,
    Project,
    Relation,
    Window,
    WindowCall,
)
from rem_arrow.plan.walk import conjunction, passed
from rem_arrow.sql.bind.binder import Collected, ExprBinder
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.text.trees import column_in

_INT, _FLOAT, _BOOL = pl.Int64(), pl.Float64(), pl.Boolean()


@dataclass(frozen=True, slots=True)
class BoundLimit:
    """LIMIT and OFFSET, bound.

    Attributes:
        count, offset: None is no limit, and no offset.
        percent: of a LIMIT in percent, instead of a count.
        applies: the subqueries that they are computed from.
        is_plain: each of them is a number or a parameter that stands there as such.
    """

    count: Expr | None = None
    offset: Expr | None = None
    percent: Expr | None = None
    applies: tuple[Apply, ...] = ()
    is_plain: bool = False

    @property
    def rows(self) -> Expr | None:
        """LIMIT + OFFSET, where they are plain: how many rows are asked for."""
        counts = [c for c in (self.count, self.offset) if c is not None]
        if not self.is_plain or self.count is None or not all(isinstance(c, (Literal, Parameter)) for c in counts):
            return None
        return self.count if self.offset is None else Call("+", (Cast(self.count, _INT), Cast(self.offset, _INT)), _INT)


def bound_limit(tree: exp.Expression, binder: ExprBinder) -> BoundLimit | None:
    """Bind the LIMIT and OFFSET of a query; None where it has neither."""
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if limit is None and offset is None:
        return None
    options = None if limit is None else limit.args.get("limit_options")
    if options is not None:
        # The word ROWS says nothing more.
        options.args.get("rows")
    if options is not None and options.args.get("with_ties"):
        raise binder.unsupported("LIMIT WITH TIES is not supported; use rank() and QUALIFY", tree)
    collected = Collected()
    inner = binder.beside(Scope(), collected)
    skipped = None if offset is None else _count(offset.expression, "OFFSET", inner)
    if options is not None and options.args.get("percent"):
        if skipped is not None:
            raise binder.unsupported("LIMIT by percentage with OFFSET is not supported", tree)
        percent = _percent(limit.expression, inner)
        return BoundLimit(percent=percent, applies=tuple(collected.applies))
    count = None if limit is None else _limit(limit, inner)
    plain = all(_is_plain(clause) for clause in (limit, offset) if clause is not None)
    return BoundLimit(count, skipped, applies=tuple(collected.applies), is_plain=plain)


def limited(plan: Relation, limit: BoundLimit | None, names: Names) -> Relation:
    """Return the rows of `plan` that LIMIT and OFFSET keep."""
    if limit is None:
        return plan
    if limit.percent is not None:
        return _percentage(plan, limit.percent, limit.applies, names)
    return _by_place(plan, limit, names) if limit.applies else Limit(plan, limit.count, limit.offset)


def _by_place(plan: Relation, limit: BoundLimit, names: Names) -> Relation:
    """The rows whose places lie between what subqueries say; NULL is no limit."""
    place, zero = Column(names.fresh("place"), _INT), Literal(0, _INT)
    first: Expr = zero if limit.offset is None else Call("coalesce", (limit.offset, zero), _INT)
    conditions: list[Expr] = [Call(">", (place, first), _BOOL)]
    if limit.count is not None:
        last = Call("+", (first, limit.count), _INT)
        conditions.append(Or((Call("is_null", (limit.count,), _BOOL), Call("<=", (place, last), _BOOL))))
    numbered = applied(Window(plan, ((place.name, WindowCall("row_number", (), _INT)),)), limit.applies)
    return Project(Filter(numbered, conjunction(conditions)), passed(plan))


def _percentage(plan: Relation, percent: Expr, applies: Sequence[Apply], names: Names) -> Relation:
    """LIMIT n%: the first rows up to that share of all of them; NULL is no limit."""
    place, rows = names.fresh("place"), names.fresh("rows")
    every = Frame("rows", Bound(None, following=False), Bound(None, following=True))
    calls = ((place, WindowCall("row_number", (), _INT)), (rows, WindowCall("count", (), _INT, frame=every)))
    share = Call("/", (percent, Literal(100.0, _FLOAT)), _FLOAT)
    last = Call("floor", (Call("*", (Cast(Column(rows, _INT), _FLOAT), share), _FLOAT),), _FLOAT)
    within = Call("<=", (Cast(Column(place, _INT), _FLOAT), last), _BOOL)
    numbered = applied(Window(plan, calls), applies)
    return Project(Filter(numbered, Or((Call("is_null", (percent,), _BOOL), within))), passed(plan))


def _is_plain(clause: exp.Expression) -> bool:
    """Say whether it is LIMIT or OFFSET of a whole number or a parameter that stands there as such."""
    if not isinstance(clause, (exp.Limit, exp.Offset)) or clause.args.get("limit_options") is not None:
        return False
    value = clause.expression
    return isinstance(value, (exp.Placeholder, exp.Parameter)) or (
        isinstance(value, exp.Literal) and not value.is_string and value.this.isdigit()
    )


def _percent(tree: exp.Expression, binder: ExprBinder) -> Expr:
    share = binder.bind(tree)
    fits = (
        not isinstance(share, Literal)
        or share.value is None
        or (isinstance(share.value, (int, float, Decimal)) and 0 <= share.value <= 100)
    )
    if not fits or not (types.is_number(share.dtype) or isinstance(share.dtype, pl.Null)):
        raise binder.error("LIMIT takes a percentage from 0 to 100", tree)
    return cast_to(share, _FLOAT)


def _limit(tree: exp.Expression, binder: ExprBinder) -> Expr | None:
    if isinstance(tree, exp.Fetch) and tree.args.get("direction") in ("FIRST", "NEXT"):
        return _count(tree.args.get("count") or exp.Literal.number(1), "FETCH", binder)
    if isinstance(tree.expression, exp.Var) and tree.expression.name.upper() == "ALL":
        return None
    return _count(tree.expression, "LIMIT", binder)


def _count(tree: exp.Expression, clause: str, binder: ExprBinder) -> Expr | None:
    column = column_in(tree)
    if column is not None:
        raise binder.error(f"{clause} reads a column; it is one number for all rows", column)
    expr = binder.bind(tree)
    if isinstance(expr, Literal) and expr.value is None:
        return None
    if isinstance(expr, Literal) and isinstance(expr.value, (int, float, Decimal)) and expr.value < 0:
        raise binder.error(f"{clause} takes a whole number that is not negative, or a parameter", tree)
    numeral = not isinstance(expr, Literal) or str(expr.value).strip().isdigit()
    if not (types.is_number(expr.dtype) or isinstance(expr.dtype, pl.Null) or (types.is_text(expr.dtype) and numeral)):
        raise binder.error(f"{clause} takes a whole number that is not negative, or a parameter", tree)
    if isinstance(expr, (Literal, Parameter)) and expr.dtype.is_integer():
        return expr
    if types.is_text(expr.dtype) and isinstance(expr, Literal):
        return Literal(int(str(expr.value)), _INT)
    return cast_to(expr, _INT)
