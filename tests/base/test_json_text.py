"""Documents of JSON: read and written as DuckDB does, at any depth."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import duckdb
import pytest

from rem_arrow.base import json_text
from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.json_text import Document, dumped, number_text, parse

TEXTS = (
    '{"a":1,}', "[1,]", "[,]", "[1,,]", "{,}", "01", "1.", ".5", "+1", "1e", "1e400", "-1e400", "18446744073709551616",
    "-0", "-0.0", "1E5", "1e21", "1e22", "123456789012345680000.0", "1e-6", "1e-7", "5e-324", "12345678901234567890.5",
    '"\\ud800"', '"\\ud83d\\ude00"', '"\\u001f\x7f\\b\\f\\t\\r\\/"', '"a\nb"', "", "  ", " 1 ", '{"a":1,"a":2}',
    '{"a" 1}', "[1 2]", "tru", "TRUE", '"x', "\ufeff1", '{"a":"nan,]"}', "nanx", "{nan:1}", "1" * 5000, "[1]x",
    "[1,\n]", '"\\u0000"', '"\\x"', "{'a':1}", "[1,2", "null", "\x0b1", "\u00a01", "Infinity", "[-Infinity]", "NaN",
)  # fmt: skip


def _document(rng: random.Random, depth: int) -> Document:
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        return rng.choice([1, -2.5, 'x"y\\', "", None, True, "é]},:", " a"])
    if kind < 0.7:
        return [_document(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return tuple((rng.choice("abc"), _document(rng, depth - 1)) for _ in range(rng.randint(0, 3)))


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text)[:40])
def test_a_text_is_what_duckdb_takes_it_for(text: str):
    """The same document, or an error in both."""
    try:
        expected = duckdb.execute("SELECT json(?)", [text]).fetchall()[0][0]
    except duckdb.Error:
        with pytest.raises(ExecuteError, match="this is not JSON"):
            parse(text)
        return
    assert dumped(parse(text)) == expected


def test_numbers_are_written_as_duckdb_writes_them():
    """Floats of every size."""
    rng = random.Random(1)
    floats = [struct.unpack("d", rng.randbytes(8))[0] for _ in range(2000)]
    floats += [round(rng.uniform(-1e6, 1e6), rng.randint(0, 8)) * 10.0 ** rng.randint(-12, 20) for _ in range(2000)]
    finite = [f for f in floats if abs(f) < float("inf")]
    theirs = duckdb.execute("SELECT to_json(x) FROM (SELECT unnest(?::DOUBLE[]) AS x)", [finite]).fetchall()
    assert [number_text(f) for f in finite] == [text for (text,) in theirs]


def _outcomes() -> Iterator[tuple[str, object, object]]:
    """Texts, many with a mistake in them, as both readers take them."""
    rng = random.Random(2)

    def outcome(read: object, text: str) -> object:
        try:
            return read(text)  # type: ignore[operator]
        except ExecuteError:
            return "an error"

    for _ in range(1500):
        characters = list(dumped(_document(rng, 5)))
        if rng.random() < 0.7:
            characters[rng.randrange(len(characters))] = rng.choice('[]{},:" 1a')
        text = "".join(characters)
        yield text, outcome(parse, text), outcome(json_text._read_deep, text)


def test_the_reader_of_deep_documents_reads_as_the_other_one():
    """It is used where Python's own has no more stack."""
    assert [o for o in _outcomes() if o[1] != o[2]] == []


def test_no_nesting_is_too_deep():
    """Arrays and objects of 20,000 levels are read and written."""
    for text in ("[" * 20_000 + "]" * 20_000, '{"a":' * 20_000 + "null" + "}" * 20_000):
        assert dumped(parse(text)) == text
        with pytest.raises(ExecuteError, match="this is not JSON"):
            parse(text[:-1])
