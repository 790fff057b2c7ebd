"""Texts of dates and times read as DuckDB reads them, at every door."""

from __future__ import annotations

import random

import duckdb
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.plan.time_text import count_of
from tests.effort import examples

TEXTS = 700
COUNTS = {
    "DATE": (pl.Date(), "x - DATE '1970-01-01'"),
    "TIME": (pl.Time(), "epoch_us(x) * 1000"),
    "TIMESTAMP": (pl.Datetime("us"), "epoch_us(x)"),
    "TIMESTAMP_MS": (pl.Datetime("ms"), "epoch_ms(x)"),
    "TIMESTAMP_NS": (pl.Datetime("ns"), "epoch_ns(x)"),
    "TIMESTAMPTZ": (pl.Datetime("us", "UTC"), "epoch_us(x)"),
}
# Years that DuckDB has beyond these, and 24:00:00 as a TIME.
_BEYOND = ("outside of 1 to 9999", "the years 1 to 9999", "the last one is")


def _date(pick: random.Random) -> str:
    year = pick.choice(("2024", "1969", "1970", "2000", "1900", "9999", "0001", "24", "10000", "1700", "0000"))
    mark = pick.choice("-----//\\ ")
    month, day = pick.choice(("1", "01", "02", "12", "13", "0")), pick.choice(("1", "01", "28", "29", "30", "31", "32"))
    return f"{year}{mark}{month}{pick.choice((mark, mark, mark, '-'))}{day}"


def _clock(pick: random.Random) -> str:
    hour, minute = pick.choice(("10", "1", "00", "23", "24", "25")), pick.choice((":00", ":5", ":59", ":60", "", ":30"))
    part = "".join(pick.choices("0123456789", k=pick.randint(1, 11)))
    second = pick.choice(("", ":00", ":5", ":59", ":60", ":07", f":07.{part}", f":59.{part}", ":00.", f":00.{part}"))
    return hour + minute + (second if minute else "")


def _text(pick: random.Random) -> str:
    after = pick.choice(("", "", "", "Z", "+02", "-02", "+02:30", "-0230", "+2", " UTC", " Europe/Berlin", "x", " "))
    text = pick.choice(
        (
            _date(pick),
            _date(pick),
            _clock(pick),
            *(_date(pick) + pick.choice((" ", " ", "T", "  ", "_", "")) + _clock(pick) + after for _ in range(3)),
        )
    )
    return pick.choice(("", "", " ")) + text + pick.choice(("", "", " "))


@pytest.mark.parametrize("kind", COUNTS)
def test_a_text_is_the_time_that_duckdb_reads(kind):
    """Separators, short parts, fractions, midnight at 24:00, offsets, zones, spaces; where DuckDB has an error, so has
    the reader."""
    pick, con = random.Random(11), duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    dtype, count = COUNTS[kind]
    differences = []
    for text in (_text(pick) for _ in range(examples(TEXTS))):
        try:
            (expected,) = con.execute(f"SELECT {count} FROM (SELECT CAST($1 AS {kind}) AS x)", [text]).fetchone()
        except duckdb.Error:
            expected = None
        try:
            actual = count_of(text, dtype)
        except ValueError as error:
            if any(words in str(error) for words in _BEYOND):
                continue
            actual = None
        # DuckDB reads a TIME with anything behind it.
        if actual != expected and not (kind == "TIME" and text.strip()[-1:] in "x25"):
            differences.append((text, actual, expected))
    assert differences == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("DATE", "infinity"),
        ("DATE", "-0044-03-15"),
        ("DATE", "0044-03-15 (BC)"),
        ("DATE", "10000-01-01"),
        ("TIMESTAMP", "-infinity"),
        ("TIMESTAMP", "9999-12-31 24:00"),
        ("TIMESTAMP_NS", "2300-01-01"),
        ("TIME", "24:00:00"),
    ],
)
def test_what_python_cannot_hold_is_an_error_at_every_door(kind, text):
    """As a literal, a cast, a cast of a column, an insert."""
    with rem.connect() as db:
        db.sql(f"CREATE TABLE t (x {kind})")
        for query in (
            f"SELECT {kind} '{text}'",
            f"SELECT '{text}'::{kind}",
            f"SELECT x::{kind} FROM (VALUES ('{text}'), (NULL)) v(x)",
            f"INSERT INTO t VALUES ('{text}')",
        ):
            with pytest.raises(rem.RemError, match="here"):
                db.sql(query)


