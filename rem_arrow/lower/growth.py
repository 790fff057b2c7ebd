"""Functions that make more bytes than their arguments take in memory, bounded before these are made.

Texts of one batch may share their bytes, as a value that a join repeats does; a function that writes its result makes
new ones for each row. So for each such function SIZES has the most bytes that a row needs while it is computed, from
its arguments alone, and `bounded` computes it in pieces of that size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.lower.function import ScalarFunction
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.functions import AGGREGATES
from rem_arrow.plan.json_functions import AT_PATHS, JSON_FUNCTIONS
from rem_arrow.running.allowance import current_allowance

Types: TypeAlias = "list[pl.DataType]"
# From the arguments and their types: the bytes of each row.
Size: TypeAlias = "Callable[[list[pl.Expr], Types], pl.Expr]"

_FLOAT = pl.Float64()
VALUE_BYTES = 16
# A nested constant that needs no more is as any other.
_SMALL_BYTES = 4096
# What joining texts holds at once, in bytes of the result: measured, Polars 2.1.
_JOINED = 4
# A number, a date or an interval as a text.
_SHOWN_BYTES = 48


def bounded(
    name: str,
    lowering: ScalarFunction,
    args: list[pl.Expr],
    arg_types: Types,
    result: pl.DataType,
    *,
    literals: bool = False,
) -> pl.Expr:
    """Return the lowered call of a function; computed in pieces, each asked for before, if the function is of SIZES.
    What `literals` make is known at once."""
    size = SIZES.get(name)
    if size is None or not args:
        return lowering(args, arg_types, result)
    # In a CASE a literal is one where its branch is taken.
    literals = literals and not any(a.meta.root_names() for a in args)
    if literals and (pl.select(size(args, arg_types)).item() or 0.0) <= _SMALL_BYTES:
        return lowering(args, arg_types, result)
    # A constant stays one, as a pattern must, but the first if there is nothing else.
    columns = [i for i, a in enumerate(args) if a.meta.root_names()] or [0]
    inner = [pl.col(f"a{i}") if i in columns else a for i, a in enumerate(args)]
    value = lowering(inner, arg_types, result)
    bytes_ = size(inner, arg_types).cast(_FLOAT).fill_null(0.0)
    allowance = current_allowance()

    def compute(packed: pl.Series) -> pl.Series:
        rows = packed.struct.unnest()
        sizes = rows.with_columns(bytes_.alias("#size")).get_column("#size")
        return allowance.in_pieces(
            f"the function {name}", rows, sizes, lambda piece: piece.with_columns(value.alias("#")).get_column("#")
        )

    packed = pl.struct([args[i].alias(f"a{i}") for i in columns])
    return packed.map_batches(compute, return_dtype=result, is_elementwise=True)


def asked_in_all(name: str, texts: list[pl.Expr]) -> pl.Expr:
    """Return the first text of each row; what all texts of all batches need is asked for, as what joins them does."""
    allowance, asked = current_allowance(), [0.0]

    def passed(packed: pl.Series) -> pl.Series:
        fields = packed.struct.unnest()
        asked[0] += sum(float(column.cast(pl.String).str.len_bytes().sum()) for column in fields)
        with allowance.asked(f"the function {name}", asked[0]):
            return fields.to_series(0)

    packed = pl.struct([text.alias(f"a{i}") for i, text in enumerate(texts)])
    return packed.map_batches(passed, return_dtype=pl.String(), is_elementwise=True)


def copied(what: str, frame: pl.LazyFrame, values: list[tuple[pl.Expr, pl.DataType]], *, held: bool) -> pl.LazyFrame:
    """Return the rows of a frame, for each of which `what` copies these values: the bytes of texts and lists are asked
    for before.

    Args:
        held: the copies of all batches are held, not only those of one.
    """
    long = [(value, dtype) for value, dtype in values if not _is_fixed(dtype)]
    if not long:
        return frame
    allowance, asked = current_allowance(), [0.0]
    sizes = pl.sum_horizontal([bytes_of(value, dtype).sum().alias(f"#{i}") for i, (value, dtype) in enumerate(long)])

    def passed(rows: pl.DataFrame) -> pl.DataFrame:
        asked[0] = float(rows.select(sizes).item()) + (asked[0] if held else 0.0)
        with allowance.asked(what, asked[0]):
            return rows

    return frame.map_batches(
        passed, predicate_pushdown=True, projection_pushdown=False, slice_pushdown=False, streamable=True
    )


def repeated(lowered: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a nested constant as a column, in which each row has a copy of it; those of a batch are asked for."""
    value = pl.select(lowered.alias("")).to_series()
    size, allowance = bytes_in(value), current_allowance()
    if size <= _SMALL_BYTES:
        return lowered

    def column(rows: pl.Series) -> pl.Series:
        with allowance.asked("a list in each row", size * len(rows)):
            return value.new_from_index(0, len(rows))

    return pl.first().is_null().map_batches(column, return_dtype=dtype, is_elementwise=True)


