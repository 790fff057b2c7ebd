"""Words that are spelled wrong, and the known words that they most likely are."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rem_arrow.ask import english, quantities, thesaurus
from rem_arrow.ask.common_words import COMMON
from rem_arrow.ask.english import word_set

_WORDS_MAX = 60_000
# The words of questions themselves, which may be spelled wrong too.
FUNCTION_WORDS = word_set(
    """fewest greatest widest deepest tallest heaviest lightest fastest slowest busiest best worst hottest coldest
    average highest lowest total number count between without before after since during which where what when
    many most least more less than over under above below largest smallest biggest longest shortest oldest
    youngest newest latest cheapest expensive recent maximum minimum median different distinct each every except
    never neither number list show find month year week quarter yesterday today last this next sum group sorted
    ordered"""
)


def correction(word: str, known: Collection[str]) -> str | None:
    """Return the known word that a word of at least four letters is with one or two letters wrong, missing, too many or
    exchanged; None without one.

    Args:
        known: words in lower case, as singulars or stems.
    """
    # Imported by the first question with an unknown word.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    low = english.singular(word.casefold())
    if len(low) < 4 or not low.isalpha():
        return None
    most = 1 if len(low) <= 6 else 2
    near = _near(low, known, most)
    hits = process.extract(low, near, scorer=OSA.distance, score_cutoff=most, limit=5)
    hits = [h for h in hits if h[0] not in FUNCTION_WORDS or h[0][0] == low[0]]
    if not hits:
        return None
    return min(hits, key=lambda h: (h[1], h[0][0] != low[0], -len(shared_prefix(h[0], low)), h[0]))[0]


def _near(low: str, known: Iterable[str], most: int) -> list[str]:
    """Return known words of about the length that share the first or the second letter."""
    alike = (w for w in (*known, *FUNCTION_WORDS) if abs(len(w) - len(low)) <= most and len(w) >= 4 and w not in COMMON)
    return [w for w in alike if w[0] == low[0] or w[1] == low[1] or w[0] == low[1]]


def shared_prefix(a: str, b: str) -> str:
    """Return the letters with which both words begin."""
    place = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[:place]


def is_known(word: str, known: Collection[str]) -> bool:
    """Return whether a word is one of the language of questions, or known in one of its forms."""
    low = word.casefold()
    forms = (low, english.singular(low), english.stem(low))
    return (
        low in english.STOP
        or low in COMMON
        or low in english.COMMANDS
        or low in english.LOOKUP_WORDS
        or low in FUNCTION_WORDS
        or low in quantities.NEWER
        or low in quantities.OLDER
        or quantities.measure(low) is not None
        or bool(thesaurus.synonyms(english.stem(low)))
        or english.stem(low) in quantities.VERB_COLUMNS
        or english.stem(low) in quantities.VERB_TIMES
        or english.stem(low) in quantities.UNITS
        or any(f in known for f in forms)
    )
