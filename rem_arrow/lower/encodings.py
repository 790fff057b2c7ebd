"""Bytes and numbers written in other ways: hexadecimal, binary, base 64, percent signs; and digests."""

from __future__ import annotations

import base64
import binascii
import hashlib
from urllib.parse import quote, unquote

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.function import ScalarFunction, of_values
from rem_arrow.plan import types

_TEXT, _BLOB = pl.String(), pl.Binary()
_RADIX_MAX = 36
_LENGTH_MAX = 64
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _hex(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if arg_types[0].is_integer():
        width = max(64, types.bits(arg_types[0]))
        return over_distinct(lambda n: f"{_unsigned(n, width):X}", _TEXT)(args[0])
    return _bytes(args[0], arg_types[0]).bin.encode("hex").str.to_uppercase()


def _bin(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    if arg_types[0].is_integer():
        width = max(64, types.bits(arg_types[0]))
        return over_distinct(lambda n: f"{_unsigned(n, width):b}", _TEXT)(args[0])
    return over_distinct(lambda value: "".join(f"{byte:08b}" for byte in value), _TEXT)(_bytes(args[0], arg_types[0]))


def _bytes(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return x if isinstance(dtype, pl.Binary) else x.cast(pl.String).cast(pl.Binary)


def _unsigned(n: int, width: int) -> int:
    """The two's complement of a negative number."""
    return n if n >= 0 else n + (1 << width)


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
    except ValueError as error:
        raise ExecuteError(f"'{text}' is not hexadecimal") from error


def _unbin(text: str) -> bytes:
    if set(text) - {"0", "1"}:
        raise ExecuteError(f"'{text}' is not binary: it holds more than 0 and 1")
    return int(text, 2).to_bytes((len(text) + 7) // 8, "big") if text else b""


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ExecuteError(f"'{text}' is not base 64: {error}") from error


def _to_base(n: int, radix: int, length: int = 0) -> str:
    if not 2 <= radix <= _RADIX_MAX or n < 0 or not 0 <= length <= _LENGTH_MAX:
        raise ExecuteError(
            f"to_base({n}, {radix}, {length}) is out of range: the number is not negative, the base 2 to "
            f"{_RADIX_MAX}, the length 0 to {_LENGTH_MAX}"
        )
    digits = ""
    while n or not digits:
        n, digit = divmod(n, radix)
        digits = _DIGITS[digit] + digits
    return digits.rjust(length, "0")


def _decode(value: bytes, errors: str = "strict") -> str:
    """Bytes that are not UTF-8 are an error, 'ignore'd one by one, or each a '?' over the length that their first one
    announces ('replace')."""
    kept, start = "", 0
    while True:
        try:
            return kept + value[start:].decode()
        except UnicodeDecodeError as error:
            if errors.lower() == "strict":
                raise ExecuteError(f"these bytes are not UTF-8: {error}") from error
            if errors.lower() not in ("ignore", "replace"):
                raise ExecuteError(f"decode takes 'strict', 'replace' or 'ignore', not '{errors}'") from error
            wrong = start + error.start
            kept += value[start:wrong].decode()
            start = wrong + 1
            if errors.lower() == "replace":
                start = min(wrong + _announced(value[wrong]), len(value))
                kept += "?" * (start - wrong)


def _announced(first: int) -> int:
    """The length of a character of UTF-8 whose first byte this is."""
    return 2 if 0xC0 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF8 else 1


def _md5(value: bytes) -> int:
    return int.from_bytes(hashlib.md5(value, usedforsecurity=False).digest(), "little")


def _hash(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """A hash that is the same within one run; DuckDB's numbers are others."""
    return pl.struct(
        a.cast(pl.String).alias(f"a{i}") if types.is_text(arg_types[i]) else a.alias(f"a{i}")
        for i, a in enumerate(args)
    ).hash()


ENCODING: dict[str, ScalarFunction] = {
    "encode": lambda args, _types, _result: args[0].cast(pl.Binary),
    "decode": of_values(_decode),
    "hex": _hex,
    "bin": _bin,
    "unhex": of_values(_unhex),
    "unbin": of_values(_unbin),
    "to_base": of_values(_to_base),
    "to_base64": lambda args, _types, _result: args[0].bin.encode("base64"),
    "from_base64": of_values(_from_base64),
    "url_encode": of_values(lambda text: quote(text, safe="~-_.")),
    "url_decode": of_values(unquote),
    "md5": of_values(lambda value: hashlib.md5(value, usedforsecurity=False).hexdigest()),
    "sha1": of_values(lambda value: hashlib.sha1(value, usedforsecurity=False).hexdigest()),
    "sha256": of_values(lambda value: hashlib.sha256(value).hexdigest()),
    "md5_number": of_values(_md5),
    "md5_number_lower": of_values(lambda value: _md5(value) >> 64),
    "md5_number_upper": of_values(lambda value: _md5(value) & ((1 << 64) - 1)),
    "hash": _hash,
}
