"""Texts by their trigrams: which are similar to others, and how much.

As in PostgreSQL's pg_trgm: a text is its words (runs of letters and digits, without case and accents), each with two
spaces before it and one behind; its trigrams are all pieces of three characters, each once; the similarity of two texts
is the number of trigrams that they share, divided by the number that either has. An index holds, for each trigram, the
places of the texts that have it:

    codes    int64[trigrams], ascending     the trigram: three code points
    starts   int64[trigrams + 1]            where its places begin
    places   uint32[]                       ascending within a trigram
    begins   uint32[texts + 1]              where the trigrams of a text begin in
    numbers  uint32[]                       numbers of trigrams: places in `codes`

It is exact: no trigram stands for another. Many texts are asked about at once. A text that shares c trigrams with a
query is in at least one of all but the c - 1 longest of the query's lists; so only the shorter ones are read, and of
the others it is looked up whether they have a text that may still be similar enough (the count filter of Sarawagi and
Kirpal, SIGMOD 2004).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.index.words import normalise

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.index.arrays import Ints

    Scores = npt.NDArray[np.float64]

_WORDS = re.compile(r"[^\W_]+")
_CODEPOINTS = 0x110000
_CODEPOINT_BITS = 21
_SPACE = 32
_KEY_BITS = 63
# So many places are read from lists at a time.
_PLACES_AT_ONCE = 1 << 17
_FLAGS_MAX = 1 << 20
_HITS_MAX = 3
_BOUNDS = 24
# What is less than this is rounding.
_ROUNDING = 1e-9
# Longer texts are no names; what is behind is left out.
TEXT_CHARS_MAX = 512


class Matches(NamedTuple):
    """Texts that are similar to a query: the number of the query, ascending; the place of the text, ascending in each
    query; how similar."""

    query: Ints
    place: Ints
    score: Scores


NOTHING = Matches(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, eq=False, slots=True)
class Queries:
    """Texts that are asked about: the trigrams of query i are those from `starts[i]` to `starts[i + 1]`, each once, as
    places in `codes`, which ascend."""

    codes: Ints
    trigrams: Ints
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """How many trigrams each has: none where it has neither letters nor digits."""
        return np.diff(self.starts)

    @staticmethod
    def of(texts: pl.Series) -> Queries:
        """Return the queries of texts without NULLs."""
        owners, a, b, c = _trigrams(_words(texts))
        codes, numbers = np.unique(_coded(a, b, c, _CODEPOINT_BITS), return_inverse=True)
        bits = _bits(len(codes))
        pairs = np.unique(owners << bits | numbers)
        starts = np.searchsorted(pairs, np.arange(len(texts) + 1) << bits)
        return Queries(codes, pairs & ((1 << bits) - 1), starts)

    def some(self, which: Ints) -> Queries:
        """Return the queries of these numbers."""
        sizes = self.sizes[which]
        return Queries(self.codes, self.trigrams[_ranges(self.starts[which], sizes)], np.append(0, np.cumsum(sizes)))


@dataclass(frozen=True, eq=False, slots=True)
class Trigrams:
    """An index of texts by place, of which `first` is the first. Immutable."""

    codes: Ints
    cuts: npt.NDArray[np.uint32]
    places: npt.NDArray[np.uint32]
    numbers: npt.NDArray[np.uint32]
    begins: npt.NDArray[np.uint32]
    texts: npt.NDArray[np.uint32]
    bounds: Ints
    first: int

    @property
    def bytes(self) -> int:
        arrays = (self.codes, self.cuts, self.places, self.numbers, self.begins, self.texts, self.bounds)
        return sum(a.nbytes for a in arrays)

    def similar(self, queries: Queries, thresholds: Scores) -> Matches:
        """Return the texts at least so similar to each query as its threshold says; those that share no trigram are
        never."""
        if not len(self.codes):
            return NOTHING
        numbers, known = self._lists(queries)
        shared = np.add.reduceat(np.append(known, 0), queries.starts[:-1], dtype=np.int64) * (queries.sizes > 0)
        # Whoever shares more trigrams than any text has is similar to none.
        which = np.flatnonzero((shared >= _least(queries.sizes, thresholds)) & (shared > 0))
        if len(which) < len(shared):
            found = self.similar(queries.some(which), thresholds[which]) if len(which) else NOTHING
            return found._replace(query=which[found.query])
        asked = self._asked(queries, numbers, known, thresholds)
        work = np.bincount(asked.owners, asked.ends - asked.begins, minlength=len(asked.hits)).astype(np.int64)
        count_max = max(1, min(1 << (32 - _bits(len(self.texts))), _FLAGS_MAX // len(self.codes)))
        is_of = np.zeros(min(count_max, len(work)) * len(self.codes), dtype=np.bool_)
        parts = [NOTHING]
        for count in range(1, _HITS_MAX + 1):
            of_count = np.flatnonzero((asked.hits == count) & (work > 0))
            for begin, end in _batches(work[of_count], count_max):
                which = of_count[begin:end]
                query, place = self._candidates(asked, which, count)
                parts.append(self._matches(asked, thresholds, which, query, place, is_of))
        query, place, score = map(np.concatenate, zip(*parts, strict=True))
        text = self.texts[place].astype(np.int64) + self.first
        order = np.lexsort((text, query))
        return Matches(query[order], text[order], score[order])

    def _lists(self, queries: Queries) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the number of each trigram of each query, and whether any text has it."""
        numbers = np.searchsorted(self.codes, queries.codes)
        numbers[numbers == len(self.codes)] = 0
        known = self.codes[numbers] == queries.codes
        return numbers[queries.trigrams], known[queries.trigrams]

    def _asked(self, queries: Queries, numbers: Ints, known: npt.NDArray[np.bool_], thresholds: Scores) -> _Asked:
        """Return the lists of the trigrams of each query, the shortest first, and what is read of them.

        A similar text of size m shares c(m) = t (n + m) / (1 + t) of the n trigrams of a query with threshold t. So at
        least h of them are in the n - c(m) + h shortest lists, and of a longer one only shorter texts are read.
        """
        sizes = queries.sizes
        least = _least(sizes, thresholds)
        hits = np.minimum(least, _HITS_MAX)
        owners = np.repeat(np.arange(len(sizes)), sizes)
        lengths = np.where(known, (self.cuts[:, -1] - self.cuts[:, 0])[numbers], 0)
        order = np.argsort(owners << 32 | lengths)
        numbers, known = numbers[order], known[order]
        own, bound = sizes[owners], np.maximum(thresholds, _ROUNDING)[owners]
        shared = np.repeat(queries.starts[1:] + hits - 1, sizes) - np.arange(len(owners))
        largest = shared * (1 + bound) / bound - own + _ROUNDING
        read = known & (shared >= least[owners])
        low = np.searchsorted(self.bounds, bound * own - _ROUNDING, side="right") - 1
        high = np.searchsorted(self.bounds, np.minimum(largest, own / bound + _ROUNDING), side="right")
        begins = self.cuts[numbers, np.maximum(low, 0)].astype(np.int64)
        ends = np.maximum(begins, self.cuts[numbers, high])
        return _Asked(owners, numbers, known, begins, np.where(read, ends, begins), queries.starts, hits)

    def _candidates(self, asked: _Asked, which: Ints, count: int) -> tuple[Ints, Ints]:
        """Return the texts that stand in so many of the lists that are read: the place of the query among those in
        `which`, and the text."""
        counts = np.diff(asked.starts)[which]
        at = _ranges(asked.starts[which], counts)
        owners = np.repeat(np.arange(len(which), dtype=np.uint32), counts)
        begins, ends = asked.begins[at], asked.ends[at]
        spans, lengths = zip(begins.tolist(), ends.tolist(), strict=True), ends - begins
        bits = _bits(len(self.texts))
        pairs = np.concatenate([self.places[a:b] for a, b in spans])
        pairs |= np.repeat(owners << np.uint32(bits), lengths)
        pairs.sort()
        last = len(pairs) - count + 1
        often = pairs[:last][pairs[count - 1 :] == pairs[:last]]
        once = np.ones(len(often), dtype=np.bool_)
        np.not_equal(often[1:], often[:-1], out=once[1:])
        often = often[once].astype(np.int64)
        return often >> bits, often & ((1 << bits) - 1)

    def _matches(
        self, asked: _Asked, thresholds: Scores, which: Ints, query: Ints, place: Ints, is_of: npt.NDArray[np.bool_]
    ) -> Matches:
        """Return those candidates that are similar enough, compared by all of their trigrams."""
        counts, bounds = np.diff(asked.starts)[which], thresholds[which]
        own, bound = counts[query], bounds[query]
        sizes = (self.begins[place + 1] - self.begins[place]).astype(np.int64)
        likely = (sizes >= bound * own - _ROUNDING) & (sizes * bound <= own + _ROUNDING)
        query, place, own, sizes = (a[likely] for a in (query, place, own, sizes))
        at = _ranges(asked.starts[which], counts)
        flags = (np.repeat(np.arange(len(which)) * len(self.codes), counts) + asked.numbers[at])[asked.known[at]]
        is_of[flags] = True
        offsets = (
            np.repeat(query * len(self.codes), sizes)
            + self.numbers[_ranges(self.begins[place].astype(np.int64), sizes)]
        )
        shared = np.add.reduceat(is_of[offsets], np.cumsum(sizes) - sizes, dtype=np.int64) if len(place) else sizes
        is_of[flags] = False
        score = shared / (own + sizes - shared)
        good = score >= bounds[query]
        return Matches(which[query[good]], place[good], score[good])


