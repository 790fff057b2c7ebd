"""Similarity by trigrams, against every text compared one by one."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rem_arrow.index import trigrams as module
from rem_arrow.index.trigrams import TEXT_CHARS_MAX, Queries, index_texts
from tests.effort import examples

WORDS = st.text(alphabet="abcéß Ñöλ漢-_0 .İK\u0301\t", max_size=12)


def plain_trigrams(text: str) -> set[str]:
    """Spelled out once more, character by character."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(c for c in folded if not unicodedata.combining(c)).casefold()
    found: set[str] = set()
    for word in re.split(r"[\W_]+", folded):
        padded = f"  {word} "
        found |= {padded[i : i + 3] for i in range(len(padded) - 2)} if word else set()
    return found


def brute_force(texts: list[str], query: str, threshold: float) -> list[tuple[int, float]]:
    wanted = plain_trigrams(query)
    found = []
    for place, text in enumerate(texts):
        shared = len(wanted & plain_trigrams(text))
        if shared:
            score = shared / len(wanted | plain_trigrams(text))
            if score >= threshold:
                found.append((place, score))
    return found


def indexed_many(texts: list[str], queries: list[str], thresholds: list[float]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[] for _ in queries]
    asked = Queries.of(pl.Series(queries, dtype=pl.String))
    for index in index_texts(pl.Series(texts, dtype=pl.String)):
        for query, place, score in zip(
            *map(np.ndarray.tolist, index.similar(asked, np.array(thresholds))), strict=True
        ):
            found[query].append((place, score))
    return found


def indexed(texts: list[str], query: str, threshold: float) -> list[tuple[int, float]]:
    return indexed_many(texts, [query], [threshold])[0]


def trigrams(text: str) -> set[str]:
    codes = Queries.of(pl.Series([text])).codes.tolist()
    return {"".join(chr(code >> shift & 0x1FFFFF) for shift in (42, 21, 0)) for code in codes}


@given(st.lists(WORDS, max_size=12), WORDS, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]))
@example(["a", "", "-", "A", "ab", "b a"], "a", 0.0)
@example(["straße", "STRASSE", "strasse"], "Strasse", 1.0)
@example([], "abc", 0.3)
@settings(max_examples=examples(400))
def test_the_index_finds_what_a_comparison_of_all_texts_finds(texts, query, threshold):
    """The same places, in order, with the same scores."""
    assert indexed(texts, query, threshold) == brute_force(texts, query, threshold)


@given(
    st.lists(WORDS, max_size=12),
    st.lists(st.tuples(WORDS, st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.6, 0.9, 1.0])), max_size=6),
    st.sampled_from([1, 40]),
)
@settings(max_examples=examples(200))
def test_many_queries_find_what_each_finds(texts, asked, places_at_once):
    """Each with a threshold of its own, in batches of a few and of many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PLACES_AT_ONCE", places_at_once)
        found = indexed_many(texts, [q for q, _ in asked], [t for _, t in asked])
    assert found == [brute_force(texts, query, threshold) for query, threshold in asked]


@given(st.lists(st.text(max_size=8), max_size=8), st.text(max_size=8))
@settings(max_examples=examples(200))
def test_any_characters_can_be_indexed(texts, query):
    """Control characters, symbols of any plane, marks without a letter."""
    texts = [t.encode("utf-8", "ignore").decode() for t in texts]
    assert indexed(texts, query, 0.2) == brute_force(texts, query, 0.2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat", {"  c", " ca", "cat", "at "}),
        ("foo|bar", {"  f", " fo", "foo", "oo ", "  b", " ba", "bar", "ar "}),
        ("É", {"  e", " e "}),
        ("_-!", set()),
        ("", set()),
    ],
)
def test_trigrams_are_those_of_pg_trgm(text, expected):
    """The examples of its manual, and what is folded away."""
    assert trigrams(text) == expected


def test_too_many_characters_are_indexed_in_pieces(monkeypatch):
    """A key holds three characters and a place; where these do not fit, the texts are halved."""
    monkeypatch.setattr(module, "_KEY_BITS", 22)
    texts = [chr(0x4E00 + i) + chr(0x4E80 + i) + "x" for i in range(100)]
    assert len(index_texts(pl.Series(texts))) > 1
    for query in texts[::9]:
        assert indexed(texts, query, 0.3) == brute_force(texts, query, 0.3)


def test_a_long_text_counts_by_its_beginning():
    """Names are not so long; a document in a field called title does not fill the memory."""
    long = "begin " + "xyz" * TEXT_CHARS_MAX
    ((place, _),) = indexed([long], long[:TEXT_CHARS_MAX], 0.99)
    assert place == 0
    assert trigrams(long) == trigrams(long[:TEXT_CHARS_MAX])


def test_many_texts_with_common_trigrams():
    """The count filter leaves the longest lists out, and still finds all."""
    random = np.random.default_rng(7)
    texts = [
        "".join(chr(97 + c) for c in random.integers(0, 4, random.integers(1, 9))) + " common end" for _ in range(3_000)
    ]
    queries = ["abca common end", "common", "dddd", "abc comon edn"]
    for threshold in (0.05, 0.3, 0.6):
        found = indexed_many(texts, queries, [threshold] * len(queries))
        assert found == [brute_force(texts, query, threshold) for query in queries]