def bytes_of(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return the bytes that a copy of each value needs, Float64."""
    match dtype:
        case pl.String():
            return x.str.len_bytes().cast(_FLOAT)
        case pl.Binary():
            return x.bin.size().cast(_FLOAT)
        case pl.Array():
            return bytes_of(x.arr.to_list(), pl.List(instance(dtype.inner)))
        case pl.List():
            item = instance(dtype.inner)
            items = x.list.len().cast(_FLOAT) * VALUE_BYTES
            if _is_fixed(item):
                return items
            return items + x.list.eval(bytes_of(pl.element(), item).fill_null(0.0)).list.sum()
        case pl.Struct():
            fields = [bytes_of(x.struct.field(f.name), instance(f.dtype)) for f in dtype.fields]
            return pl.sum_horizontal([pl.lit(0.0), *fields])
        case _:
            return x.is_not_null().cast(_FLOAT) * VALUE_BYTES


def bytes_in(values: pl.Series) -> float:
    """Return the bytes that a copy of all values needs."""
    if _is_fixed(values.dtype):
        return float(len(values) * VALUE_BYTES)
    return float(values.to_frame("").select(bytes_of(pl.first(), values.dtype).sum()).item() or 0.0)


def _is_fixed(dtype: pl.DataType) -> bool:
    return not (nested.is_nested(dtype) or isinstance(dtype, (pl.String, pl.Binary)))


def _all_of(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    return pl.sum_horizontal([bytes_of(a, t) for a, t in zip(args, arg_types, strict=True)])


def _times(factor: float) -> Size:
    """So many times the bytes of all arguments."""
    return lambda args, arg_types: _all_of(args, arg_types) * factor


def _shown(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """The arguments as texts."""
    texts = [
        bytes_of(a, t) * (1 if isinstance(t, (pl.String, pl.Binary)) else _SHOWN_BYTES / VALUE_BYTES)
        for a, t in zip(args, arg_types, strict=True)
    ]
    return pl.sum_horizontal(texts) * 2


def _cast(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    return bytes_of(args[0], arg_types[0]) * (64 if isinstance(arg_types[0], pl.String) else 8)


def _count(x: pl.Expr) -> pl.Expr:
    """A number of times, 0 for one that is negative."""
    return x.cast(_FLOAT).clip(0.0)


def _repeated(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """A list of so many, joined in a buffer that doubles as it fills, and copied from there."""
    return (bytes_of(args[0], arg_types[0]) * _JOINED + VALUE_BYTES) * _count(args[1])


def _padded(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    return bytes_of(args[0], arg_types[0]) + (bytes_of(args[2], arg_types[2]) + VALUE_BYTES) * _count(args[1])


def _replaced(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """Each part of a text with the new one behind it."""
    text, old, new = (bytes_of(a, t) for a, t in zip(args, arg_types, strict=True))
    return text * 2 + (text / old.clip(1.0) + 1) * (new + VALUE_BYTES)


def _rewritten(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """The new text at each place of a text; each two characters of it may stand for what matches, which is the text at
    most."""
    text, new = bytes_of(args[0], arg_types[0]), bytes_of(args[2], arg_types[2])
    return text * 2 + (text + 1) * new * 1.5


def _joined(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """The items as texts, with a separator behind each."""
    texts = _shown(args[:1], arg_types[:1])
    separators = [bytes_of(a, t) * args[0].list.len().cast(_FLOAT) for a, t in zip(args[1:], arg_types[1:])]
    return pl.sum_horizontal([texts, *separators])


def _separated(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """The values as texts, a separator before each."""
    items = [a.list.len().cast(_FLOAT) for a, t in zip(args, arg_types, strict=True) if isinstance(t, pl.List)]
    count = pl.sum_horizontal([pl.lit(float(len(args))), *items])
    return _shown(args, arg_types) + bytes_of(args[0], arg_types[0]) * count * 2


def _formatted(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """Every placeholder may name the longest value, and a width."""
    fields = args[0].str.count_matches("[{%]").cast(_FLOAT)
    wide = args[0].str.extract_all(r"\d{1,5}").list.eval(pl.element().cast(_FLOAT)).list.sum()
    values = _shown(args[1:], arg_types[1:]) if len(args) > 1 else pl.lit(0.0)
    return bytes_of(args[0], arg_types[0]) + fields * (values + _SHOWN_BYTES) + wide


def _dated(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """A pattern, of which a code may stand for some words."""
    return bytes_of(args[1], arg_types[1]) * 10


def _numbers(*, closed: bool) -> Size:
    """The numbers of a series, and those from which they are computed."""

    def size(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
        start, stop = (pl.lit(0.0), args[0]) if len(args) == 1 else args[:2]
        step = args[2].cast(_FLOAT) if len(args) > 2 else pl.lit(1.0)
        count = ((stop.cast(_FLOAT) - start.cast(_FLOAT)) / step).clip(0.0) + (1 if closed else 0)
        return pl.when(step != 0).then(count) * VALUE_BYTES / 2 * (1 if len(args) <= 2 else 4)

    return size


def _resized(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    item = bytes_of(args[2], arg_types[2]) if len(args) > 2 else pl.lit(0.0)
    return bytes_of(args[0], arg_types[0]) + _count(args[1]) * (item + 3 * VALUE_BYTES)


def _picked(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """An item for each place; of the largest, where items have sizes of their own."""
    item = nested.item_of(arg_types[0])
    largest = (
        pl.lit(float(VALUE_BYTES))
        if not nested.is_nested(item)
        else args[0].list.eval(bytes_of(pl.element(), item)).list.max() + VALUE_BYTES
    )
    return args[1].list.len().cast(_FLOAT) * (largest + VALUE_BYTES)


def _beside_each(args: list[pl.Expr], arg_types: Types) -> pl.Expr:
    """The list with a row for each item, and what is sought beside each."""
    beside = bytes_of(args[1], arg_types[1]) if nested.is_nested(arg_types[1]) else pl.lit(0.0)
    return bytes_of(args[0], arg_types[0]) * 4 + args[0].list.len().cast(_FLOAT) * beside


# Of functions in Python, the texts are objects as well.
SIZES: dict[str, Size] = {
    **dict.fromkeys(
        (
            "upper", "lower", "initcap", "reverse", "encode", "decode", "from_base64", "to_base64", "unhex", "unbin",
            "hex", "path_join", "overlay", "parse_filename", "parse_dirname", "parse_dirpath", "parse_path",
            "regexp_extract", "md5",
            "sha1", "sha256", "md5_number", "md5_number_lower", "md5_number_upper", "ascii", "unicode", "strptime",
            "try_strptime", "uuid_extract_version", "parse_formatted_bytes",
            "regexp_escape", "glob", "flatten",
            "levenshtein", "damerau_levenshtein", "hamming", "jaccard", "jaro_similarity", "jaro_winkler_similarity",
            "list_concat", "list_concat_operator", "list_append", "list_prepend", "list_value", "list_reverse",
            "list_distinct", "list_unique", "list_where", "list_slice", "map_concat",
        ),
        _times(2),
    ),
    **dict.fromkeys(("translate", "url_decode", "nfc_normalize", "strip_accents"), _times(8)),
    **dict.fromkeys(
        (
            "bin", "url_encode", "list_sort", "list_reverse_sort", "list_sort_nulls_first", "list_grade_up",
            "list_reverse_sort_nulls_first", "list_intersect", "list_has_any", "list_has_all", "list_zip", "map",
            "list_distance", "list_inner_product", "list_negative_inner_product", "list_cosine_similarity",
            "list_cosine_distance", "map_contains_entry",
            *(f"list_{name}" for name in AGGREGATES if name != "string_agg"),
        ),
        _times(10),
    ),
    # A part needs as much as a value, be it empty.
    **dict.fromkeys(("split_part", "strpos", "string_split", "regexp_split_to_array"), _times(18)),
    # A character is an object.
    **dict.fromkeys(
        ("left_grapheme", "right_grapheme", "length_grapheme", "substring_grapheme", "regexp_extract_all"), _times(80)
    ),
    # A document in JSON becomes objects.
    **dict.fromkeys((*JSON_FUNCTIONS, *(f"{n}_constant" for n in AT_PATHS), "json_each", "json_tree"), _times(40)),
    **dict.fromkeys(("concat", "concat_operator", "json_object", "json_array", "json_pair", "to_json", "hash"), _shown),
    # A list as a text, or a text as a list.
    "cast": _cast,
    "concat_ws": _separated,
    "repeat": _repeated,
    "list_repeat": _repeated,
    "lpad": _padded,
    "rpad": _padded,
    "replace": _replaced,
    "regexp_replace": _rewritten,
    "array_to_string": _joined,
    "list_string_agg": _joined,
    "format": _formatted,
    "printf": _formatted,
    "strftime": _dated,
    "@zoned_strftime": lambda args, arg_types: _dated(args[1:], arg_types[1:]),
    "range": _numbers(closed=False),
    "generate_series": _numbers(closed=True),
    "list_resize": _resized,
    "list_select": _picked,
    "list_contains": _beside_each,
    "list_position": _beside_each,
    "map_extract": _beside_each,
    "map_extract_value": _beside_each,
}  # fmt: skip
