"""UPPER and LOWER by the simple mapping of Unicode, a letter for a letter, as DuckDB has them.

Polars has the full mapping: SS for ß, FI for the ligature, and a sigma at the end of a word of its own.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from rem_arrow.lower.distinct import over_distinct

_ENDS_OF_UNICODE = 0x110000
# Letters without a simple upper case in Python's tables.
_OTHER_UPPER = {"ß": "ẞ"}
_LOWER = {"İ": "i", "Σ": "σ"}


def upper(x: pl.Expr) -> pl.Expr:
    """`UPPER(x)`. SQL: a letter for a letter. Polars: SS for ß."""
    return _mapped(x, x.str.to_uppercase(), _upper())


def lower(x: pl.Expr) -> pl.Expr:
    """`LOWER(x)`. SQL: a letter for a letter. Polars: another sigma at the end of a word."""
    return _mapped(x, x.str.to_lowercase(), _LOWER)


@cache
def _upper() -> dict[str, str]:
    """Return the letters whose full upper case is not their simple one, with that."""
    letters = map(chr, range(_ENDS_OF_UNICODE))
    long = [c for c in letters if len(c.upper()) > 1]
    return {c: _OTHER_UPPER.get(c, c.title() if len(c.title()) == 1 else c) for c in long}


def _mapped(x: pl.Expr, full: pl.Expr, special: dict[str, str]) -> pl.Expr:
    """Take the full mapping but for texts with one of the special letters."""
    method = str.upper if special is not _LOWER else str.lower

    def simple(text: str) -> str:
        return "".join(special[c] if c in special else method(c) for c in text)

    odd = x.str.contains(f"[{''.join(special)}]")
    return pl.when(odd).then(over_distinct(simple, pl.String())(pl.when(odd).then(x))).otherwise(full)
