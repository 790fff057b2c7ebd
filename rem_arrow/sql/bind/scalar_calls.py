"""Calls of the scalar functions of the catalog: the arguments take the types that the function asks for."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.plan.signature import Function
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.containers import check_concatenable, check_places, unified
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.intervals import interval_from, time_series

# What an untyped NULL is, where a kind allows several types.
_NULL_AS: dict[str, pl.DataType] = {
    "number": pl.Int32(),
    "temporal": pl.Datetime("us"),
    "span": pl.Datetime("us"),
    "stamp": pl.Datetime("us"),
    "interval": pl.Duration("us"),
    "shown": pl.String(),
}


def call(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind a scalar function of the catalog."""
    times = time_series(binder, name, trees, tree) if name in ("range", "generate_series") else None
    if times is not None:
        return times
    if name not in functions.SCALAR:
        known = [*functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES]
        raise binder.error(
            f"no function {name}",
            tree,
            suggest(name, [k for k in known if k[0].isalpha()], "Functions").split(" Functions:")[0],
        )
    if any(isinstance(t, exp.Lambda) for t in trees):
        raise binder.error(f"{name} takes no lambda", tree)
    args = [binder.bind(t) for t in trees]
    if name in ("concat", "concat_operator"):
        check_concatenable(binder, [a.dtype for a in args], tree)
    if args:
        first = next((a.dtype for a in args if name == "concat" and not isinstance(a.dtype, pl.Null)), args[0].dtype)
        name = _overloaded(name, first)
    function = functions.SCALAR[name]
    if not function.accepts(len(trees)):
        raise binder.error(f"{name} takes {_counts(function)}, not {len(trees)}", tree)
    args = unified(binder, [function.kind(i) for i in range(len(args))], args, tree)
    same = [i for i in range(len(args)) if function.kind(i) == "same"]
    if same:
        for i, arg in zip(same, binder.same([args[i] for i in same], tree), strict=True):
            args[i] = arg
    _check_constants(binder, name, args, tree)
    args = [argument(binder, name, function.kind(i), a, t) for i, (a, t) in enumerate(zip(args, trees, strict=True))]
    return Call(name, tuple(args), function.result_type([a.dtype for a in args]))


def _counts(function: Function) -> str:
    if function.variadic:
        return f"at least {function.args_min} argument(s)"
    most = len(function.args)
    return f"{most} argument(s)" if function.args_min == most else f"{function.args_min} to {most} arguments"


def _check_constants(binder: ExprBinder, name: str, args: list[Expr], tree: exp.Expression) -> None:
    """Refuse constants that a function cannot take, before any row is read."""
    if name in ("substring", "list_extract", "text_slice") and types.is_text(args[0].dtype):
        check_places(binder, args[1:], tree)
    if name in ("strptime", "try_strptime") and len(args) > 1 and isinstance(args[1], Literal) and args[1].value == "":
        raise binder.error(f"{name} takes a format that is not empty", tree)
    if name == "factorial" and args[0].dtype == pl.Int128():
        raise binder.error("factorial takes an INTEGER, and this is HUGEINT", tree)


def _overloaded(name: str, first: pl.DataType) -> str:
    """Return what a function is called for a list or a map as its first argument."""
    if nested.is_map(first):
        name = nested.OF_MAPS.get(name, name)
    return nested.OF_LISTS.get(name, name) if nested.is_list(first) else name


def argument(binder: ExprBinder, name: str, kind: str, arg: Expr, tree: exp.Expression) -> Expr:
    wanted: pl.DataType | None = {
        "text": pl.String(),
        "float": pl.Float64(),
        "integer": pl.Int64(),
        "boolean": pl.Boolean(),
        "blob": pl.Binary(),
    }.get(kind)
    if isinstance(arg, Literal) and isinstance(arg.value, str) and kind == "interval":
        arg = interval_from(binder, arg, tree)
    if (
        isinstance(arg, Literal)
        and isinstance(arg.value, str)
        and kind in ("integer", "float", "boolean")
        and wanted is not None
    ):
        return cast_to(arg, wanted)
    found = arg.dtype
    fits = {
        "text": types.is_text(found) or name == "concat_operator",
        "float": types.is_number(found),
        "number": types.is_number(found),
        "integer": bool(found.is_integer()),
        "boolean": isinstance(found, pl.Boolean),
        "temporal": types.is_temporal(found),
        "list": nested.is_list(found),
        "array": nested.is_list(found),
        "vector": nested.is_list(found),
        "map": nested.is_map(found),
        "struct": isinstance(found, pl.Struct),
        "stamp": types.is_temporal(found) and not isinstance(found, pl.Time),
        "interval": types.is_interval(found),
        "span": types.is_temporal(found) or types.is_interval(found),
        "blob": types.is_text(found) or isinstance(found, pl.Binary),
    }.get(kind, True)
    if isinstance(found, pl.Null):
        return cast_to(arg, wanted or _NULL_AS.get(kind, found))
    if not fits:
        raise binder.error(
            f"{name} takes a {kind} here, and this is {sql_name(found)}", tree, "Cast it: CAST(x AS ...)."
        )
    if kind == "shown":
        return arg if types.is_text(found) else cast_to(arg, pl.String())
    if kind == "stamp" and isinstance(found, pl.Date):
        return cast_to(arg, pl.Datetime("us"))
    if kind == "blob" and types.is_text(found):
        return Call("encode", (arg,), pl.Binary())
    return arg if wanted is None or found == wanted else cast_to(arg, wanted)
