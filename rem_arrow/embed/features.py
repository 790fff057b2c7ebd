"""The features of words: the word itself and its runs of 3 to 5 characters, each a 48-bit key.

A word stands between two boundary marks, so "<th" and "the" differ, and no run crosses a word. A key is

    bit 0        1 for a word, 0 for a run of characters
    bit 1        the sign
    bits 2-47    a hash of kind, length and characters; it chooses the place in the vector

Keys depend on nothing but the characters: the hash is a polynomial over code points modulo 2^64 with the finaliser of
splitmix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"), all in unsigned integers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

KEY_BITS = 48
RUN_CHARS = (3, 4, 5)

_WORDS_MAX = 65_536
_WORD_BIT = np.uint64(1)
_KEY_MASK = np.uint64((1 << KEY_BITS) - 2)
# Above every code point, so no character of a text is taken for a boundary.
_OPEN, _CLOSE = np.uint64(0x110001), np.uint64(0x110002)
_FACTOR = 0x9E3779B97F4A7C15

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


class WordFeatures(NamedTuple):
    """The keys of words: word i of those asked for has `keys[starts[i] : starts[i] + counts[i]]`."""

    keys: Keys
    starts: Places
    counts: Places


class FeatureCache:
    """The keys of words seen before, at most `words_max` and those of one request; when full it is cleared. Threads may
    share it."""

    def __init__(self, words_max: int = _WORDS_MAX) -> None:
        self._words_max = words_max
        self._lock = threading.Lock()
        self._clear()

    def of(self, words: Sequence[str]) -> WordFeatures:
        """Return the keys of words, in their order."""
        with self._lock:
            new = {word: None for word in words if word not in self._numbers}
            if new:
                if len(self._numbers) + len(new) > self._words_max:
                    self._clear()
                    new = dict.fromkeys(words)
                self._add(list(new))
            numbers = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
            # Arrays are replaced and never changed, so what is returned stays as it is.
            return WordFeatures(self._keys, self._starts[numbers], self._counts[numbers])

    def _clear(self) -> None:
        self._numbers: dict[str, int] = {}
        self._keys: Keys = np.empty(0, dtype=np.uint64)
        self._starts: Places = np.empty(0, dtype=np.int64)
        self._counts: Places = np.empty(0, dtype=np.int64)

    def _add(self, words: list[str]) -> None:
        keys, counts = word_keys(words)
        starts = len(self._keys) + np.cumsum(counts) - counts
        self._numbers.update(zip(words, range(len(self._numbers), len(self._numbers) + len(words)), strict=True))
        self._keys = np.concatenate([self._keys, keys])
        self._starts = np.concatenate([self._starts, starts])
        self._counts = np.concatenate([self._counts, counts])


def word_keys(words: Sequence[str]) -> tuple[Keys, Places]:
    """Return the keys of words, those of each word together, and how many each has.

    REQUIRES: words are not empty and hold no surrogates.
    """
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words)) + 2
    ends = np.cumsum(lengths)
    starts = ends - lengths
    codes = np.empty(int(ends[-1]), dtype=np.uint64)
    inner = np.ones(len(codes), dtype=np.bool_)
    inner[starts] = inner[ends - 1] = False
    codes[starts], codes[ends - 1] = _OPEN, _CLOSE
    codes[inner] = np.frombuffer("".join(words).encode("utf-32-le"), dtype="<u4")
    owner = np.repeat(np.arange(len(words)), lengths)
    left = ends[owner] - np.arange(len(codes))
    hashes = [_word_hashes(codes, starts, lengths)]
    owners = [np.arange(len(words))]
    for size in RUN_CHARS:
        places = np.flatnonzero(left >= size)
        hashed = np.full(len(places), size, dtype=np.uint64)
        for step in range(size):
            hashed = hashed * np.uint64(_FACTOR) + codes[places + step]
        hashes.append(_mixed(hashed) & _KEY_MASK)
        owners.append(owner[places])
    order = np.argsort(np.concatenate(owners), kind="stable")
    keys = np.concatenate(hashes)[order]
    counts: Places = np.ones(len(words), dtype=np.int64)
    for size in RUN_CHARS:
        counts += np.maximum(lengths - size + 1, 0)
    return keys, counts


def _word_hashes(codes: Keys, starts: Places, lengths: Places) -> Keys:
    """Return the keys of whole words: a polynomial over their characters, by position from the word's start."""
    steps = np.arange(int(lengths.max()))
    powers = np.array([pow(_FACTOR, int(step) + 1, 1 << 64) for step in steps], dtype=np.uint64)
    within = np.arange(len(codes)) - np.repeat(starts, lengths)
    sums = np.add.reduceat(codes * powers[within], starts)
    return (_mixed(sums + lengths.astype(np.uint64)) & _KEY_MASK) | _WORD_BIT


def _mixed(hashed: Keys) -> Keys:
    """Return the numbers with every bit depending on every other one."""
    hashed = (hashed ^ (hashed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashed = (hashed ^ (hashed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = hashed ^ (hashed >> np.uint64(31))
    return mixed
