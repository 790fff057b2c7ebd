"""Expressions that Spark has not, or means otherwise, as functions over Arrow arrays: a worker evaluates our own
lowering to Polars over the columns that they read.

A function is pickled by the name of its class, so that workers need rem_arrow, of the same version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from rem_arrow.base.datatypes import instance
from rem_arrow.lower.expression import lower_aggregate, lower_expr
from rem_arrow.plan.nodes import AggregateCall, Expr
from rem_arrow.plan.walk import aggregate_exprs
from rem_arrow.publish.published_types import decoded, encoded, published

_ROW, _VALUE = "#row", "#value"


def arrow_type(dtype: pl.DataType) -> pa.DataType:
    """Return the Arrow type of what is held by the rules of publishing, as Spark sends and takes it."""
    match published(dtype):
        case pl.List(inner=inner):
            return pa.list_(arrow_type(instance(inner)))
        case pl.Struct() as held:
            return pa.struct([(f.name, arrow_type(instance(f.dtype))) for f in held.fields])
        case pl.Datetime(time_zone=zone):
            return pa.timestamp("us", zone)
        case pl.Decimal(precision=precision, scale=scale):
            return pa.decimal128(precision, scale)
        case pl.String():
            return pa.string()
        case pl.Binary():
            return pa.binary()
        case held:
            return pl.Series("", [], dtype=held).to_arrow().type


@dataclass(frozen=True, slots=True)
class ColumnFunction:
    """An expression over columns of these types, one row in, one row out."""

    expr: Expr
    columns: tuple[tuple[str, pl.DataType], ...]
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def dtype(self) -> pl.DataType:
        return self.expr.dtype

    def __call__(self, *arrays: pa.Array) -> pa.Array:
        rows = pl.DataFrame([_decoded(a, n, t) for a, (n, t) in zip(arrays, self.columns, strict=True)])
        values = rows.with_columns(lower_expr(self.expr, self.parameters).alias(_VALUE)).get_column(_VALUE)
        return _encoded(values, self.dtype)


@dataclass(frozen=True, slots=True)
class GroupFunction:
    """An aggregate over lists: each row has the list of the rows of a group, structs of the columns that the call
    reads."""

    call: AggregateCall
    columns: tuple[tuple[str, pl.DataType], ...]
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def dtype(self) -> pl.DataType:
        return self.call.dtype

    def __call__(self, *arrays: pa.Array) -> pa.Array:
        call, (lists,) = self.call, arrays
        dtype = pl.List(pl.Struct(dict(self.columns)))
        groups = _decoded(lists, _VALUE, dtype).to_frame().with_row_index(_ROW)
        rows = groups.filter(pl.col(_VALUE).list.len() > 0).explode(_VALUE).unnest(_VALUE)
        exprs = aggregate_exprs(call)
        # Constants are columns too: an aggregate takes as many of each as there are rows.
        rows = rows.with_columns(lower_expr(e, self.parameters).alias(f"#{i}") for i, e in enumerate(exprs))
        columns = [pl.col(f"#{i}") for i in range(len(exprs))]
        given = len(exprs) - len(call.order)
        value = lower_aggregate(call, columns[:given], None, columns[given:]).alias(_VALUE)
        made = rows.group_by(_ROW, maintain_order=True).agg(value)
        empty = rows.clear().select(value)[_VALUE]
        values = groups.select(_ROW).join(made, on=_ROW, how="left", maintain_order="left")
        if made.height < groups.height and empty.null_count() == 0 and len(empty):
            values = values.with_columns(
                pl.when(pl.col(_ROW).is_in(made[_ROW].implode())).then(_VALUE).otherwise(empty.implode().list.first())
            )
        return _encoded(values[_VALUE], self.dtype)


ArrowFunction = ColumnFunction | GroupFunction


def _decoded(array: pa.Array, name: str, dtype: pl.DataType) -> pl.Series:
    return decoded(pl.Series(name, pl.from_arrow(pa.array(array) if not isinstance(array, pa.Array) else array)), dtype)


def _encoded(values: pl.Series, dtype: pl.DataType) -> pa.Array:
    held = encoded(values.alias("x").to_frame(), {"x": dtype}, "a function").to_series()
    return held.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(arrow_type(dtype))
