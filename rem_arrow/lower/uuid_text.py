"""UUIDs: read from texts and bytes, and written as bytes."""

from __future__ import annotations

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.uuid_form import CANONICAL, canonical

_PARTS = ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))


def of_text(x: pl.Expr, *, safe: bool) -> pl.Expr:
    """Return texts in the canonical form: an error, or with `safe` NULL, for one that is no UUID."""

    def read(text: str) -> str | None:
        found = canonical(text)
        if found is None and not safe:
            raise ExecuteError(f"'{text[:60]}' is not a UUID")
        return found

    text = x.cast(pl.String)
    usual = text.str.contains(CANONICAL)
    other = pl.when(~usual).then(text).map_elements(read, return_dtype=pl.String)
    return pl.coalesce(pl.when(usual).then(text), other)


def of_binary(x: pl.Expr) -> pl.Expr:
    """Return 16 bytes as a UUID."""
    digits = x.bin.encode("hex")
    return pl.concat_str([digits.str.slice(start, length) for start, length in _PARTS], separator="-")


def to_binary(x: pl.Expr) -> pl.Expr:
    return x.str.replace_all("-", "", literal=True).str.decode("hex")
