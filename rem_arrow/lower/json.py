"""The functions of JSON: documents are read and walked in Python, value by value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import polars as pl

from rem_arrow.base import json_documents
from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.json_paths import MISSING, Steps, has_wildcard, key_path, steps, value_at, values_at
from rem_arrow.base.json_text import Document, dumped, parse, quoted, shallow, valid
from rem_arrow.lower.cast import cast
from rem_arrow.lower.function import ScalarFunction
from rem_arrow.lower.json_cast import decoded, encoded
from rem_arrow.plan import nested_functions as nested


class _Path(NamedTuple):
    """A path that was read; one with slashes names the places of arrays by digits."""

    steps: Steps
    pointer: bool

    def find(self, document: Document) -> Document:
        return value_at(document, self.steps, pointer=self.pointer)


def _path(text: str) -> _Path:
    return _Path(steps(text), text.startswith("/"))


def _at_paths(function: Callable[[Document], object]) -> ScalarFunction:
    """A function of the value at a path, or of a list of it for each of several paths, or for each value that a path
    with wildcards finds."""

    def found(document: Document, path: _Path) -> object:
        value = path.find(document)
        return None if value is MISSING else function(value)

    def at(path: object, document: Document) -> object:
        if isinstance(path, list):
            return [found(document, _path(str(p))) for p in path]
        if isinstance(path, int):
            return found(document, _Path((path,), pointer=False))
        read = _path(str(path))
        if has_wildcard(read.steps):
            raise ExecuteError(f"{path} means several values; such a path stands in the statement itself")
        return found(document, read)

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        if len(args) == 1:
            return args[0].map_elements(shallow(lambda text: function(parse(text))), return_dtype=result)
        rows = pl.struct(args[0].alias("text"), args[1].alias("path"))
        return rows.map_elements(
            shallow(lambda row: None if None in row.values() else at(row["path"], parse(row["text"]))),
            return_dtype=result,
        )

    return lower


def _at_constant(function: Callable[[Document], object]) -> ScalarFunction:
    """The same for one path that stands in the statement: args[1] is a literal."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        path = _path(str(pl.select(args[1]).item()))
        if has_wildcard(path.steps):
            return args[0].map_elements(
                shallow(lambda text: [function(value) for value in values_at(parse(text), path.steps)]),
                return_dtype=result,
            )

        def find(text: str) -> object:
            value = path.find(parse(text))
            return None if value is MISSING else function(value)

        return args[0].map_elements(find, return_dtype=result)

    return lower


