"""Words are found however they are spelled: case, accents, parts of names, scripts without spaces; phrases and
signs."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.index.text_index import TextIndex
from rem_arrow.index.words import normalise, normalised, spelled

TEXTS = [
    "call getUserById of HTTPServer",
    "user_id and GET_ROW",
    "玛丽居里发现了镭元素",
    "日本語のテスト文章です",
    "ภาษาไทยไม่มีช่องว่าง",
    "한국어를 검색한다",
    "Ελλάδα ΣΙΣΥΦΟΣ",
    "ёлка İstanbul",
    "שָׁלוֹם مَرْحَبًا",
    "ｶﾞｷﾞ ﬁn Straße smørrebrød",
    "नमस्ते दुनिया",
    "x" * 300 + " " + "日" * 300,
    "red fox jumps over the lazy dog",
    "the fox is red, the dog is not",
]


def index_of(texts: list[str]) -> TextIndex:
    index = TextIndex()
    index.put(np.arange(len(texts)), np.zeros(len(texts), dtype=np.uint32), texts)
    index.commit()
    return index


@pytest.fixture(scope="module")
def index() -> TextIndex:
    return index_of(TEXTS)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("user", [0, 1]),
        ("server", [0]),
        ("http", [0]),
        ("getuserbyid", [0]),
        ("get_user_by_id", [0, 1]),
        ("+get_user_by_id", [0]),
        ("userId", [0, 1]),
        ("getRow", [0, 1]),
        ("居里", [2]),
        ("语", []),
        ("語", [3]),
        ("日本", [3]),
        ("テスト", [3]),
        ("ภาษา", [4]),
        ("ช่อง", [4]),
        ("검색", [5]),
        ("ελλαδα", [6]),
        ("σισυφος", [6]),
        ("елка", [7]),
        ("istanbul", [7]),
        ("שלום", [8]),
        ("مرحبا", [8]),
        ("ガギ", [9]),
        ("FIN", [9]),
        ("STRASSE", [9]),
        ("smorrebrod", [9]),
        ("नमस्ते", [10]),
        ("X" * 300, [11]),
        ("x" * 299, []),
        ("日" * 300, [11]),
        ("red fox", [12, 13]),
        ('"red fox"', [12]),
        ('"fox red"', []),
        ("+red -lazy", [13]),
        ('fox -"lazy dog"', [13]),
        ("+fox +jumps", [12]),
        ("dog -zebra", [12, 13]),
        ("-dog", [12, 13]),
        ("red-fox", [12, 13]),
        ('"テスト文章"', [3]),
        ('"テスト章"', []),
        ('"call getUserById"', [0]),
        ('"', []),
        ("+ -", []),
    ],
)
def test_a_query_finds(index: TextIndex, query: str, found: list[int]) -> None:
    assert sorted(index.search(query, 100).rowids.tolist()) == found


@given(st.text(max_size=40))
def test_every_word_of_a_text_is_found_in_it(text: str) -> None:
    index = index_of([text.encode(errors="replace").decode()])
    words = index.words(text.encode(errors="replace").decode())
    for word in [w for w in words if spelled(w) == w]:
        assert index.search(word, 1).rowids.tolist() == [0], word


@given(st.text(max_size=40))
def test_case_and_form_are_no_difference(text: str) -> None:
    """But where capitals end a word: then the parts of a name are others."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise(unicodedata.normalize(form, text)) == normalise(text)
        assert spelled(unicodedata.normalize(form, text.lower())) == spelled(text.lower())
    assert normalise(normalise(text)) == normalise(text)


def test_long_texts_take_linear_time() -> None:
    """Each took minutes by an expression that goes back."""
    for text in ("aB" * 100_000, "_" * 500_000, "日" * 200_000, "a" * 1_000_000, "A" * 500_000, "a_" * 200_000):
        assert len(spelled(text)) <= 6 * len(text)


_ODD = st.lists(st.text(st.sampled_from("aB \t\n\x00\x1c\x85é\u0130ß"), max_size=4), max_size=6)


@given(texts=_ODD)
def test_many_texts_are_normalised_as_each(texts: list[str]) -> None:
    assert normalised(texts) == [normalise(text) for text in texts]
