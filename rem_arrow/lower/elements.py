"""Functions over the items of lists that Polars' list expressions cannot give: computed one row an item.

A batch of rows holds a list in the column LIST beside what else the function reads. `spread` gives a row to each item
of each list, with the number of its row, and `gathered` is the inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import aggregates
from rem_arrow.lower.cast import cast
from rem_arrow.lower.function import ScalarFunction
from rem_arrow.lower.growth import VALUE_BYTES, bytes_of
from rem_arrow.lower.interval import as_compared
from rem_arrow.lower.lists import beside
from rem_arrow.plan import functions
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.comparable import compared
from rem_arrow.running.allowance import Allowance

LIST, ROW, PLACE, ITEM = "#list", "#row", "#place", "#item"
Evaluate = Callable[[pl.DataFrame], pl.Series]


@dataclass(frozen=True, slots=True)
class Body:
    """A lambda to compute: the names of its parameters, its value over a frame in which these are columns, and what
    bounds the statement."""

    names: tuple[str, ...]
    evaluate: Evaluate
    allowance: Allowance


def over_rows(inputs: dict[str, pl.Expr], compute: Callable[[pl.DataFrame], pl.Series], result: pl.DataType) -> pl.Expr:
    """Return the column that `compute` makes of a frame of these inputs, a batch at a time."""
    packed = pl.struct([e.alias(n) for n, e in inputs.items()])
    return packed.map_batches(
        lambda rows: compute(rows.struct.unnest()).cast(result), return_dtype=result, is_elementwise=True
    )


def spread(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an item, with ROW, PLACE (from 1) and the item under LIST's name."""
    filled = rows.with_row_index(ROW).filter(pl.col(LIST).list.len() > 0)
    return filled.with_columns(pl.int_ranges(1, pl.col(LIST).list.len().cast(pl.Int64) + 1).alias(PLACE)).explode(
        LIST, PLACE
    )


def gathered(rows: pl.DataFrame, cells: pl.DataFrame, result: pl.DataType) -> pl.Series:
    """Put the ITEMs of `cells` back, each into the list of its ROW. A list without any is empty, one that was NULL
    stays so."""
    lists = cells.group_by(ROW, maintain_order=True).agg(pl.col(ITEM).cast(nested.item_of(result)))
    joined = (
        rows.select(pl.col(LIST).is_null().alias("null"))
        .with_row_index(ROW)
        .join(lists, on=ROW, how="left", maintain_order="left")
    )
    return joined.select(pl.when(~pl.col("null")).then(pl.col(ITEM).fill_null(pl.lit([], dtype=result)))).to_series()


def _bound(cells: pl.DataFrame, body: Body, sources: tuple[str, ...]) -> pl.DataFrame:
    """Give the parameters their values."""
    return cells.with_columns(pl.col(source).alias(name) for name, source in zip(body.names, sources, strict=False))


def transformed(rows: pl.DataFrame, body: Body, result: pl.DataType) -> pl.Series:
    cells = spread(rows)
    return gathered(rows, cells.with_columns(body.evaluate(_bound(cells, body, (LIST, PLACE))).alias(ITEM)), result)


def filtered(rows: pl.DataFrame, body: Body, result: pl.DataType) -> pl.Series:
    cells = spread(rows)
    passes = body.evaluate(_bound(cells, body, (LIST, PLACE))).fill_null(value=False)
    return gathered(rows, cells.filter(passes).rename({LIST: ITEM}), result)


def reduced(rows: pl.DataFrame, body: Body, result: pl.DataType) -> pl.Series:
    """Fold each list from the left: one step of all lists at a time. The first value is under ITEM, if there is one."""
    cells = spread(rows)
    has_start = ITEM in rows.columns
    if not has_start and (rows[LIST].list.len() == 0).any():
        raise ExecuteError("list_reduce has no first value in an empty list; give a start value as its third argument")
    start = (
        rows.with_row_index(ROW).select(ROW, pl.when(pl.col(LIST).is_not_null()).then(ITEM).alias(ITEM))
        if has_start
        else _firsts(rows, cells)
    )
    values = start.with_columns(pl.col(ITEM).cast(result))
    for place in range(1 if has_start else 2, cells.select(pl.col(PLACE).max().fill_null(0)).item() + 1):
        step = (
            cells.filter(pl.col(PLACE) == place)
            .drop(ITEM, strict=False)
            .join(values, on=ROW, how="left", maintain_order="left")
        )
        body.allowance.check()
        folded = step.with_columns(
            body.evaluate(_bound(step, body, (ITEM, LIST, PLACE))).cast(result).alias(ITEM)
        ).select(ROW, ITEM)
        values = pl.concat([values.join(folded, on=ROW, how="anti"), folded])
    return values.sort(ROW).get_column(ITEM)


