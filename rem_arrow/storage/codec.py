"""One page: up to some ten thousand values of one column as bytes.

    0   u32  CRC-32 of all that follows, little-endian like the rest
    4   u8   kind: 0 Arrow, 1 narrowed integers, 2 dictionary, 3 one value for all rows, 4 Polars IPC
    5   u8   0
    6   u16  0
    8   u32  rows
    12  u32  0
    16  i64  base, added to each narrowed integer; else 0
    24  ...  an Arrow IPC stream, zstd level 1 (vectors: not compressed):
             kind 0: one column, the values (temporal types as integers, text as large_string)
             kind 1: one column, value - base in the narrowest unsigned type
             kind 2: two batches, the codes and the distinct texts
             kind 3: one column of one row
             kind 4: written by Polars, for nested types

Chosen by measurement on TPC-H lineitem SF1, 2 cores: narrowing, dictionaries and zstd 1 give 0.9 times the size of
DuckDB's file and decode in 0.6 s on one core; lz4 decodes in 0.5 s and takes 1.35 times the size.

`encode` and `decode` are inverse for every storable type, bit for bit.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from rem_arrow.base.datatypes import physical
from rem_arrow.base.errors import CorruptionError

if TYPE_CHECKING:
    import numpy.typing as npt

_HEADER = struct.Struct("<IBBHIIq")
_ARROW, _NARROWED, _DICTIONARY, _CONSTANT, _POLARS = range(5)
_ZSTD = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", 1), use_threads=False)
_RAW = pa.ipc.IpcWriteOptions(use_threads=False)
_SAMPLE_ROWS = 2048
_DICTIONARY_SHARE_MAX = 0.5
_DICTIONARY_MAX = 65_535
_NARROW = ((0xFF, pl.UInt8), (0xFFFF, pl.UInt16), (0xFFFFFFFF, pl.UInt32))
# What a text column is inside of the engine where only equality matters; all of them share one set of categories.
CODED = pl.Categorical(pl.Categories("rem_arrow", namespace="rem_arrow", physical=pl.UInt32))
_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1


class Page(NamedTuple):
    """An encoded page; `distinct` are the values that occur in it, where encoding has found them."""

    data: bytes
    distinct: pl.Series | None


def encode(values: pl.Series) -> Page:
    """Return the page of `values`, at least one."""
    distinct = _repeated_texts(values) if isinstance(values.dtype, pl.String) else None
    kind, base, payload = _encode(values) if distinct is None else _encode_dictionary(values, distinct)
    body = _HEADER.pack(0, kind, 0, 0, len(values), 0, base)[4:] + payload
    return Page(struct.pack("<I", zlib.crc32(body)) + body, distinct)


def decode(page: bytes, dtype: pl.DataType) -> pl.Series:
    """Return the values of a page that was encoded from `dtype`. Raises CorruptionError for damaged bytes."""
    check(page)
    _, kind, _, _, rows, _, base = _HEADER.unpack_from(page)
    payload = pa.py_buffer(page)[_HEADER.size :]
    try:
        values = _decode(kind, base, rows, payload, dtype)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, OSError) as error:
        raise CorruptionError(f"a page passes its checksum but does not decode as {dtype}: {error}") from error
    if len(values) != rows or values.dtype != physical(dtype):
        raise CorruptionError(f"a page holds {len(values)} values of {values.dtype}, and says {rows} of {dtype}")
    return values


def check(page: bytes) -> None:
    """Raise CorruptionError unless the checksum of `page` fits."""
    if len(page) < _HEADER.size or zlib.crc32(memoryview(page)[4:]) != struct.unpack_from("<I", page)[0]:
        raise CorruptionError(f"a page of {len(page)} bytes fails its checksum")


def _encode(values: pl.Series) -> tuple[int, int, pa.Buffer | bytes]:
    dtype = values.dtype
    if values.null_count() == len(values):
        return _CONSTANT, 0, _polars(values.slice(0, 1))
    match dtype:
        case pl.Categorical():
            texts = values.cast(pl.String)
            distinct = _repeated_texts(texts)
            return (_ARROW, 0, _arrow(texts)) if distinct is None else _encode_dictionary(texts, distinct)
        case pl.String() | pl.Boolean() | pl.Binary() | pl.Float32() | pl.Float64():
            return _ARROW, 0, _arrow(values)
        case pl.Enum():
            return _encode_integers(values.to_physical())
        case pl.Date() | pl.Time() | pl.Datetime() | pl.Duration() | pl.Decimal():
            return _encode_integers(values.to_physical())
        case pl.Array() if values.null_count() == 0 and dtype.inner == pl.Float32:
            return _POLARS, 0, _polars(values, compression="uncompressed")
        case _ if dtype.is_integer():
            return _encode_integers(values)
        case _:
            return _POLARS, 0, _polars(values)


def _encode_integers(values: pl.Series) -> tuple[int, int, pa.Buffer | bytes]:
    low, high = values.min(), values.max()
    assert isinstance(low, int) and isinstance(high, int), "a page with a value has bounds"
    if low == high and values.null_count() == 0:
        return _CONSTANT, 0, _polars(values.slice(0, 1))
    if low < _INT64_MIN or high > _INT64_MAX:
        return _POLARS, 0, _polars(values)
    for width, narrow in _NARROW:
        if high - low <= width:
            base = low if low < 0 or high > width else 0
            return _NARROWED, base, _arrow((values.cast(pl.Int64) - base).cast(narrow))
    return _NARROWED, 0, _arrow(values.cast(pl.Int64))


def _repeated_texts(values: pl.Series) -> pl.Series | None:
    """Return the distinct texts if they repeat so much that a dictionary pays."""
    sample = values.gather_every(max(1, len(values) // _SAMPLE_ROWS)) if len(values) > _SAMPLE_ROWS else values
    if values.null_count() == len(values) or sample.n_unique() > len(sample) * _DICTIONARY_SHARE_MAX:
        return None
    distinct = values.drop_nulls().unique()
    return distinct if len(distinct) <= min(_DICTIONARY_MAX, len(values) * _DICTIONARY_SHARE_MAX) else None


def _encode_dictionary(values: pl.Series, distinct: pl.Series) -> tuple[int, int, pa.Buffer | bytes]:
    codes = values.cast(pl.Enum(distinct)).to_physical()
    sink = pa.BufferOutputStream()
    sink.write(_arrow(codes))
    start = sink.tell()
    sink.write(_arrow(distinct))
    return _DICTIONARY, start, sink.getvalue()


def _arrow(values: pl.Series) -> pa.Buffer:
    array = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    batch = pa.record_batch([array], names=["v"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_ZSTD) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _polars(values: pl.Series, *, compression: Literal["uncompressed", "zstd"] = "zstd") -> bytes:
    sink = BytesIO()
    values.alias("v").to_frame().write_ipc_stream(sink, compression=compression)
    return sink.getvalue()


def _decode(kind: int, base: int, rows: int, payload: pa.Buffer, dtype: pl.DataType) -> pl.Series:
    match kind:
        case 0:
            return pl.Series("", _read(payload), dtype=None).cast(dtype)
        case 1:
            return _from_integers(_read(payload), base, dtype)
        case 2:
            codes, texts = pl.Series("", _read(payload[:base])), pl.Series("", _read(payload[base:]))
            return texts.cast(dtype).gather(codes)
        case 3 | 4:
            values = pl.read_ipc_stream(BytesIO(payload), use_pyarrow=False).to_series()
            values = values.new_from_index(0, rows) if kind == _CONSTANT else values
            return _as_logical(values, dtype).alias("")
        case _:
            raise CorruptionError(f"a page is of kind {kind}, which this version does not know")


def _read(payload: pa.Buffer) -> pa.Array:
    for batch in pa.ipc.open_stream(payload):
        return batch.column(0)
    raise CorruptionError("a page ends before its values")


def _from_integers(array: pa.Array, base: int, dtype: pl.DataType) -> pl.Series:
    narrow = pl.Series("", array)
    if isinstance(dtype, pl.Decimal):
        wide = narrow.cast(pl.Int64)
        return _decimal(wide + base if base else wide, dtype)
    physical = pl.Series("", [], dtype=dtype).to_physical().dtype
    wide = narrow.cast(physical) if not base else (narrow.cast(pl.Int64) + base).cast(physical)
    return _as_logical(wide, dtype)


def _as_logical(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if values.dtype == dtype:
        return values
    if isinstance(values.dtype, pl.Decimal) and isinstance(dtype, pl.Int64):
        return unscaled(values)
    if isinstance(dtype, pl.Decimal) and values.dtype == pl.Int128:
        return _decimal(values, dtype)
    if isinstance(dtype, pl.Enum):
        return values.cat.to(dtype)
    return values.cast(dtype)


def integers(values: pl.Series) -> npt.NDArray[np.integer]:
    """Return integers or dates as they lie in memory, without a copy where they are one piece; in the place of a NULL
    stands any number."""
    # A name of the house's own begins with a zero byte, which Arrow's C interface does not take.
    array = values.alias("").to_arrow()
    width = array.type.bit_width // 8
    kind = "u" if pa.types.is_unsigned_integer(array.type) else "i"
    whole: npt.NDArray[np.integer] = np.frombuffer(array.buffers()[1] or b"", dtype=f"{kind}{width}")
    return whole[array.offset : array.offset + len(array)]


def matrix(values: pl.Series, dimension: int) -> npt.NDArray[np.float32]:
    """Return a column of vectors as (rows, dimension), without a copy where it is an array of 32-bit floats in one
    piece.

    What stands where there is no vector of that dimension means nothing.
    """
    array = _vectors(values, dimension).to_arrow()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    numbers = array.values
    flat: npt.NDArray[np.float32] = np.frombuffer(numbers.buffers()[1] or b"", dtype=np.float32)
    start = numbers.offset + array.offset * dimension
    return flat[start : start + len(array) * dimension].reshape(-1, dimension)


def valid_vectors(values: pl.Series, dimension: int) -> npt.NDArray[np.bool_] | None:
    """Return where there is a vector of that dimension, all of it finite; None is everywhere."""
    vectors = _vectors(values, dimension)
    # A sum is finite only where every term is: one pass, and no array of its own for each term.
    with np.errstate(over="ignore", invalid="ignore"):
        valid: npt.NDArray[np.bool_] = np.isfinite(matrix(vectors, dimension).sum(axis=1, dtype=np.float64))
    if vectors.null_count():
        valid &= vectors.is_not_null().to_numpy()
    array = vectors.to_arrow()
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if array.values.null_count:
        inner = np.asarray(array.values.slice(array.offset * dimension, len(array) * dimension).is_valid())
        valid &= inner.reshape(-1, dimension).all(axis=1)
    return None if valid.all() else valid


def _vectors(values: pl.Series, dimension: int) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        right = (values.list.len() == dimension).fill_null(value=True)
        values = (
            values
            if right.all()
            else values.zip_with(right, pl.Series([None], dtype=values.dtype).new_from_index(0, len(values)))
        )
        values = values.cast(pl.List(pl.Float32)).list.to_array(dimension)
    return values if values.dtype == pl.Array(pl.Float32, dimension) else values.cast(pl.Array(pl.Float32, dimension))


def unscaled(values: pl.Series) -> pl.Series:
    """Return decimals as their unscaled values, which fit into 64 bits."""
    return values.to_physical().cast(pl.Int64)


def from_unscaled(values: pl.Series, dtype: pl.Decimal) -> pl.Series:
    """Return the decimals of a type whose unscaled values are `values`, of 64 or 128 bits."""
    return _decimal(values, dtype)


def _decimal(scaled: pl.Series, dtype: pl.Decimal) -> pl.Series:
    """Return the decimals whose unscaled values are `scaled`: a change of type, not of value."""
    if scaled.dtype == pl.Int128:
        # Through Arrow's bytes: a cast to Decimal would multiply by 10 ** scale.
        whole, word = scaled.fill_null(0), pl.Series([1 << 64], dtype=pl.Int128)
        upper = whole // word
        words = np.empty((len(whole), 2), dtype=np.uint64)
        words[:, 0] = (whole - upper * word).cast(pl.UInt64).to_numpy()
        words[:, 1] = upper.cast(pl.Int64).to_numpy().view(np.uint64)
        data = pa.py_buffer(words)
    else:
        low = scaled.fill_null(0).to_numpy()
        pairs = np.empty((len(low), 2), dtype=np.int64)
        pairs[:, 0] = low
        np.right_shift(low, 63, out=pairs[:, 1])
        data = pa.py_buffer(pairs)
    validity = None
    if scaled.null_count():
        validity = pa.array(scaled.is_not_null().to_numpy()).buffers()[1]
    array = pa.Array.from_buffers(pa.decimal128(dtype.precision or 38, dtype.scale), len(scaled), [validity, data])
    return pl.Series("", array)
