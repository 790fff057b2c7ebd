"""Whether two engines gave the same rows: as a multiset, numbers with fractions to 1e-6, everything else exactly.

A column is approximate when either answer holds a float or a decimal in it; elsewhere 5 and Decimal(5) do not occur. An
engine whose average of a decimal is a decimal of few digits, such as DataFusion, is reported as different from DuckDB,
whose average is a double.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

RELATIVE = 1e-6
ABSOLUTE = 1e-9

Row = Sequence[object]


def difference(actual: Sequence[Row], expected: Sequence[Row]) -> str:
    """Return the difference in one line, empty when the answers are equal."""
    if len(actual) != len(expected):
        return f"{len(actual)} rows instead of {len(expected)}"
    if not expected:
        return ""
    if len(actual[0]) != len(expected[0]):
        return f"{len(actual[0])} columns instead of {len(expected[0])}"
    rough = [
        any(isinstance(row[i], (float, Decimal)) for rows in (actual, expected) for row in rows)
        for i in range(len(expected[0]))
    ]
    sorted_actual, sorted_expected = _sorted(actual, rough), _sorted(expected, rough)
    wrong = [(a, e) for a, e in zip(sorted_actual, sorted_expected, strict=True) if not _equal(a, e, rough)]
    if not wrong:
        return ""
    return (
        f"{len(wrong)} of {len(expected)} rows differ, such as {_row_text(wrong[0][0])} instead of "
        f"{_row_text(wrong[0][1])}"
    )


def _sorted(rows: Sequence[Row], rough: Sequence[bool]) -> list[Row]:
    """Sort by the exact columns first, so that noise in a fraction moves a row only among its equals."""
    exact = [i for i, r in enumerate(rough) if not r]
    inexact = [i for i, r in enumerate(rough) if r]

    def key(row: Row) -> tuple[object, ...]:
        return (*((row[i] is not None, str(row[i])) for i in exact), *(_number(row[i]) for i in inexact))

    return sorted(rows, key=key)


def _number(value: object) -> tuple[int, float]:
    if value is None:
        return (0, 0.0)
    assert isinstance(value, (int, float, Decimal)), "an approximate column holds numbers"
    number = float(value)
    return (2, 0.0) if math.isnan(number) else (1, float(f"{number:.7g}"))


def _equal(actual: Row, expected: Row, rough: Sequence[bool]) -> bool:
    return all(_close(a, e) if r else a == e for a, e, r in zip(actual, expected, rough, strict=True))


def _close(actual: object, expected: object) -> bool:
    if actual is None or expected is None:
        return actual == expected
    a, e = float(actual), float(expected)  # type: ignore[arg-type]
    return math.isclose(a, e, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or (math.isnan(a) and math.isnan(e))


def _row_text(row: Row) -> str:
    text = repr(tuple(str(v) if isinstance(v, Decimal) else v for v in row))
    return text if len(text) <= 300 else text[:300] + "..."
