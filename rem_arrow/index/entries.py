"""The entries of the three key indexes, as plain operations (family, key, value).

    family  key                                            value
    ids     table:u16 id                                   rowid:u48
    ids     table:u16 (length:u32 part)*                   rowid:u48      keys of several columns (edges)
    keys    normalised text 00 table:u16 rowid:u48         the field's name
    index   table:u16 column:u16 ordered value rowid:u48   empty
    index   table:u16 number:u16 exact value* rowid:u48    empty          keys of plain tables

An entry is a hint: whoever reads one checks it against the live row, so an entry may be too many but never missing. The
ordered form of a value sorts as bytes like the value itself; the exact form is the same for equal values, and for no
others.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import TypeAlias

import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.exact_decimals import unscaled
from rem_arrow.base.utf8 import encoded
from rem_arrow.index.words import normalise, normalised

Entry: TypeAlias = "tuple[str, bytes, bytes]"

_TABLE = struct.Struct(">H")
_COLUMN = struct.Struct(">HH")
_LENGTH = struct.Struct(">I")
_FLOAT = struct.Struct(">d")
_INT128_BIAS = 1 << 127
_ROWID_BYTES = 6
_KEY_BYTES_MAX = 512


def id_key(table: int, parts: Sequence[str]) -> bytes:
    """Return the key of a row's identity: exact, of one column or several. A NULL part is an empty text."""
    if len(parts) == 1:
        return _TABLE.pack(table) + encoded(parts[0], "an id")
    packed = [encoded(p, "an id") for p in parts]
    return _TABLE.pack(table) + b"".join(_LENGTH.pack(len(p)) + p for p in packed)


def id_keys(table: int, columns: Sequence[Sequence[str]]) -> list[bytes]:
    """Return the key of each row's identity, of several columns, as `id_key` does. Texts that repeat are encoded
    once."""
    packed = []
    for column in columns:
        encodings = {}
        for text in set(column):
            part = encoded(text, "an id")
            encodings[text] = _LENGTH.pack(len(part)) + part
        packed.append([encodings[text] for text in column])
    prefix = _TABLE.pack(table)
    return [prefix + b"".join(parts) for parts in zip(*packed, strict=True)]


def id_parts(key: bytes, count: int) -> list[str]:
    """Return the texts of a key of so many columns, as `id_key` made it."""
    if count == 1:
        return [key[_TABLE.size :].decode("utf-8", "surrogatepass")]
    parts: list[str] = []
    at = _TABLE.size
    for _ in range(count):
        end = at + _LENGTH.size + _LENGTH.unpack_from(key, at)[0]
        parts.append(key[at + _LENGTH.size : end].decode("utf-8", "surrogatepass"))
        at = end
    return parts


def rowid_value(rowid: int) -> bytes:
    return rowid.to_bytes(_ROWID_BYTES, "big")


def rowid_of(data: bytes) -> int:
    """Return the rowid at the end of a key, or that is a value."""
    return int.from_bytes(data[-_ROWID_BYTES:], "big")


def prefix_of(key: bytes) -> bytes:
    """Return an entry's key without its rowid."""
    return key[:-_ROWID_BYTES]


def text_of_name(key: bytes) -> bytes:
    """Return the normalised text of an entry in `keys`."""
    return key[: -_ROWID_BYTES - 3]


def text_of_id(key: bytes) -> bytes:
    """Return the id of an entry in `ids` whose table has a key of one column."""
    return key[_TABLE.size :]


def table_of_name(key: bytes) -> int:
    """Return the table of an entry in `keys`."""
    return int.from_bytes(key[-_ROWID_BYTES - 2 : -_ROWID_BYTES], "big")


def name_prefix(text: str) -> bytes:
    """Return the prefix of all entries of a lookup key; long keys are cut, the reader checks the row."""
    return folded_bytes(normalise(text)) + b"\x00"


def name_entries(table: int, rowids: Sequence[bytes], texts: Sequence[str], field: str) -> list[Entry]:
    """Return the entries of names, one text for each rowid."""
    middle, value = b"\x00" + _TABLE.pack(table), field.encode()
    return [
        ("keys", folded_bytes(folded) + middle + rowid, value)
        for folded, rowid in zip(normalised(texts), rowids, strict=True)
    ]


def folded_bytes(folded: str) -> bytes:
    """Return how an entry in `keys` begins whose normalised text begins so."""
    return encoded(folded, "a name")[:_KEY_BYTES_MAX].replace(b"\x00", b"")


def column_prefix(table: int, column: int) -> bytes:
    return _COLUMN.pack(table, column)


def value_prefix(table: int, column: int, ordered: bytes) -> bytes:
    return _COLUMN.pack(table, column) + ordered


def ordered_form(dtype: pl.DataType) -> Callable[[Json], bytes] | None:
    """Return the function from a plain value of `dtype` to its ordered form; None when the type cannot be indexed."""
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return _ordered_text
    if dtype.is_float():
        return _ordered_float
    if dtype.is_integer() or isinstance(dtype, (pl.Boolean, pl.Date, pl.Time, pl.Datetime, pl.Duration)):
        return _ordered_integer
    return None


def _ordered_text(value: Json) -> bytes:
    assert isinstance(value, str), "a text column holds texts"
    return encoded(value)[:_KEY_BYTES_MAX].replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def _ordered_integer(value: Json) -> bytes:
    assert isinstance(value, int), "an integer column holds integers"
    return (value + _INT128_BIAS).to_bytes(17, "big")


def _ordered_float(value: Json) -> bytes:
    assert isinstance(value, (int, float)), "a float column holds numbers"
    number = float(value)
    raw = bytes(_FLOAT.pack(0.0 if number == 0 else number))
    return bytes(b ^ 0xFF for b in raw) if raw[0] & 0x80 else bytes([raw[0] | 0x80]) + raw[1:]


def exact_form(dtype: pl.DataType) -> Callable[[object], bytes] | None:
    """Return the function from a value of `dtype`, plain or as Polars stores it, to its exact form; None when the type
    can be no part of a key. No exact form begins with another of its type."""
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return lambda value: _exact_bytes(encoded(str(value)))
    if isinstance(dtype, pl.Binary):
        return lambda value: _exact_bytes(value.encode("latin-1") if isinstance(value, str) else bytes(value))  # type: ignore[call-overload]
    if dtype.is_float():
        return _exact_float
    if isinstance(dtype, pl.Decimal):
        scale = dtype.scale
        return lambda value: _ordered_integer(value if isinstance(value, int) else unscaled(str(value), scale))
    return ordered_form(dtype)  # type: ignore[return-value]


def _exact_bytes(data: bytes) -> bytes:
    if len(data) > _KEY_BYTES_MAX:
        data = data[:_KEY_BYTES_MAX] + hashlib.sha256(data).digest()
    return data.replace(b"\x00", b"\x00\xff") + b"\x00\x00"


def _exact_float(value: object) -> bytes:
    return b"\xff" * 8 if value != value else _ordered_float(value)  # type: ignore[arg-type]
