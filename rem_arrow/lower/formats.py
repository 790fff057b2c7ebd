"""Values written by a pattern: format of the fmt library, printf of C, sizes in bytes, bars."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.cast import cast
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.plan import types

_SPECIFIER = re.compile(r"%([-+ 0#,']*)(\d*)(\.\d+)?(?:hh|h|ll|l|j|z|t)?([a-zA-Z%])")
_WHOLE_CODES = "diuxXoc"
_FLOAT_CODES = "eEfFgGaA"
_BINARY_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL_UNITS = ("kB", "MB", "GB", "TB", "PB")
# Widths that no text needs.
_WIDE = re.compile(r"\d{6,}")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$")
_BLOCKS = " ▏▎▍▌▋▊▉█"
_BAR_WIDTH = 80
_BAR_WIDTH_MAX = 1000


def _lowering(function: Callable[..., object]) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        shown = [_shown(a, t) for a, t in zip(args, arg_types, strict=True)]
        return over_distinct(function, result)(*shown)

    return lower


def _shown(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Numbers stay numbers, a decimal as DOUBLE; everything else is text."""
    if isinstance(dtype, pl.Decimal):
        return x.cast(pl.Float64)
    return x if types.is_number(dtype) else cast(x, dtype, pl.String(), safe=False)


def _format(pattern: str, *values: object) -> str:
    if _WIDE.search(pattern):
        raise ExecuteError(f"format cannot write {len(values)} value(s) by '{pattern}': a width has at most 5 digits")
    try:
        if ":{" in pattern and any("{" in (field[2] or "") for field in Formatter().parse(pattern)):
            raise ValueError("a width is a number, not a value")
        return pattern.format(*values)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise ExecuteError(f"format cannot write {len(values)} value(s) by '{pattern}': {error}") from error


def _printf(pattern: str, *values: object) -> str:
    rest = list(values)

    if _WIDE.search(pattern):
        raise ExecuteError(f"printf cannot write {len(values)} value(s) by '{pattern}': a width has at most 5 digits")

    def written(hit: re.Match[str]) -> str:
        flags, width, places, code = hit.groups()
        if code == "%":
            return "%"
        if not rest:
            raise ExecuteError(f"printf '{pattern}' needs more values than the {len(values)} given")
        return _specified(flags, width, places or "", code, rest.pop(0))

    return _SPECIFIER.sub(written, pattern)


def _specified(flags: str, width: str, places: str, code: str, value: object) -> str:
    fits = (
        isinstance(value, int)
        if code in _WHOLE_CODES
        else isinstance(value, (int, float))
        if code in _FLOAT_CODES
        else code == "s"
    )
    if not fits:
        raise ExecuteError(f"printf cannot write '{value}' by %{code}")
    if "," in flags or "'" in flags:
        whole = f"{value:,}" if code in _WHOLE_CODES else f"{value:,{places or '.6'}f}"
        return whole.rjust(int(width or 0))
    return f"%{flags}{width}{places}{'d' if code in 'iu' else code}" % (value,)


def _size(units: tuple[str, ...], step: int) -> Callable[[int], str]:
    """Write bytes with one digit behind the point, which DuckDB takes from the hundreds of the rest."""

    def written(count: int) -> str:
        sign, count = ("-" if count < 0 else ""), abs(count)
        if count < step:
            return f"{sign}{count} byte{'' if count == 1 else 's'}"
        rest, unit = 0, ""
        for name in units:
            if count < step:
                break
            (count, rest), unit = divmod(count, step), name
        return f"{sign}{count}.{rest // 100} {unit}"

    return written


def _parsed_size(text: str) -> int:
    hit = _SIZE.match(text)
    unit = "" if hit is None else hit[2].lower()
    steps = {"": 1, "b": 1, "byte": 1, "bytes": 1}
    for power, (binary, decimal) in enumerate(zip(_BINARY_UNITS, _DECIMAL_UNITS, strict=True), 1):
        steps |= {binary.lower(): 1024**power, decimal.lower(): 1000**power, decimal[0].lower(): 1000**power}
    if hit is None or unit not in steps:
        raise ExecuteError(f"'{text}' is not a size; write it like 16 KiB or 1.5 MB")
    return int(float(hit[1]) * steps[unit])


def _bar(x: float, low: float, high: float, width: float = _BAR_WIDTH) -> str:
    if not 1 <= width <= _BAR_WIDTH_MAX:
        raise ExecuteError(f"the width of a bar is 1 to {_BAR_WIDTH_MAX}, not {width:g}")
    share = min(max((x - low) / (high - low), 0.0), 1.0) if high > low else float(x > high)
    eighths = int(share * width * 8)
    blocks = "█" * (eighths // 8) + (_BLOCKS[eighths % 8] if eighths % 8 else "")
    return blocks.ljust(int(width))


FORMATTING = {
    "format": _lowering(_format),
    "printf": _lowering(_printf),
    "format_bytes": _lowering(_size(_BINARY_UNITS, 1024)),
    "formatreadabledecimalsize": _lowering(_size(_DECIMAL_UNITS, 1000)),
    "parse_formatted_bytes": _lowering(_parsed_size),
    "bar": _lowering(_bar),
}
