"""Casts to JSON and from JSON.

A value becomes JSON as to_json writes it; a text is taken for a document, and checked. JSON becomes a list or a struct
of texts first, value by value in Python, and these are cast as any text is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import polars as pl

from rem_arrow.base import json_text
from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.json_text import Document, Written, dumped, number_text, quoted, shallow
from rem_arrow.base.logical_types import JSON, is_json
from rem_arrow.lower.nested_text import Cast
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

# Decimals of more digits are written digit by digit.
_FLOAT_DIGITS = 15
# From here on DuckDB keeps the text of a whole number.
_RAW_MIN = 1 << 64
_CONTROL = r"[\x00-\x1f]"


def checked(x: pl.Expr, *, safe: bool) -> pl.Expr:
    """Return texts as documents: an error, or with `safe` NULL, for one that is none."""

    def check(text: str) -> str | None:
        try:
            json_text.parse(text)
        except ExecuteError:
            if safe:
                return None
            raise
        return text

    return x.map_elements(check, return_dtype=pl.String)


def encoded(x: pl.Expr, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    """Return values as JSON; "null" for NULL."""
    return _written(x, dtype, cast).fill_null("null")


def _written(x: pl.Expr, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    match dtype:
        case pl.Null():
            return pl.lit(None, pl.String)
        case pl.Boolean():
            return cast(x, dtype, pl.String())
        case pl.Decimal() if (dtype.precision or types.PRECISION_MAX) <= _FLOAT_DIGITS:
            return _written(x.cast(pl.Float64), pl.Float64(), cast)
        case pl.Float64() | pl.Float32() | pl.Float16():
            return x.cast(pl.Float64).map_elements(number_text, return_dtype=pl.String)
        case _ if is_json(dtype):
            return x.map_elements(lambda text: dumped(json_text.parse(text)), return_dtype=pl.String)
        case _ if dtype.is_numeric():
            return x.cast(pl.String)
        case _ if nested.is_map(dtype):
            (_, key), (_, value) = nested.fields_of(nested.item_of(dtype)).items()
            name = _quoted(cast(pl.element().struct.field("key"), key, pl.String()))
            pair = name + ":" + encoded(pl.element().struct.field("value"), value, cast)
            return "{" + x.list.eval(pair).list.join(",") + "}"
        case _ if nested.is_list(dtype):
            items = x.arr.to_list() if isinstance(dtype, pl.Array) else x
            return "[" + items.list.eval(encoded(pl.element(), nested.item_of(dtype), cast)).list.join(",") + "]"
        case _ if nested.fields_of(dtype):
            return _object(x, dtype, cast)
        case _:
            return _quoted(cast(x, dtype, pl.String()))


def _object(x: pl.Expr, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    """A struct as an object; without names as an array."""
    unnamed = nested.is_unnamed(dtype)
    parts: list[pl.Expr] = []
    for name, kind in nested.fields_of(dtype).items():
        label = ("," if parts else "") + ("" if unnamed else quoted(name) + ":")
        parts += [pl.lit(label), encoded(x.struct.field(name), kind, cast)]
    opened, closed = "[]" if unnamed else "{}"
    return pl.when(x.is_not_null()).then(pl.concat_str([pl.lit(opened), *parts, pl.lit(closed)]))


def _quoted(x: pl.Expr) -> pl.Expr:
    """Return texts as strings of JSON. Polars writes control characters with small letters."""
    written = pl.struct(x.alias("v")).struct.json_encode().str.slice(len('{"v":')).str.head(-1)
    odd = pl.when(x.str.contains(_CONTROL)).then(x).map_elements(quoted, return_dtype=pl.String)
    return pl.coalesce(odd, pl.when(x.is_not_null()).then(written))


# --- from JSON


def decoded(x: pl.Expr, dtype: pl.DataType, cast: Cast, *, safe: bool, strict_keys: bool = True) -> pl.Expr:
    """Return documents as values of another type than text.

    Args:
        safe: a value that does not fit is NULL.
        strict_keys: the keys of objects are those of the struct, no more.
    """
    shape = texts_of(dtype)
    read = _reader(dtype, safe=safe, strict_keys=strict_keys)
    texts = x.map_elements(shallow(lambda text: read(json_text.parse(text))), return_dtype=shape)
    return cast(texts, shape, dtype)


def texts_of(dtype: pl.DataType) -> pl.DataType:
    """Return the type with text in the place of every value, and lists in the place of arrays."""
    if nested.is_list(dtype):
        return pl.List(texts_of(nested.item_of(dtype)))
    fields = nested.fields_of(dtype)
    if fields:
        return nested.struct_of({n: texts_of(t) for n, t in fields.items()})
    return JSON if is_json(dtype) else pl.String()


def _reader(dtype: pl.DataType, *, safe: bool, strict_keys: bool) -> Callable[[Document], object]:
    """Return the function that makes of a document the value of `texts_of(dtype)`."""

    def inner(kind: pl.DataType) -> Callable[[Document], object]:
        return _reader(kind, safe=safe, strict_keys=strict_keys)

    def mismatch(wanted: str, document: Document) -> None:
        if not safe:
            raise ExecuteError(f"expected {wanted}, but this JSON is {_short(document)}")

    if nested.is_map(dtype):
        value_of = inner(nested.fields_of(nested.item_of(dtype))["value"])

        def read_map(document: Document) -> object:
            if isinstance(document, tuple):
                return [{"key": key, "value": value_of(value)} for key, value in document]
            if document is not None:
                mismatch("an object", document)
            return None

        return read_map
    if nested.is_list(dtype):
        item_of = inner(nested.item_of(dtype))
        size = dtype.size if isinstance(dtype, pl.Array) else None

        def read_list(document: Document) -> object:
            if isinstance(document, list) and size in (None, len(document)):
                return [item_of(item) for item in document]
            if document is not None:
                mismatch("an array" if size is None else f"an array of {size}", document)
            return None

        return read_list
    fields = {name: inner(kind) for name, kind in nested.fields_of(dtype).items()}
    if fields:
        return lambda document: _read_struct(document, fields, mismatch, safe=safe, strict_keys=strict_keys)
    return _scalar_reader(dtype)


def _read_struct(
    document: Document,
    fields: dict[str, Callable[[Document], object]],
    mismatch: Callable[[str, Document], None],
    *,
    safe: bool,
    strict_keys: bool,
) -> object:
    if document is None:
        return None
    if not isinstance(document, tuple):
        mismatch("an object", document)
        return dict.fromkeys(fields)
    given = dict(reversed(document))
    if not safe:
        missing = next((name for name in fields if name not in given), None)
        unknown = next((key for key in given if key not in fields), None) if strict_keys else None
        if unknown is not None:
            raise ExecuteError(f'the object {_short(document)} has an unknown key "{unknown}"')
        if missing is not None:
            raise ExecuteError(f'the object {_short(document)} has no key "{missing}"')
        if len(given) < len(document):
            raise ExecuteError(f"a key of the object {_short(document)} comes twice")
    return {name: read(given[name]) if name in given else None for name, read in fields.items()}


def _scalar_reader(dtype: pl.DataType) -> Callable[[Document], object]:
    """Return the text from which a value is cast."""
    if is_json(dtype):
        return lambda document: None if document is None else dumped(document)
    numeric, truth, whole = dtype.is_numeric(), isinstance(dtype, pl.Boolean), dtype.is_integer()
    if isinstance(dtype, pl.Binary):
        return lambda document: None if document is None else _escaped(_plain_text(document))

    def text(document: Document) -> object:
        match document:
            case None | str():
                return document
            case bool() if numeric:
                return str(int(document))
            case Written():
                return document.text
            case int() | float() if truth and not isinstance(document, bool) and abs(document) < _RAW_MIN:
                return "true" if document else "false"
            case float() if whole and isfinite(document):
                # As a DOUBLE is cast: halves to the even one.
                return str(round(document))
            case _:
                return dumped(document)

    return text


def _plain_text(document: Document) -> str:
    return document if isinstance(document, str) else dumped(document)


def _escaped(text: str) -> str:
    """Return a text that is cast to the bytes of `text`."""
    return "".join(chr(b) if b < 128 and b != 92 else f"\\x{b:02X}" for b in text.encode())


def _short(document: Document) -> str:
    text = dumped(document)
    return text if len(text) <= 60 else text[:60] + "..."
