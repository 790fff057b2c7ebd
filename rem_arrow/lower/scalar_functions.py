"""What each function of the catalog computes: one Polars expression from the expressions and types of its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import interval, rounding, semantics
from rem_arrow.lower.elements import ELEMENTS
from rem_arrow.lower.fixed import FIXED
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.lower.interval import INTERVAL
from rem_arrow.lower.json import JSON
from rem_arrow.lower.lists import LISTS
from rem_arrow.lower.number_series import SERIES
from rem_arrow.lower.numbers import NUMBERS
from rem_arrow.lower.order_key import compared
from rem_arrow.lower.sequence_numbers import SEQUENCES
from rem_arrow.lower.strings import TEXT
from rem_arrow.lower.structs import STRUCTS
from rem_arrow.lower.temporal import TEMPORAL
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

# 34! is the first beyond 128 bits.
_FACTORIAL_MAX = 33
_SHIFT_MAX = 126


def _arithmetic(operator: str) -> ScalarFunction:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        x, y = args
        if result.is_integer():
            if operator == "//":
                return semantics.integer_divide(x, y, result)
            if operator == "%":
                return semantics.modulo(x, y, result)
            return semantics.checked(operator, x, y, result)
        if operator == "%":
            return semantics.modulo(x, y, result)
        if operator == "//":
            return semantics.integer_divide(x, y, result)
        if operator == "/" or result.is_float():
            a, b = x.cast(result), y.cast(result)
            return {"+": a + b, "-": a - b, "*": a * b, "/": semantics.quotient(a, b)}[operator]
        if operator == "*" and isinstance(result, pl.Decimal):
            return semantics.decimal_product(x, y, result)
        a, b = x.cast(result), y.cast(result)
        return ({"+": a + b, "-": a - b}[operator]).cast(result)

    return lower


def _comparison(operator: str) -> ScalarFunction:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        x, y = args
        if nested.is_nested(arg_types[0]):
            return compared(operator, x, y, arg_types[0])
        return semantics.compared(operator, x, y)

    return lower


def _round(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    return rounding.round_half_away(args[0], args[1] if len(args) > 1 else None, arg_types[0], result)


def _truncated(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x = args[0]
    if len(args) == 2:
        return rounding.truncate(x, args[1], arg_types[0], result)
    if arg_types[0].is_integer():
        return x
    return (
        pl.when(x < 0).then(rounding.ceiling(x, arg_types[0])).otherwise(rounding.floor(x, arg_types[0])).cast(result)
    )


def _extreme(operator: str, of_plain: Callable[[list[pl.Expr], pl.DataType], pl.Expr]) -> ScalarFunction:
    """GREATEST and LEAST; NULLs are passed over."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        if not result.is_nested() and not isinstance(result, pl.Binary):
            return of_plain(args, result)
        extreme = args[0]
        for x in args[1:]:
            beyond = (
                interval.beyond(operator, x, extreme)
                if result == types.CALENDAR
                else compared(operator, x, extreme, result)
            )
            better = extreme.is_null() | beyond
            extreme = pl.when(x.is_not_null() & better).then(x).otherwise(extreme)
        return extreme

    return lower


