"""Functions of numbers that Polars lacks, and random values."""

from __future__ import annotations

import math
import random
import struct
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from itertools import count

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.function import ScalarFunction, of_values

_BINOM_MAX = 1 << 127
# More digits than any number has.
_PLACES_MAX = 400
_uses = count()


def _nextafter(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, y = (a.cast(result) for a in args)
    return over_distinct(_next_float if isinstance(result, pl.Float32) else math.nextafter, result)(x, y)


def _next_float(x: float, y: float) -> float:
    """The next of the floats of 32 bits, whose bits in order are whole numbers in order."""
    if x == y or math.isnan(x) or math.isnan(y):
        return y if x == y else math.nan
    if x == 0:
        return math.copysign(struct.unpack("<f", struct.pack("<i", 1))[0], y)
    (bits,) = struct.unpack("<i", struct.pack("<f", x))
    following: float = struct.unpack("<f", struct.pack("<i", bits + (1 if (y > x) == (x > 0) else -1)))[0]
    return following


def _gamma(x: float) -> float:
    if x in (0, math.inf):
        return math.inf
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except ValueError:
        return math.inf


def _rounded(x: float | int | Decimal, places: int) -> object:
    """Halves to the even neighbour."""
    within = max(-_PLACES_MAX, min(places, _PLACES_MAX))
    return x if isinstance(x, float) and not math.isfinite(x) else round(x, within)


def _binom(n: int, k: int) -> int:
    # From n = 2k on it is at least 2 ** k.
    number = 0 if k < 0 or n < k else _BINOM_MAX if min(k, n - k) > 127 else math.comb(n, k)
    if number >= _BINOM_MAX:
        raise ExecuteError(f"binom({n}, {k}) is out of range")
    return number


def _version(text: str) -> int:
    try:
        return uuid.UUID(text).int >> 76 & 0xF
    except ValueError as error:
        raise ExecuteError(f"'{text}' is not a UUID") from error


def _error(text: str) -> object:
    raise ExecuteError(text)


def _each_row(make: Callable[[], object]) -> ScalarFunction:
    """A value of its own for each row. Each use has a number, for Polars computes equal expressions once."""

    def lower(_args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        def values(rows: pl.Series) -> pl.Series:
            return pl.Series([make() for _ in range(len(rows))], dtype=result)

        return (pl.int_range(pl.len()) + next(_uses)).map_batches(values, return_dtype=result)

    return lower


def _uuid7() -> str:
    """RFC 9562: milliseconds first, so that later ones sort behind."""
    stamp = time.time_ns() // 1_000_000
    return str(
        uuid.UUID(int=stamp << 80 | 0x7 << 76 | random.getrandbits(12) << 64 | 0b10 << 62 | random.getrandbits(62))
    )


NUMBERS: dict[str, ScalarFunction] = {
    "nextafter": _nextafter,
    "gamma": of_values(_gamma),
    "lgamma": of_values(_lgamma),
    "signbit": lambda args, _types, _result: (args[0] < 0) | ((args[0] == 0) & (1 / args[0] < 0)),
    "round_even": of_values(_rounded),
    "binom": of_values(_binom),
    "uuid_extract_version": of_values(_version),
    "error": of_values(_error),
    "random": _each_row(random.random),
    "uuid": _each_row(lambda: str(uuid.uuid4())),
    "uuidv7": _each_row(_uuid7),
}
