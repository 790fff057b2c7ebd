"""Vectors of words without a network: the subword vectors of the package `wordllama`, read from its own two files.

    wordllama/weights/l2_supercat_256.safetensors          float16, 32,000 subwords x 256
    wordllama/tokenizers/l2_supercat_tokenizer_config.json the subwords of a word, by byte-pair encoding

Only the folder of that package is asked for: importing it would bring 600 modules, and its loader looks on a hub. The
files are read when the first word is asked for, in about a tenth of a second.

The vector of a word is the sum of those of its subwords. It is kept in whole units of 1/1024, so that sums of words are
exact in any order, and a text has the same vector whatever is embedded beside it. The vectors were trained to be added,
so their lengths already weigh the words: "the" has length 1.6, "database" 16.

Source: Miller 2024, WordLlama; Sennrich et al. 2016, arXiv:1508.07909 (byte-pair encoding).
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "wordllama"
DIMENSION = 256
UNIT = 1_024

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_WORDS_MAX = 32_768
_ROWS_MIN = 2_048
_STEM_CHARS = 6
_LINE_WORDS = 64
_MARK = "▁"

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float32]
T = TypeVar("T", bound=np.generic)


class _Files(NamedTuple):
    """What the package's files hold, and which subwords begin a word."""

    tokenizer: Tokenizer
    table: npt.NDArray[np.float16]
    begins_word: npt.NDArray[np.bool_]


class Words(NamedTuple):
    """Words seen so far. What an array holds is never changed, so those that were given stay as they are.

    Attributes:
        vectors: whole numbers of units of 1/1024, shape (words, 256).
        lengths: of the vectors, in whole units.
        keys: a hash of the first 6 characters of each word: inflections mostly share them.
    """

    vectors: Rows
    lengths: Numbers
    keys: npt.NDArray[np.uint64]


class StaticWords:
    """The vectors of words, at most `words_max` of them and those of one request held; when full they are forgotten.
    Threads may share it."""

    def __init__(self, words_max: int = _WORDS_MAX) -> None:
        self._words_max = words_max
        self._lock = threading.Lock()
        self._files: _Files | None = None
        self._clear()

    def of(self, words: Sequence[str]) -> tuple[Numbers, Words]:
        """Return the numbers of words, in their order, and the words that they number."""
        with self._lock:
            new = {word: None for word in words if word not in self._numbers}
            if new:
                if len(self._numbers) + len(new) > self._words_max:
                    self._clear()
                    new = dict.fromkeys(words)
                self._add(list(new))
            numbers = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
            return numbers, self._words

    def _clear(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words = Words(np.empty((0, DIMENSION), np.float32), np.empty(0, np.int64), np.empty(0, np.uint64))
        self._room = self._words

    def _add(self, new: list[str]) -> None:
        before, after = len(self._numbers), len(self._numbers) + len(new)
        if after > len(self._room.lengths):
            rows = max(after, 2 * before, _ROWS_MIN)
            vectors, lengths, keys = self._room
            self._room = Words(_extended(vectors, rows), _extended(lengths, rows), _extended(keys, rows))
        sums = self._vectors(new)
        self._room.vectors[before:after] = sums
        squares = np.einsum("ij,ij->i", sums, sums, dtype=np.float64)
        self._room.lengths[before:after] = np.maximum(np.rint(np.sqrt(squares)), 1)
        self._room.keys[before:after] = _stem_keys(new)
        vectors, lengths, keys = self._room
        self._words = Words(vectors[:after], lengths[:after], keys[:after])
        self._numbers.update(zip(new, range(before, after), strict=True))

    def _vectors(self, words: list[str]) -> Rows:
        """Return the sums of the vectors of the words' subwords."""
        if self._files is None:
            self._files = _loaded()
        tokenizer, table, begins_word = self._files
        # The encoder marks the beginning of a word, and no subword reaches over it. A line of words takes a third of
        # the time of its words alone, and a batch of lines would start threads, of which a forked process warns.
        plain = [word.replace(_MARK, "_") for word in words]
        subwords = np.concatenate(
            [
                np.asarray(tokenizer.encode(" ".join(plain[i : i + _LINE_WORDS]), add_special_tokens=False).ids)
                for i in range(0, len(plain), _LINE_WORDS)
            ]
        )
        starts = np.flatnonzero(begins_word[subwords])
        assert len(starts) == len(words), "each word begins with the mark, and holds no other"
        units = table[subwords].astype(np.float32)
        units *= UNIT
        return _summed(np.rint(units, out=units), starts)


def _summed(rows: Rows, starts: npt.NDArray[np.intp]) -> Rows:
    """Return the sums of the rows from each start to the next: all first rows, then all second ones, and so on, which
    is ten times as fast as `reduceat` along columns."""
    sums = rows[starts]
    counts = np.diff(starts, append=len(rows))
    longer = np.flatnonzero(counts > 1)
    place = 1
    while len(longer):
        sums[longer] += rows[starts[longer] + place]
        place += 1
        longer = longer[counts[longer] > place]
    return sums


def _extended(part: npt.NDArray[T], rows: int) -> npt.NDArray[T]:
    """Return a copy of an array with room for `rows` rows."""
    extended: npt.NDArray[T] = np.empty((rows, *part.shape[1:]), dtype=part.dtype)
    extended[: len(part)] = part
    return extended


def _stem_keys(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    stems = (word[:_STEM_CHARS].encode("utf-8", "surrogatepass") for word in words)
    return np.frombuffer(b"".join(hashlib.blake2b(stem, digest_size=8).digest() for stem in stems), dtype="<u8")


@cache
def shared_words() -> StaticWords:
    """Return the vectors of words that this process shares, loaded once."""
    return StaticWords()


def is_installed() -> bool:
    """Say whether the package with the vectors is there; nothing is imported."""
    return _folder() is not None


def _folder() -> Path | None:
    """Return the folder of the package."""
    if PACKAGE in sys.modules and sys.modules[PACKAGE] is None:
        return None
    spec = find_spec(PACKAGE)
    folders = None if spec is None else spec.submodule_search_locations
    return Path(folders[0]) if folders else None


def _loaded() -> _Files:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = _folder()
    if folder is None:
        raise ModuleNotFoundError(f"the package {PACKAGE} is not installed")
    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (table,) = load_file(folder / _WEIGHTS).values()
    begins_word = np.zeros(len(table), dtype=np.bool_)
    begins_word[[number for subword, number in tokenizer.get_vocab().items() if subword.startswith(_MARK)]] = True
    return _Files(tokenizer, table, begins_word)