class _Asked(NamedTuple):
    """The lists of some queries, the shortest of each first: of which query, the number of the trigram, whether any
    text has it, from where to where it is read; where the lists of each query begin; in how many of those that are read
    a similar text stands at least."""

    owners: Ints
    numbers: Ints
    known: npt.NDArray[np.bool_]
    begins: Ints
    ends: Ints
    starts: Ints
    hits: Ints


def _least(sizes: Ints, thresholds: Scores) -> Ints:
    """Return how many trigrams a text shares at least with a query to which it is similar enough."""
    return np.maximum(1, np.ceil(thresholds * sizes - _ROUNDING)).astype(np.int64)


def _batches(work: Ints, count_max: int) -> list[tuple[int, int]]:
    """Return ranges of queries that read about as many places as are read at a time, and are not too many."""
    steps = np.cumsum(work) // _PLACES_AT_ONCE
    bounds = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(work)]
    return [(begin, min(begin + count_max, b)) for a, b in pairwise(bounds) for begin in range(a, b, count_max)]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """Return the numbers of all ranges that begin at `starts` and have these lengths, one after the other."""
    total = np.cumsum(lengths)
    steps = np.repeat(starts - total + lengths, lengths)
    return steps + np.arange(len(steps))


def index_texts(texts: pl.Series) -> list[Trigrams]:
    """Return the index of texts without NULLs: in one piece, or in several where they have too many different
    characters."""
    words = _words(texts)
    return [t for start in range(0, len(words), 1 << 20) for t in _indexed(words.slice(start, 1 << 20), start)]


