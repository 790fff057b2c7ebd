"""HyperLogLog: how many distinct values columns hold, from 1,024 small numbers each, which can be merged.

A value falls by its hash into one of 1,024 registers, which keeps the longest run of zeros with which a hash began. The
registers of two columns together are the larger ones of each. The standard error of the count is 3.2 %.

As text: the fingerprint of the hash function, 8 hexadecimal digits, then base64 of the registers, one byte each,
compressed by zlib. Polars' hashes may be others in another version: then the fingerprint is, and the registers say
nothing.

Written here, since the packages of sketches have no wheels for every Python that this package runs on.

Source: Flajolet and others, "HyperLogLog", AofA 2007; the estimator: Ertl, "New cardinality estimation algorithms for
HyperLogLog sketches", arXiv:1702.01284, algorithm 6.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

    Registers = npt.NDArray[np.uint8]

_BITS = 10
_REGISTERS = 1 << _BITS
# Of 32 bits of a hash; a float of 32 bits holds them all.
_REST_BITS = 32 - _BITS
_REST = (1 << _REST_BITS) - 1
# The longest run of zeros, and one.
_RANK_MAX = _REST_BITS + 1
_SEED = 7


def registers_of(values: pl.Series) -> Registers:
    """Return the registers of the values of a column that is not nested; NULLs are none."""
    hashes = (_hashes(values.drop_nulls()) >> np.uint64(32)).astype(np.uint32)
    # The rest of the hash as a float says by its exponent how many zeros it begins with.
    exponents = ((hashes & np.uint32(_REST)).astype(np.float32).view(np.int32) >> 23) - 127
    ranks = np.minimum(_RANK_MAX - 1 - exponents, _RANK_MAX).astype(np.uint32)
    seen = np.zeros((_REGISTERS, _RANK_MAX + 1), dtype=np.bool_)
    seen.reshape(-1)[(hashes >> np.uint32(_REST_BITS)) * np.uint32(_RANK_MAX + 1) + ranks] = True
    highest: Registers = (np.arange(_RANK_MAX + 1, dtype=np.uint8) * seen).max(axis=1)
    return highest


def merged(sketches: Iterable[Registers]) -> Registers:
    """Return the registers of all columns together."""
    registers = np.zeros(_REGISTERS, dtype=np.uint8)
    for sketch in sketches:
        np.maximum(registers, sketch, out=registers)
    return registers


def count(registers: Registers) -> float:
    """Return an estimate of the distinct values."""
    counts = np.bincount(registers, minlength=_RANK_MAX + 1).tolist()
    z = _REGISTERS * _tau(1.0 - counts[_RANK_MAX] / _REGISTERS)
    for k in range(_RANK_MAX - 1, 0, -1):
        z = 0.5 * (z + counts[k])
    z += _REGISTERS * _sigma(counts[0] / _REGISTERS)
    return 0.0 if math.isinf(z) else _REGISTERS * _REGISTERS / (2.0 * math.log(2.0) * z)


def to_text(registers: Registers) -> str:
    """Return the registers as `from_text` reads them."""
    return _fingerprint() + base64.b64encode(zlib.compress(registers.tobytes())).decode()


def from_text(text: str) -> Registers | None:
    """Return the registers; None if they are of another hash function, or damaged."""
    if text[:8] != _fingerprint():
        return None
    try:
        data = zlib.decompress(base64.b64decode(text[8:]))
    except (binascii.Error, zlib.error):
        return None
    registers = np.frombuffer(data, dtype=np.uint8)
    return registers if len(registers) == _REGISTERS and int(registers.max()) <= _RANK_MAX else None


def _hashes(values: pl.Series) -> npt.NDArray[np.uint64]:
    """Return the hash of each value; equal values of one column type have one."""
    plain = values.cast(pl.String) if isinstance(values.dtype, (pl.Categorical, pl.Enum)) else values.to_physical()
    hashes: npt.NDArray[np.uint64] = plain.hash(_SEED).to_numpy()
    return hashes


@cache
def _fingerprint() -> str:
    """Return what tells this hash function from others."""
    seen = [_hashes(pl.Series([1, -5])), _hashes(pl.Series(["a", "bcd" * 9])), _hashes(pl.Series([0.5]))]
    return f"{zlib.crc32(np.concatenate(seen).tobytes()):08x}"


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1.0 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1.0 - x) ** 2 * y
    return z / 3.0
