"""What orders nested values as SQL orders them, and comparisons by it."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower.interval import flattened
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

_INT = pl.Int64()


def sort_key(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return what orders as SQL orders `x`: NULLs within lists and structs are greatest. To Polars they are least."""
    if dtype == types.CALENDAR:
        return flattened(x, dtype)
    if nested.is_list(dtype):
        item = nested.item_of(dtype)
        x = x.arr.to_list() if isinstance(dtype, pl.Array) else x
        return x.list.eval(pl.struct(pl.element().is_null().alias("null"), sort_key(pl.element(), item).alias("value")))
    if nested.fields_of(dtype):
        parts = [(i, x.struct.field(name), t) for i, (name, t) in enumerate(nested.fields_of(dtype).items())]
        return pl.when(x.is_not_null()).then(
            pl.struct(
                e for i, f, t in parts for e in (f.is_null().alias(f"null{i}"), sort_key(f, t).alias(f"value{i}"))
            )
        )
    return x


def compared(operator: str, x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x < y` and the like on lists and structs, which Polars does not have: by the places of both when all are
    sorted."""
    pair = pl.struct(sort_key(x, dtype).alias("x"), sort_key(y, dtype).alias("y"))
    order = pair.map_batches(_order, return_dtype=pl.Int8(), is_elementwise=True)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _order(pairs: pl.Series) -> pl.Series:
    """Return -1, 0 or 1 for each pair; NULL where a side is."""
    x, y = pairs.struct.field("x"), pairs.struct.field("y")
    both = pl.concat([x.alias("key"), y.alias("key")]).to_frame().with_row_index("row").sort("key", maintain_order=True)
    ranked = (
        both.with_columns(pl.col("key").ne_missing(pl.col("key").shift()).fill_null(value=True).cum_sum().alias("rank"))
        .sort("row")
        .get_column("rank")
        .cast(_INT)
    )
    not_null = x.is_not_null() & y.is_not_null()
    ranks = pl.DataFrame({"not_null": not_null, "x": ranked[: len(x)], "y": ranked[len(x) :]})
    return ranks.select(pl.when("not_null").then((pl.col("x") - pl.col("y")).sign().cast(pl.Int8))).to_series()
