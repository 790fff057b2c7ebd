"""Casts of text to lists, structs and maps: `[1, 'a b']`, `{'a': 1}`, `(1, 2)`, `{key=value}`, as DuckDB reads them.

Within quotes a backslash stands before a character that counts as it is; outside of them only before a quote. Quotes
fall away wherever they stand. What lies in brackets inside of a value is part of it, and read again by the type of the
value.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.nested_text import Cast
from rem_arrow.plan import nested_functions as nested

_PAIRS = {"[": "]", "{": "}", "(": ")"}
_QUOTES = "'\""


class _UnreadableError(Exception):
    """The text is not of its type."""


def nested_of_text(x: pl.Expr, dtype: pl.DataType, cast: Cast, *, strict: bool) -> pl.Expr:
    """Read the text of a list or struct into one of texts, then cast these. Polars has no reader for such text."""
    shape = texts_in(dtype)
    return cast(over_distinct(partial(_read_whole, shape, strict=strict), shape)(x), shape, dtype)


def texts_in(dtype: pl.DataType) -> pl.DataType:
    """Return the type with text in the place of every value."""
    if nested.is_list(dtype):
        return pl.List(texts_in(nested.item_of(dtype)))
    fields = nested.fields_of(dtype)
    return nested.struct_of({n: texts_in(t) for n, t in fields.items()}) if fields else pl.String()


def _read_whole(shape: pl.DataType, text: str, *, strict: bool) -> object:
    """Return the value that a text is of; None, or with `strict` ExecuteError, where it is of none."""
    try:
        return _read(text.strip(), shape)
    except _UnreadableError as error:
        if not strict:
            return None
        kind = "MAP" if nested.is_map(shape) else "STRUCT" if isinstance(shape, pl.Struct) else "LIST"
        raise ExecuteError(f"'{text}' is not a {kind}") from error


def _value(text: str, dtype: pl.DataType) -> object:
    """Return a value inside of a list or struct, which may be NULL."""
    text = text.strip()
    return None if text.lower() == "null" else _read(text, dtype)


def _read(text: str, dtype: pl.DataType) -> object:
    if nested.is_map(dtype):
        key, value = nested.fields_of(nested.item_of(dtype)).values()
        pairs = [_pair(p, "=") for p in _inside(text, "{", last_may_be_empty=False)]
        entries = [{"key": _value(k, key), "value": _value(v, value)} for k, v in pairs]
        if any(e["key"] is None for e in entries) or len({str(e["key"]) for e in entries}) < len(entries):
            raise _UnreadableError
        return entries
    if nested.is_list(dtype):
        return [_value(p, nested.item_of(dtype)) for p in _inside(text, "[")]
    if isinstance(dtype, pl.Struct):
        return _row(text, dtype) if text.startswith("(") else _struct(text, dtype)
    return _plain(text)


def _struct(text: str, dtype: pl.DataType) -> dict[str, object]:
    fields = nested.fields_of(dtype)
    values: dict[str, object] = dict.fromkeys(fields)
    for part in _inside(text, "{", last_may_be_empty=False):
        key, value = _pair(part, ":")
        name = _plain(key.strip())
        if name not in fields:
            raise _UnreadableError
        values[name] = _value(value, fields[name])
    return values


def _row(text: str, dtype: pl.DataType) -> dict[str, object]:
    """The values of the first fields, in their order; the others are NULL."""
    parts, fields = _inside(text, "("), nested.fields_of(dtype)
    parts = parts[:-1] if parts and not parts[-1].strip() else parts
    if len(parts) > len(fields):
        raise _UnreadableError
    return {**dict.fromkeys(fields), **{n: _value(p, fields[n]) for n, p in zip(fields, parts, strict=False)}}


def _inside(text: str, opened: str, *, last_may_be_empty: bool = True) -> list[str]:
    """Return what stands between the commas inside of brackets."""
    if len(text) < 2 or text[0] != opened or text[-1] != _PAIRS[opened]:
        raise _UnreadableError
    if not text[1:-1].strip():
        return []
    parts = _split(text[1:-1], ",")
    if not parts[-1].strip() and not last_may_be_empty:
        raise _UnreadableError
    return parts


def _pair(text: str, mark: str) -> list[str]:
    parts = _split(text, mark, most=1)
    if len(parts) < 2:
        raise _UnreadableError
    return parts


def _split(text: str, mark: str, most: int = -1) -> list[str]:
    """Split at a mark outside of quotes and brackets, at most so many times."""
    parts: list[str] = []
    closing: list[str] = []
    quote, start, i = "", 0, 0
    while i < len(text):
        c = text[i]
        if quote:
            i += c == "\\"
            quote = "" if c == quote else quote
        elif c == "\\" and text[i + 1 : i + 2] in tuple(_QUOTES):
            i += 1
        elif c in _QUOTES:
            quote = c
        elif c in _PAIRS:
            closing.append(_PAIRS[c])
        elif closing and c == closing[-1]:
            closing.pop()
        elif c == mark and not closing and len(parts) != most:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    if quote or closing:
        raise _UnreadableError
    return [*parts, text[start:]]


def _plain(text: str) -> str:
    """Return a text without its quotes and backslashes; what lies in brackets stays as it is."""
    kept: list[str] = []
    depth, quote, i = 0, "", 0
    while i < len(text):
        c, following = text[i], text[i + 1 : i + 2]
        if depth:
            depth += (c in _PAIRS) - (c in _PAIRS.values())
            kept.append(c)
        elif c == "\\" and following and (quote or following in _QUOTES):
            kept.append(following)
            i += 1
        elif quote:
            kept.append("" if c == quote else c)
            quote = "" if c == quote else quote
        elif c in _QUOTES:
            quote = c
        else:
            depth += c in _PAIRS
            kept.append(c)
        i += 1
    return "".join(kept)
