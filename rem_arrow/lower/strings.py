"""Text functions: Polars expressions from the expressions and types of the arguments."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import letter_case, semantics
from rem_arrow.lower.cast import cast
from rem_arrow.lower.characters import CHARACTERS
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.encodings import ENCODING
from rem_arrow.lower.formats import FORMATTING
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.lower.pattern import PATTERN
from rem_arrow.lower.similarity import SIMILARITY
from rem_arrow.plan import nested_functions as nested

_CODE_POINT_MAX = 0x10FFFF


def _each(function: Callable[[object], object], result: pl.DataType) -> ScalarFunction:
    """A function that Polars lacks, in Python, once for each distinct value."""
    return of_arguments(over_distinct(function, result))


def _texts(args: list[pl.Expr], arg_types: list[pl.DataType]) -> list[pl.Expr]:
    return [cast(a, t, pl.String(), safe=False) for a, t in zip(args, arg_types, strict=True)]


def _concat(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return pl.concat_str(_texts(args, arg_types), ignore_nulls=True)


def _with_separator(x: pl.Expr, dtype: pl.DataType, separator: pl.Expr) -> pl.Expr:
    """A value as text; the items of a list with the separator between them, NULL if there are none."""
    if not isinstance(dtype, pl.List) or nested.is_map(dtype):
        return _texts([x], [dtype])[0]
    items = cast(x, dtype, pl.List(pl.String()), safe=False).list.drop_nulls()
    return pl.when(items.list.len() > 0).then(items.list.join(separator))


def _concat_ws(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    separator = _texts(args[:1], arg_types[:1])[0]
    texts = [_with_separator(a, t, separator) for a, t in zip(args[1:], arg_types[1:], strict=True)]
    empty = pl.lit("")
    joined = pl.concat_str([pl.when(t.is_not_null()).then(separator + t).otherwise(empty) for t in texts])
    return pl.when(separator.is_not_null()).then(joined.str.slice(separator.str.len_chars()))


def _split_part(x: pl.Expr, separator: pl.Expr, place: pl.Expr) -> pl.Expr:
    """The n-th part; from the end for a negative n; empty beyond the ends. An empty separator splits into
    characters."""
    at = pl.when(place > 0).then(place - 1).otherwise(place)
    part = (
        pl.when(place == 0)
        .then(pl.lit(""))
        .otherwise(x.str.split(separator).list.get(at, null_on_oob=True).fill_null(""))
    )
    return pl.when(x.is_not_null() & separator.is_not_null() & place.is_not_null()).then(part)


def _pad(x: pl.Expr, length: pl.Expr, fill: pl.Expr, *, left: bool) -> pl.Expr:
    size, zero = x.str.len_chars().cast(pl.Int64), pl.lit(0, pl.Int64)
    missing = pl.max_horizontal(length - size, zero)
    padding = fill.repeat_by(missing).list.join("").str.slice(0, missing.cast(pl.UInt64))
    whole = pl.concat_str([padding, x] if left else [x, padding])
    padded = whole.str.slice(0, pl.max_horizontal(length, zero).cast(pl.UInt64))
    not_null = x.is_not_null() & length.is_not_null() & fill.is_not_null()
    return semantics.raising((fill == "") & (missing > 0), pl.when(not_null).then(padded))


def _trimmed(side: str) -> Callable[..., pl.Expr]:
    def trim(x: pl.Expr, characters: pl.Expr | None = None) -> pl.Expr:
        what = characters if characters is not None else pl.lit(" ")
        strip = {"both": x.str.strip_chars, "start": x.str.strip_chars_start, "end": x.str.strip_chars_end}[side]
        # To Polars NULL is every kind of space.
        return pl.when(what.is_not_null()).then(strip(what))

    return trim


def _strpos(x: pl.Expr, part: pl.Expr) -> pl.Expr:
    """The place of the first occurrence, from 1; 0 for none. An empty text stands at 1."""
    first = x.str.split(part).list.first().str.len_chars().cast(pl.Int64) + 1
    place = first * x.str.contains(part, literal=True).cast(pl.Int64)
    return pl.when((part == "") & x.is_not_null()).then(pl.lit(1, pl.Int64)).otherwise(place)


def _replace(x: pl.Expr, old: pl.Expr, new: pl.Expr) -> pl.Expr:
    # Polars joins a constant list by the first separator only: the condition makes a column of it.
    parts = pl.when(old.is_not_null() & new.is_not_null()).then(x.str.split(old))
    replaced = pl.when(old == "").then(x).otherwise(parts.list.join(new))
    return pl.when(x.is_not_null() & old.is_not_null() & new.is_not_null()).then(replaced)


def _end(x: pl.Expr, count: pl.Expr, *, left: bool) -> pl.Expr:
    """LEFT and RIGHT; a negative count leaves out so many from the other end."""
    size, zero = x.str.len_chars().cast(pl.Int64), pl.lit(0, pl.Int64)
    length = pl.min_horizontal(
        size, pl.when(count < 0).then(pl.max_horizontal(size + pl.max_horizontal(count, -size), zero)).otherwise(count)
    )
    taken = x.str.slice(zero if left else size - length, length.cast(pl.UInt64))
    return pl.when(count.is_not_null()).then(taken)


def _chr(code: object) -> str:
    if not isinstance(code, int) or not 0 <= code <= _CODE_POINT_MAX:
        raise ExecuteError(f"chr({code}) is no character; it takes 0 to {_CODE_POINT_MAX}")
    return chr(code)


def _translate(text: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for i, character in enumerate(old):
        table.setdefault(ord(character), new[i] if i < len(new) else None)
    return text.translate(table)


def _ascii(text: object) -> int:
    return ord(str(text)[0]) if text else 0


def _octets(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return (
        args[0].bin.size("b") if isinstance(arg_types[0], pl.Binary) else args[0].cast(pl.String).str.len_bytes()
    ).cast(pl.Int64)


TEXT: dict[str, ScalarFunction] = {
    **PATTERN,
    **ENCODING,
    **SIMILARITY,
    **FORMATTING,
    **CHARACTERS,
    "upper": of_arguments(letter_case.upper),
    "lower": of_arguments(letter_case.lower),
    "length": of_arguments(lambda x: x.str.len_chars().cast(pl.Int64)),
    "octet_length": _octets,
    "bit_length": of_arguments(lambda x: x.str.len_bytes().cast(pl.Int64) * 8),
    "trim": of_arguments(_trimmed("both")),
    "ltrim": of_arguments(_trimmed("start")),
    "rtrim": of_arguments(_trimmed("end")),
    "substring": of_arguments(lambda x, start, length=None: semantics.substring(x, start, length)),
    "replace": of_arguments(_replace),
    "translate": of_arguments(over_distinct(_translate, pl.String())),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "concat_operator": lambda args, _types, _result: reduce(operator.add, args),
    "starts_with": of_arguments(lambda x, y: x.str.starts_with(y)),
    "ends_with": of_arguments(lambda x, y: x.str.ends_with(y)),
    "contains": of_arguments(lambda x, y: x.str.contains(y, literal=True)),
    "strpos": of_arguments(_strpos),
    "left": of_arguments(lambda x, n: _end(x, n, left=True)),
    "right": of_arguments(lambda x, n: _end(x, n, left=False)),
    "reverse": of_arguments(lambda x: x.str.reverse()),
    "repeat": of_arguments(
        lambda x, n: pl.when(x.is_not_null() & n.is_not_null()).then(
            x.repeat_by(pl.max_horizontal(n, pl.lit(0, pl.Int64))).list.join("")
        )
    ),
    "lpad": of_arguments(lambda x, n, fill: _pad(x, n, fill, left=True)),
    "rpad": of_arguments(lambda x, n, fill: _pad(x, n, fill, left=False)),
    "split_part": of_arguments(_split_part),
    "like": of_arguments(lambda x, p, escape=None: semantics.like(x, p, escape, ignore_case=False)),
    "ilike": of_arguments(lambda x, p, escape=None: semantics.like(x, p, escape, ignore_case=True)),
    "ascii": _each(_ascii, pl.Int32()),
    "chr": _each(_chr, pl.String()),
}
