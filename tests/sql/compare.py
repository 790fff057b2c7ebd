"""Rows of two engines as comparable values: numbers to 9 digits, decimals by value, NaN equal to itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID


def cell(value: object) -> object:
    """Return a value that compares as SQL rows do across engines."""
    if isinstance(value, bool):
        return f"bool:{value}"
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return value if math.isinf(value) else float(f"{value + 0.0:.9g}")
    if isinstance(value, Decimal):
        return cell(int(value)) if value == value.to_integral_value() else float(f"{float(value):.9g}")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else f"int:{value}"
    if isinstance(value, (list, tuple)):
        return tuple(map(cell, value))
    if isinstance(value, dict):
        return tuple((name, cell(v)) for name, v in value.items())
    return value


def rows(found: Iterable[Sequence[object]]) -> list[tuple[object, ...]]:
    return [tuple(cell(v) for v in row) for row in found]


def multiset(found: object) -> Counter[tuple[object, ...]]:
    """Return the rows without their order."""
    assert isinstance(found, list), "both engines return lists of rows"
    return Counter(rows(found))
