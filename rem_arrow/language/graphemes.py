"""Graphemes, the characters as a reader sees them: a letter with its marks, joined emoji, a flag, CR with LF.

Source: Unicode Standard Annex 29, extended grapheme clusters, by the regex package.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex


_GRAPHEME = r"\X"
# In a row of flags \X looks back to its start to find the pairs of letters; from the left, each two letters are a pair.
_FROM_THE_LEFT = r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}])|\X"
# The longest row of flags or marks that is read back: without a bound the time grows with the square of its length.
_LOOK_BACK_CHARS_MAX = 1_000


def graphemes(text: str) -> list[str]:
    """Split a text into its graphemes."""
    return list(text) if text.isascii() and "\r\n" not in text else _compiled(_FROM_THE_LEFT).findall(text)


def is_within_grapheme(text: str, place: int) -> bool:
    """Return whether a cut before the character at `place` would split a grapheme."""
    if not 0 < place < len(text):
        return False
    around = text[max(0, place - _LOOK_BACK_CHARS_MAX) : place + 1]
    # Wherever a match starts, it ends at the end of a grapheme, because \X also looks at the characters before it.
    match = _compiled(_GRAPHEME).match(around, len(around) - 2)
    assert match is not None, "any character matches"
    return match.end() == len(around)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    # Imported when needed, because the import takes 10 ms.
    import regex

    return regex.compile(pattern)
