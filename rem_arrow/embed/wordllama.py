"""The default embedder: the sum of static word vectors, and beside it a sketch of the words themselves.

    text -> words (tokens.py), of getUserById also get, User, By and Id -> their vectors (static_words.py)
        meaning   256 numbers: the sum over the words, length 1
        spelling  256 numbers: each distinct word adds sqrt(times in the text) x the length of its vector, signed, at
                  two places that a hash of its stem chooses; length 0.5 sqrt(distinct words / 40), at most 0.5
    -> both beside each other, length 1

The first line of several is a title, which says more than as many words of the rest: its words count twice, or so often
that they are 15 for 100 of the rest.

The meaning of a long text is a mean that says little of any one word, so the spelling counts more the more words there
are; among short texts, which are paraphrases of each other without a word in common, it hardly counts. Words are
weighed by the lengths of their vectors, which were trained to be added; inverse frequencies on top, and removing the
first principal components, were measured and changed nothing (see the guide on embedders).

Sums are of whole numbers, so the vector of a text depends on nothing but the text and the package's files.

Source: Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings"; Weinberger et al. 2009,
"Feature hashing for large scale multitask learning".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rem_arrow.base.errors import InputError
from rem_arrow.embed.embedder import Metric, Vectors, foreign
from rem_arrow.embed.static_words import DIMENSION, PACKAGE, Words, is_installed, shared_words
from rem_arrow.embed.tokens import in_groups, words_of

NAME = "wordllama"
SPELLING_DIMENSION = 256

_BATCH_MAX = 4_096
# A group of texts is summed at once: the vectors of its words stay in the processor's cache.
_GROUP_WORDS = 1_024
# Sums of so many words stay below 2^24 units in each number.
_NARROW_WORDS_MAX = 1_600
_NUMBER_BITS = 32
_TIMES_UNIT = 1_024
_SPELLING_SHARE = 0.5
_SPELLING_WORDS = 40
_TITLE_WORDS_MAX, _TITLE_TIMES_MIN, _TITLE_SHARE = 24, 2, 0.15

# Where a part of a name such as getUserById begins, and such names.
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HUMPED = re.compile(r"\w*[a-z0-9][A-Z]\w*")

Numbers = npt.NDArray[np.int64]


class WordLlamaEmbedder:
    """Embeds texts by the meaning of their words and, the longer they are, by the words themselves.

    A text without letters, digits or symbols gets the zero vector, which is like nothing.

    Raises InputError if the package with the vectors of words is not installed.
    """

    name = NAME
    dimension = DIMENSION + SPELLING_DIMENSION
    metric: Metric = "cosine"
    batch_max = _BATCH_MAX

    def __init__(self) -> None:
        if not is_installed():
            raise InputError(f"{NAME} needs a library that is not installed: pip install {PACKAGE}")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1 (0 for a text without words), float32, shape (len(texts), 512)."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        start = 0
        for group in in_groups(map(_weighed_words, texts), _GROUP_WORDS):
            _embed_group(group, vectors[start : start + len(group)])
            start += len(group)
        return vectors


def meanings(phrases: Sequence[str]) -> Vectors:
    """Return the meaning alone of words and phrases, length 1 (0 without words), shape (len(phrases), 256)."""
    vectors = np.zeros((len(phrases), DIMENSION), dtype=np.float32)
    start = 0
    for group in in_groups(map(_weighed_words, phrases), _GROUP_WORDS):
        distinct = _Distinct(group)
        if len(distinct.numbers):
            vectors[start : start + len(group)][distinct.rows] = distinct.meaning()
        start += len(group)
    return vectors


class _Distinct:
    """The distinct words of a group of texts: those of the text `rows[i]` begin at `begins[i]`; `times` is how often
    each is in its text. Texts without words are left out."""

    def __init__(self, group: list[list[str]]) -> None:
        words = [word for text in group for word in text]
        numbers, self.words = _numbered(words)
        text_of_word = np.repeat(np.arange(len(group), dtype=np.int64), [len(text) for text in group])
        keys = text_of_word << _NUMBER_BITS | numbers
        keys.sort()
        firsts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
        self.times: Numbers = np.diff(firsts, append=len(keys))
        self.numbers: Numbers = keys[firsts] & ((1 << _NUMBER_BITS) - 1)
        texts = keys[firsts] >> _NUMBER_BITS
        self.begins: Numbers = np.flatnonzero(np.concatenate([[True], texts[1:] != texts[:-1]])[: len(texts)])
        self.rows: Numbers = texts[self.begins]
        self.counts: Numbers = np.diff(self.begins, append=len(texts))

    def meaning(self) -> npt.NDArray[np.float64]:
        """Return the sums of the vectors of the words, length 1, a row for each text."""
        # Whole numbers, so a product in any order is exact as long as the sums have 24 bits, or 53.
        exact: type[np.floating[Any]] = np.float32 if int(self.times.sum()) <= _NARROW_WORDS_MAX else np.float64
        vectors: npt.NDArray[Any] = self.words.vectors[self.numbers].astype(exact, copy=False)
        times: npt.NDArray[Any] = self.times.astype(exact)
        sums: npt.NDArray[np.float64] = np.empty((len(self.rows), DIMENSION))
        for row, (begin, count) in enumerate(zip(self.begins.tolist(), self.counts.tolist(), strict=True)):
            sums[row] = times[begin : begin + count] @ vectors[begin : begin + count]
        return _unit(sums)

    def spelling(self) -> npt.NDArray[np.float64]:
        """Return the sketches of the words, length 1, a row for each text."""
        text = np.repeat(np.arange(len(self.rows)), self.counts) * SPELLING_DIMENSION
        weights = self.words.lengths[self.numbers] * _root_units(self.times)
        keys = self.words.keys[self.numbers]
        sums = np.zeros(len(self.rows) * SPELLING_DIMENSION)
        for shift in (0, 32):
            half = keys >> np.uint64(shift)
            places = text + (half % np.uint64(SPELLING_DIMENSION)).astype(np.int64)
            signs = 1 - 2 * ((half >> np.uint64(16)) & np.uint64(1)).astype(np.int64)
            sums += np.bincount(places, weights * signs, minlength=len(sums))
        return _unit(sums.reshape(-1, SPELLING_DIMENSION))


def _embed_group(group: list[list[str]], out: Vectors) -> None:
    """Write the vectors of texts, each a list of words; texts without words are left as they are."""
    distinct = _Distinct(group)
    if not len(distinct.numbers):
        return
    share = _SPELLING_SHARE * np.sqrt(np.minimum(distinct.counts / _SPELLING_WORDS, 1.0))[:, None]
    out[distinct.rows] = _unit(np.concatenate([distinct.meaning(), share * distinct.spelling()], axis=1))


def _numbered(words: list[str]) -> tuple[Numbers, Words]:
    with foreign(NAME):
        return shared_words().of(words)


def _root_units(times: Numbers) -> Numbers:
    """Return the square roots of counts, in units of 1/1024."""
    roots: Numbers = np.rint(np.sqrt(times) * _TIMES_UNIT).astype(np.int64)
    return roots


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return rows at length 1; zero rows stay."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    lengths[lengths == 0] = 1
    rows /= lengths[:, None]
    return rows


def _weighed_words(text: str) -> list[str]:
    """Return the words of a text, those of its title as often as they count."""
    title, _, body = text.partition("\n")
    body_words = _words(body)
    if not body_words:
        return _words(title)
    title_words = _words(title)
    times = 1
    if 0 < len(title_words) <= _TITLE_WORDS_MAX:
        times = max(_TITLE_TIMES_MIN, round(_TITLE_SHARE * len(body_words) / len(title_words)))
    return title_words * times + body_words


def _words(text: str) -> list[str]:
    """Return the words of a text, and behind them the parts of names such as getUserById."""
    words = words_of(text)
    if _HUMP.search(text):
        words += words_of(_HUMP.sub(" ", " ".join(_HUMPED.findall(text))))
    return words
