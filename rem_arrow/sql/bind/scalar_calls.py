"""Calls of the scalar functions of the catalog: the arguments take the types that the function asks for."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.base.logical_types import UUID, is_uuid
from rem_arrow.plan import collations, functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.plan.signature import Function
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.containers import check_concatenable, check_places, unified
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.intervals import interval_from, time_series
from rem_arrow.sql.text.trees import place_of

# The types that arguments of some kinds take, which text literals are read as for some of them.
_CAST_TO: dict[str, pl.DataType] = {
    "text": pl.String(),
    "float": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "blob": pl.Binary(),
    "bytes": pl.Binary(),
    "uuid": UUID,
}
_READ_FROM_TEXT = ("integer", "float", "boolean", "bytes")
# What an untyped NULL is, where a kind allows several types.
_NULL_AS: dict[str, pl.DataType] = {
    "number": pl.Int32(),
    "whole": pl.Int64(),
    "temporal": pl.Datetime("us"),
    "span": pl.Datetime("us"),
    "stamp": pl.Datetime("us"),
    "interval": types.CALENDAR,
    "shown": pl.String(),
    "formats": pl.String(),
}
# Whether a type is of a kind; kinds that are not here take any.
_FITS: dict[str, Callable[[pl.DataType], bool]] = {
    "text": lambda dtype: types.is_text(dtype) and not is_uuid(dtype),
    "uuid": types.is_text,
    "float": types.is_number,
    "number": types.is_number,
    "integer": lambda dtype: dtype.is_integer(),
    "whole": lambda dtype: dtype.is_integer(),
    "boolean": lambda dtype: isinstance(dtype, pl.Boolean),
    "temporal": types.is_temporal,
    "list": nested.is_list,
    "array": nested.is_list,
    "vector": lambda dtype: nested.is_list(dtype) and _FITS["number"](nested.item_of(dtype)),
    "numbers": lambda dtype: nested.is_list(dtype) and _is_numeric(nested.item_of(dtype)),
    "conditions": lambda dtype: nested.is_list(dtype) and _is_numeric(nested.item_of(dtype)),
    "map": nested.is_map,
    "struct": lambda dtype: isinstance(dtype, pl.Struct) and not types.is_interval(dtype),
    "stamp": lambda dtype: types.is_temporal(dtype) and not isinstance(dtype, pl.Time),
    "interval": types.is_interval,
    "span": lambda dtype: types.is_temporal(dtype) or types.is_interval(dtype),
    "blob": lambda dtype: (types.is_text(dtype) and not is_uuid(dtype)) or isinstance(dtype, pl.Binary),
    "bytes": lambda dtype: isinstance(dtype, pl.Binary),
    "formats": lambda dtype: types.is_text(nested.item_of(dtype) if nested.is_list(dtype) else dtype),
}


def _is_numeric(dtype: pl.DataType) -> bool:
    """Say whether a type is a number, or becomes one."""
    return types.is_number(dtype) or isinstance(dtype, (pl.Boolean, pl.Null))


def call(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind a scalar function of the catalog."""
    times = time_series(binder, name, trees, tree) if name in ("range", "generate_series") else None
    if times is not None:
        return times
    if name not in functions.SCALAR:
        names = [n for n in (*functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES) if n[0].isalpha()]
        raise binder.error(f"no function {name}", tree, suggest(name, names, "Functions").split(" Functions:")[0])
    if any(isinstance(t, exp.Lambda) for t in trees):
        raise binder.error(f"{name} takes no lambda", tree)
    args = [binder.bind(t) for t in trees]
    if name in ("concat", "concat_operator"):
        check_concatenable(binder, [a.dtype for a in args], tree)
    name = _overloaded(name, [a.dtype for a in args])
    function = functions.SCALAR[name]
    if not function.accepts(len(trees)):
        raise binder.error(f"{name} takes {_counts(function)}, not {len(trees)}", tree)
    several = collations.joint([a.dtype for a in args])
    if len(several) > 1:
        raise binder.mixed(several, tree)
    args = _in_one_type(binder, [function.kind(i) for i in range(len(args))], args, tree)
    _check_constants(binder, name, args, tree)
    args = [argument(binder, name, function.kind(i), a, t) for i, (a, t) in enumerate(zip(args, trees, strict=True))]
    place = place_of(tree) if function.volatile else 0
    given = [a.dtype for a in args]
    return Call(name, tuple(args), collations.result_type(function.result_type(given), given), place)


