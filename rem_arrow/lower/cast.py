"""CAST: what a value of one type is in another, and when there is none."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import partial

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.logical_types import is_checked, is_json, is_uuid
from rem_arrow.lower import json_cast, rounding, semantics, uuid_text
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.interval import cast_interval, text_of_interval
from rem_arrow.lower.nested_reader import nested_of_text
from rem_arrow.lower.nested_text import cast_items, text_of_nested
from rem_arrow.lower.time_casts import text_of_time, time_of_text, time_of_time
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan import types

_TRUE, _FALSE = ("true", "t", "1", "yes", "y"), ("false", "f", "0", "no", "n")
_WHOLE = r"^[+-]?\d+$"
_SEPARATED = re.compile(r"(?<=\d)_(?=\d)")
_RADIX = re.compile(r"0[xXbB]")
_FLOAT_SMALL, _FLOAT_LARGE = 1e-4, 1e16


def cast(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, safe: bool) -> pl.Expr:
    """`CAST(x AS t)`. SQL: an error for what does not fit; DOUBLE to integer rounds to even, DECIMAL away from zero,
    text is trimmed."""
    strict = not safe
    if source == dtype:
        return x
    if is_checked(source) or is_checked(dtype):
        return _text_type(x, source, dtype, safe=safe)
    if types.is_interval(dtype):
        return cast_interval(x, source, dtype, safe=safe)
    if nested.is_nested(dtype) or nested.is_nested(source):
        return _nested(x, source, dtype, safe=safe)
    if types.is_text(source) and not isinstance(dtype, pl.String):
        return _of_text(x.cast(pl.String), dtype, strict=strict)
    if dtype.is_integer() and source.is_float():
        return x.round(0, mode="half_to_even").cast(dtype, strict=strict)
    if dtype.is_integer() and isinstance(source, pl.Decimal):
        return rounding.round_half_away(x, None, source, pl.Int128()).cast(dtype, strict=strict)
    if isinstance(dtype, pl.Float32) and (isinstance(source, pl.Float64) or source.is_decimal()):
        return _float32(x.cast(pl.Float64), strict=strict)
    if isinstance(dtype, pl.Decimal) and source.is_float():
        return _decimal_of_float(x.cast(pl.Float64), dtype, strict=strict)
    if isinstance(dtype, pl.Decimal) and isinstance(source, (pl.Decimal, pl.Boolean)):
        return _decimal(x, source, dtype, strict=strict)
    if isinstance(dtype, pl.String):
        return text_of(x, source)
    if source.is_temporal() and dtype.is_temporal():
        return time_of_time(x, source, dtype, strict=strict)
    if isinstance(dtype, pl.Boolean) and types.is_number(source):
        return x != 0
    return x.cast(dtype, strict=strict)


def _text_type(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, safe: bool) -> pl.Expr:
    """To and from JSON and UUID."""

    def inner(y: pl.Expr, old: pl.DataType, new: pl.DataType) -> pl.Expr:
        return y if old == new else cast(y, old, new, safe=safe)

    if isinstance(source, pl.Null):
        return x.cast(pl.String)
    if is_json(dtype):
        if types.is_plain_text(source) or isinstance(source, pl.Categorical):
            return json_cast.checked(x.cast(pl.String), safe=safe)
        return pl.when(x.is_not_null()).then(json_cast.encoded(x, source, inner))
    if types.is_plain_text(dtype):
        return x
    if is_json(source):
        return json_cast.decoded(x, dtype, inner, safe=safe)
    if is_uuid(dtype):
        return uuid_text.of_binary(x) if isinstance(source, pl.Binary) else uuid_text.of_text(x, safe=safe)
    return uuid_text.to_binary(x)


def _nested(x: pl.Expr, source: pl.DataType, dtype: pl.DataType, *, safe: bool) -> pl.Expr:
    def inner(y: pl.Expr, old: pl.DataType, new: pl.DataType) -> pl.Expr:
        return y if old == new else cast(y, old, new, safe=safe)

    if isinstance(dtype, pl.String):
        return text_of_nested(x, source, inner)
    if isinstance(dtype, pl.Array):
        listed = (
            cast_items(x, source, pl.List(dtype.inner), inner)
            if nested.is_nested(source)
            else inner(x, source, pl.List(dtype.inner))
        )
        fits = listed.list.len() == dtype.size
        return (pl.when(fits).then(listed) if safe else listed).cast(dtype)
    if types.is_text(source):
        return nested_of_text(x.cast(pl.String), dtype, inner, strict=not safe)
    return x.cast(dtype) if isinstance(source, pl.Null) else cast_items(x, source, dtype, inner)


def _of_text(x: pl.Expr, dtype: pl.DataType, *, strict: bool) -> pl.Expr:
    trimmed = x.str.strip_chars()
    match dtype:
        case pl.Boolean():
            return _boolean_of_text(x, strict=strict)
        case pl.Enum():
            return x.cast(dtype, strict=strict)
        case pl.Date() | pl.Time() | pl.Datetime():
            return time_of_text(x, dtype, strict=strict)
        case pl.Binary():
            return x.map_elements(blob_of_text, return_dtype=pl.Binary)
        case pl.Decimal():
            return _decimal_of_text(trimmed, dtype, strict=strict)
    if dtype.is_integer():
        whole = trimmed.str.replace(r"^\+", "").cast(dtype, strict=False)
        odd = pl.when(~trimmed.str.contains(_WHOLE)).then(trimmed)
        other = over_distinct(integer_of_text if strict else _integer_or_none, pl.Int128())(odd).cast(
            dtype, strict=strict
        )
        # A whole number that does not fit is not tried as a float: the strict cast of its text raises.
        large = pl.when(trimmed.str.contains(_WHOLE) & whole.is_null()).then(trimmed).cast(dtype, strict=strict)
        return pl.coalesce(whole, large, other)
    if dtype.is_float():
        # Each separator is taken out with the digits around it, so that of those in a row the second stays.
        for _ in range(2):
            trimmed = trimmed.str.replace_all(r"(\d)_(\d)", "${1}${2}")
    return trimmed.cast(dtype, strict=strict)


def integer_of_text(text: str) -> int:
    """Read 2.5, 1e3, 1_000, 0xFF and 0b11, halves away from zero. Raises ExecuteError."""
    plain = _SEPARATED.sub("", text)
    try:
        number = int(plain, 0) if _RADIX.match(plain) else int(Decimal(plain).to_integral_value(ROUND_HALF_UP))
    except (ValueError, ArithmeticError) as error:
        raise ExecuteError(f"'{text}' is not a whole number") from error
    # Python takes separators anywhere.
    if "_" in plain or abs(number) >= 1 << 127:
        raise ExecuteError(f"'{text}' is not a whole number of up to 128 bits")
    return number


def _integer_or_none(text: str) -> int | None:
    try:
        return integer_of_text(text)
    except ExecuteError:
        return None


def _decimal_of_text(x: pl.Expr, dtype: pl.Decimal, *, strict: bool) -> pl.Expr:
    """Read with some digits more, and round; what has more digits, an exponent or separators is read one by one."""
    longer = pl.Decimal(types.PRECISION_MAX, min(types.PRECISION_MAX, dtype.scale + 4))
    exact = x.str.contains(rf"^[+-]?\d+(?:\.\d{{0,{longer.scale}}})?$")
    plain = pl.when(exact).then(x).cast(longer, strict=False)
    odd = over_distinct(partial(_rounded_decimal, dtype, strict=strict), dtype)(pl.when(plain.is_null()).then(x))
    return pl.coalesce(_decimal(plain, longer, dtype, strict=strict), odd)


def _rounded_decimal(dtype: pl.Decimal, text: str, *, strict: bool) -> Decimal | None:
    """Return the number of a text with the digits of the type. Raises ExecuteError."""
    try:
        with localcontext(Context(prec=200)):
            number = Decimal(_digits(text)).quantize(Decimal(1).scaleb(-dtype.scale), ROUND_HALF_UP)
            fits = number.copy_abs() < Decimal(10) ** ((dtype.precision or types.PRECISION_MAX) - dtype.scale)
    except ArithmeticError:
        fits = False
    if not fits and strict:
        raise ExecuteError(f"'{text}' is not a DECIMAL({dtype.precision},{dtype.scale})")
    return number if fits else None


def _digits(text: str) -> str:
    """Take the separators out of a number; one that stands elsewhere than between digits makes it none."""
    plain = _SEPARATED.sub("", text)
    return "?" if "_" in plain else plain


def _decimal_of_float(x: pl.Expr, dtype: pl.Decimal, *, strict: bool) -> pl.Expr:
    """A float to decimal rounds halves away from zero."""
    rounded = x.round(dtype.scale, mode="half_away_from_zero")
    fits = rounded.abs() < 10.0 ** ((dtype.precision or types.PRECISION_MAX) - dtype.scale)
    if strict:
        return semantics.raising(~fits, pl.when(fits).then(rounded).cast(dtype))
    return pl.when(fits).then(rounded).cast(dtype, strict=False)


def _boolean_of_text(x: pl.Expr, *, strict: bool) -> pl.Expr:
    word = x.str.to_lowercase()
    yes, no = word.is_in(_TRUE), word.is_in(_FALSE)
    if not strict:
        return pl.when(yes).then(pl.lit(value=True)).when(no).then(pl.lit(value=False))
    # No word stands for a number: casting what is left strictly raises, and names it.
    other = pl.when(~yes & ~no).then(word + "?").cast(pl.Int8, strict=True)
    return pl.when(yes).then(pl.lit(value=True)).when(no).then(pl.lit(value=False)).otherwise(other.cast(pl.Boolean))


def _float32(x: pl.Expr, *, strict: bool) -> pl.Expr:
    """A finite number beyond the range of a float is an error, not infinity."""
    narrow = x.cast(pl.Float32)
    lost = narrow.is_infinite() & x.is_finite()
    return semantics.raising(lost, narrow) if strict else pl.when(~lost).then(narrow)


def _decimal(x: pl.Expr, source: pl.DataType, dtype: pl.Decimal, *, strict: bool) -> pl.Expr:
    """Decimal to decimal rounds halves away from zero."""
    if isinstance(source, pl.Decimal) and source.scale > dtype.scale:
        if dtype.scale == 0:
            return rounding.round_half_away(x, None, source, pl.Decimal(types.PRECISION_MAX, 0)).cast(
                dtype, strict=strict
            )
        x = x.round(dtype.scale, mode="half_away_from_zero")
    return (x.cast(pl.Int8) if isinstance(source, pl.Boolean) else x).cast(dtype, strict=strict)


def text_of(x: pl.Expr, source: pl.DataType) -> pl.Expr:
    """Return values as DuckDB writes them."""
    match source:
        case pl.Boolean():
            return pl.when(x).then(pl.lit("true")).when(~x).then(pl.lit("false"))
        case pl.Float64() | pl.Float32():
            return _text_of_float(x)
        case pl.Date() | pl.Datetime() | pl.Time():
            return text_of_time(x, source)
        case _ if types.is_interval(source):
            return text_of_interval(x, source)
        case pl.Binary():
            return x.map_elements(text_of_blob, return_dtype=pl.String)
        case _:
            return x.cast(pl.String)


def _text_of_float(x: pl.Expr) -> pl.Expr:
    """Powers of ten below -4 and from 16 on are written 1e-05, 1e+16; Polars writes 0.00001."""
    plain = x.cast(pl.String)
    size = x.abs()
    digits = plain.str.extract(r"^-?0\.0*([1-9]\d*)$")
    zeros = plain.str.extract(r"^-?0\.(0*)[1-9]").str.len_bytes() + 1
    mantissa = digits.str.slice(0, 1) + pl.when(digits.str.len_bytes() > 1).then("." + digits.str.slice(1)).otherwise(
        pl.lit("")
    )
    small = (
        pl.when(x < 0).then(pl.lit("-")).otherwise(pl.lit("")) + mantissa + "e-" + zeros.cast(pl.String).str.zfill(2)
    )
    short = plain.str.replace(r"\.0e", "e").str.replace(r"e(-?)\+?(\d)$", "e${1}0$2").str.replace(r"e\+?(\d)", "e+$1")
    # Polars writes floats of 32 bits with a power of ten earlier.
    mark = plain.str.extract(r"^(-?)")
    power = plain.str.extract(r"e\+?(\d+)$").cast(pl.Int64)
    figures = plain.str.extract(r"^-?([\d.]+)e").str.replace(r"\.0*$", "").str.replace(".", "", literal=True)
    long = mark + figures + pl.lit("0").repeat_by((power + 1 - figures.str.len_bytes()).clip(0)).list.join("") + ".0"
    return (
        pl.when(x.is_nan()).then(pl.lit("nan"))
        .when((size > 0) & (size < _FLOAT_SMALL) & digits.is_not_null()).then(small)
        .when(plain.str.contains("e") & (size >= 1) & (size < _FLOAT_LARGE)).then(long)
        .when(plain.str.contains("e")).then(short)
        .otherwise(plain)
    )  # fmt: skip


def blob_of_text(text: str) -> bytes:
    """Read ASCII with escapes, as in '\\xAA\\x00b'. Raises ExecuteError."""
    if not text.isascii() or re.search(r"\\(?!x[0-9a-fA-F]{2})", text):
        raise ExecuteError(f"'{text}' is not a BLOB: write bytes that are not ASCII as \\xAA")
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda hit: bytes.fromhex(hit[1].decode()), text.encode())


def text_of_blob(value: bytes) -> str:
    """Write printable ASCII as it is, every other byte as \\xAA."""
    return "".join(chr(b) if 32 <= b < 127 and chr(b) not in "\\'\"" else f"\\x{b:02X}" for b in value)
