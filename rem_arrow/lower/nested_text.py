"""Casts of lists and structs: item by item, field by field, and to text as DuckDB writes it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.logical_types import is_json
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

Cast = Callable[[pl.Expr, pl.DataType, pl.DataType], pl.Expr]

# A text inside of a list or struct is quoted where it could be read as something else.
_SPECIAL = r"""[\[\]{}(),'"\\=:]|^\s|\s$|^$|^(?i:null)$"""
_QUOTED = (pl.String, pl.Enum, pl.Binary, pl.Time, pl.Datetime, pl.Duration)
_ESCAPED = str.maketrans({"'": "\\'", "\\": "\\\\"})


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
        listed, item = (x.arr.to_list() if isinstance(source, pl.Array) else x), nested.item_of(source)
        # A document in a list stays as it is; as a field of a struct it is quoted as any text is.
        shown = pl.element().fill_null("NULL") if is_json(item) else _inner(pl.element(), item, cast)
        return "[" + listed.list.eval(shown.cast(text)).list.join(", ") + "]"
    unnamed = nested.is_unnamed(source)
    fields = [
        (("" if unnamed else f"'{n.translate(_ESCAPED)}': "), _inner(x.struct.field(n), t, cast))
        for n, t in nested.fields_of(source).items()
    ]
    body = pl.concat_str(
        [e for i, (label, value) in enumerate(fields) for e in (pl.lit((", " if i else "") + label), value)]
    )
    opening, closing = ("(", ",)" if len(fields) == 1 else ")") if unnamed else ("{", "}")
    return pl.when(x.is_not_null()).then(pl.lit(opening) + body + pl.lit(closing))


def _inner(x: pl.Expr, dtype: pl.DataType, cast: Cast) -> pl.Expr:
    """A value inside of a list or struct."""
    plain = cast(x, dtype, pl.String())
    if isinstance(dtype, _QUOTED) or dtype == types.CALENDAR:
        escaped = pl.lit("'") + plain.str.replace_all(r"([\\'])", r"\$1") + pl.lit("'")
        plain = pl.when(plain.str.contains(_SPECIAL)).then(escaped).otherwise(plain)
    return plain.fill_null("NULL")
