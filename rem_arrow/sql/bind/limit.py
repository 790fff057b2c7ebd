"""LIMIT, OFFSET and FETCH: numbers, parameters, constant expressions, subqueries, and percentages."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from sqlglot import exp

from rem_arrow.errors import BindError, UnsupportedError
from rem_arrow.plan import types
from rem_arrow.plan.nodes import (
    And,
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
from rem_arrow.plan.walk import passed
from rem_arrow.sql.bind.binder import Collected, ExprBinder
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.scope import Scope
from rem_arrow.sql.bind.subqueries import applied
from rem_arrow.sql.text.position import position

_INT, _FLOAT, _BOOL = pl.Int64(), pl.Float64(), pl.Boolean()


def limited(tree: exp.Expression, plan: Relation, binder: ExprBinder) -> Relation:
    """Apply LIMIT and OFFSET."""
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if limit is None and offset is None:
        return plan
    options = None if limit is None else limit.args.get("limit_options")
    if options is not None and options.args.get("with_ties"):
        raise UnsupportedError("LIMIT WITH TIES is not supported; use rank() and QUALIFY", binder.text, *position(tree))
    collected = Collected()
    inner = binder.beside(Scope(), collected)
    skipped = None if offset is None else _count(offset.expression, "OFFSET", inner)
    if options is not None and options.args.get("percent"):
        if skipped is not None:
            raise UnsupportedError("LIMIT by percentage with OFFSET is not supported", binder.text, *position(tree))
        return _percentage(limit.expression, plan, binder)
    if isinstance(limit, exp.Fetch):
        count = _count(limit.args.get("count") or exp.Literal.number(1), "FETCH", inner)
    else:
        count = None if limit is None else _count(limit.expression, "LIMIT", inner)
    return _by_place(plan, count, skipped, collected, binder) if collected.applies else Limit(plan, count, skipped)


def _by_place(
    plan: Relation, count: Expr | None, skipped: Expr | None, collected: Collected, binder: ExprBinder
) -> Relation:
    """The rows whose places lie between what subqueries say; NULL is no limit."""
    place, zero = Column(binder.names.fresh("place"), _INT), Literal(0, _INT)
    first: Expr = zero if skipped is None else Call("coalesce", (skipped, zero), _INT)
    conditions: list[Expr] = [Call(">", (place, first), _BOOL)]
    if count is not None:
        last = Call("+", (first, count), _INT)
        conditions.append(Or((Call("is_null", (count,), _BOOL), Call("<=", (place, last), _BOOL))))
    numbered = applied(Window(plan, ((place.name, WindowCall("row_number", (), _INT)),)), collected.applies)
    return Project(Filter(numbered, And(tuple(conditions)) if len(conditions) > 1 else conditions[0]), passed(plan))


def _percentage(tree: exp.Expression, plan: Relation, binder: ExprBinder) -> Relation:
    """LIMIT n%: the first rows up to that share of all of them; NULL is no limit."""
    collected = Collected()
    share = binder.beside(Scope(), collected).bind(tree)
    fits = (
        not isinstance(share, Literal)
        or share.value is None
        or (isinstance(share.value, (int, float, Decimal)) and 0 <= share.value <= 100)
    )
    if not fits or not (types.is_number(share.dtype) or isinstance(share.dtype, pl.Null)):
        raise BindError("LIMIT takes a percentage from 0 to 100", binder.text, *position(tree))
    percent = cast_to(share, _FLOAT)
    place, rows = binder.names.fresh("place"), binder.names.fresh("rows")
    every = Frame("rows", Bound(None, following=False), Bound(None, following=True))
    calls = ((place, WindowCall("row_number", (), _INT)), (rows, WindowCall("count", (), _INT, frame=every)))
    wanted = Call(
        "floor",
        (Call("*", (Cast(Column(rows, _INT), _FLOAT), Call("/", (percent, Literal(100.0, _FLOAT)), _FLOAT)), _FLOAT),),
        _FLOAT,
    )
    within = Call("<=", (Cast(Column(place, _INT), _FLOAT), wanted), _BOOL)
    kept = Filter(applied(Window(plan, calls), collected.applies), Or((Call("is_null", (percent,), _BOOL), within)))
    return Project(kept, passed(plan))


def _count(tree: exp.Expression, clause: str, binder: ExprBinder) -> Expr | None:
    read = next((n for n in tree.walk(prune=lambda n: isinstance(n, exp.Query)) if isinstance(n, exp.Column)), None)
    if read is not None:
        raise binder.error(f"{clause} reads a column; it is one number for all rows", read)
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