def _in_one_type(binder: ExprBinder, kinds: list[str], args: list[Expr], tree: exp.Expression) -> list[Expr]:
    """Return the arguments with those in one type that the kinds say: items of lists, and those that are the same."""
    args = unified(binder, kinds, args, tree)
    same = [i for i, kind in enumerate(kinds) if kind == "same"]
    if same:
        for i, arg in zip(same, binder.same([args[i] for i in same], tree), strict=True):
            args[i] = arg
    return args


def _counts(function: Function) -> str:
    if function.variadic:
        return f"at least {function.args_min} argument(s)"
    return _between(function.args_min, len(function.args))


def _between(least: int, most: int) -> str:
    return f"{most} argument(s)" if least == most else f"{least} to {most} arguments"


def expect(
    binder: ExprBinder, trees: list[exp.Expression], least: int, tree: exp.Expression, *, most: int | None = None
) -> None:
    """Raise BindError where a call has fewer arguments than `least`, or more than `most`: by itself the same."""
    most = least if most is None else most
    if not least <= len(trees) <= most:
        raise binder.error(f"the function takes {_between(least, most)}, not {len(trees)}", tree)


def _check_constants(binder: ExprBinder, name: str, args: list[Expr], tree: exp.Expression) -> None:
    """Refuse constants that a function cannot take, before any row is read."""
    if name in ("substring", "list_extract", "text_slice") and types.is_text(args[0].dtype):
        check_places(binder, args[1:], tree)
    if name in ("strptime", "try_strptime") and len(args) > 1 and isinstance(args[1], Literal) and args[1].value == "":
        raise binder.error(f"{name} takes a format that is not empty", tree)
    if name == "struct_concat" and any(isinstance(a.dtype, pl.Null) for a in args):
        raise binder.error("struct_concat takes structs, and NULL says no fields", tree)
    if name == "struct_concat":
        _check_joined(binder, [a.dtype for a in args], tree)
    if name == "factorial" and args[0].dtype == pl.Int128():
        raise binder.error("factorial takes an INTEGER, and this is HUGEINT", tree)


def _check_joined(binder: ExprBinder, dtypes: list[pl.DataType], tree: exp.Expression) -> None:
    """Structs become one: each field is there once, and all have names or none has."""
    if len({nested.is_unnamed(t) for t in dtypes}) > 1:
        raise binder.error("struct_concat takes structs with names of fields, or rows without, not both", tree)
    names = [] if nested.is_unnamed(dtypes[0]) else [n.casefold() for t in dtypes for n in nested.fields_of(t)]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise binder.error(f'the field "{twice}" is there twice', tree)


def _overloaded(name: str, dtypes: list[pl.DataType]) -> str:
    """Return what a function is called for a list or a map as its first argument; of concat as its first that is no
    NULL."""
    if not dtypes:
        return name
    first = next((t for t in dtypes if name == "concat" and not isinstance(t, pl.Null)), dtypes[0])
    if nested.is_map(first):
        name = nested.OF_MAPS.get(name, name)
    is_text = nested.is_map(first) and name.startswith("concat")
    return nested.OF_LISTS.get(name, name) if nested.is_list(first) and not is_text else name


def argument(binder: ExprBinder, name: str, kind: str, arg: Expr, tree: exp.Expression) -> Expr:
    """Return an argument in the type that its kind asks for. Raises BindError."""
    if isinstance(arg, Literal) and isinstance(arg.value, str):
        if kind == "interval":
            arg = interval_from(binder, arg, tree)
        elif kind in _READ_FROM_TEXT:
            return cast_to(arg, _CAST_TO[kind])
    dtype = _CAST_TO.get(kind)
    if isinstance(arg.dtype, pl.Null):
        return cast_to(arg, dtype or _NULL_AS.get(kind, arg.dtype))
    if kind in _FITS and not _FITS[kind](arg.dtype) and not (name == "concat_operator" and kind == "text"):
        raise binder.error(
            f"{name} takes a {kind} here, and this is {sql_name(arg.dtype)}", tree, "Cast it: CAST(x AS ...)."
        )
    match kind:
        case "shown":
            return arg if types.is_text(arg.dtype) and not is_uuid(arg.dtype) else cast_to(arg, pl.String())
        case "stamp" if isinstance(arg.dtype, pl.Date):
            return cast_to(arg, pl.Datetime("us"))
        case "blob" if types.is_text(arg.dtype):
            return Call("encode", (arg,), pl.Binary())
        case _:
            return arg if dtype is None or arg.dtype == dtype else cast_to(arg, dtype)
