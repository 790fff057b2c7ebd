"""enum_range, enum_range_boundary, enum_first, enum_last and enum_code."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan.enum_functions import CODE, ENDS, LISTS, code_type
from rem_arrow.plan.nodes import Call, Case, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import cast_to

_TEXTS = pl.List(pl.String())


def _values(binder: ExprBinder, args: list[Expr], name: str, tree: exp.Expression) -> pl.Enum:
    """Return the ENUM of the arguments. Raises BindError."""
    dtype = next((a.dtype for a in args if isinstance(a.dtype, pl.Enum)), None)
    if dtype is None:
        raise binder.error(f"{name} takes a value of an ENUM, and this is {sql_name(args[0].dtype)}", tree)
    other = next((a.dtype for a in args if a.dtype != dtype and not isinstance(a.dtype, pl.Null)), None)
    if other is not None:
        raise binder.error(f"{name} takes two values of one ENUM, and one is {sql_name(other)}", tree)
    return dtype


def _of_one(name: str) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if len(trees) != 1:
            raise binder.error(f"{name} takes one argument, not {len(trees)}", tree)
        value = binder.bind(trees[0])
        dtype = _values(binder, [value], name, tree)
        if name == CODE:
            return Call(CODE, (value,), code_type(dtype))
        texts = dtype.categories.to_list()
        if name in LISTS:
            return _listed(texts)
        return Literal(texts[ENDS[name]], pl.String())

    return bind


def _boundary(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """enum_range_boundary(low, high): the values from one to the other, both included; NULL is the first or last."""
    if len(trees) != 2:
        raise binder.error(f"enum_range_boundary takes two arguments, not {len(trees)}", tree)
    args = [binder.bind(t) for t in trees]
    dtype = _values(binder, args, "enum_range_boundary", tree)
    texts = dtype.categories.to_list()
    codes = [_number(cast_to(a, dtype), default, dtype) for a, default in zip(args, (0, len(texts) - 1), strict=True)]
    one = Literal(1, pl.Int64())
    places = [Call("+", (c, one), pl.Int64()) for c in codes]
    return Call("list_slice", (_listed(texts), *places), _TEXTS)


def _number(value: Expr, default: int, dtype: pl.Enum) -> Expr:
    code = cast_to(Call(CODE, (value,), code_type(dtype)), pl.Int64())
    missing = Call("is_null", (value,), pl.Boolean())
    return Case(((missing, Literal(default, pl.Int64())),), code, pl.Int64())


def _listed(texts: list[str]) -> Expr:
    return Call("list_value", tuple(Literal(t, pl.String()) for t in texts), _TEXTS)


BY_NAME: dict[str, Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]] = {
    "enum_range_boundary": _boundary,
    **{name: _of_one(name) for name in ("enum_range", CODE, *ENDS)},
}
