"""Graphemes are those of Unicode, with DuckDB as the oracle; a cut is within one, or between two."""

from __future__ import annotations

import random
import sys
import unicodedata
from itertools import accumulate

import duckdb
import polars as pl

from rem_arrow.language.chunks import split
from rem_arrow.language.graphemes import graphemes, is_within_grapheme

PIECES = [
    *("a", " ", "\r", "\n", "\t", "1", "ß", "日", "ก", "ำ", "\u0600", "\u00ad", "\u200b", "\u200c", "\u200d", "\x00"),
    *("\u0301", "\ufe0f", "\u20e3", "👨", "👩", "❤", "©", "🏽", "🏴", "\U000e0067", "\U000e007f", "🇩", "🇪", "🇫", "🇩🇪"),
    *("각", "가", "ᄀ", "ᅡ", "ᆨ", "क", "क्षि", "ি"),
]
# Letters whose marks Unicode has told otherwise since the tables of DuckDB 2.0 were made.
CHANGED = {0x113D1, 0x11A3A}


def _texts() -> list[str]:
    chance = random.Random(5)
    return ["".join(chance.choices(PIECES, k=chance.randint(0, 12))) for _ in range(20_000)]


def _counted_by_duckdb(texts: list[str]) -> list[int]:
    con = duckdb.connect()
    con.register("texts", pl.DataFrame({"t": texts}).to_arrow())
    return [count for (count,) in con.execute("SELECT length_grapheme(t) FROM texts").fetchall()]


def test_graphemes_are_counted_as_by_duckdb():
    """Emoji, flags, syllables and conjuncts in any order."""
    texts = _texts()
    assert [len(graphemes(t)) for t in texts] == _counted_by_duckdb(texts)
    assert all("".join(graphemes(t)) == t for t in texts)


def test_each_character_beside_a_letter_is_as_in_duckdb():
    """Every character that this Python knows, in front of a letter and behind one."""
    codes = [
        c
        for c in range(1, sys.maxunicode + 1)
        if unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs") and c not in CHANGED and not 0x3400 <= c < 0xA000
    ]
    texts = [t for c in codes for t in ("a" + chr(c), chr(c) + "a")]
    assert [len(graphemes(t)) for t in texts] == _counted_by_duckdb(texts)


def test_a_cut_is_within_a_grapheme_or_between_two():
    for text in _texts():
        ends = {0, *accumulate(map(len, graphemes(text)))}
        assert [p for p in range(len(text) + 1) if not is_within_grapheme(text, p)] == sorted(ends)


def test_a_row_of_flags_or_of_marks_takes_its_length():
    """Whether a letter begins a flag depends on how many stand before it; they are not counted anew for each."""
    assert graphemes("🇩🇪" * 200_000) == ["🇩🇪"] * 200_000
    assert len(graphemes("e" + "\u0301" * 200_000 + "e")) == 2
    assert [is_within_grapheme("🇩🇪" * 400, p) for p in (600, 601)] == [False, True]
    chunks = split("🇩🇪" * 50_000, size=8, overlap=0, unit="characters")
    assert {c.end % 8 for c in chunks} == {0}
