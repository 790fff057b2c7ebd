"""Collations: what texts of a collated type compare by.

The type of an expression carries its collation. `compared` is the one place that says what stands for its values where
they are compared, grouped or ordered; the rule `collate` puts it there.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.logical_types import Collated, is_collated
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Case, Cast, Expr, Lambda, Literal, Variable

# The parts of a collation, in the order of its name, and the function of each.
FOLDS = {"NFC": "nfc_normalize", "NOACCENT": "strip_accents", "NOCASE": "lower"}
_TEXT = pl.String()


def is_collating(dtype: pl.DataType) -> bool:
    """Say whether a type has a collation, or one inside."""
    if nested.is_list(dtype):
        return is_collating(nested.item_of(dtype))
    return is_collated(dtype) or any(map(is_collating, nested.fields_of(dtype).values()))


def joint(dtypes: list[pl.DataType]) -> list[Collated]:
    """Return the collations that texts have, each once: a call of several compares by none of them."""
    return list(dict.fromkeys(t for t in dtypes if is_collated(t)))


def result_type(dtype: pl.DataType, args: list[pl.DataType]) -> pl.DataType:
    """Return the type of a call: a text of collated texts has their collation."""
    return next(iter(joint(args)), dtype) if dtype == _TEXT else dtype


def compared(expr: Expr, fresh: Callable[[str], str]) -> Expr:
    """Return what a value compares by, which is itself if it has no collation; `fresh` names variables."""
    dtype = expr.dtype
    if is_collated(dtype):
        return folded(expr, dtype)
    if not is_collating(dtype):
        return expr
    if nested.is_list(dtype):
        item = Variable(fresh("item"), nested.item_of(dtype))
        body = compared(item, fresh)
        lists = expr if isinstance(dtype, pl.List) else Cast(expr, pl.List(item.dtype))
        return Call("list_transform", (lists, Lambda((item,), body, body.dtype)), pl.List(body.dtype))
    fields = {
        name: compared(Call("struct_extract", (expr, Literal(name, _TEXT)), t), fresh)
        for name, t in nested.fields_of(dtype).items()
    }
    packed = Call("struct_pack", tuple(fields.values()), nested.struct_of({n: e.dtype for n, e in fields.items()}))
    unknown = (Call("is_null", (expr,), pl.Boolean()), Literal(None, packed.dtype))
    return Case((unknown,), packed, packed.dtype)


def folded(expr: Expr, collation: Collated) -> Expr:
    """Return what a text compares by in a collation."""
    for part in collation.collation.split("."):
        expr = Call(FOLDS[part], (expr,), _TEXT)
    return expr