def _firsts(rows: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    first = cells.filter(pl.col(PLACE) == 1).select(ROW, pl.col(LIST).alias(ITEM))
    return rows.with_row_index(ROW).select(ROW).join(first, on=ROW, how="left", maintain_order="left")


def over_items(name: str, rows: pl.DataFrame, body: Body, result: pl.DataType) -> pl.Series:
    """Return what the function of that name makes of a lambda and rows. What the lambda reads stands beside each item
    of a list: so rows are taken in pieces."""
    beside = [bytes_of(pl.col(n), t) for n, t in rows.schema.items() if n != LIST]
    row = pl.sum_horizontal([pl.lit(2.5 * VALUE_BYTES), *beside])
    sizes = rows.select((pl.col(LIST).list.len().cast(pl.Float64) * row).fill_null(0.0)).to_series()
    return body.allowance.in_pieces(
        f"the function {name}", rows, sizes, lambda piece: LAMBDAS[name](piece, body, result).cast(result)
    )


LAMBDAS: dict[str, Callable[[pl.DataFrame, Body, pl.DataType], pl.Series]] = {
    "list_transform": transformed,
    "list_filter": filtered,
    "list_reduce": reduced,
}


# The type to which an aggregate's kind of argument casts the items.
_TAKEN: dict[str, pl.DataType] = {"float": pl.Float64(), "boolean": pl.Boolean()}


def _aggregated(name: str) -> ScalarFunction:
    """An aggregate over the items of each list."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        source = (
            _TAKEN.get(functions.AGGREGATES[name].args[0], nested.item_of(arg_types[0]))
            if name != "string_agg"
            else pl.String()
        )
        items = cast(args[0], arg_types[0], pl.List(source), safe=False)
        extra = [f"#{i}" for i in range(len(args) - 1)]

        def compute(rows: pl.DataFrame) -> pl.Series:
            value = aggregates.aggregate(
                name, [pl.col(LIST), *map(pl.col, extra)], source, result, distinct=False
            ).alias(ITEM)
            cells = spread(rows)
            aggregated = cells.group_by(ROW).agg(value)
            nothing = cells.clear().select(value).get_column(ITEM)
            joined = (
                rows.select(pl.col(LIST).list.len().alias("size"))
                .with_row_index(ROW)
                .join(aggregated, on=ROW, how="left", maintain_order="left")
            )
            empty = joined.get_column("size") == 0
            return (
                joined.get_column(ITEM)
                .cast(result)
                .zip_with(~empty.fill_null(value=False), pl.repeat(nothing[0], len(rows), dtype=result, eager=True))
            )

        return over_rows({LIST: items, **dict(zip(extra, args[1:], strict=True))}, compute, result)

    return lower


def _position(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The place of the first item that is equal, NULL being equal to NULL; NULL for none."""

    def compute(rows: pl.DataFrame) -> pl.Series:
        places = spread(rows).filter(pl.col(LIST).eq_missing(pl.col(ITEM))).group_by(ROW).agg(pl.col(PLACE).min())
        return (
            rows.with_row_index(ROW)
            .select(ROW)
            .join(places, on=ROW, how="left", maintain_order="left")
            .get_column(PLACE)
        )

    return over_rows({LIST: args[0], ITEM: args[1]}, compute, result)


def _intersected(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The items that both lists hold, each once. Polars knows sets of plain values only."""
    not_null = args[0].is_not_null() & args[1].is_not_null()
    item = nested.item_of(result)
    if isinstance(item, pl.Null):
        return pl.when(not_null).then(pl.lit([], dtype=result))
    if not item.is_nested():
        return args[0].list.drop_nulls().list.set_intersection(args[1].list.drop_nulls())

    def compute(rows: pl.DataFrame) -> pl.Series:
        left, right = (spread(rows.select(pl.col(c).alias(LIST))).drop_nulls(LIST) for c in (LIST, ITEM))
        met = left.unique([ROW, LIST], maintain_order=True).join(
            right, on=[ROW, LIST], how="semi", maintain_order="left"
        )
        return gathered(rows.select(LIST), met.rename({LIST: ITEM}), result)

    return pl.when(not_null).then(over_rows({LIST: args[0], ITEM: args[1]}, compute, result))


def _intersected_or_none(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """A second list that is NULL has no items."""
    return _intersected([args[0], args[1].fill_null(pl.lit([], dtype=arg_types[1]))], arg_types, result)


def _has_any(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return _intersected(list(beside(*args)), arg_types, arg_types[0]).list.len() > 0


def _has_all(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, y = beside(*args)
    if not nested.item_of(arg_types[1]).is_nested():
        return y.list.drop_nulls().list.set_difference(x.list.drop_nulls()).list.len() == 0
    met, wanted = (_intersected([y, other], arg_types, arg_types[1]) for other in (x, y))
    return met.list.len() == wanted.list.len()


def _contains(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, item = args
    not_null = x.is_not_null() & item.is_not_null()
    contains = (
        _position(args, arg_types, pl.Int32()).is_not_null()
        if nested.is_nested(arg_types[1])
        else x.list.contains(item)
    )
    return pl.when(not_null).then(contains)


def _as_compared(function: ScalarFunction) -> ScalarFunction:
    """Return a function that finds items, of its arguments as they compare: intervals by their length."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        compared_args = [as_compared(a, t) for a, t in zip(args, arg_types, strict=True)]
        return function(compared_args, [compared(t) for t in arg_types], result)

    return lower


def _map_extract(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The value of a key, NULL if the map has none."""

    def compute(rows: pl.DataFrame) -> pl.Series:
        hits = spread(rows).filter(pl.col(LIST).struct.field("key") == pl.col(ITEM))
        first = hits.group_by(ROW).agg(pl.col(LIST).struct.field("value").first().alias("value"))
        return (
            rows.with_row_index(ROW)
            .select(ROW)
            .join(first, on=ROW, how="left", maintain_order="left")
            .get_column("value")
        )

    return over_rows({LIST: args[0], ITEM: args[1]}, compute, result)


def _map_extract_list(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """The value of a key in a list, an empty one if the map has none."""
    keys = args[0].list.eval(pl.element().struct.field("key"))
    value = _map_extract(args, arg_types, nested.item_of(result))
    known = args[0].is_not_null()
    hits = pl.when(keys.list.contains(args[1])).then(pl.concat_list([value])).otherwise(pl.lit([], dtype=result))
    return pl.when(known).then(hits)


def _pairwise(formula: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> ScalarFunction:
    """A number of two lists of numbers of one length."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        def compute(rows: pl.DataFrame) -> pl.Series:
            if rows.filter(pl.col(LIST).list.len() != pl.col(ITEM).list.len()).height:
                raise ExecuteError("the two lists differ in length")
            cells = spread(rows).filter(pl.col(ITEM).is_not_null())
            cells = cells.with_columns(pl.col(ITEM).list.get(pl.col(PLACE) - 1))
            if cells.filter(pl.col(LIST).is_null() | pl.col(ITEM).is_null()).height:
                raise ExecuteError("a list of numbers here holds a NULL")
            numbers = cells.group_by(ROW).agg(formula(pl.col(LIST), pl.col(ITEM)).alias("value"))
            empty = cells.clear().select(formula(pl.col(LIST), pl.col(ITEM)).alias("value")).item()
            not_null = pl.col(LIST).is_not_null() & pl.col(ITEM).is_not_null()
            joined = (
                rows.with_row_index(ROW)
                .select(ROW, not_null.alias("not_null"))
                .join(numbers, on=ROW, how="left", maintain_order="left")
            )
            return joined.select(pl.when("not_null").then(pl.col("value").fill_null(empty))).to_series()

        return over_rows({LIST: args[0], ITEM: args[1]}, compute, result)

    return lower


def _cosine(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    return x.dot(y) / (x.dot(x) * y.dot(y)).sqrt()


ELEMENTS: dict[str, ScalarFunction] = {
    "list_position": _as_compared(_position),
    "list_contains": _as_compared(_contains),
    "list_intersect": _intersected_or_none,
    "list_has_any": _has_any,
    "list_has_all": _has_all,
    "map_extract_value": _map_extract,
    "map_extract": _map_extract_list,
    "list_distance": _pairwise(lambda x, y: ((x - y) ** 2).sum().sqrt()),
    "list_inner_product": _pairwise(lambda x, y: x.dot(y)),
    "list_negative_inner_product": _pairwise(lambda x, y: -x.dot(y)),
    "list_cosine_similarity": _pairwise(_cosine),
    "list_cosine_distance": _pairwise(lambda x, y: 1 - _cosine(x, y)),
    **{f"list_{name}": _aggregated(name) for name in functions.AGGREGATES},
}