def _indexed(words: pl.Series, first: int) -> list[Trigrams]:
    owners, a, b, c = _trigrams(words)
    seen = np.zeros(_CODEPOINTS, dtype=np.bool_)
    for letters in (a, b, c):
        seen[letters] = True
    chars = np.flatnonzero(seen)
    char_bits, place_bits = _bits(len(chars)), _bits(len(words))
    if 3 * char_bits + place_bits > _KEY_BITS:
        half = len(words) // 2
        return [*_indexed(words[:half], first), *_indexed(words[half:], first + half)]
    numbers = np.zeros(_CODEPOINTS, dtype=np.int64)
    numbers[chars] = np.arange(len(chars))
    keys = _coded(numbers[a], numbers[b], numbers[c], char_bits) << place_bits | owners
    keys.sort()
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    places, short = keys & ((1 << place_bits) - 1), keys >> place_bits
    begins = np.concatenate([[True], short[1:] != short[:-1]]) if len(short) else np.empty(0, dtype=np.bool_)
    starts = np.flatnonzero(begins)
    codes = short[starts]
    mask = (1 << char_bits) - 1
    # Characters are numbered as they are ordered, so whole codes ascend as the short ones do.
    a, b, c = (chars[codes >> shift & mask] for shift in (2 * char_bits, char_bits, 0))
    whole = _coded(a, b, c, _CODEPOINT_BITS)
    return [_by_size(whole, np.cumsum(begins) - 1, places, len(words), first)]


def _by_size(codes: Ints, numbers: Ints, places: Ints, count: int, first: int) -> Trigrams:
    """Return the index of texts that have these trigrams, by number, and renumber them by how many they have."""
    sizes = np.bincount(places, minlength=count)
    texts = np.argsort(sizes, kind="stable")
    renumbered = np.empty(count, dtype=np.int64)
    renumbered[texts] = np.arange(count)
    bits, code_bits = _bits(count), _bits(len(codes))
    keys = numbers << bits | renumbered[places]
    keys.sort()
    # Of the different sizes some, such that about as many texts lie between any two.
    bounds = np.unique(sizes[texts[np.linspace(0, count - 1, _BOUNDS).astype(np.int64)]]) if count else sizes
    firsts = np.append(np.searchsorted(sizes[texts], bounds), count)
    cuts = np.searchsorted(keys, ((np.arange(len(codes))[:, None] << bits) + firsts).ravel()).reshape(
        len(codes), len(firsts)
    )
    lists = (keys & ((1 << bits) - 1)) << code_bits | keys >> bits
    lists.sort()
    begins = np.append(0, np.cumsum(sizes[texts]))
    return Trigrams(
        codes,
        cuts.astype(np.uint32),
        (keys & ((1 << bits) - 1)).astype(np.uint32),
        (lists & ((1 << code_bits) - 1)).astype(np.uint32),
        begins.astype(np.uint32),
        texts.astype(np.uint32),
        bounds,
        first,
    )


def _trigrams(words: pl.Series) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the trigrams of texts in the form of `_words`, in their order: the place of the text, three
    characters."""
    letters = np.frombuffer(("".join(words.to_list()) + "  ").encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = words.str.len_chars().to_numpy().astype(np.int64)
    # A word ends where two spaces follow: what has both at its end is no trigram.
    inside = np.flatnonzero((letters[1:-1] != _SPACE) | (letters[2:] != _SPACE))
    owners = np.repeat(np.arange(len(words)), lengths)[inside]
    a, b, c = (letters[inside + i].astype(np.int64) for i in range(3))
    return owners, a, b, c


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


def _coded(a: Ints, b: Ints, c: Ints, bits: int) -> Ints:
    code: Ints = (((a << bits) | b) << bits) | c
    return code


def _bits(count: int) -> int:
    return max(1, (count - 1).bit_length())
