"""What a reader takes for one character: a letter with its marks, joined emoji, the two letters of a flag, CR with LF.

Source: Unicode Standard Annex 29, extended grapheme clusters, by the regex package.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex


_GRAPHEME = r"\X"
# Of a row of flags \X looks back over all to tell which letters are a pair: from the left on, two are one.
_FROM_THE_LEFT = r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}])|\X"
# Characters that a row of flags or marks may have: looking back further would take a time that grows with its square.
_LOOKED_BACK_MAX = 1_000


def graphemes(text: str) -> list[str]:
    """Split a text into its graphemes."""
    return list(text) if text.isascii() and "\r\n" not in text else _compiled(_FROM_THE_LEFT).findall(text)


def is_within_grapheme(text: str, place: int) -> bool:
    """Say whether a cut before the character at `place` would part a grapheme."""
    if not 0 < place < len(text):
        return False
    around = text[max(0, place - _LOOKED_BACK_MAX) : place + 1]
    # Wherever a match starts, it ends at an end of a grapheme: it looks at what stands before it, too.
    match = _compiled(_GRAPHEME).match(around, len(around) - 2)
    assert match is not None, "any character matches"
    return match.end() == len(around)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    # Imported when it is needed: it takes 10 ms.
    import regex

    return regex.compile(pattern)
