"""The words of a text, folded so that spelling variants meet.

A text is brought to NFKC, casefolded, and its accents are dropped; words are what lies between characters that are no
letters, digits or marks. Scripts without spaces (Han, kana) give overlapping pairs of characters, as Lucene's CJK
analysis does; an emoji is a word of its own. Lone surrogates, control characters and punctuation end a word; format
characters (soft hyphen, joiners) vanish. What a character is comes from the tables of unicodedata: Unicode keeps the
normal forms of a character once it is assigned, so it is characters newer than a Python that differ between versions.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator

# A longer word is cut: a megabyte of base64 is many words of bounded length.
WORD_CHARS_MAX = 64

_ASCII = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
_UNSPACED = re.compile("[぀-ヿㇰ-ㇿ㐀-䶿一-鿿豈-﫿\U0001b000-\U0001b16f\U00020000-\U0003ffff]+")


def words_of(text: str) -> list[str]:
    """Return the folded words of a text, in order, each 1 to `WORD_CHARS_MAX` characters."""
    if text.isascii():
        words = text.lower().translate(_ASCII).split()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        words = unicodedata.normalize("NFC", folded.translate(_TRANSLATIONS)).split()
        if _UNSPACED.search(folded):
            words = [piece for word in words for piece in _pieces(word)]
    if len(text) > WORD_CHARS_MAX and max(map(len, words), default=0) > WORD_CHARS_MAX:
        return [word[start : start + WORD_CHARS_MAX] for word in words for start in range(0, len(word), WORD_CHARS_MAX)]
    return words


class _Translations(dict[int, str | None]):
    """What `str.translate` makes of a character, computed when it is first met; at most one entry a code point."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        category = unicodedata.category(char)
        translation: str | None = " "
        if _is_accent(unicodedata.combining(char)) or category == "Cf":
            translation = None
        elif category[0] in "LNM":
            translation = char
        elif category == "So":
            translation = f" {char} "
        self[code] = translation
        return translation


_TRANSLATIONS = _Translations()


def in_groups(texts: Iterable[list[str]], words_max: int, texts_max: int = sys.maxsize) -> Iterator[list[list[str]]]:
    """Yield the words of texts in groups of bounded size, though a long text is one group."""
    group: list[list[str]] = []
    words = 0
    for text_words in texts:
        group.append(text_words)
        words += len(text_words)
        if words >= words_max or len(group) >= texts_max:
            yield group
            group, words = [], 0
    if group:
        yield group


def _is_accent(combining_class: int) -> bool:
    """Return whether a mark may be dropped. Below 10 are kana's voicing marks, nukta and virama, and from 84 to 132
    vowels of Telugu, Thai, Lao and Tibetan."""
    return combining_class >= 10 and not 84 <= combining_class <= 132


def _pieces(word: str) -> list[str]:
    """Return a word with its runs of Han and kana cut into pairs."""
    pieces: list[str] = []
    end = 0
    for run in _UNSPACED.finditer(word):
        pieces += [word[end : run.start()]] if run.start() > end else []
        chars = run.group()
        pieces += [chars[i : i + 2] for i in range(max(1, len(chars) - 1))]
        end = run.end()
    return pieces + ([word[end:]] if end < len(word) else [])
