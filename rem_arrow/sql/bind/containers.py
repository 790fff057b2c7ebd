"""Lists, structs and maps as values: the functions that every file of them builds on."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.plan import functions
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import cast_to, common_type

_PLACE_MAX = (1 << 32) - 1


def apply(name: str, *args: Expr) -> Expr:
    """Return the call of a function whose arguments already have its kinds."""
    return Call(name, args, functions.SCALAR[name].result_type([a.dtype for a in args]))


def unified(binder: ExprBinder, kinds: list[str], args: list[Expr], tree: exp.Expression) -> list[Expr]:
    """Give the lists and items of a call one type of item, and arrays the type of lists."""
    args = [cast_to(a, nested.as_lists(a.dtype)) if nested.is_list(a.dtype) else a for a in args]
    if "vector" in kinds:
        return [cast_to(a, pl.List(pl.Float64())) if _may_be_vector(a.dtype) else a for a in args]
    joint = [i for i, kind in enumerate(kinds) if kind in ("list", "item")]
    item = _item_type(binder, [kinds[i] for i in joint], [args[i] for i in joint], tree)
    for i in joint:
        args[i] = binder.converted(args[i], item if kinds[i] == "item" else pl.List(item), tree)
    maps = [a.dtype for a in args if nested.is_map(a.dtype)]
    empty: dict[str, pl.DataType] = {k: pl.List(pl.Null()) for k in ("array", "list", "numbers", "conditions")}
    empty["map"] = maps[0] if maps else nested.map_of(pl.Null(), pl.Null())
    return [
        cast_to(a, empty[k]) if k in empty and isinstance(a.dtype, pl.Null) else a
        for k, a in zip(kinds, args, strict=True)
    ]


def _may_be_vector(dtype: pl.DataType) -> bool:
    """Say whether a type is of lists of numbers, or of nothing but NULL."""
    item = nested.item_of(dtype) if nested.is_list(dtype) else dtype
    return isinstance(item, pl.Null) or (nested.is_list(dtype) and item.is_numeric())


def _item_type(binder: ExprBinder, kinds: list[str], args: list[Expr], tree: exp.Expression) -> pl.DataType:
    """Return the type in which lists and items meet; NULL without any."""
    joint: pl.DataType | None = pl.Null()
    dtypes = [a.dtype if kind == "item" else nested.item_of(a.dtype) for kind, a in zip(kinds, args, strict=True)]
    for kind, arg, dtype in zip(kinds, args, dtypes, strict=True):
        if joint is not None:
            # A literal among the items follows the others, where it fits.
            joint = common_type([Literal(None, joint), arg if kind == "item" else Literal(None, dtype)])
    if joint is None:
        raise binder.error(
            f"items of {' and '.join(dict.fromkeys(map(sql_name, dtypes)))} do not combine",
            tree,
            "Cast them: CAST(x AS ...).",
        )
    return joint


def listed(binder: ExprBinder, items: list[Expr], tree: exp.Expression) -> Expr:
    items = binder.same(items, tree) if items else []
    return Call("list_value", tuple(items), pl.List(items[0].dtype if items else pl.Null()))


def packed(fields: dict[str, Expr]) -> Expr:
    return Call("struct_pack", tuple(fields.values()), nested.struct_of({n: e.dtype for n, e in fields.items()}))


def field(base: Expr, name: str, dtype: pl.DataType) -> Expr:
    return Call("struct_extract", (base, Literal(name, pl.String())), dtype)


def check_places(binder: ExprBinder, places: list[Expr], tree: exp.Expression) -> None:
    """Refuse constants that are no places in a text."""
    numbers = (p.args[0] if isinstance(p, Call) and p.function == "negate" else p for p in places)
    if any(isinstance(n, Literal) and isinstance(n.value, int) and abs(n.value) > _PLACE_MAX for n in numbers):
        raise binder.error(f"a place in a text lies between -{_PLACE_MAX:,} and {_PLACE_MAX:,}", tree)


def as_list(binder: ExprBinder, value: Expr, tree: exp.Expression) -> Expr:
    """Return a list expression as it is, an untyped NULL as a list. Raises BindError for anything else."""
    if isinstance(value.dtype, pl.Null):
        return cast_to(value, pl.List(pl.Int32()))
    if isinstance(value.dtype, pl.Array):
        return cast_to(value, pl.List(pl.List(value.dtype.inner).inner))
    if not isinstance(value.dtype, pl.List):
        raise binder.error(f"UNNEST takes a list, and this is {sql_name(value.dtype)}", tree)
    return value


def check_concatenable(binder: ExprBinder, dtypes: list[pl.DataType], tree: exp.Expression) -> None:
    """Raise BindError for a list beside something that is none."""
    lists = [nested.is_list(t) and not nested.is_map(t) for t in dtypes]
    other = next(
        (t for t, is_list in zip(dtypes, lists, strict=True) if not is_list and not isinstance(t, pl.Null)), None
    )
    if any(lists) and other is not None:
        raise binder.error(
            f"a list and {sql_name(other)} do not concatenate", tree, "Cast the list: CAST(x AS VARCHAR)."
        )
