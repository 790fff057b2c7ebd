"""The functions of the values of an ENUM. Which values it has follows from the type of the argument."""

from __future__ import annotations

import polars as pl

# All values of the type, and a part of them between two.
LISTS = ("enum_range", "enum_range_boundary")
ENDS = {"enum_first": 0, "enum_last": -1}
CODE = "enum_code"
NAMES = (*LISTS, *ENDS, CODE)


def code_type(dtype: pl.Enum) -> pl.DataType:
    """Return the type of the numbers of the values, the narrowest that holds them."""
    count = len(dtype.categories)
    return pl.UInt8() if count < 1 << 8 else pl.UInt16() if count < 1 << 16 else pl.UInt32()
