"""Chunks tile the text, fit their size, and follow its structure."""

from __future__ import annotations

import time
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.language.chunks import Chunk, measure, split
from tests.effort import examples, some

# Pieces that make Markdown, and what is hard about Unicode.
PIECES = st.sampled_from(
    [
        "# One",
        "## Two",
        "###",
        "```",
        "~~~~",
        "```py",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        " ",
        "    ",
        "- item",
        "1. first",
        "| a | b |",
        "A sentence. ",
        "e.g. this",
        "What? ",
        "word",
    ]
    + ["漢字かな", "👩‍👩‍👧", "e\u0301", "ü", "\u200d", "。", "\u0301" * 40, "x" * 30, "\t", "\u2028", "\x00"]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))
SIZES = st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size // 2)))
UNITS = st.sampled_from(["tokens", "characters"])


@settings(max_examples=examples(600))
@given(TEXTS, SIZES, UNITS, st.booleans())
def test_chunks_tile_the_text_and_fit(text, sizes, unit, markdown):
    """What each chunk adds to the one before it gives the text back; none is larger than asked, and none repeats more
    than asked."""
    size, overlap = sizes
    chunks = split(text, size=size, overlap=overlap, unit=unit, markdown=markdown)
    assert "".join(text[c.own : c.end] for c in chunks) == text
    assert all(measure(text[c.start : c.end], unit) <= size for c in chunks)
    assert all(measure(text[c.start : c.own], unit) <= overlap for c in chunks)
    ends = [0, *(c.end for c in chunks)]
    assert all(c.start <= c.own == end < c.end for c, end in zip(chunks, ends))
    assert bool(chunks) == bool(text)


@settings(max_examples=examples(200))
@given(
    st.lists(
        st.sampled_from(
            [
                "e\u0301",
                "👩‍👩‍👧",
                "\r\n",
                "한",
                "a",
                "👍🏽",
                "🇩🇪",
                "\u1112\u1161\u11ab",
                "क्षि",
                "กำ",
                "❤\ufe0f",
                "1\ufe0f\u20e3",
            ]
        ),
        max_size=80,
    ),
    st.integers(8, 40),
)
def test_no_cut_within_what_is_one_character_to_a_reader(characters, size):
    """Marks stay with their letter, joined emoji, flags and syllables together, CR with LF, wherever a cut is free to
    choose."""
    text = "".join(characters)
    ends = {0, *accumulate(map(len, characters))}
    for chunk in split(text, size=size, overlap=2, unit="characters"):
        assert {chunk.start, chunk.end} <= ends


def contents(text, **options):
    return [text[c.start : c.end] for c in split(text, **options)]


def test_nothing_makes_no_chunk_and_little_makes_one():
    """The empty text has no chunks; what fits is one."""
    assert split("") == []
    assert split("Short.") == [Chunk(0, 0, 6)]


def test_sections_are_chunks_with_their_headings():
    """Each section is on its own; a heading without a text goes with the next, and nothing overlaps from one into the
    other."""
    text = "Intro.\n\n# Guide\n\n## Install\n\nRun pip.\n\n## Use ##\n\nImport it.\n\n# Notes\nNone.\n"
    chunks = split(text)
    assert [c.headings for c in chunks] == [(), ("Guide", "Install"), ("Guide", "Use"), ("Notes",)]
    assert contents(text)[1] == "# Guide\n\n## Install\n\nRun pip.\n\n"
    assert all(c.start == c.own for c in chunks)


def test_without_markdown_a_hash_is_a_hash():
    """A comment of a program is no heading, if the caller says so."""
    assert len(split("# one\nx = 1\n# two\ny = 2\n", markdown=False)) == 1


def test_paragraphs_come_before_sentences_and_sentences_before_words():
    """The strongest break that leaves a chunk a quarter full wins."""
    text = "First one here. Second one here.\n\nThird one is here. Fourth one is here."
    assert contents(text, size=40, overlap=0, unit="characters") == [
        "First one here. Second one here.\n\n",
        "Third one is here. Fourth one is here.",
    ]
    assert contents("One two three. Four five six seven.", size=22, overlap=0, unit="characters") == [
        "One two three. ",
        "Four five six seven.",
    ]
    assert contents("one two three four five", size=10, overlap=0, unit="characters") == [
        "one two ",
        "three ",
        "four five",
    ]


