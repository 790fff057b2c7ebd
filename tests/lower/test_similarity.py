"""Edit distances and similarities are those of DuckDB, of bytes and not of characters."""

from __future__ import annotations

import math
import random

import duckdb
import polars as pl
import pytest

import rem_arrow as rem

CHARACTERS = ["a", "b", "c", "ä", "ß", "é", "e\u0301", "日", "本", "👨\u200d👩\u200d👧", "🇩🇪", " ", "'"]
BOUNDS = [None, -1.0, 0.0, 0.5, 0.7, 0.8, 0.9, 1.0, 1.5, math.nan]


def _pairs() -> pl.DataFrame:
    """Texts of no relation, texts a few edits apart, the empty text and NULL, each with a bound."""
    chance = random.Random(7)

    def text(length: int) -> list[str]:
        return [chance.choice(CHARACTERS) for _ in range(length)]

    pairs = [("".join(text(n)), "".join(text(m))) for n in (0, 1, 2, 5, 40, 90) for m in (0, 1, 3, 8, 70)] * 4
    for _ in range(2_000):
        a = text(chance.choice((1, 2, 4, 7, 12)))
        b = a[:]
        for _ in range(chance.randint(0, 3)):
            i = chance.randrange(len(b))
            j = min(i + 1, len(b) - 1)
            b[i], b[j] = chance.choice(((b[j], b[i]), (chance.choice(CHARACTERS), b[j])))
        pairs.append(("".join(a), "".join(b[: chance.randint(1, len(b))])))
    pairs += [("aa", "aacacbca"), ("本aé", "本e"), ("MARTHA", "MARHTA"), ("ca", "abc")]
    rows = [(a, b, chance.choice(BOUNDS)) for a, b in pairs]
    return pl.DataFrame(
        [*rows, (None, "a", 0.5), ("a", None, 0.5), (None, None, None)], schema=["a", "b", "least"], orient="row"
    )


@pytest.fixture(scope="module")
def both():
    rows = _pairs()
    con = duckdb.connect()
    con.register("pairs", rows.to_arrow())
    with rem.connect() as db:
        yield lambda text: (db.sql(text, frames={"pairs": rows}).rows(), con.execute(text).fetchall())


@pytest.mark.parametrize("name", ["levenshtein", "damerau_levenshtein"])
def test_edits_are_counted_as_by_duckdb(both, name):
    ours, theirs = both(f"SELECT a, b, {name}(a, b) FROM pairs")
    assert ours == theirs


def test_what_takes_texts_of_a_kind_is_as_in_duckdb(both):
    """hamming of one length in bytes, jaccard of texts that are not empty."""
    ours, theirs = both("SELECT a, b, hamming(a, b) FROM pairs WHERE strlen(a) = strlen(b) AND strlen(a) > 0")
    assert len(ours) > 100
    assert ours == theirs
    ours, theirs = both("SELECT a, b, jaccard(a, b) FROM pairs WHERE a <> '' AND b <> ''")
    assert ours == theirs


@pytest.mark.parametrize("name", ["jaro_similarity", "jaro_winkler_similarity"])
@pytest.mark.parametrize("bound", ["0", "least", *map(str, BOUNDS[1:9]), "'nan'::DOUBLE", "NULL"])
def test_similarities_are_those_of_duckdb(both, name, bound):
    """The same ones are below a bound; of those that equal it up to rounding, what is shown decides."""
    ours, theirs = both(f"SELECT a, b, {name}(a, b), {name}(a, b, {bound}), ({bound})::DOUBLE FROM pairs")
    assert [row[2] for row in ours] == [pytest.approx(row[2], abs=1e-15) for row in theirs]
    for (_, _, score, bounded, least), expected in zip(ours, theirs, strict=True):
        if score is None or least is None or abs(score - least) > 1e-12:
            assert bounded == pytest.approx(expected[3], abs=1e-15)
        else:
            assert bounded == (score if score >= least else 0)


def test_edit_distances():
    """Values from the literature: Damerau 1964 counts an exchange of neighbours once; Winkler 1990's MARTHA."""
    with rem.connect() as db:
        found = db.sql(
            "SELECT levenshtein('kitten', 'sitting'), levenshtein('', 'abc'), damerau_levenshtein('ca', 'abc'), "
            "levenshtein('ca', 'abc'), jaro_winkler_similarity('MARTHA', 'MARHTA')"
        ).row(0)
    assert found == (3, 3, 2, 3, pytest.approx(0.9611, abs=1e-4))


def test_an_error_shows_the_texts_as_they_were_written():
    with (
        rem.connect() as db,
        pytest.raises(rem.ExecuteError, match="hamming takes texts of one length, and 'ü' and 'u' are not"),
    ):
        db.sql("SELECT hamming('ü', 'u')")
