"""Every place where Polars and SQL disagree, one function each; tests/lower/test_semantics.py compares with DuckDB."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.plan import types

_I128 = pl.Int128()
# A value that fits no 64-bit type: casting it strictly is how an expression raises an error in the middle of a column.
_OUT_OF_RANGE = 1 << 100
_I128_MAX = 1.7e38
# Sums of decimals of so many digits stay below 38 for as many rows as a table can hold.
_SAFE_DIGITS = 27
# An escaped character of a LIKE pattern and what it hides under; "" is the escape character itself, and comes first.
_HIDDEN = {"": "\x03", "%": "\x01", "_": "\x02"}


def checked(operator: str, x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x + y` and the like on integers. SQL: overflow is an error. Polars: it wraps."""
    if dtype == pl.UInt128():
        a, b = x.cast(dtype), y.cast(dtype)
        made = {"+": a + b, "-": a - b, "*": a * b}[operator]
        return raising({"+": made < a, "-": b > a, "*": (a != 0) & (made // a != b)}[operator], made)
    wide = pl.Int64() if types.bits(dtype) <= 32 else _I128
    a, b = x.cast(wide), y.cast(wide)
    result = {"+": a + b, "-": a - b, "*": a * b}[operator]
    if types.bits(dtype) < 64 or (types.bits(dtype) == 64 and (operator != "*" or dtype.is_signed_integer())):
        return result.cast(dtype, strict=True)
    wrapped = {"+": (b < 0) != (result < a), "-": (b > 0) != (result < a), "*": (a != 0) & (result // a != b)}[operator]
    return raising(wrapped, result).cast(dtype, strict=True)


def raising(bad: pl.Expr, x: pl.Expr) -> pl.Expr:
    """Return `x`, and an error at run time where `bad` holds. Polars has no such expression but a strict cast that
    fails."""
    code = pl.when(bad).then(pl.lit(_OUT_OF_RANGE, _I128)).otherwise(pl.lit(0, _I128)).cast(pl.Int8, strict=True)
    return pl.when(code == 0).then(x)


def outside(bad: pl.Expr, value: pl.Expr, message: Callable[[object], str], x: pl.Expr) -> pl.Expr:
    """Return `x`, and an ExecuteError where `bad` holds, whose text `message` makes of the first such `value`."""

    def checked(values: pl.Series) -> pl.Series:
        if values.null_count() < len(values):
            raise ExecuteError(message(values.drop_nulls()[0]))
        return pl.Series([True]).new_from_index(0, len(values))

    wrong = pl.when(bad).then(value)
    return pl.when(wrong.map_batches(checked, return_dtype=pl.Boolean, is_elementwise=True)).then(x)


def refused(bad: pl.Expr, message: str, x: pl.Expr) -> pl.Expr:
    """Return `x`, and an ExecuteError with this text where `bad` holds."""

    def checked(flags: pl.Series) -> pl.Series:
        if flags.any():
            raise ExecuteError(message)
        return pl.Series([True]).new_from_index(0, len(flags))

    return pl.when(bad.map_batches(checked, return_dtype=pl.Boolean, is_elementwise=True)).then(x)


def negate(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`-x`. SQL: the negative of the smallest integer is an error. Polars: it wraps, and 128 bits have no negative at
    all."""
    return checked("-", pl.lit(0, dtype), x, dtype) if dtype.is_integer() else -x


def absolute(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`ABS(x)`. SQL: the smallest integer has none, an error. Polars: it stays negative."""
    return raising(x.abs() < 0, x.abs()) if dtype.is_signed_integer() else x.abs()


def integer_divide(x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x // y`. SQL truncates integers towards zero; division by zero is an error, of floats too. Polars rounds down
    and gives NULL."""
    if dtype.is_float():
        a, b = x.cast(dtype), y.cast(dtype)
        return raising((b == 0) & a.is_not_null(), quotient(a, b))
    wide = dtype if dtype == pl.UInt128() else _I128
    a, b = x.cast(wide), y.cast(wide)
    down = a // b
    towards_zero = down if wide != _I128 else down + ((a % b != 0) & ((a < 0) != (b < 0))).cast(_I128)
    # The smallest integer has no positive.
    wrapped = (b == -1) & (a < 0) & (down < 0) if wide == _I128 else pl.lit(value=False)
    return raising(((b == 0) | wrapped) & a.is_not_null(), towards_zero).cast(dtype, strict=True)


def quotient(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """`x / y` on floats. SQL: the nearest float. Polars 2.1 multiplies by 1 / y where y is a constant, which may miss
    it: so y becomes a column."""
    return x / (y if y.meta.root_names() else y + x.is_null().cast(pl.UInt8))


def modulo(x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x % y`. SQL: the sign of x, and modulo zero is an error, NaN for floats. Polars: the sign of y, and NULL."""
    if dtype.is_float():
        a, b = x.cast(pl.Float64), y.cast(pl.Float64)
        rest = pl.struct(a.alias("a"), b.alias("b")).map_batches(
            _float_rest, return_dtype=pl.Float64(), is_elementwise=True
        )
        return pl.when(a.is_not_null() & b.is_not_null()).then(rest).cast(dtype)
    if isinstance(dtype, pl.Decimal):
        exact = pl.Decimal(types.PRECISION_MAX, dtype.scale)
        a, b = x.cast(exact), y.cast(exact)
        rest = a.abs() % b.abs()
        return raising((b == 0) & a.is_not_null(), pl.when(a < 0).then(-rest).otherwise(rest)).cast(dtype)
    wide = dtype if dtype == pl.UInt128() else _I128
    a, b = x.cast(wide), y.cast(wide)
    rest = a % b
    signed = pl.when((rest != 0) & ((rest < 0) != (a < 0))).then(rest - b).otherwise(rest) if wide == _I128 else rest
    return raising((b == 0) & a.is_not_null(), signed).cast(dtype, strict=True)


def _float_rest(pairs: pl.Series) -> pl.Series:
    """The exact rest. Polars takes x - floor(x / y) * y, which is nothing like it where x / y is large."""
    with np.errstate(invalid="ignore"):
        return pl.Series(np.fmod(pairs.struct.field("a").to_numpy(), pairs.struct.field("b").to_numpy()))


def decimal_product(x: pl.Expr, y: pl.Expr, dtype: pl.Decimal) -> pl.Expr:
    """`x * y` on decimals. SQL: exact, the scales add up. Polars: rounded to the larger scale."""
    exact = pl.Decimal(types.PRECISION_MAX, dtype.scale)
    return (x.cast(exact) * y.cast(exact)).cast(dtype)


def in_list(x: pl.Expr, values: list[object], dtype: pl.DataType) -> pl.Expr:
    """`x IN (...)`. SQL: `3 IN (1, NULL)` is NULL. Polars: `is_in` answers false."""
    not_null = pl.Series([v for v in values if v is not None], dtype=dtype)
    hit = (
        x.is_in(not_null.implode()) if len(not_null) else pl.when(x.is_null()).then(None).otherwise(pl.lit(value=False))
    )
    return hit if len(not_null) == len(values) else pl.when(hit).then(pl.lit(value=True))


_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "is_distinct": "is_distinct"}


def compared(operator: str, x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """`x < y` and the like, and `x IS DISTINCT FROM y`, which is never NULL.

    Polars 2.1 gives one row, not one for each, for a constant on the left and a column on the right that holds one
    value: so the constant comes last. By methods: Python asks the right side of an operator first where it is of a
    subclass, as a `pl.Then` is.
    """
    if not x.meta.root_names() and y.meta.root_names():
        operator, x, y = _TURNED[operator], y, x
    match operator:
        case "=":
            return x.eq(y)
        case "<>":
            return x.ne(y)
        case "<":
            return x.lt(y)
        case "<=":
            return x.le(y)
        case ">":
            return x.gt(y)
        case ">=":
            return x.ge(y)
        case _:
            return x.ne_missing(y)


def total(x: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """`SUM(x)`. SQL: NULL over no values, wide enough not to overflow, else an error. Polars: 0, and it wraps."""
    wide = x.cast(result) if source != result else x
    added = wide.sum()
    if source == _I128 or (isinstance(source, pl.Decimal) and (source.precision or 0) > _SAFE_DIGITS):
        added = raising(x.cast(pl.Float64).sum().abs() > _I128_MAX, added)
    return pl.when(x.count() > 0).then(added)


def mean(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`AVG(x)`: always DOUBLE. Polars takes floats of 32 bits in 32 bits."""
    exact = source.is_integer() or isinstance(source, pl.Float64)
    return (x if exact else x.cast(pl.Float64)).mean().cast(pl.Float64)


def mean_time(x: pl.Expr, result: pl.DataType) -> pl.Expr:
    """`AVG(x)` of dates and times: a TIMESTAMP or TIME, of whole microseconds; a half is rounded toward zero. Polars:
    cut."""
    unit = 1_000 if isinstance(result, pl.Time) else 1
    count = x.count().cast(_I128)
    total = (x.cast(result).to_physical() // unit).cast(_I128).sum()
    mean = (2 * total.abs() + count - 1) // (2 * count) * total.sign() * unit
    return pl.when(count > 0).then(mean.cast(pl.Int64).cast(result))


def greatest_of(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`MAX(x)`. SQL: NaN is above every number. Polars ignores it."""
    return (
        pl.when(x.is_nan().any()).then(pl.lit(float("nan"), source)).otherwise(x.max())
        if source.is_float()
        else x.max()
    )


def least_of(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`MIN(x)`. SQL: NaN only if there is nothing else. Polars ignores it, and gives NaN then too."""
    return x.min()


def greatest(xs: list[pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """`GREATEST(x, ...)`. SQL: NaN is above every number, NULLs are ignored. Polars ignores NaN too."""
    highest = pl.max_horizontal(*xs)
    return (
        pl.when(pl.any_horizontal([x.is_nan() for x in xs])).then(pl.lit(float("nan"), dtype)).otherwise(highest)
        if dtype.is_float()
        else highest
    )


def all_true(x: pl.Expr) -> pl.Expr:
    """`BOOL_AND(x)`. SQL: NULL over no values. Polars: true."""
    return pl.when(x.count() > 0).then(x.all(ignore_nulls=True))


def any_true(x: pl.Expr) -> pl.Expr:
    """`BOOL_OR(x)`. SQL: NULL over no values. Polars: false."""
    return pl.when(x.count() > 0).then(x.any(ignore_nulls=True))


def like(x: pl.Expr, pattern: pl.Expr, escape: pl.Expr | None, *, ignore_case: bool) -> pl.Expr:
    """`x LIKE p`: % is any text, _ any character, over the whole value. Polars has regular expressions."""
    flags = "(?is)" if ignore_case else "(?s)"
    body = pattern
    if escape is not None and not escape.meta.root_names() and pl.select(escape.is_null()).item():
        return pl.lit(None, dtype=pl.Boolean)
    if escape is not None:
        escape = refused(escape.str.len_chars() > 1, "the escape of LIKE is one character", escape)
        # What is escaped hides under control characters, which patterns do not hold; then the escape goes.
        for plain, hidden in _HIDDEN.items():
            body = body.str.replace_all(escape + (escape if plain == "" else pl.lit(plain)), hidden, literal=True)
        body = body.str.replace_all(escape, "", literal=True).str.replace_all("\x03", escape, literal=True)
    body = (
        body.str.replace_all(r"([\\.+*?()|\[\]{}^$#&\-~])", r"\$1")
        .str.replace_all("%", ".*", literal=True)
        .str.replace_all("_", ".", literal=True)
    )
    if escape is not None:
        body = body.str.replace_all("\x01", "%", literal=True).str.replace_all("\x02", "_", literal=True)
    return x.str.contains(pl.lit(f"^{flags}") + body + pl.lit("$"))


def substring(x: pl.Expr, start: pl.Expr, length: pl.Expr | None) -> pl.Expr:
    """`SUBSTRING(x, start, length)`: from 1; a negative start counts from the end, a negative length goes backwards."""
    size, zero = x.str.len_chars().cast(pl.Int64), pl.lit(0, pl.Int64)
    first = pl.when(start > 0).then(start - 1).when(start < 0).then(size + start).otherwise(zero)
    if length is None:
        return pl.when(start.is_not_null()).then(x.str.slice(pl.max_horizontal(first, zero)))
    count = pl.when(start == 0).then(pl.max_horizontal(length - 1, zero)).otherwise(length)
    begin = pl.max_horizontal(pl.when(count < 0).then(first + count).otherwise(first), zero)
    stop = pl.min_horizontal(pl.when(count < 0).then(first).otherwise(first + count), size)
    taken = x.str.slice(begin, pl.max_horizontal(stop - begin, zero).cast(pl.UInt64))
    return pl.when(length.is_not_null() & start.is_not_null()).then(taken)


def with_single_rows(frame: pl.LazyFrame, singles: list[str], rows: str) -> pl.LazyFrame:
    """A subquery that stands for one value must not have more; `rows` says how many it had."""
    if not singles:
        return frame
    checked = pl.col(rows).map_batches(_at_most_one, return_dtype=pl.UInt32)
    return frame.with_columns(pl.when(checked <= 1).then(pl.col(n)).alias(n) for n in singles).drop(rows)


def _at_most_one(counts: pl.Series) -> pl.Series:
    most = counts.cast(pl.Int64).max()
    if isinstance(most, int) and most > 1:
        raise ExecuteError(f"a subquery that stands for one value has {most} rows; add LIMIT 1, or aggregate it")
    return counts
