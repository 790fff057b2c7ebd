"""Functions over lists, structs and maps that Polars' own expressions give: from the expressions and types of the
arguments."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.errors import ExecuteError
from rem_arrow.lower.cast import cast
from rem_arrow.lower.interval import flattened
from rem_arrow.lower.strings import Lowering
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

_INT = pl.Int64()
_MARK = "\x00"
# Of the numbers of one series: 8 GB.
_SERIES_MAX = 1_000_000_000


def _of(function: Callable[..., pl.Expr]) -> Lowering:
    """A function of its arguments alone."""
    return lambda args, _types, _result: function(*args)


def list_value(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """`[x, y]`. Polars joins lists where SQL nests them, so nested items travel in a struct."""
    if not args:
        return pl.lit([], dtype=result)
    if not nested.is_nested(arg_types[0]):
        return pl.concat_list(args)
    wrapped = [pl.struct(a.alias("item")) for a in args]
    return pl.concat_list(wrapped).list.eval(pl.element().struct.field("item"))


def _extract(x: pl.Expr, place: pl.Expr) -> pl.Expr:
    """From 1, or from the end for a negative place; NULL beyond the ends, and at 0."""
    return pl.when(place != 0).then(x.list.get(pl.when(place > 0).then(place - 1).otherwise(place), null_on_oob=True))


def _sliced(x: pl.Expr, begin: pl.Expr, end: pl.Expr, step: pl.Expr | None = None) -> pl.Expr:
    """Both ends belong to a slice, a negative one counts from the end of the list."""
    size = x.list.len().cast(_INT)
    first = pl.max_horizontal(pl.when(begin < 0).then(size + begin + 1).otherwise(begin), pl.lit(1, _INT))
    last = pl.min_horizontal(pl.when(end < 0).then(size + end + 1).otherwise(end), size)
    known = x.is_not_null() & begin.is_not_null() & end.is_not_null()
    if step is None:
        return pl.when(known).then(
            x.list.slice(first - 1, pl.max_horizontal(last - first + 1, pl.lit(0, _INT)).cast(pl.UInt64))
        )
    low, high = pl.min_horizontal(first, last), pl.max_horizontal(first, last)
    forward = pl.int_ranges(
        pl.when(step > 0).then(first).otherwise(high), pl.when(step > 0).then(last + 1).otherwise(low - 1), 1
    )
    backward = pl.int_ranges(high, low - 1, -1)
    places = pl.when(step > 0).then(forward).otherwise(backward)
    picked = places.list.gather_every(step.abs().cast(pl.UInt64))
    return pl.when(known & (step != 0)).then(x.list.gather(picked - 1, null_on_oob=True))


def _with(x: pl.Expr, y: pl.Expr, item: pl.DataType) -> pl.Expr:
    """Lists joined; one that is NULL is as an empty one."""
    empty = pl.lit([], dtype=pl.List(item))
    return pl.concat_list([x.fill_null(empty), y.fill_null(empty)])


def _append(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return _with(args[0], list_value([args[1]], [arg_types[1]], result), nested.item_of(result))


def _prepend(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return _with(list_value([args[0]], [arg_types[0]], result), args[1], nested.item_of(result))


def _concat(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """NULL lists do not count."""
    empty = pl.lit([], dtype=result)
    joined = pl.concat_list([a.fill_null(empty) for a in args])
    # Between NULLs alone there is no list.
    return (
        pl.when(pl.any_horizontal([a.is_not_null() for a in args])).then(joined)
        if nested.item_of(result) == pl.Null()
        else joined
    )


def _sorted(*, descending: bool, nulls_first: bool) -> Lowering:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        key = sort_key(pl.element(), nested.item_of(arg_types[0]))
        return args[0].list.eval(pl.element().sort_by(key, descending=descending, nulls_last=not nulls_first))

    return lower


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
    known = x.is_not_null() & y.is_not_null()
    found = pl.DataFrame({"known": known, "x": ranked[: len(x)], "y": ranked[len(x) :]})
    return found.select(pl.when("known").then((pl.col("x") - pl.col("y")).sign().cast(pl.Int8))).to_series()


def _zipped(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """As long as the longest list; with TRUE at the end, as the shortest."""
    lists = [a for a, t in zip(args, arg_types, strict=True) if not isinstance(t, pl.Boolean)]
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


def _resized(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, size = args[0], args[1].fill_null(0)
    kept = x.list.head(size)
    item = nested.item_of(result)
    fill = list_value([args[2] if len(args) > 2 else pl.lit(None, item)], [item], result)
    missing = pl.max_horizontal(size - x.list.len().cast(_INT), pl.lit(0, _INT))
    padding = fill.list.gather(pl.lit(0, _INT).repeat_by(missing.fill_null(0).cast(pl.UInt32)))
    return pl.when(x.is_not_null()).then(pl.concat_list([kept, padding]))


def _range(*, closed: bool) -> Lowering:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        zero, one = pl.lit(0, _INT), pl.lit(1, _INT)
        start, stop = (zero, args[0]) if len(args) == 1 else (args[0], args[1])
        step = (
            args[2]
            if len(args) == 3
            else args[2].map_batches(_not_zero, return_dtype=_INT, is_elementwise=True)
            if len(args) > 3
            else one
        )
        # One more beyond the end, in the direction of the step, makes it part of the series.
        end = stop + step.sign() if closed else stop
        if len(args) <= 2:
            return pl.int_ranges(start, start + _size(start, end))
        size = (
            pl.when(step > 0)
            .then((end - start + step - 1) // step)
            .when(step < 0)
            .then((start - end - step - 1) // -step)
            .otherwise(zero)
        )
        counted = pl.int_ranges(zero, _size(zero, size))
        known = pl.all_horizontal([a.is_not_null() for a in args[:3]])
        return pl.when(known).then(start + counted * step)

    return lower


def _size(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """How many numbers lie from one to before the other."""
    return (end.cast(pl.Int128) - start.cast(pl.Int128)).map_batches(_fitting, return_dtype=_INT, is_elementwise=True)


def _fitting(sizes: pl.Series) -> pl.Series:
    largest = sizes.max()
    if isinstance(largest, int) and largest > _SERIES_MAX:
        raise ExecuteError(f"a series of {largest:,} numbers does not fit in memory; it may have {_SERIES_MAX:,}")
    return sizes.clip(0).cast(_INT)


def _not_zero(steps: pl.Series) -> pl.Series:
    if (steps == 0).any():
        raise ExecuteError("the step of a series must not be 0")
    return steps


def _flattened(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """NULL lists among the items do not count."""
    x = args[0]
    if not nested.is_list(nested.item_of(arg_types[0])):
        return pl.when(x.is_not_null()).then(pl.lit([], dtype=pl.List(pl.Null())))
    return x.list.eval(pl.element().filter(pl.element().list.len() > 0).explode())


def beside(x: pl.Expr, y: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return two lists, NULL where either is. Polars 2.1 panics on the sets of a constant NULL and a column: so both
    are columns."""
    return pl.when(y.is_not_null()).then(x), pl.when(x.is_not_null()).then(y)


