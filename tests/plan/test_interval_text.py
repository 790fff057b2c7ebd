"""Texts of intervals read as DuckDB reads them."""

from __future__ import annotations

import random

import duckdb
import pytest

import rem_arrow as rem
from rem_arrow.plan.interval_text import interval_of
from tests.effort import examples

TEXTS = 3_000
WORDS = (
    *("millennium", "millennia", "millenniums", "mil", "mils", "millenium", "century", "centuries", "cent", "c"),
    *("cents", "decade", "decades", "dec", "decs", "year", "years", "y", "yr", "yrs", "quarter", "quarters", "q"),
    *("month", "months", "mon", "mons", "mo", "week", "weeks", "w", "wk", "day", "Days", "d", "dayofmonth"),
    *("hour", "HOURS", "h", "hr", "hrs", "minute", "minutes", "m", "min", "mins", "second", "seconds", "s", "sec"),
    *("secs", "millisecond", "milliseconds", "ms", "msec", "msecs", "microsecond", "microseconds", "us", "usec"),
    *("usecs", "ns", "centurys", "weekofyear", "fortnight", ""),
)
_PARTS = (
    "SELECT date_part('year', i) * 12 + date_part('month', i), date_part('day', i), date_part('hour', i) * 3600000000"
    " + date_part('minute', i) * 60000000 + date_part('microsecond', i) FROM (SELECT $1::INTERVAL AS i)"
)


def _amount(pick: random.Random) -> str:
    whole = pick.choice(
        (str(pick.randint(0, 30)), str(pick.randint(0, 3)), "0", "", str(pick.randint(0, 99_999_999_999)))
    )
    part = "".join(pick.choices("0123456789", k=pick.randint(0, 12)))
    return pick.choice(("", "", "", "-", "-", "+", "- ")) + whole + pick.choice(("", "", f".{part}"))


def _clock(pick: random.Random) -> str:
    shape = pick.choice(("{}:{}", "{}:{}:{}", "-{}:{}:{}", ":{}:{}", "{:02}:{:02}:{:02}.123456789", "{}:{}:{}."))
    return shape.format(*(pick.choice((0, 1, 5, 23, 25, 59, 60, 61)) for _ in range(3)))


def _text(pick: random.Random) -> str:
    terms = [_amount(pick) + pick.choice(("", " ", "\t")) + pick.choice(WORDS) for _ in range(pick.randint(0, 3))]
    if pick.random() < 0.3:
        return " ".join([*terms, _clock(pick)])
    end = pick.choice(("", "", "", "", " ago", " AGO", "ago", " agox", " x", " 5", " "))
    return pick.choice(("", "", "", "", " ", "@", "@ ", "P")) + pick.choice((" ", "", " , ")).join(terms) + end


def test_a_text_is_the_interval_that_duckdb_reads():
    """Signs, fractions of every unit, every spelling, `ago` and clocks; DuckDB's errors are ours."""
    pick, con = random.Random(7), duckdb.connect()
    differences = []
    for text in (_text(pick) for _ in range(examples(TEXTS))):
        try:
            expected = con.execute(_PARTS, [text]).fetchone()
        except duckdb.Error:
            expected = None
        try:
            actual = tuple(interval_of(text))
        except ValueError:
            actual = None
        if actual != expected:
            differences.append((text, actual, expected))
    assert differences == []


@pytest.mark.parametrize("text", ["02:00:00 ago", "10:00:00 x", "1 day 10:00 2 days"])
def test_what_follows_a_clock_is_an_error(text):
    """DuckDB drops it: '02:00:00 ago' is two hours ahead there."""
    with pytest.raises(ValueError, match="is not an interval"):
        interval_of(text)


@pytest.mark.parametrize("text", ["1.5 months ago", "-1 day 02:00:00", "0.5 centuries 3 weeks", "90", "1 dog"])
def test_all_doors_read_alike(text):
    """A literal, a cast, a cast of a column, an insert and a parameter."""
    with rem.connect() as db:
        db.sql("CREATE TABLE t (i INTERVAL)")
        doors = [
            (f"SELECT CAST(INTERVAL '{text}' AS VARCHAR)", None),
            (f"SELECT '{text}'::INTERVAL::VARCHAR", None),
            (f"SELECT CAST(x AS INTERVAL)::VARCHAR FROM (VALUES ('{text}'), ('1 day')) v(x) LIMIT 1", None),
            ("SELECT CAST($x AS INTERVAL)::VARCHAR", {"x": text}),
        ]
        found = []
        for query, parameters in doors:
            try:
                found.append(db.sql(query, parameters).item())
            except rem.RemError:
                found.append(None)
        try:
            db.sql(f"INSERT INTO t VALUES ('{text}')")
            found.append(db.sql("SELECT i::VARCHAR FROM t").item())
        except rem.RemError:
            found.append(None)
    try:
        expected = duckdb.sql(f"SELECT '{text}'::INTERVAL::VARCHAR").fetchall()[0][0]
    except duckdb.Error:
        expected = None
    assert found == [expected] * 5
