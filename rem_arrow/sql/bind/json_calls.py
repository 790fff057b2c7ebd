"""JSON: `->`, `->>`, and the functions whose paths and structures stand in the statement and are read here."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.json_paths import Steps, has_wildcard, key_path, steps
from rem_arrow.base.json_text import Document, parse
from rem_arrow.base.logical_types import JSON, is_json, is_uuid
from rem_arrow.base.schema import is_pattern
from rem_arrow.plan import functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.json_functions import AT_PATHS, NEEDS_PATH, TAKES_PLACE, WALKED
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.text.type_names import named_type

_STRUCTURE = "a structure is a type, [structure], or an object of these by key"


def document(binder: ExprBinder, value: Expr, tree: exp.Expression, name: str) -> Expr:
    """Return an argument that is a document: JSON, a text, or a list or struct as JSON. Raises BindError."""
    if isinstance(value.dtype, pl.Null):
        return cast_to(value, JSON)
    if nested.is_nested(value.dtype):
        return Call("to_json", (value,), JSON)
    if not types.is_text(value.dtype) or is_uuid(value.dtype):
        raise binder.error(f"{name} takes JSON here, and this is {sql_name(value.dtype)}", tree, "Cast it: to_json(x).")
    return value


def at_path(binder: ExprBinder, name: str, value: Expr, path: Expr, tree: exp.Expression) -> Expr:
    """Bind a function of AT_PATHS. A path that stands in the statement is read at once. Raises BindError."""
    value, result = document(binder, value, tree, name), AT_PATHS[name]
    if isinstance(path.dtype, pl.Null):
        return Literal(None, result)
    if isinstance(path, Literal) and isinstance(path.value, str):
        several = has_wildcard(_steps(binder, path.value, tree))
        return Call(f"{name}_constant", (value, path), pl.List(result) if several else result)
    if nested.is_list(path.dtype):
        return Call(name, (value, _paths(binder, path, tree)), pl.List(result))
    if path.dtype.is_integer() and name in TAKES_PLACE:
        return Call(name, (value, cast_to(path, pl.Int64())), result)
    if not types.is_text(path.dtype):
        raise binder.error(f"a path in JSON is a text, and this is {sql_name(path.dtype)}", tree)
    return Call(name, (value, cast_to(path, pl.String())), result)


def at_key(binder: ExprBinder, value: Expr, key: Expr, tree: exp.Expression) -> Expr:
    """Bind `j.key` and `j['key']`: the key is one, whatever it looks like."""
    if isinstance(key, Literal) and isinstance(key.value, str):
        return at_path(binder, "json_extract", value, Literal(key_path(key.value), pl.String()), tree)
    return at_path(binder, "json_extract", value, Call("json_key_path", (key,), pl.String()), tree)


def _steps(binder: ExprBinder, path: str, tree: exp.Expression) -> Steps:
    try:
        return steps(path)
    except ExecuteError as error:
        raise binder.error(str(error), tree, "Write for example $.key[0].") from error


def _paths(binder: ExprBinder, paths: Expr, tree: exp.Expression) -> Expr:
    """Return a list of paths, each of which finds one value."""
    if isinstance(paths, Call) and paths.function == "list_value":
        for path in paths.args:
            if not isinstance(path, Literal) or not isinstance(path.value, str):
                raise binder.error("several paths in JSON are texts that stand in the statement", tree)
            if has_wildcard(_steps(binder, path.value, tree)):
                raise binder.error("a path with a wildcard stands alone, not among several", tree)
    if not isinstance(nested.item_of(paths.dtype), (pl.String, pl.Null)):
        raise binder.error(f"paths in JSON are texts, and this is {sql_name(paths.dtype)}", tree)
    return cast_to(paths, pl.List(pl.String()))


# --- functions by name


def _at_paths(name: str) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    least = 2 if name in NEEDS_PATH else 1

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if not least <= len(trees) <= 2:
            counts = "a document and a path" if least == 2 else "a document, and may take a path"
            raise binder.error(f"{name} takes {counts}", tree)
        value = binder.bind(trees[0])
        if len(trees) == 2:
            return at_path(binder, name, value, binder.bind(trees[1]), tree)
        return Call(name, (document(binder, value, tree, name),), AT_PATHS[name])

    return bind


def _json(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """json(x): the document without spaces."""
    if len(trees) != 1:
        raise binder.error(f"json takes a document, not {len(trees)} arguments", tree)
    return at_path(binder, "json_extract", binder.bind(trees[0]), Literal("$", pl.String()), tree)


def _parsed(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """`JSON '[1]'`, and json(x), which SQLGlot reads alike."""
    if not tree.args.get("is_literal"):
        return _json(binder, [tree.this], tree)
    return cast_to(binder.bind(tree.this), JSON)


def _to_json(
    name: str, fits: Callable[[pl.DataType], bool], kind: str
) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if len(trees) != 1:
            raise binder.error(f"{name} takes one argument, not {len(trees)}", tree)
        value = binder.bind(trees[0])
        if isinstance(value.dtype, pl.Null):
            return Literal(None, JSON)
        if not fits(value.dtype):
            raise binder.error(f"{name} takes {kind}, and this is {sql_name(value.dtype)}", tree)
        return Call("to_json", (value,), JSON)

    return bind


def _object(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    pairs = [
        t for pair in trees for t in ((pair.this, pair.expression) if isinstance(pair, exp.JSONKeyValue) else (pair,))
    ]
    args = [binder.bind(t) for t in pairs]
    if len(args) % 2:
        raise binder.error(f"json_object takes pairs of a key and a value, not {len(args)} arguments", tree)
    other = next((k for k in args[::2] if not types.is_text(k.dtype) or is_json(k.dtype)), None)
    if other is not None:
        raise binder.error(f"a key of json_object is a text, and this is {sql_name(other.dtype)}", tree, "Cast it.")
    return Call("json_object", tuple(args), JSON)


def _of_documents(name: str) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    function = functions.SCALAR[name]

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if not function.accepts(len(trees)):
            raise binder.error(f"{name} takes {function.args_min} document(s), not {len(trees)}", tree)
        args = tuple(document(binder, binder.bind(t), t, name) for t in trees)
        return Call(name, args, function.result_type([a.dtype for a in args]))

    return bind


def _group_structure(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """json_group_structure(x) is the structure of all documents together."""
    if len(trees) != 1:
        raise binder.error("json_group_structure takes one argument", tree)
    grouped = exp.Anonymous(this="json_group_array", expressions=[trees[0].copy()])
    listed = Call("json_structure", (binder.bind(grouped),), JSON)
    return Call("json_extract", (listed, Literal(0, pl.Int64())), JSON)


def _transform(name: str) -> Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]:
    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if len(trees) != 2:
            raise binder.error(f"{name} takes a document and a structure", tree)
        value, structure = document(binder, binder.bind(trees[0]), tree, name), binder.bind(trees[1])
        if not isinstance(structure, Literal) or not isinstance(structure.value, str):
            raise binder.error("the structure is a text that stands in the statement", trees[1], f"{_STRUCTURE}.")
        try:
            dtype = _structured(binder, parse(structure.value), trees[1])
        except ExecuteError as error:
            raise binder.error(str(error), trees[1], f"{_STRUCTURE}.") from error
        return Call(name, (value,), dtype)

    return bind


def _structured(binder: ExprBinder, structure: Document, tree: exp.Expression) -> pl.DataType:
    """Return the type that a structure says. Raises BindError."""
    match structure:
        case str():
            try:
                return named_type(structure, binder.context.catalog.named_type)
            except InputError as error:
                raise binder.error(f"the structure: {error}", tree) from error
        case [inner]:
            return (
                pl.List(_structured(binder, inner, tree))
                if isinstance(structure, list)
                else _fields(binder, structure, tree)
            )
        case tuple() if structure:
            return _fields(binder, structure, tree)
        case _:
            raise binder.error(f"this is no structure; {_STRUCTURE}", tree)


def _fields(binder: ExprBinder, structure: Document, tree: exp.Expression) -> pl.DataType:
    pattern = next((key for key, _ in structure if is_pattern(key)), None)
    if pattern is not None:
        raise binder.unsupported(f"the field name {pattern!r} is a pattern of names to Polars; leave it out", tree)
    fields = {key: _structured(binder, inner, tree) for key, inner in structure}
    if len({key.casefold() for key in fields}) < len(structure):
        raise binder.error("a key of the structure comes twice", tree)
    return nested.struct_of(fields)


def item(binder: ExprBinder, args: list[Expr]) -> Expr:
    """Return what json_group_array and json_group_object join: a value as JSON, or a pair."""
    if len(args) == 1:
        return Call("coalesce", (Call("to_json", (args[0],), JSON), Literal("null", JSON)), JSON)
    key = args[0] if types.is_text(args[0].dtype) else cast_to(args[0], pl.String())
    return Call("json_pair", (key, args[1]), pl.String())


WALKS = ("json_each", "json_tree")


def walked(binder: ExprBinder, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind the rows of json_each and json_tree as a list."""
    if not 1 <= len(trees) <= 2:
        raise binder.error(f"{name} takes a document, and may take a path", tree)
    path = binder.bind(trees[1]) if len(trees) > 1 else Literal("$", pl.String())
    if not types.is_text(path.dtype) and not isinstance(path.dtype, pl.Null):
        raise binder.error(f"{name} takes a path as a text, and this is {sql_name(path.dtype)}", tree)
    written = path.value if isinstance(path, Literal) and isinstance(path.value, str) else ""
    if written.startswith("/") or has_wildcard(_steps(binder, written, tree)):
        raise binder.error(f"the path of {name} begins with $, and has no wildcard", tree)
    document_ = document(binder, binder.bind(trees[0]), tree, name)
    return Call(name, (document_, cast_to(path, pl.String())), pl.List(WALKED))


