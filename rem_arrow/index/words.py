"""The words of a text: one spelling for search by words, LOOKUP and FUZZY.

`normalise` takes away case and accents, of every script: NFKD, full case folding, no combining marks. `spelled` writes
a text so that an analyzer which splits at what is neither letter nor digit finds all of its words:

    getUserById, HTTP_server    their parts, and the whole without signs: get user by id getuserbyid
    日本語, ภาษาไทย               scripts without spaces between words: each character, and each two of them
    longer than a term may be   their beginning, and a hash of the whole

A query is spelled as the texts are, so a run of such parts stands in both in the same order.

Source: Unicode Standard Annex 15, and 3.13 of the standard, for folding; bigrams: Foo and Li, "Chinese word
segmentation and its effect on information retrieval", Information Processing and Management 40, 2004.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Sequence

WORD_BYTES_MAX = 255
# Many texts are normalised so many at a time: one odd text costs the others no more.
_AT_ONCE = 512

_UNTIDY = re.compile(r"^\s|\s$|[\t\n\r\x0b\x0c]|  ")
# The same in texts that stand side by side.
_SOME_UNTIDY = re.compile(r"(?:^|\x00)\s|\s(?:\x00|$)|[\t\n\r\x0b\x0c]|  ")
# Where two parts of a name meet: getUser, HTTPServer, user_id.
_SEAM = re.compile(r"(?<=[a-z0-9à-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ])|_+")
_RUN = re.compile(r"\w+")
# Han with its radicals and iteration marks, kana, bopomofo, Hangul, Thai, Lao, Myanmar, Khmer, and Tai scripts.
_UNSPACED = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1100-\u11ff\u1780-\u17d3\u1950-\u19df"
    "\u1a20-\u1a5e\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff"
    "\U00020000-\U000323af]+"
)
# What an analyzer would leave out; in bytes a character is at most four.
_LONG = re.compile(rf"[^\W_]{{{WORD_BYTES_MAX // 4},}}")
_KEPT_CHARS, _HASH_BYTES = 32, 10


def normalise(text: str) -> str:
    """Return the form in which names compare: without case, accents and surrounding or repeated space."""
    folded = text.lower() if text.isascii() else _without_marks(text.casefold()).casefold()
    return " ".join(folded.split()) if _UNTIDY.search(folded) else folded


def normalised(texts: Sequence[str]) -> list[str]:
    """Return what `normalise` makes of each text."""
    found: list[str] = []
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        joined = "\x00".join(some)
        plain = joined.isascii() and not _SOME_UNTIDY.search(joined)
        parts = joined.lower().split("\x00") if plain else []
        found += parts if len(parts) == len(some) else map(normalise, some)
    return found


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    marks = [c for c in set(apart) if unicodedata.combining(c)]
    return apart.translate(dict.fromkeys(map(ord, marks))) if marks else apart


def spelled(text: str, *, asked: bool = False) -> str:
    """Return a text in which an analyzer finds its words. What is `asked` for without an order needs no single
    characters beside the pairs."""
    if text.isascii():
        folded = _in_parts(text).lower()
    else:
        parts = _in_parts(unicodedata.normalize("NFKC", text))
        folded = unicodedata.normalize("NFC", _without_marks(parts.casefold()).casefold())
        folded = _UNSPACED.sub(_in_pairs if asked else _paired, folded)
    return _LONG.sub(_shortened, folded)


def _in_parts(text: str) -> str:
    return _RUN.sub(_named, text) if _SEAM.search(text) else text


def _named(match: re.Match[str]) -> str:
    run = match.group()
    if not _SEAM.search(run):
        return run
    parts = [part for part in _SEAM.split(run) if part]
    return " ".join(parts if len(parts) < 2 else [*parts, "".join(parts)])


def _paired(match: re.Match[str]) -> str:
    run = match.group()
    pairs = [run[0]]
    for before, after in itertools.pairwise(run):
        pairs += [before + after, after]
    return f" {' '.join(pairs)} "


def _in_pairs(match: re.Match[str]) -> str:
    run = match.group()
    pairs = [before + after for before, after in itertools.pairwise(run)]
    return f" {' '.join(pairs or [run])} "


def _shortened(match: re.Match[str]) -> str:
    word = match.group()
    if len(word.encode()) <= WORD_BYTES_MAX:
        return word
    return word[:_KEPT_CHARS] + hashlib.blake2b(word.encode(), digest_size=_HASH_BYTES).hexdigest()