def _has_all(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    x, y = beside(x, y)
    return y.list.drop_nulls().list.set_difference(x.list.drop_nulls()).list.len() == 0


def _keys_of(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    names = list(nested.fields_of(arg_types[0]))
    return pl.when(args[0].is_not_null()).then(pl.lit(names, dtype=pl.List(pl.String())))


def _joined_structs(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    fields = {name: a.struct.field(name) for a, t in zip(args, arg_types, strict=True) for name in nested.fields_of(t)}
    return pl.struct([value.alias(name) for name, value in fields.items()])


def struct_pack(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return pl.struct([a.alias(name) for a, name in zip(args, nested.fields_of(result), strict=True)])


def _map_part(name: str) -> Lowering:
    return _of(lambda m: m.list.eval(pl.element().struct.field(name)))


def _map_contains(m: pl.Expr, key: pl.Expr) -> pl.Expr:
    return m.list.eval(pl.element().struct.field("key")).list.contains(key)


def _entries(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return args[0].list.eval(pl.element().struct.rename_fields(["key", "value"]))


def _map(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Keys and values side by side; NULL where either is NULL."""
    zipped = _zipped(
        args,
        arg_types,
        pl.List(nested.struct_of({"1": nested.item_of(arg_types[0]), "2": nested.item_of(arg_types[1])})),
    )
    return pl.when(args[0].is_not_null() & args[1].is_not_null()).then(_entries([zipped], arg_types[:1], result))


def _text_slice(x: pl.Expr, begin: pl.Expr, end: pl.Expr, *, blob: bool = False) -> pl.Expr:
    """`'text'[2:3]`: both ends belong to it, a negative one counts from the end."""
    size, one = (x.bin.size() if blob else x.str.len_chars()).cast(_INT), pl.lit(1, _INT)
    first = pl.max_horizontal(pl.when(begin < 0).then(size + begin + 1).otherwise(begin), one)
    last = pl.min_horizontal(pl.when(end < 0).then(size + end + 1).otherwise(end), size)
    known = begin.is_not_null() & end.is_not_null()
    taken = (x.bin.slice if blob else x.str.slice)(
        first - 1, pl.max_horizontal(last - first + 1, pl.lit(0, _INT)).cast(pl.UInt64)
    )
    return pl.when(known).then(taken)


def _split(x: pl.Expr, separator: pl.Expr) -> pl.Expr:
    """Without a separator the whole text is the one part; an empty one parts the characters."""
    return pl.when(separator.is_null()).then(pl.concat_list([x])).otherwise(x.str.split(separator))


def _join(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """NULL where all items are NULL."""
    texts = cast(args[0], arg_types[0], pl.List(pl.String()), safe=False).list.drop_nulls()
    # Polars joins a constant list by the first separator only: the condition makes a column of it.
    return (
        pl.when(args[1].is_not_null() & ((texts.list.len() > 0) | (args[0].list.len() == 0)))
        .then(texts)
        .list.join(args[1])
    )


def _split_by_pattern(x: pl.Expr, pattern: pl.Expr) -> pl.Expr:
    """Polars splits by texts only: what matches becomes one character that no text holds."""
    return x.str.replace_all(pattern, _MARK).str.split(_MARK)


NESTED: dict[str, Lowering] = {
    "order_key": lambda args, types, _result: sort_key(args[0], types[0]),
    "text_slice": _of(_text_slice),
    "blob_slice": _of(lambda x, begin, end: _text_slice(x, begin, end, blob=True)),
    "string_split": _of(_split),
    "regexp_split_to_array": _of(_split_by_pattern),
    "array_to_string": _join,
    "list_value": list_value,
    "list_any": _of(lambda x: x.list.eval(pl.element().any(ignore_nulls=False)).list.first()),
    "list_all": _of(lambda x: x.list.eval(pl.element().all(ignore_nulls=False)).list.first()),
    "list_length": _of(lambda x: x.list.len().cast(_INT)),
    "list_extract": _of(_extract),
    "list_slice": _of(_sliced),
    "list_append": _append,
    "list_prepend": _prepend,
    "list_concat": _concat,
    "list_concat_operator": _of(lambda x, y: pl.concat_list([x, y])),
    "list_distinct": _of(lambda x: x.list.drop_nulls().list.unique(maintain_order=True)),
    "list_unique": _of(lambda x: x.list.drop_nulls().list.n_unique().cast(pl.UInt64)),
    "list_sort": _sorted(descending=False, nulls_first=False),
    "list_sort_nulls_first": _sorted(descending=False, nulls_first=True),
    "list_reverse_sort": _sorted(descending=True, nulls_first=False),
    "list_reverse_sort_nulls_first": _sorted(descending=True, nulls_first=True),
    "list_reverse": _of(lambda x: x.list.reverse()),
    "list_grade_up": _of(lambda x: x.list.eval(pl.element().arg_sort(nulls_last=True).cast(_INT) + 1)),
    "list_has_all": _of(_has_all),
    "list_resize": _resized,
    "list_zip": _zipped,
    "list_select": _of(
        lambda x, places: x.list.gather(places.list.eval(pl.element().cast(_INT) - 1), null_on_oob=True)
    ),
    "list_where": _of(
        lambda x, mask: x.list.gather(mask.list.eval(pl.element().fill_null(value=False).arg_true()), null_on_oob=True)
    ),
    "list_repeat": _of(lambda x, count: x.repeat_by(count.cast(pl.UInt32)).list.eval(pl.element().explode())),
    "flatten": _flattened,
    "generate_series": _range(closed=True),
    "range": _range(closed=False),
    "struct_pack": struct_pack,
    "struct_keys": _keys_of,
    "struct_concat": _joined_structs,
    "map": _map,
    "map_keys": _map_part("key"),
    "map_values": _map_part("value"),
    "map_entries": _of(lambda m: m),
    "map_from_entries": _entries,
    "map_contains": _of(_map_contains),
}
