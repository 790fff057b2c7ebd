"""Every place where Polars and SQL disagree, one function each; tests/lower/test_semantics.py holds each against DuckDB."""

from __future__ import annotations

import polars as pl

from rem_arrow.plan import types

_I128 = pl.Int128()
# A value that fits no 64-bit type: casting it strictly is how an expression raises an error in the middle of a column.
_OUT_OF_RANGE = 1 << 100


def checked(operator: str, x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x + y` and the like on integers. SQL: overflow is an error. Polars: it wraps."""
    wide = pl.Int64() if types.bits(dtype) <= 32 and operator != "*" else _I128
    a, b = x.cast(wide), y.cast(wide)
    result = {"+": a + b, "-": a - b, "*": a * b}[operator]
    return result.cast(dtype, strict=True)


def negate(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`-x`. SQL: the negative of the smallest integer is an error. Polars: it wraps."""
    return (-x.cast(_I128)).cast(dtype, strict=True) if dtype.is_integer() else -x


def integer_divide(x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x // y`. SQL truncates towards zero, and division by zero is an error. Polars rounds down and gives NULL."""
    a, b = x.cast(_I128), y.cast(_I128)
    quotient = a.abs() // b.abs() * a.sign() * b.sign()
    return pl.when(b == 0).then(pl.lit(_OUT_OF_RANGE, _I128)).otherwise(quotient).cast(dtype, strict=True)


def modulo(x: pl.Expr, y: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`x % y`. SQL: the sign of x, and modulo zero is an error. Polars: the sign of y, and NULL."""
    if not dtype.is_integer():
        a, b = x.cast(pl.Float64), y.cast(pl.Float64)
        return (a - (a / b).truncate() * b).cast(dtype)
    a, b = x.cast(_I128), y.cast(_I128)
    rest = a.abs() % b.abs() * a.sign()
    return pl.when(b == 0).then(pl.lit(_OUT_OF_RANGE, _I128)).otherwise(rest).cast(dtype, strict=True)


def in_list(x: pl.Expr, values: list[object], dtype: pl.DataType) -> pl.Expr:
    """`x IN (...)`. SQL: `3 IN (1, NULL)` is NULL. Polars: `is_in` answers false."""
    known = pl.Series([v for v in values if v is not None], dtype=dtype)
    hit = x.is_in(known.implode()) if len(known) else pl.when(x.is_null()).then(None).otherwise(pl.lit(False))
    return hit if len(known) == len(values) else pl.when(hit).then(pl.lit(True))


def is_distinct(x: pl.Expr, y: pl.Expr) -> pl.Expr:
    """`x IS DISTINCT FROM y`: never NULL."""
    return x.ne_missing(y)


def total(x: pl.Expr, source: pl.DataType, result: pl.DataType) -> pl.Expr:
    """`SUM(x)`. SQL: NULL over no values, and wide enough not to overflow. Polars: 0, and it wraps."""
    wide = x.cast(result) if source != result else x
    return pl.when(x.count() > 0).then(wide.sum())


def mean(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`AVG(x)`: always DOUBLE."""
    return (x if source.is_float() or source.is_integer() else x.cast(pl.Float64)).mean().cast(pl.Float64)


def greatest_of(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`MAX(x)`. SQL: NaN is above every number. Polars ignores it."""
    return pl.when(x.is_nan().any()).then(pl.lit(float("nan"), source)).otherwise(x.max()) if source.is_float() else x.max()


def least_of(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """`MIN(x)`. SQL: NaN only if there is nothing else. Polars ignores it, and gives NaN then too."""
    return x.min()


def all_true(x: pl.Expr) -> pl.Expr:
    """`BOOL_AND(x)`. SQL: NULL over no values. Polars: true."""
    return pl.when(x.count() > 0).then(x.all(ignore_nulls=True))


def any_true(x: pl.Expr) -> pl.Expr:
    """`BOOL_OR(x)`. SQL: NULL over no values. Polars: false."""
    return pl.when(x.count() > 0).then(x.any(ignore_nulls=True))


def round_half_away(x: pl.Expr, places: pl.Expr | None, source: pl.DataType) -> pl.Expr:
    """`ROUND(x, n)`. SQL: halves away from zero, `round(0.5)` is 1. Polars rounds halves to even by default."""
    if places is None:
        return x.round(0, mode="half_away_from_zero")
    shift = pl.lit(10.0).pow(places.cast(pl.Float64))
    return ((x * shift).round(0, mode="half_away_from_zero") / shift).cast(source)


def cast(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, safe: bool) -> pl.Expr:
    """`CAST(x AS t)`. SQL: an error for what does not fit; DOUBLE to integer rounds to even, DECIMAL away from zero, text is trimmed."""
    strict = not safe
    if dtype.is_integer():
        if source.is_float():
            return x.round(0, mode="half_to_even").cast(dtype, strict=strict)
        if isinstance(source, pl.Decimal):
            return x.round(0, mode="half_away_from_zero").cast(dtype, strict=strict)
        if types.is_text(source):
            return _integer_of_text(x, dtype, strict)
    if isinstance(dtype, pl.Boolean) and types.is_text(source):
        return _boolean_of_text(x, strict)
    if types.is_text(source) and (dtype.is_float() or dtype.is_decimal()):
        return x.cast(pl.String).str.strip_chars().cast(dtype, strict=strict)
    if types.is_text(source) and isinstance(dtype, pl.Date):
        return x.cast(pl.String).str.strip_chars().str.slice(0, 10).str.to_date("%Y-%m-%d", strict=strict)
    if types.is_text(source) and isinstance(dtype, pl.Datetime):
        return _stamp_of_text(x, dtype, strict)
    if types.is_text(source) and isinstance(dtype, pl.Time):
        return x.cast(pl.String).str.strip_chars().str.to_time("%H:%M:%S%.f", strict=strict)
    if isinstance(dtype, pl.String):
        return _text(x, source)
    if isinstance(source, pl.Datetime) and isinstance(dtype, pl.Datetime) and source.time_zone is None and dtype.time_zone:
        return x.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone).cast(dtype)
    if isinstance(source, pl.Datetime) and isinstance(dtype, pl.Datetime) and source.time_zone and dtype.time_zone is None:
        return x.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(dtype)
    return x.cast(dtype, strict=strict)


def _integer_of_text(x: pl.Expr, dtype: pl.DataType, strict: bool) -> pl.Expr:
    """`'12'::INT` is exact; `'1.5'::INT` rounds."""
    trimmed = x.cast(pl.String).str.strip_chars()
    whole = trimmed.cast(dtype, strict=False)
    rounded = trimmed.cast(pl.Float64, strict=strict).round(0, mode="half_away_from_zero").cast(dtype, strict=strict)
    return pl.when(trimmed.str.contains(r"^[+-]?\d+$")).then(trimmed.cast(dtype, strict=False) if not strict else whole).otherwise(rounded)


def _boolean_of_text(x: pl.Expr, strict: bool) -> pl.Expr:
    word = x.cast(pl.String).str.strip_chars().str.to_lowercase()
    known = word.replace_strict({"true": 1, "t": 1, "1": 1, "yes": 1, "y": 1, "false": 0, "f": 0, "0": 0, "no": 0, "n": 0}, default=_bad_word(strict), return_dtype=pl.Int8)
    return pl.when(word.is_not_null()).then(known.cast(pl.Boolean))


def _bad_word(strict: bool) -> pl.Expr:
    return pl.lit(_OUT_OF_RANGE, _I128).cast(pl.Int8, strict=False) if not strict else pl.lit(None, pl.Int8)


def _stamp_of_text(x: pl.Expr, dtype: pl.Datetime, strict: bool) -> pl.Expr:
    text = x.cast(pl.String).str.strip_chars().str.replace("T", " ")
    full = pl.when(text.str.len_chars() <= 10).then(text + " 00:00:00").otherwise(text)
    stamp = full.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=dtype.time_unit, strict=strict)
    return stamp.dt.replace_time_zone(dtype.time_zone) if dtype.time_zone else stamp


def _text(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    match source:
        case pl.Boolean():
            return pl.when(x).then(pl.lit("true")).when(~x).then(pl.lit("false"))
        case pl.Datetime():
            whole = x.dt.strftime("%Y-%m-%d %H:%M:%S")
            micros = x.dt.microsecond()
            part = pl.when(micros == 0).then(pl.lit("")).otherwise(pl.lit(".") + micros.cast(pl.String).str.zfill(6).str.strip_chars_end("0"))
            return whole + part + (pl.lit("+00") if source.time_zone else pl.lit(""))
        case pl.Binary():
            return x.cast(pl.String)
        case _:
            return x.cast(pl.String)


def like(x: pl.Expr, pattern: pl.Expr, escape: pl.Expr | None, *, ignore_case: bool) -> pl.Expr:
    """`x LIKE p`: % is any text, _ any character, over the whole value. Polars has regular expressions."""
    flags = "(?is)" if ignore_case else "(?s)"
    body = pattern
    if escape is not None:
        # The escaped wildcards leave the text under control characters, which patterns do not hold.
        body = body.str.replace_all(escape + "%", "\x01", literal=True).str.replace_all(escape + "_", "\x02", literal=True)
    body = body.str.replace_all(r"([\\.+*?()|\[\]{}^$#&\-~])", r"\$1").str.replace_all("%", ".*", literal=True).str.replace_all("_", ".", literal=True)
    if escape is not None:
        body = body.str.replace_all("\x01", "%", literal=True).str.replace_all("\x02", "_", literal=True)
    return x.str.contains(pl.lit(f"^{flags}") + body + pl.lit("$"))


def substring(x: pl.Expr, start: pl.Expr, length: pl.Expr | None) -> pl.Expr:
    """`SUBSTRING(x, start, length)`: from 1; a start below 1 eats from the length, a negative one counts from the end."""
    size = x.str.len_chars().cast(pl.Int64)
    first = pl.when(start < 0).then(pl.max_horizontal(size + start, pl.lit(0, pl.Int64))).otherwise(start - 1)
    if length is None:
        return x.str.slice(pl.max_horizontal(first, pl.lit(0, pl.Int64)))
    stop = first + length
    begin = pl.max_horizontal(first, pl.lit(0, pl.Int64))
    return pl.when(length.is_null()).then(None).otherwise(x.str.slice(begin, pl.max_horizontal(stop - begin, pl.lit(0, pl.Int64)).cast(pl.UInt64)))