def _exists_at_paths(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    found = _FOUND(args, arg_types, pl.List(pl.Boolean()) if nested.is_list(arg_types[1]) else pl.Boolean())
    if nested.is_list(arg_types[1]):
        return found.list.eval(pl.element().fill_null(value=False))
    return pl.when(args[0].is_not_null() & args[1].is_not_null()).then(found.fill_null(value=False))


def _exists_at_constant(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    found = _at_constant(lambda _: True)(args, arg_types, result)
    return found if nested.is_list(result) else pl.when(args[0].is_not_null()).then(found.fill_null(value=False))


_FOUND = _at_paths(lambda _: True)


def _as_text(value: Document) -> str | None:
    return None if value is None else value if isinstance(value, str) else dumped(value)


def _as_scalar(value: Document) -> str | None:
    return None if value is None or isinstance(value, (list, tuple)) else dumped(value)


def _length(value: Document) -> int:
    return len(value) if isinstance(value, list) else 0


def _keys(value: Document) -> list[str]:
    return [key for key, _ in value] if isinstance(value, tuple) else []


# --- functions of documents alone


def _of_document(function: Callable[[Document], object]) -> ScalarFunction:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        return args[0].map_elements(shallow(lambda text: function(parse(text))), return_dtype=result)

    return lower


def _valid(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return args[0].map_elements(valid, return_dtype=result)


def _contains(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    rows = pl.struct(args[0].alias("document"), args[1].alias("needle"))
    return rows.map_elements(
        shallow(
            lambda row: (
                None if None in row.values() else json_documents.contains(parse(row["document"]), parse(row["needle"]))
            )
        ),
        return_dtype=result,
    )


def _merge_patch(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Patches in their order. What is before a NULL counts for nothing, and what is after it stays as it is."""

    def merge(row: dict[str, str | None]) -> str | None:
        texts = list(row.values())
        if texts[-1] is None:
            return None
        last_null = max((i for i, text in enumerate(texts) if text is None), default=-1)
        documents = [parse(text) for text in texts[last_null + 1 :] if text is not None]
        merged = documents[0]
        for patch in documents[1:]:
            merged = json_documents.merged(merged, patch)
        return dumped(merged)

    return pl.struct([a.alias(f"a{i}") for i, a in enumerate(args)]).map_elements(shallow(merge), return_dtype=result)


def _walked(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType, *, deep: bool) -> pl.Expr:
    """The rows of json_each and json_tree, as a list of structs."""
    rows = pl.struct(args[0].alias("text"), args[1].alias("path"))
    return rows.map_elements(
        shallow(
            lambda row: [] if None in row.values() else json_documents.rows_of(row["text"], row["path"], deep=deep)
        ),
        return_dtype=result,
    )


# --- values to JSON, and back


def _cast_inner(x: pl.Expr, source: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    return cast(x, source, dtype, safe=False)


def _cast_safely(x: pl.Expr, source: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    return cast(x, source, dtype, safe=True)


def _encoded(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return encoded(x, dtype, _cast_inner)


def _to_json(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return pl.when(args[0].is_not_null()).then(_encoded(args[0], arg_types[0]))


def _array(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    parts = [
        e
        for i, (a, t) in enumerate(zip(args, arg_types, strict=True))
        for e in (pl.lit("," if i else "["), _encoded(a, t))
    ]
    return pl.concat_str([*parts, pl.lit("]")]) if parts else pl.lit("[]")


def _object(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    keys = [_encoded(k, t) for k, t in zip(args[::2], arg_types[::2], strict=True)]
    values = [_encoded(v, t) for v, t in zip(args[1::2], arg_types[1::2], strict=True)]
    parts = [
        e
        for i, (k, v) in enumerate(zip(keys, values, strict=True))
        for e in (pl.lit("," if i else "{"), k, pl.lit(":"), v)
    ]
    return pl.concat_str([*parts, pl.lit("}")]) if parts else pl.lit("{}")


def _pair(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """A field of json_group_object: the key must be there."""
    key = args[0].map_elements(_quoted_key, return_dtype=pl.String(), skip_nulls=False)
    return key + ":" + _encoded(args[1], arg_types[1])


def _quoted_key(key: str | None) -> str:
    if key is None:
        raise ExecuteError("a key of json_group_object is NULL")
    return quoted(key)


def _transform(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType, *, strict: bool) -> pl.Expr:
    inner = _cast_inner if strict else _cast_safely
    return decoded(args[0], result, inner, safe=not strict, strict_keys=False)


AT_PATHS: dict[str, Callable[[Document], object]] = {
    "json_extract": dumped,
    "json_extract_string": _as_text,
    "json_value": _as_scalar,
    "json_array_length": _length,
    "json_keys": _keys,
    "json_type": json_documents.type_of,
}
JSON: dict[str, ScalarFunction] = {
    **{name: _at_paths(function) for name, function in AT_PATHS.items()},
    **{f"{name}_constant": _at_constant(function) for name, function in AT_PATHS.items()},
    "json_exists": _exists_at_paths,
    "json_exists_constant": _exists_at_constant,
    "json_valid": _valid,
    "json_structure": _of_document(lambda document: json_documents.structure_text(json_documents.structure(document))),
    "json_pretty": _of_document(json_documents.laid_out),
    "json_contains": _contains,
    "json_merge_patch": _merge_patch,
    "json_each": partial(_walked, deep=False),
    "json_tree": partial(_walked, deep=True),
    "json_transform": partial(_transform, strict=False),
    "json_transform_strict": partial(_transform, strict=True),
    "json_object": _object,
    "json_array": _array,
    "json_pair": _pair,
    "json_key_path": lambda args, _types, result: args[0].map_elements(key_path, return_dtype=result),
    "to_json": _to_json,
}