def _nullif(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    return pl.when((first == second).fill_null(value=False)).then(None).otherwise(first)


def _sign(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """SIGN. That of NaN is 0."""
    x = args[0]
    zero = pl.when(x.is_not_null()).then(pl.lit(0, pl.Int8))
    positive = (x > 0) & ~x.is_nan() if arg_types[0].is_float() else x > 0
    return pl.when(positive).then(pl.lit(1, pl.Int8)).when(x < 0).then(pl.lit(-1, pl.Int8)).otherwise(zero)


def _even(x: pl.Expr) -> pl.Expr:
    """The next even number away from zero."""
    size = (x.abs() / 2).ceil() * 2
    return pl.when(x < 0).then(-size).otherwise(size)


def _rowwise(function: Callable[..., object], result: pl.DataType) -> Callable[..., pl.Expr]:
    """A function that Polars lacks, row by row in Python; NULL for a NULL."""

    def lower(*args: pl.Expr) -> pl.Expr:
        names = [f"a{i}" for i in range(len(args))]
        rows = pl.struct([a.alias(n) for a, n in zip(args, names, strict=True)])
        return rows.map_elements(
            lambda row: None if None in row.values() else function(*row.values()), return_dtype=result
        )

    return lower


def _shifted(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType, *, left: bool) -> pl.Expr:
    """`x << n` is an error where it overflows, or x or n is negative; `x >> n` is 0 for an n outside of the width."""
    width = types.bits(result)
    x, n = args[0].cast(pl.Int128), args[1].cast(pl.Int64)
    power = pl.lit(2.0).pow(n.clip(0, _SHIFT_MAX).cast(pl.Float64)).cast(pl.Int128)
    if left:
        product = pl.when((x == 0) | (n < 0)).then(x * 0).otherwise(x * power)
        return semantics.raising(
            x.is_not_null() & ((x < 0) | (n < 0) | ((n >= width) & (x != 0))), product.cast(result, strict=True)
        )
    return pl.when((n < 0) | (n >= width)).then(x * 0).otherwise(x // power).cast(result, strict=True)


def _factorial(n: int) -> int:
    if not 0 <= n <= _FACTORIAL_MAX:
        raise ExecuteError(f"factorial({n}) is out of range; it takes 0 to {_FACTORIAL_MAX}")
    return math.factorial(n)


SCALAR: dict[str, ScalarFunction] = {
    **FIXED,
    "=": of_arguments(lambda x, y: semantics.compared("=", x, y)),
    "<>": of_arguments(lambda x, y: semantics.compared("<>", x, y)),
    **{operator: _comparison(operator) for operator in ("<", "<=", ">", ">=")},
    "not": of_arguments(lambda x: ~x),
    "is_null": of_arguments(lambda x: x.is_null()),
    "is_distinct": of_arguments(lambda x, y: semantics.compared("is_distinct", x, y)),
    "negate": lambda args, _types, result: semantics.negate(args[0], result),
    **{operator: _arithmetic(operator) for operator in ("+", "-", "*", "/", "//", "%")},
    "&": of_arguments(lambda x, y: x & y),
    "|": of_arguments(lambda x, y: x | y),
    "xor": of_arguments(lambda x, y: x ^ y),
    "bit_not": of_arguments(lambda x: ~x),
    "<<": lambda args, t, result: _shifted(args, t, result, left=True),
    ">>": lambda args, t, result: _shifted(args, t, result, left=False),
    # 128 ones do not fit a TINYINT, and DuckDB gives -128.
    "bit_count": of_arguments(lambda x: x.bitwise_count_ones().cast(pl.UInt8).reinterpret(signed=True)),
    "abs": lambda args, t, result: semantics.absolute(args[0], result),
    "ceil": lambda args, t, result: (
        args[0].cast(result) if t[0].is_integer() else rounding.ceiling(args[0], t[0]).cast(result)
    ),
    "floor": lambda args, t, result: (
        args[0].cast(result) if t[0].is_integer() else rounding.floor(args[0], t[0]).cast(result)
    ),
    "round": _round,
    "trunc": _truncated,
    "even": of_arguments(_even),
    "sqrt": of_arguments(lambda x: x.sqrt()),
    "cbrt": of_arguments(lambda x: x.cbrt()),
    "exp": of_arguments(lambda x: x.exp()),
    "ln": of_arguments(lambda x: x.log()),
    "log10": of_arguments(lambda x: x.log10()),
    "log2": of_arguments(lambda x: x.log(2)),
    "log": of_arguments(lambda base, x: x.log() / base.log()),
    "power": of_arguments(lambda x, y: x.pow(y)),
    "sign": _sign,
    "sin": of_arguments(lambda x: x.sin()),
    "cos": of_arguments(lambda x: x.cos()),
    "tan": of_arguments(lambda x: x.tan()),
    "cot": of_arguments(lambda x: x.cot()),
    "asin": of_arguments(lambda x: x.arcsin()),
    "acos": of_arguments(lambda x: x.arccos()),
    "atan": of_arguments(lambda x: x.arctan()),
    "atan2": of_arguments(lambda y, x: pl.arctan2(y, x)),
    "sinh": of_arguments(lambda x: x.sinh()),
    "cosh": of_arguments(lambda x: x.cosh()),
    "tanh": of_arguments(lambda x: x.tanh()),
    "asinh": of_arguments(lambda x: x.arcsinh()),
    "acosh": of_arguments(lambda x: x.arccosh()),
    "atanh": of_arguments(lambda x: x.arctanh()),
    "degrees": of_arguments(lambda x: x.degrees()),
    "radians": of_arguments(lambda x: x.radians()),
    "pi": of_arguments(lambda: pl.lit(math.pi)),
    "gcd": of_arguments(_rowwise(math.gcd, pl.Int64())),
    "lcm": of_arguments(_rowwise(math.lcm, pl.Int64())),
    "factorial": of_arguments(_rowwise(_factorial, pl.Int128())),
    "isnan": of_arguments(lambda x: x.is_nan()),
    "isinf": of_arguments(lambda x: x.is_infinite()),
    "isfinite": of_arguments(lambda x: x.is_finite()),
    "greatest": _extreme(">", semantics.greatest),
    "least": _extreme("<", lambda xs, _result: pl.min_horizontal(*xs)),
    "coalesce": of_arguments(lambda *xs: pl.coalesce(*xs)),
    "nullif": of_arguments(_nullif),
    "enum_code": lambda args, _types, result: args[0].to_physical().cast(result),
    **ELEMENTS,
    **JSON,
    **LISTS,
    **STRUCTS,
    **SERIES,
    **NUMBERS,
    **SEQUENCES,
    **TEXT,
    **TEMPORAL,
}

_FAILING_VALUES = (
    *INTERVAL, "add_days", "make_time", "make_timestamp", "make_timestamptz", "strptime", "time_bucket",
    "make_timestamp_ms", "timestamp_of_microseconds", "to_timestamp", "epoch_ms", "timezone",
    "unhex", "unbin", "from_base64",
    "to_base", "decode", "hamming", "jaccard", "format", "printf", "parse_formatted_bytes", "bar", "binom", "factorial",
    "error", "map", "map_of", "map_from_entries", "list_select",
    # What they make may be more than the memory limit.
    "repeat", "range", "generate_series", "list_resize", "list_repeat", "replace", "regexp_replace", "array_to_string",
)  # fmt: skip
# Calls that can raise an error for some values: a branch that holds one must not see rows that are not its own.
FAILING = frozenset(
    {
        "+",
        "-",
        "*",
        "//",
        "%",
        "negate",
        "abs",
        "<<",
        "factorial",
        "lpad",
        "rpad",
        "make_date",
        "chr",
        "list_reduce",
        *_FAILING_VALUES,
        *JSON,
        *(f"list_{name}" for name in ("distance", "cosine_similarity", "cosine_distance", "inner_product")),
    }
)
