"""Texts by their trigrams: which are similar to another one, and how much.

As in PostgreSQL's pg_trgm: a text is its words (runs of letters and digits, without case and accents), each with two
spaces before it and one behind; its trigrams are all pieces of three characters, each once; the similarity of two texts
is the number of trigrams that they share, divided by the number that either has. An index holds, for each trigram, the
places of the texts that have it:

    codes    int64[trigrams], ascending     the trigram: three numbers of characters
    starts   int64[trigrams + 1]            where its places begin
    places   uint32[]                       ascending within a trigram

It is exact: no trigram stands for another. A text that shares c trigrams with the query is in at least one of all but
the c - 1 longest lists, so these are only asked about texts that the shorter ones gave (the count filter of Sarawagi
and Kirpal, SIGMOD 2004).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.index.words import normalise

if TYPE_CHECKING:
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

_WORDS = re.compile(r"[^\W_]+")
_CODEPOINTS = 0x110000
_SPACE = 32
_KEY_BITS = 63
_BISECTION_STEPS = 16
# Longer texts are no names; what is behind is left out.
TEXT_CHARS_MAX = 512


def trigrams(text: str) -> frozenset[str]:
    """Return the trigrams of a text: none when it has neither letters nor digits."""
    spaced = (f"  {word} " for word in _WORDS.findall(normalise(text[:TEXT_CHARS_MAX])))
    return frozenset(s[i : i + 3] for s in spaced for i in range(len(s) - 2))


@dataclass(frozen=True, eq=False, slots=True)
class Trigrams:
    """An index of texts by place. Immutable."""

    chars: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    places: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint16]
    first: int

    @property
    def bytes(self) -> int:
        return sum(a.nbytes for a in (self.chars, self.codes, self.starts, self.places, self.sizes))

    def similar(self, trigrams: frozenset[str], threshold: float) -> tuple[Places, Scores]:
        """Return the places of the texts at least so similar to one with those trigrams, ascending, and the scores."""
        least = max(1, ceil(threshold * len(trigrams) - 1e-9))
        lists = self._lists(trigrams)
        if len(lists) < least:
            return np.empty(0, dtype=np.int64), np.empty(0)
        # Of the trigrams that no text has, the lists are empty: they are among the shortest.
        short = len(lists) - (least - 1)
        counts = np.bincount(np.concatenate(lists[:short]), minlength=len(self.sizes))
        candidates = np.flatnonzero(counts).astype(np.uint32)
        shared = counts[candidates]
        for left, places in zip(range(least - 1, 0, -1), lists[short:], strict=True):
            hopeful = shared >= least - left
            candidates, shared = candidates[hopeful], shared[hopeful]
            shared = shared + self._among(candidates, places)
        scores = shared / (len(trigrams) + self.sizes[candidates] - shared)
        good = scores >= threshold
        return candidates[good].astype(np.int64) + self.first, scores[good]

    def _among(self, candidates: npt.NDArray[np.uint32], places: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Say of each place whether it is in a list: by marking the list, or for few places by bisection."""
        if len(candidates) * _BISECTION_STEPS > len(places):
            marked = np.zeros(len(self.sizes), dtype=np.bool_)
            marked[places] = True
            return marked[candidates]
        at = np.searchsorted(places, candidates)
        at[at == len(places)] = 0
        there: npt.NDArray[np.bool_] = places[at] == candidates
        return there

    def _lists(self, trigrams: frozenset[str]) -> list[npt.NDArray[np.uint32]]:
        """Return the places of each of the trigrams that some text has, the shortest list first."""
        if not len(self.codes):
            return []
        letters = np.array([[ord(c) for c in trigram] for trigram in trigrams], dtype=np.int64).reshape(-1, 3)
        numbers = np.searchsorted(self.chars, letters)
        numbers[numbers == len(self.chars)] = 0
        numbers = numbers[(self.chars[numbers] == letters).all(axis=1)]
        codes = _coded(numbers[:, 0], numbers[:, 1], numbers[:, 2], _bits(len(self.chars)))
        at = np.searchsorted(self.codes, codes)
        at[at == len(self.codes)] = 0
        at = at[self.codes[at] == codes]
        lists = [self.places[self.starts[i] : self.starts[i + 1]] for i in at.tolist()]
        return sorted(lists, key=len)


def index_texts(texts: pl.Series) -> list[Trigrams]:
    """Return the index of texts without NULLs: in one piece, or in several where they have too many different
    characters."""
    words = _words(texts)
    return [t for start in range(0, len(words), 1 << 20) for t in _indexed(words.slice(start, 1 << 20), start)]


def _indexed(words: pl.Series, first: int) -> list[Trigrams]:
    text = "".join(words.to_list()) + "  "
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    seen = np.zeros(_CODEPOINTS, dtype=np.bool_)
    seen[letters] = True
    seen[_SPACE] = True
    chars = np.flatnonzero(seen)
    char_bits, place_bits = _bits(len(chars)), _bits(len(words))
    if 3 * char_bits + place_bits > _KEY_BITS:
        half = len(words) // 2
        return [*_indexed(words[:half], first), *_indexed(words[half:], first + half)]
    numbers = np.zeros(_CODEPOINTS, dtype=np.int64)
    numbers[chars] = np.arange(len(chars))
    lengths = words.str.len_chars().to_numpy().astype(np.int64)
    # A word ends where two spaces follow: what has both at its end is no trigram.
    inside = np.flatnonzero((letters[1:-1] != _SPACE) | (letters[2:] != _SPACE))
    owners = np.repeat(np.arange(len(words)), lengths)[inside]
    spelled = numbers[letters]
    keys = _coded(spelled[inside], spelled[inside + 1], spelled[inside + 2], char_bits) << place_bits
    keys |= owners
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    places = (keys & ((1 << place_bits) - 1)).astype(np.uint32)
    codes = keys >> place_bits
    starts = (
        np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]])) if len(codes) else np.empty(0, dtype=np.int64)
    )
    sizes = np.bincount(places, minlength=len(words)).astype(np.uint16)
    return [Trigrams(chars, codes[starts], np.append(starts, len(codes)), places, sizes, first)]


def _words(texts: pl.Series) -> pl.Series:
    """Return the words of each text, with two spaces before each. Only texts that are not ASCII take a Python loop."""
    folded = (
        texts.str.slice(0, TEXT_CHARS_MAX).str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "  ").str.strip_chars(" ")
    )
    odd = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    if len(odd):
        spelled = ["  ".join(_WORDS.findall(normalise(t[:TEXT_CHARS_MAX]))) for t in texts[odd].to_list()]
        folded = folded.scatter(odd, spelled)
    return "  " + folded


def _coded(
    a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], c: npt.NDArray[np.int64], bits: int
) -> npt.NDArray[np.int64]:
    code: npt.NDArray[np.int64] = (((a << bits) | b) << bits) | c
    return code


def _bits(count: int) -> int:
    return max(1, (count - 1).bit_length())
