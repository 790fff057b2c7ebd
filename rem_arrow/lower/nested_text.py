"""Casts of lists and structs: item by item, field by field, to text as DuckDB writes it, and from such text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

Cast = Callable[[pl.Expr, pl.DataType, pl.DataType], pl.Expr]

# A text inside of a list or struct is quoted where it could be read as something else.
_SPECIAL = r"""[\[\]{}(),'"\\=:]|^\s|\s$|^$|^(?i:null)$"""
_QUOTED = (pl.String, pl.Enum, pl.Binary, pl.Time, pl.Datetime, pl.Duration)
_ESCAPED = str.maketrans({"'": "\\'", "\\": "\\\\"})
_OPEN, _CLOSE = "[{(", "]})"


def cast_items(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    """A list or struct as another type of list or struct."""
    if nested.is_list(dtype):
        listed = x.arr.to_list() if isinstance(source, pl.Array) else x
        items = listed.list.eval(cast(pl.element(), nested.item_of(source), nested.item_of(dtype)))
        return items.cast(dtype)
    old = nested.fields_of(source)
    by_place = nested.is_unnamed(source) or nested.is_unnamed(dtype)
    by_name = {name.casefold(): name for name in old}
    fields = []
    for i, (name, field_type) in enumerate(nested.fields_of(dtype).items()):
        origin = list(old)[i] if by_place else by_name.get(name.casefold())
        value = pl.lit(None, field_type) if origin is None else cast(x.struct.field(origin), old[origin], field_type)
        fields.append(value.alias(name))
    return pl.when(x.is_not_null()).then(pl.struct(fields))


def text_of_nested(x: pl.Expr, source: pl.DataType, cast: Cast) -> pl.Expr:
    """`[1, NULL, 'a b ']`, `{'a': 1}`, `(1, 2)`, `{key=value}`."""
    text = pl.String()
    if nested.is_map(source):
        key, value = nested.fields_of(nested.item_of(source)).items()
        parts = [_inner(pl.element().struct.field(n), t, cast) for n, t in (key, value)]
        return "{" + x.list.eval(parts[0] + "=" + parts[1]).list.join(", ") + "}"
    if nested.is_list(source):
        listed = x.arr.to_list() if isinstance(source, pl.Array) else x
        return (
            "[" + listed.list.eval(_inner(pl.element(), nested.item_of(source), cast).cast(text)).list.join(", ") + "]"
        )
    unnamed = nested.is_unnamed(source)
    fields = [
        (("" if unnamed else f"'{n.translate(_ESCAPED)}': "), _inner(x.struct.field(n), t, cast))
        for n, t in nested.fields_of(source).items()
    ]
    body = pl.concat_str(
        [e for i, (label, value) in enumerate(fields) for e in (pl.lit((", " if i else "") + label), value)]
    )
    return pl.when(x.is_not_null()).then(pl.lit("(" if unnamed else "{") + body + pl.lit(")" if unnamed else "}"))


def _inner(x: pl.Expr, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    """A value inside of a list or struct."""
    plain = cast(x, dtype, pl.String())
    if isinstance(dtype, _QUOTED) or dtype == types.CALENDAR:
        escaped = pl.lit("'") + plain.str.replace_all(r"([\\'])", r"\$1") + pl.lit("'")
        plain = pl.when(plain.str.contains(_SPECIAL)).then(escaped).otherwise(plain)
    return plain.fill_null("NULL")


def nested_of_text(x: pl.Expr, dtype: pl.DataType, cast: Cast, *, strict: bool) -> pl.Expr:
    """Read the text of a list or struct into one of texts, then cast these. Polars has no reader for such text."""
    shape = texts_in(dtype)
    return cast(over_distinct(partial(_read_whole, shape, strict=strict), shape)(x), shape, dtype)


def _read_whole(shape: pl.DataType, text: str, *, strict: bool) -> object:
    """Return the value that a text is of. Raises ExecuteError."""
    value = _read(text, shape)
    if strict and value is None and text.strip().lower() != "null":
        raise ExecuteError(
            f"'{text}' is not a "
            f"{'MAP' if nested.is_map(shape) else 'STRUCT' if isinstance(shape, pl.Struct) else 'LIST'}"
        )
    return value


def texts_in(dtype: pl.DataType) -> pl.DataType:
    """Return the type with text in the place of every value."""
    if nested.is_list(dtype):
        return pl.List(texts_in(nested.item_of(dtype)))
    fields = nested.fields_of(dtype)
    if fields:
        return nested.struct_of({n: texts_in(t) for n, t in fields.items()})
    return pl.String()


def _read(text: str, dtype: pl.DataType) -> object:
    """Return one value; None for NULL, and for what cannot be read."""
    body = text.strip()
    if nested.is_map(dtype) or isinstance(dtype, pl.Struct):
        return _read_pairs(body, dtype)
    if nested.is_list(dtype):
        parts = _parts(body, "[", "]")
        item = nested.item_of(dtype)
        return None if parts is None else [_read(p, item) for p in parts]
    if body.lower() == "null":
        return None
    return _unquoted(body)


def _read_pairs(body: str, dtype: pl.DataType) -> object:
    if isinstance(dtype, pl.Struct) and body.startswith("("):
        values = _parts(body, "(", ")")
        fields = nested.fields_of(dtype)
        return (
            None
            if values is None or len(values) != len(fields)
            else {n: _read(v, t) for v, (n, t) in zip(values, fields.items(), strict=True)}
        )
    parts = _parts(body, "{", "}")
    if parts is None:
        return None
    pairs = [_split(p, "=" if nested.is_list(dtype) else ":") for p in parts]
    if any(len(p) < 2 for p in pairs):
        return None
    if nested.is_list(dtype):
        key, value = nested.fields_of(nested.item_of(dtype)).values()
        return [{"key": _read(p[0], key), "value": _read(p[1], value)} for p in pairs]
    by_name = {_unquoted(p[0].strip()).casefold(): p[1] for p in pairs}
    return {
        n: _read(by_name[n.casefold()], t) if n.casefold() in by_name else None
        for n, t in nested.fields_of(dtype).items()
    }


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
        return text.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    return text


def _parts(body: str, opened: str, closed: str) -> list[str] | None:
    """Return what stands between the commas inside of brackets."""
    if not (body.startswith(opened) and body.endswith(closed) and len(body) > 1):
        return None
    inner = body[1:-1]
    return _split(inner, ",", most=-1) if inner.strip() else []


def _split(text: str, mark: str, most: int = 1) -> list[str]:
    """Split at a mark outside of quotes and brackets."""
    texts: list[str] = []
    depth, quote, start, i = 0, "", 0, 0
    while i < len(text):
        c = text[i]
        if quote:
            i += c == "\\"
            quote = "" if c == quote else quote
        elif c in "'\"" and not text[start:i].strip():
            quote = c
        elif c in _OPEN:
            depth += 1
        elif c in _CLOSE:
            depth -= 1
        elif c == mark and not depth and len(texts) != most:
            texts.append(text[start:i])
            start = i + 1
        i += 1
    return [*texts, text[start:]]
