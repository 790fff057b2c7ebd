"""How alike two texts are: edit distances, and shares of common characters."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct

# Winkler 1990: what a common prefix of up to four characters adds, and from which similarity on.
_PREFIX_WEIGHT, _PREFIX_MAX, _PREFIX_FROM = 0.1, 4, 0.7


def levenshtein(a: str, b: str) -> int:
    """Count the insertions, deletions and replacements that make a into b."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def damerau_levenshtein(a: str, b: str) -> int:
    """Count the edits, an exchange of two neighbours being one; parts that were exchanged may be edited again."""
    far = len(a) + len(b)
    last_row: dict[str, int] = {}
    table = [[far] * (len(b) + 2) for _ in range(len(a) + 2)]
    table[1][1:] = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        table[i + 1][1] = i
        last_match = 0
        for j in range(1, len(b) + 1):
            k, m = last_row.get(b[j - 1], 0), last_match
            same = a[i - 1] == b[j - 1]
            last_match = j if same else last_match
            table[i + 1][j + 1] = min(
                table[i][j] + (not same),
                table[i + 1][j] + 1,
                table[i][j + 1] + 1,
                table[k][m] + (i - k - 1) + 1 + (j - m - 1),
            )
        last_row[a[i - 1]] = i
    return table[-1][-1]


def hamming(a: str, b: str) -> int:
    """Count the places where texts of one length differ."""
    if len(a) != len(b) or not a:
        raise ExecuteError(f"hamming takes texts of one length, and '{a}' and '{b}' are not, or are empty")
    return sum(x != y for x, y in zip(a, b, strict=True))


def jaccard(a: str, b: str) -> float:
    """Return the share of common characters among all that occur."""
    if not a or not b:
        raise ExecuteError("jaccard takes no empty text")
    return len(set(a) & set(b)) / len(set(a) | set(b))


def jaro(a: str, b: str, least: float = 0.0) -> float:
    """Jaro 1989; 0 where it is below `least`."""
    found = _jaro(a, b)
    return found if found >= least else 0.0


def _jaro(a: str, b: str) -> float:
    reach = max(max(len(a), len(b)) // 2 - 1, 0)
    taken = [False] * len(b)
    from_a: list[str] = []
    for i, x in enumerate(a):
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            if not taken[j] and b[j] == x:
                taken[j] = True
                from_a.append(x)
                break
    if not from_a:
        return 0.0
    from_b = [y for y, hit in zip(b, taken, strict=True) if hit]
    swaps = sum(x != y for x, y in zip(from_a, from_b, strict=True)) // 2
    count = len(from_a)
    return (count / len(a) + count / len(b) + (count - swaps) / count) / 3


def jaro_winkler(a: str, b: str, least: float = 0.0) -> float:
    """Jaro's similarity, raised for a common prefix; 0 where it is below `least`."""
    found = _jaro(a, b)
    prefix = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if found > _PREFIX_FROM:
        found += min(prefix, _PREFIX_MAX) * _PREFIX_WEIGHT * (1 - found)
    return found if found >= least else 0.0


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "levenshtein": levenshtein,
    "damerau_levenshtein": damerau_levenshtein,
    "hamming": hamming,
    "jaccard": jaccard,
    "jaro_similarity": jaro,
    "jaro_winkler_similarity": jaro_winkler,
}


def _lowering(function: Callable[..., object]) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    """DuckDB compares bytes, not characters: ü counts two."""

    def of_bytes(a: str, b: str, *more: float) -> object:
        return function(a.encode().decode("latin-1"), b.encode().decode("latin-1"), *more)

    return lambda args, _types, result: over_distinct(of_bytes, result)(*args)


SIMILARITY = {name: _lowering(function) for name, function in _FUNCTIONS.items()}