def _any(_dtype: pl.DataType) -> bool:
    return True


BY_NAME: dict[str, Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]] = {
    **{name: _at_paths(name) for name in AT_PATHS},
    **{name: _of_documents(name) for name in ("json_structure", "json_pretty", "json_contains", "json_merge_patch")},
    "json": _json,
    "to_json": _to_json("to_json", _any, "a value"),
    "row_to_json": _to_json("row_to_json", lambda t: bool(nested.fields_of(t)), "a struct"),
    "array_to_json": _to_json("array_to_json", nested.is_list, "a list"),
    "json_object": _object,
    "json_group_structure": _group_structure,
    "json_transform": _transform("json_transform"),
    "json_transform_strict": _transform("json_transform_strict"),
}


def _arrow(name: str) -> Operator:
    def bind(binder: ExprBinder, tree: exp.Expression) -> Expr:
        return at_path(binder, name, binder.bind(tree.this), binder.bind(tree.expression), tree)

    return bind


TREES: dict[type[exp.Expression], Operator] = {
    exp.JSONExtract: _arrow("json_extract"),
    exp.JSONExtractScalar: _arrow("json_extract_string"),
    exp.JSONObject: lambda binder, tree: _object(binder, list(tree.expressions), tree),
    exp.ParseJSON: _parsed,
}
