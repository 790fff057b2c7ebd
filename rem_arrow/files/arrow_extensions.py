"""Extension types of Arrow as plain arrays: those of Arrow itself, and those in which DuckDB hands over what Arrow
lacks, when its `arrow_lossless_conversion` is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from rem_arrow.base.lazy_module import LazyModule

if TYPE_CHECKING:
    import pyarrow.compute as pc
else:
    pc = LazyModule("pyarrow.compute")

_Array: TypeAlias = Any
_Convert: TypeAlias = Callable[[_Array], _Array]

DUCKDB = "arrow.opaque"
_HYPHENS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))


class NoValueError(Exception):
    """A value that the column's type here cannot hold."""


def plain_storage(dtype: Any) -> _Convert:
    """Return what makes arrays of an extension type plain ones. Raises NoValueError for a type that is not known."""
    convert = EXTENSIONS.get(dtype.extension_name) or _OPAQUE.get(getattr(dtype, "type_name", ""))
    if convert is None:
        raise NoValueError("its type is not known")
    return lambda array: convert(array.storage, dtype)


def _bool8(storage: _Array, _: Any) -> _Array:
    return pc.not_equal(storage, pa.scalar(0, pa.int8()))


def _tensor(storage: _Array, dtype: Any) -> _Array:
    """A tensor is an array of arrays, in the order of its logical axes."""
    if dtype.permutation is not None and list(dtype.permutation) != list(range(len(dtype.shape))):
        raise NoValueError("the axes of a tensor are permuted; store it in their order")
    size, shape = storage.type.list_size, list(dtype.shape)
    values = storage.values.slice(storage.offset * size, len(storage) * size)
    for length in reversed(shape[1:]):
        values = pa.FixedSizeListArray.from_arrays(values, length)
    return pa.FixedSizeListArray.from_arrays(values, shape[0], mask=storage.is_null() if storage.null_count else None)


def _uuid(storage: _Array, _: Any) -> _Array:
    """Return UUIDs of 16 bytes as texts."""
    texts = [None if v is None else v.hex() for v in storage.to_pylist()]
    hyphened = [t if t is None else "-".join(t[a:b] for a, b in _HYPHENS) for t in texts]
    return pa.array(hyphened, pa.large_string())


def _storage(storage: _Array, _: Any) -> _Array:
    return storage


EXTENSIONS: Mapping[str, Callable[[_Array, Any], _Array]] = {
    "arrow.bool8": _bool8,
    "arrow.fixed_shape_tensor": _tensor,
    "arrow.uuid": _uuid,
    "arrow.json": _storage,
}


# --- DuckDB's own types: what `arrow_lossless_conversion` hands over


def _huge(storage: _Array, dtype: Any) -> _Array:
    """16 bytes of an integer, the lowest first."""
    signed = dtype.type_name == "hugeint"
    values = [None if v is None else int.from_bytes(v, "little", signed=signed) for v in storage.to_pylist()]
    if any(v is not None and abs(v) >= 10**38 for v in values):
        raise NoValueError("an integer has more than 38 digits")
    return pa.array(values, pa.decimal128(38, 0))


def _time_tz(storage: _Array, _: Any) -> _Array:
    """40 bits of microseconds, then 24 of the offset in seconds, counted down from its highest."""

    def text(value: bytes) -> str:
        bits = int.from_bytes(value, "little")
        micros, offset = bits >> 24, _OFFSET_MAX - (bits & 0xFFFFFF)
        seconds, fraction = divmod(micros, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        shown = f"{clock}.{fraction:06}".rstrip("0") if fraction else clock
        hours, rest = divmod(abs(offset), 3600)
        minutes = f":{rest // 60:02}" if rest else ""
        return f"{shown}{'-' if offset < 0 else '+'}{hours:02}{minutes}" + (f":{rest % 60:02}" if rest % 60 else "")

    return _texts(storage, text)


def _bit(storage: _Array, _: Any) -> _Array:
    """The number of bits that fill the first byte, then the bits."""
    return _texts(storage, lambda v: "".join(f"{b:08b}" for b in v[1:])[v[0] :])


def _bignum(storage: _Array, _: Any) -> _Array:
    """Three bytes of sign and length, then the digits in base 256, the highest first; all inverted if negative."""

    def text(value: bytes) -> str:
        positive = bool(value[0] & 0x80)
        magnitude = int.from_bytes(value[3:] if positive else bytes(b ^ 0xFF for b in value[3:]), "big")
        return str(magnitude if positive else -magnitude)

    return _texts(storage, text)


def _texts(storage: _Array, text: Callable[[bytes], str]) -> _Array:
    return pa.array([None if v is None else text(v) for v in storage.to_pylist()], pa.large_string())


_OFFSET_MAX = 57_599
_OPAQUE: Mapping[str, Callable[[_Array, Any], _Array]] = {
    "hugeint": _huge,
    "uhugeint": _huge,
    "time_tz": _time_tz,
    "bit": _bit,
    "bignum": _bignum,
}
