"""How alike two texts are: edit distances, and shares of common characters, by rapidfuzz. As in DuckDB the characters
are bytes: ü counts two."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.distinct import over_distinct

# The most cells of the table of two texts, by how fast each is computed: about a second.
_CELLS_MAX = {
    "levenshtein": 2e10,
    "damerau_levenshtein": 3e8,
    "jaro_similarity": 4e11,
    "jaro_winkler_similarity": 4e11,
}


def _functions() -> dict[str, Callable[..., object]]:
    # Imported by the first statement that compares texts: it takes 10 ms.
    from rapidfuzz.distance import DamerauLevenshtein, Hamming, Jaro, JaroWinkler, Levenshtein

    return {
        "levenshtein": Levenshtein.distance,
        # An exchange of two neighbours is one edit, and what was exchanged may be edited again.
        "damerau_levenshtein": DamerauLevenshtein.distance,
        "hamming": _of_one_length(Hamming.distance),
        "jaccard": _jaccard,
        "jaro_similarity": _at_least(Jaro.similarity),
        "jaro_winkler_similarity": _at_least(JaroWinkler.similarity),
    }


def _of_one_length(distance: Callable[[bytes, bytes], int]) -> Callable[[bytes, bytes], int]:
    def checked(a: bytes, b: bytes) -> int:
        if len(a) != len(b) or not a:
            raise ExecuteError(
                f"hamming takes texts of one length, and '{a.decode()}' and '{b.decode()}' are not, or are empty"
            )
        return distance(a, b)

    return checked


def _jaccard(a: bytes, b: bytes) -> float:
    """Return the share of common bytes among all that occur."""
    if not a or not b:
        raise ExecuteError("jaccard takes no empty text")
    return len(set(a) & set(b)) / len(set(a) | set(b))


def _at_least(similarity: Callable[[bytes, bytes], float]) -> Callable[..., float]:
    """Return a similarity that is 0 where it is below `least`, and for two empty texts, which rapidfuzz takes for the
    same. rapidfuzz's own bound is not used: it may let a score through that is rounded to less."""

    def bounded(a: bytes, b: bytes, least: float = 0.0) -> float:
        score = similarity(a, b) if a or b else 0.0
        return score if score >= least else 0.0

    return bounded


def _bounded(name: str, compare: Callable[..., object]) -> Callable[..., object]:
    """Return a comparison that refuses texts for which it takes long: nothing stops it on the way."""
    cells_max = _CELLS_MAX.get(name)

    def bounded(a: bytes, b: bytes, *options: float) -> object:
        if cells_max is not None and len(a) * len(b) > cells_max:
            raise ExecuteError(
                f"{name} takes too long for texts of {len(a):,} and {len(b):,} bytes: the product of their lengths is "
                f"at most {cells_max:,.0f}; compare less of them, as by left(x, 10000)"
            )
        return compare(a, b, *options)

    return bounded


def _lowering(name: str) -> Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]:
    def lower(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        a, b, *least = args
        return over_distinct(_bounded(name, _functions()[name]), result)(a.cast(pl.Binary), b.cast(pl.Binary), *least)

    return lower


SIMILARITY = {
    name: _lowering(name)
    for name in (
        "levenshtein",
        "damerau_levenshtein",
        "hamming",
        "jaccard",
        "jaro_similarity",
        "jaro_winkler_similarity",
    )
}
