"""Functions over lists that Polars' own expressions give, and those between lists and texts."""

from __future__ import annotations

import polars as pl

from rem_arrow.lower import semantics
from rem_arrow.lower.cast import cast
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.lower.order_key import sort_key
from rem_arrow.plan import nested_functions as nested

_INT = pl.Int64()


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


def _length(x: pl.Expr, dimension: pl.Expr | None = None) -> pl.Expr:
    """The dimension is 1: what lies within the items has no length of its own."""
    size = x.list.len().cast(_INT)
    if dimension is None:
        return size
    known = pl.when(dimension.is_not_null()).then(size)
    return semantics.refused(x.is_not_null() & (dimension != 1), "a list has the length of its dimension 1 only", known)


def _sliced(x: pl.Expr, begin: pl.Expr, end: pl.Expr, step: pl.Expr | None = None) -> pl.Expr:
    """Both ends belong to a slice, a negative one counts from the end of the list."""
    size = x.list.len().cast(_INT)
    first = pl.max_horizontal(pl.when(begin < 0).then(size + begin + 1).otherwise(begin), pl.lit(1, _INT))
    last = pl.min_horizontal(pl.when(end < 0).then(size + end + 1).otherwise(end), size)
    not_null = x.is_not_null() & begin.is_not_null() & end.is_not_null()
    if step is None:
        return pl.when(not_null).then(
            x.list.slice(first - 1, pl.max_horizontal(last - first + 1, pl.lit(0, _INT)).cast(pl.UInt64))
        )
    # Backwards the first end is the later one.
    forward = pl.int_ranges(first, pl.max_horizontal(last + 1, first), 1)
    top, bottom = pl.min_horizontal(first, size), pl.max_horizontal(last, pl.lit(1, _INT))
    backward = pl.int_ranges(top, pl.min_horizontal(bottom - 1, top), -1)
    places = pl.when(step > 0).then(forward).otherwise(backward)
    picked = places.list.gather_every(step.abs().cast(pl.UInt64))
    return pl.when(not_null & (step != 0)).then(x.list.gather(picked - 1, null_on_oob=True))


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


def _sorted(*, descending: bool, nulls_first: bool) -> ScalarFunction:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        key = sort_key(pl.element(), nested.item_of(arg_types[0]))
        return args[0].list.eval(pl.element().sort_by(key, descending=descending, nulls_last=not nulls_first))

    return lower


def _resized(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, size = args[0], semantics.refused(args[1] < 0, "a list has no size below zero", args[1].fill_null(0))
    head = x.list.head(size)
    item = nested.item_of(result)
    fill = list_value([args[2] if len(args) > 2 else pl.lit(None, item)], [item], result)
    missing = pl.max_horizontal(size - x.list.len().cast(_INT), pl.lit(0, _INT))
    padding = fill.list.gather(pl.lit(0, _INT).repeat_by(missing.fill_null(0).cast(pl.UInt32)))
    return pl.when(x.is_not_null()).then(pl.concat_list([head, padding]))


def _selected(x: pl.Expr, places: pl.Expr) -> pl.Expr:
    unknown = places.list.eval(pl.element().is_null()).list.any()
    known = semantics.refused(unknown, "list_select takes no NULL among the places", places)
    return x.list.gather(known.list.eval(pl.element().cast(_INT) - 1), null_on_oob=True)


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


def _text_slice(x: pl.Expr, begin: pl.Expr, end: pl.Expr, *, blob: bool = False) -> pl.Expr:
    """`'text'[2:3]`: both ends belong to it, a negative one counts from the end."""
    size, one = (x.bin.size() if blob else x.str.len_chars()).cast(_INT), pl.lit(1, _INT)
    first = pl.max_horizontal(pl.when(begin < 0).then(size + begin + 1).otherwise(begin), one)
    last = pl.min_horizontal(pl.when(end < 0).then(size + end + 1).otherwise(end), size)
    not_null = begin.is_not_null() & end.is_not_null()
    taken = (x.bin.slice if blob else x.str.slice)(
        first - 1, pl.max_horizontal(last - first + 1, pl.lit(0, _INT)).cast(pl.UInt64)
    )
    return pl.when(not_null).then(taken)


def _split(x: pl.Expr, separator: pl.Expr) -> pl.Expr:
    """Without a separator the whole text is the one part, as is an empty text; an empty one parts the characters."""
    whole = x.is_not_null() & (separator.is_null() | (x == ""))
    return pl.when(whole).then(pl.concat_list([x])).otherwise(x.str.split(separator))


def _join(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """NULL where all items are NULL."""
    texts = cast(args[0], arg_types[0], pl.List(pl.String()), safe=False).list.drop_nulls()
    # Polars joins a constant list by the first separator only: the condition makes a column of it.
    return (
        pl.when(args[1].is_not_null() & ((texts.list.len() > 0) | (args[0].list.len() == 0)))
        .then(texts)
        .list.join(args[1])
    )


LISTS: dict[str, ScalarFunction] = {
    "order_key": lambda args, types, _result: sort_key(args[0], types[0]),
    "text_slice": of_arguments(_text_slice),
    "blob_slice": of_arguments(lambda x, begin, end: _text_slice(x, begin, end, blob=True)),
    "string_split": of_arguments(_split),
    "array_to_string": _join,
    "list_value": list_value,
    "list_any": of_arguments(lambda x: x.list.eval(pl.element().any(ignore_nulls=False)).list.first()),
    "list_all": of_arguments(lambda x: x.list.eval(pl.element().all(ignore_nulls=False)).list.first()),
    "list_length": of_arguments(_length),
    "list_extract": of_arguments(_extract),
    "list_slice": of_arguments(_sliced),
    "list_append": _append,
    "list_prepend": _prepend,
    "list_concat": _concat,
    "list_concat_operator": of_arguments(lambda *lists: pl.concat_list(lists)),
    "list_distinct": of_arguments(lambda x: x.list.drop_nulls().list.unique(maintain_order=True)),
    "list_unique": of_arguments(lambda x: x.list.drop_nulls().list.n_unique().cast(pl.UInt64)),
    "list_sort": _sorted(descending=False, nulls_first=False),
    "list_sort_nulls_first": _sorted(descending=False, nulls_first=True),
    "list_reverse_sort": _sorted(descending=True, nulls_first=False),
    "list_reverse_sort_nulls_first": _sorted(descending=True, nulls_first=True),
    "list_reverse": of_arguments(lambda x: x.list.reverse()),
    "list_grade_up": of_arguments(lambda x: x.list.eval(pl.element().arg_sort(nulls_last=True).cast(_INT) + 1)),
    "list_resize": _resized,
    "list_select": of_arguments(_selected),
    "list_where": of_arguments(
        lambda x, mask: x.list.gather(mask.list.eval(pl.element().fill_null(value=False).arg_true()), null_on_oob=True)
    ),
    "list_repeat": of_arguments(
        lambda x, count: x.repeat_by(pl.max_horizontal(count, pl.lit(0, _INT)).cast(pl.UInt32)).list.eval(
            pl.element().explode()
        )
    ),
    "flatten": _flattened,
}
