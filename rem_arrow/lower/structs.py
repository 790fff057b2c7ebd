"""Functions over structs and maps, a map being a list of structs of key and value."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower import semantics
from rem_arrow.lower.elements import ITEM, LIST, ROW, gathered, over_rows, spread
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.plan import nested_functions as nested

_INT = pl.Int64()


def struct_pack(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return pl.struct([a.alias(name) for a, name in zip(args, nested.fields_of(result), strict=True)])


def _keys_of(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    names = list(nested.fields_of(arg_types[0]))
    return pl.when(args[0].is_not_null()).then(pl.lit(names, dtype=pl.List(pl.String())))


def _joined_structs(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    values = [a.struct.field(name) for a, t in zip(args, arg_types, strict=True) for name in nested.fields_of(t)]
    return pl.struct([value.alias(name) for value, name in zip(values, nested.fields_of(result), strict=True)])


def _zipped(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """As long as the longest list; with TRUE at the end, as the shortest."""
    lists = [
        pl.lit([], pl.List(pl.Null())) if isinstance(t, pl.Null) else a
        for a, t in zip(args, arg_types, strict=True)
        if not isinstance(t, pl.Boolean)
    ]
    sizes = [a.list.len().fill_null(0) for a in lists]
    longest, shortest = pl.max_horizontal(sizes), pl.min_horizontal(sizes)
    size = (
        longest
        if len(lists) == len(args)
        else pl.when(args[-1].fill_null(value=False)).then(shortest).otherwise(longest)
    )
    places = pl.int_ranges(pl.lit(0, _INT), size.cast(_INT))
    columns = [a.list.gather(places, null_on_oob=True).alias(str(i)) for i, a in enumerate(lists, 1)]
    packed = pl.struct([places.alias("place"), *columns])
    return packed.map_batches(_zip_batch, return_dtype=result, is_elementwise=True)


def _zip_batch(rows: pl.Series) -> pl.Series:
    """Turn a struct of lists of one length into a list of structs."""
    frame = rows.struct.unnest().with_row_index("#row")
    names = [c for c in frame.columns if c not in ("#row", "place")]
    cells = (
        frame.filter(pl.col("place").list.len() > 0)
        .explode("place", *names)
        .select("#row", pl.struct(names).alias("item"))
    )
    lists = frame.select("#row").join(
        cells.group_by("#row", maintain_order=True).agg("item"), on="#row", how="left", maintain_order="left"
    )
    return lists.get_column("item").fill_null(pl.Series([[]], dtype=lists.schema["item"]).first())


def _map(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Keys and values side by side; NULL where either is NULL."""
    paired = args[0].list.len() == args[1].list.len()
    zipped = _zipped(
        args,
        arg_types,
        pl.List(nested.struct_of({"1": nested.item_of(arg_types[0]), "2": nested.item_of(arg_types[1])})),
    )
    entries = pl.when(args[0].is_not_null() & args[1].is_not_null()).then(zipped)
    message = "the keys and the values of a map differ in number"
    return _map_of(_renamed(semantics.refused(~paired, message, entries)))


def _map_part(name: str) -> ScalarFunction:
    return of_arguments(lambda m: m.list.eval(pl.element().struct.field(name)))


def _map_contains(m: pl.Expr, key: pl.Expr) -> pl.Expr:
    """Whether a map has a key; for the key NULL that is not known."""
    return pl.when(key.is_not_null()).then(m.list.eval(pl.element().struct.field("key")).list.contains(key))


def _map_contains_entry(m: pl.Expr, key: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(m.is_not_null()).then(m.list.contains(pl.struct(key.alias("key"), value.alias("value"))))


def _map_concat(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """All entries; of a key that several maps have, the last value, in the place of the first."""
    empty = pl.lit([], dtype=result)
    joined = pl.when(pl.any_horizontal(a.is_not_null() for a in args)).then(
        pl.concat_list([a.fill_null(empty) for a in args])
    )
    return over_rows({LIST: joined}, lambda rows: gathered(rows, _last_values(rows), result), result)


def _last_values(rows: pl.DataFrame) -> pl.DataFrame:
    cells = spread(rows).unnest(LIST)
    merged = cells.group_by(ROW, "key", maintain_order=True).agg(pl.col("value").last())
    return merged.select(ROW, pl.struct("key", "value").alias(ITEM))


def _entries(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if isinstance(nested.item_of(arg_types[0]), pl.Null):
        return pl.when(args[0].is_not_null()).then(pl.lit([], dtype=result))
    return _map_of(_renamed(args[0]))


def _renamed(rows: pl.Expr) -> pl.Expr:
    return rows.list.eval(pl.element().struct.rename_fields(["key", "value"]))


def _map_of(entries: pl.Expr) -> pl.Expr:
    """Entries as a map: each key once, and none NULL."""
    keys = entries.list.eval(pl.element().struct.field("key"))
    known = semantics.refused(keys.list.eval(pl.element().is_null()).list.any(), "a key of a map is NULL", entries)
    return semantics.refused(keys.list.n_unique() < keys.list.len(), "a map has a key twice", known)


STRUCTS: dict[str, ScalarFunction] = {
    "struct_pack": struct_pack,
    "struct_keys": _keys_of,
    "struct_concat": _joined_structs,
    "list_zip": _zipped,
    "map": _map,
    "map_of": of_arguments(_map_of),
    "map_keys": _map_part("key"),
    "map_values": _map_part("value"),
    "map_entries": of_arguments(lambda m: m),
    "map_from_entries": _entries,
    "map_contains": of_arguments(_map_contains),
    "map_contains_entry": of_arguments(_map_contains_entry),
    "map_concat": _map_concat,
    "cardinality": of_arguments(lambda m: m.list.len().cast(pl.UInt64)),
}