def test_an_overlap_begins_at_a_sentence_or_a_word():
    """Not in the middle of one where it can be helped."""
    text = "Alpha beta gamma. Delta ends. Epsilon zeta eta theta. Iota kappa lambda."
    chunks = split(text, size=40, overlap=15, unit="characters")
    assert [text[c.start : c.own] for c in chunks] == ["", "Delta ends. ", "eta theta. "]
    words = "one two three four five six seven eight"
    assert [words[c.start : c.own] for c in split(words, size=20, overlap=6, unit="characters")] == [
        "",
        "four ",
        "seven ",
    ]


def test_list_items_stay_whole():
    """A list is cut between its items."""
    text = "- the first. It is long\n- the second item\n- the third item\n"
    assert contents(text, size=45, overlap=0, unit="characters") == [
        "- the first. It is long\n- the second item\n",
        "- the third item\n",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_fenced_code_that_fits_is_never_cut(newline):
    """Though the chunk before it stays small, and the overlap gives way; headings within are none, and nothing overlaps
    into it."""
    code = newline.join(["```python", "# not a heading", "", "x = 1. y = 2", "```", ""])
    text = newline.join(["Some words. ", code]) + "After the code there is more text. And more."
    for overlap in (0, 10):
        parts = contents(text, size=len(code), overlap=overlap, unit="characters")
        assert sum(code in part for part in parts) == 1
        assert all(part == code or "x = 1" not in part for part in parts)
    assert {c.headings for c in split(text)} == {()}


def test_fenced_code_that_does_not_fit_is_cut_at_its_lines():
    """As is code whose end is missing."""
    text = "```\n" + "line of code\n" * 20
    assert all(part.endswith("\n") for part in contents(text, size=50, overlap=0, unit="characters"))


def test_a_text_without_spaces_is_cut_by_its_size():
    """With the overlap that was asked for."""
    chunks = split("x" * 100, size=40, overlap=10, unit="characters")
    assert [(c.start, c.end) for c in chunks] == [(0, 40), (30, 70), (60, 100)]


def test_tokens_are_estimated_by_script():
    """Four ASCII characters are a token, so are two of Cyrillic and one of Han."""
    assert [measure(text) for text in ("abcdefgh", "привет", "漢字", "", "abc")] == [2, 3, 2, 0, 1]
    assert measure("abc", "characters") == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "the size of a chunk in tokens is a whole number from 1 to 1,000,000, not 0"),
        ({"size": 1.5}, "not 1.5"),
        (
            {"size": 10, "overlap": 6},
            "the overlap, at most half of the 10 tokens of a chunk, is a whole number from 0 to 5, not 6",
        ),
        (
            {"overlap": -1, "unit": "characters"},
            "the overlap, at most half of the 1600 characters of a chunk, is a whole number from 0 to 800",
        ),
        ({"unit": "words"}, "the unit of a chunk is 'tokens' or 'characters', not 'words'"),
    ],
)
def test_a_size_that_makes_no_chunks_is_refused(options, message):
    """The message says what is possible."""
    with pytest.raises(rem.InputError, match=message):
        split("text", **options)


@pytest.mark.parametrize("text", some(["word ", "x", "\n", "```\n", "#\n", ". ", " "]))
def test_a_megabyte_takes_minutes_at_most(text):
    """No text makes the work grow faster than its length: that would take hours. What other processes take does not
    count."""
    began = time.process_time()
    split(text * (1_000_000 // len(text)))
    assert time.process_time() - began < 120


def test_a_line_of_a_thousand_characters_is_no_heading():
    """Each chunk below a heading repeats it: one of a megabyte would be stored a thousand times."""
    long, short = "# " + "x" * 1_000, "# " + "x" * 998
    for line, expected in ((long, set()), (short, {"x" * 998})):
        chunks = split(f"{line}\n\n" + "A sentence. " * 500, size=100)
        assert {heading for chunk in chunks for heading in chunk.headings} == expected