STEPS = """
CREATE TABLE n (id INTEGER, t TIMESTAMP_NS)
INSERT INTO n VALUES (1, '2024-01-01 10:00:00.123456789'), (2, TIMESTAMP_NS '2024-01-01 10:00:00.123456788'), (3, NULL)
SELECT id, t::VARCHAR FROM n ORDER BY t
SELECT id FROM n WHERE t = '2024-01-01 10:00:00.123456789'
SELECT id FROM n WHERE t > TIMESTAMP_NS '2024-01-01 10:00:00.123456788'
SELECT id FROM n WHERE t <= TIMESTAMP_NS '2024-01-01 10:00:00.123456788'
SELECT id FROM n WHERE t IN (TIMESTAMP_NS '2024-01-01 10:00:00.123456788', NULL)
SELECT max(t)::VARCHAR, min(t)::VARCHAR FROM n
UPDATE n SET t = t::VARCHAR::TIMESTAMP_NS WHERE id = 1
SELECT epoch_ns(t), nanosecond(t), t::TIMESTAMP::VARCHAR, t::TIMESTAMP_MS::VARCHAR FROM n ORDER BY id
SELECT t::DATE, t::TIME::VARCHAR FROM n ORDER BY id
SELECT (t + INTERVAL '1 day')::VARCHAR, (t - TIMESTAMP_NS '2024-01-01 00:00:00.000000001')::VARCHAR FROM n ORDER BY id
SELECT coalesce(t, TIMESTAMP_NS '2024-01-01 10:00:00.999999999')::VARCHAR, [t]::VARCHAR FROM n ORDER BY id
SELECT t::VARCHAR, count(*) FROM n GROUP BY t ORDER BY t
SELECT a.id, b.id FROM n a JOIN n b USING (t) ORDER BY ALL
SELECT make_timestamp_ns(1704103200123456789)::VARCHAR, TIMESTAMP_NS '1969-12-31 23:59:59.999999999'::VARCHAR
SELECT TIMESTAMP_MS '2024-01-01 00:00:00.1239'::VARCHAR, '2024-01-01 00:00:00.123999'::TIMESTAMP_MS::VARCHAR
SELECT TIMESTAMP '1969-12-31 23:59:59.9995'::TIMESTAMP_MS::VARCHAR, TIMESTAMP_S '1969-12-31 23:59:58.5'::VARCHAR
SELECT TIMESTAMP_S '2024-01-01 10:00:00.5'::VARCHAR, TRY_CAST('x' AS TIMESTAMP_S), TIMESTAMP '2024-01-01 24:00'::VARCHAR
SELECT TIMESTAMP_NS '2024-01-01 23:59:59.9999999'::DATE, TIMESTAMP_NS '2024-01-01 00:00:00.1' > TIMESTAMP '2024-01-01'
SELECT DATE '2024-01-01'::VARCHAR, TIMESTAMP '2024-01-01 10:00:00'::DATE, TIMESTAMP '2024-01-01 10:00:00'::TIME
SELECT TIME '10:00'::VARCHAR, TIMESTAMPTZ '2024-01-01 10:00:00+02'::DATE, DECIMAL(4,1) '1.55'::VARCHAR
SELECT TIMESTAMP WITH TIME ZONE '2024-01-01 10:00:00+02'::VARCHAR, typeof(DATE '2024-01-01'::VARCHAR::DATE::TIMESTAMP)
""".strip().splitlines()


@pytest.mark.parametrize("compact", [False, True], ids=["tail", "sealed"])
def test_nanoseconds_are_kept_and_others_rounded(compact):
    """Stored, changed, compared, sorted, grouped, joined and cast; casts behind typed literals."""
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        oracle.execute("SET TimeZone = 'UTC'")
        for text in STEPS:
            expected = oracle.execute(text).fetchall()
            actual = db.sql(text)
            if compact:
                db.compact()
            if text.startswith("SELECT"):
                assert actual.rows() == expected, text


@pytest.mark.parametrize(
    "text",
    [
        "SELECT DATE '9999-12-31' + INTERVAL '1 day'",
        "SELECT TIMESTAMP '0001-01-01' - INTERVAL '1 microsecond'",
        "SELECT DATE '9999-12-31' + 1",
        "SELECT DATE '0001-01-01' - 1",
        "SELECT d + 3000000 FROM (VALUES (DATE '2024-01-01'), (NULL)) v(d)",
        "SELECT d + 9223372036854775807 FROM (VALUES (DATE '2024-01-01'), (NULL)) v(d)",
        "SELECT TIMESTAMP '2300-01-01'::TIMESTAMP_NS",
    ],
)
def test_dates_end_with_an_error(text):
    """Beyond the years 1 to 9999 nothing wraps, and nothing is made that cannot be read."""
    with rem.connect() as db, pytest.raises(rem.ExecuteError, match="out of range"):
        db.sql(text)
