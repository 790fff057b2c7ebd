"""What Arrow says of columns beyond their form: which texts are JSON, and which UUIDs.

Frames have them as texts. A schema of Arrow says it by its extension types, which pyarrow makes of Parquet's logical
types too; `typed` puts it into the schema of a table. DuckDB says of a dictionary by its own type that it is an ENUM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import polars as pl
import pyarrow as pa

from rem_arrow.base.datatypes import instance
from rem_arrow.base.logical_types import JSON, UUID, TextType

# By column the type with JSON, UUID and ENUM in their places, and NULL in that of any other value; those that have none
# are left out.
Meanings: TypeAlias = Mapping[str, pl.DataType]

_NAMES: Mapping[str, pl.DataType] = {"arrow.json": JSON, "arrow.uuid": UUID}
_PLAIN = pl.Null()


def of_schema(schema: pa.Schema) -> Meanings:
    """Return what the columns of a schema mean."""
    return of_types({field.name: _meant(field.type) for field in schema})


def of_types(types: Mapping[str, pl.DataType]) -> Meanings:
    """Return what columns of these types mean."""
    return {name: dtype for name, dtype in types.items() if _has_meaning(dtype)}


def typed(schema: pl.Schema, meanings: Meanings) -> pl.Schema:
    """Return the schema of a table for the columns of a frame."""
    return pl.Schema({n: _overlaid(instance(t), meanings.get(n, _PLAIN)) for n, t in schema.items()})


def categories(schema: pl.Schema, meanings: Meanings) -> list[pl.Expr]:
    """Return the columns of a frame that are an ENUM, or have one in them, in their types."""
    meant = typed(schema, {n: _enums(t) for n, t in meanings.items()})
    return [pl.col(n).cast(meant[n]) for n in schema if n in meanings and meant[n] != schema[n]]


def _meant(dtype: pa.DataType) -> pl.DataType:
    if isinstance(dtype, pa.BaseExtensionType):
        return _NAMES.get(dtype.extension_name, _PLAIN)
    types = pa.types
    if types.is_map(dtype):
        return pl.List(pl.Struct({"key": _meant(dtype.key_type), "value": _meant(dtype.item_type)}))
    if types.is_struct(dtype):
        return pl.Struct({dtype.field(i).name: _meant(dtype.field(i).type) for i in range(dtype.num_fields)})
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view, types.is_large_list_view)
    return pl.List(_meant(dtype.value_type)) if any(is_list(dtype) for is_list in lists) else _PLAIN


def _has_meaning(dtype: pl.DataType) -> bool:
    match dtype:
        case pl.List() | pl.Array():
            return _has_meaning(instance(dtype.inner))
        case pl.Struct():
            return any(_has_meaning(instance(f.dtype)) for f in dtype.fields)
        case _:
            return isinstance(dtype, (TextType, pl.Enum))


def _overlaid(dtype: pl.DataType, meant: pl.DataType) -> pl.DataType:
    """Return a type with what is meant in the place of its texts."""
    inner = instance(meant.inner) if isinstance(meant, (pl.List, pl.Array)) else _PLAIN
    match dtype:
        case pl.List():
            return pl.List(_overlaid(instance(dtype.inner), inner))
        case pl.Array():
            return pl.Array(_overlaid(instance(dtype.inner), inner), dtype.size)
        case pl.Struct():
            fields = {f.name: instance(f.dtype) for f in meant.fields} if isinstance(meant, pl.Struct) else {}
            return pl.Struct({f.name: _overlaid(instance(f.dtype), fields.get(f.name, _PLAIN)) for f in dtype.fields})
        case _:
            return meant if isinstance(meant, (TextType, pl.Enum)) else dtype


def _enums(dtype: pl.DataType) -> pl.DataType:
    """Return what is meant without JSON and UUID."""
    match dtype:
        case pl.List() | pl.Array():
            return pl.List(_enums(instance(dtype.inner)))
        case pl.Struct():
            return pl.Struct({f.name: _enums(instance(f.dtype)) for f in dtype.fields})
        case _:
            return dtype if isinstance(dtype, pl.Enum) else _PLAIN
