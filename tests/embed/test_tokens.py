"""Words of texts in every script, folded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.embed import tokens
from rem_arrow.embed.tokens import WORD_CHARS_MAX, words_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Login FAILS, user_id=42!", ["login", "fails", "user", "id", "42"]),
        ("don't", ["don", "t"]),
        ("Café cafe\u0301 ﬁne ＡＢＣ ①", ["cafe", "cafe", "fine", "abc", "1"]),
        ("Straße ΣΊΣΥΦΟΣ İstanbul", ["strasse", "σισυφοσ", "istanbul"]),
        ("co\u00adoperate \ufeffx a\u200db", ["cooperate", "x", "ab"]),
        ("東京都 a東b が ｶﾞ 京", ["東京", "京都", "a", "東", "b", "が", "ガ", "京"]),
        ("한국어 ไทย हिन्दी", ["한국어", "ไทย", "हिन्दी"]),
        ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
        ("party🎉time 👩‍💻", ["party", "🎉", "time", "👩", "💻"]),
        ("a\ud800b \udc00", ["a", "b"]),
        ("a\x00b\x1fc\u2028d", ["a", "b", "c", "d"]),
        ("y" * 130, ["y" * 64, "y" * 64, "yy"]),
        ("", []),
    ],
)
def test_words(text, found):
    """Case, width, accents and format characters do not matter; Han and kana come in pairs."""
    assert words_of(text) == found


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_words_are_bounded_and_hold_no_surrogates(text):
    """What hashing relies on."""
    for word in words_of(text):
        assert 1 <= len(word) <= WORD_CHARS_MAX
        word.encode()


@given(st.text(st.characters(max_codepoint=127), max_size=100))
def test_ascii_takes_no_other_way(text):
    """The short way for ASCII and the long one agree."""
    assert words_of(text + " é") == [*words_of(text), "e"]


def test_unassigned_and_newer_characters_end_words():
    """They have no class yet."""
    assert words_of("a\U000e0fffb\uffffc") == ["a", "b", "c"]
    assert len(tokens._TRANSLATIONS) <= 0x110000
