"""Casts and arithmetic of types at their edges agree with DuckDB: the value, the type, and whether there is an error.

A sample of all pairs by a seed; `-m long` runs them all. What differs for a reason is in DIFFERENT.
"""

from __future__ import annotations

import random
import re

import duckdb
import pytest

import rem_arrow as rem
from tests.effort import examples

SAMPLE = 700
TYPES = (
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL(3,2)", "DECIMAL(9,0)", "DECIMAL(18,3)", "DECIMAL(38,10)"),
    *("DECIMAL(38,0)", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ"),
    *("INTERVAL", "INTEGER[]", "ENUM('a','1')"),
)
VALUES = [
    r"NULL",
    r"TRUE",
    r"FALSE",
    r"0",
    r"1",
    r"-1",
    r"127",
    r"128",
    r"-128",
    r"-129",
    r"255",
    r"256",
    r"32767",
    r"32768",
    r"65535",
    r"65536",
    r"2147483647",
    r"2147483648",
    r"-2147483649",
    r"4294967296",
    r"9223372036854775807",
    r"9223372036854775808",
    r"18446744073709551616",
    r"170141183460469231731687303715884105727",
    r"170141183460469231731687303715884105728",
    r"340282366920938463463374607431768211455",
    r"1::TINYINT",
    r"255::UTINYINT",
    r"0::UHUGEINT",
    r"0.5",
    r"1.5",
    r"2.5",
    r"-0.5",
    r"0.005",
    r"9.995",
    r"-9.995",
    r"1.2349999",
    r"123456789.123",
    r"0.0000000001",
    r"9999999999999999999999999999.9999999999",
    r"0.5::DOUBLE",
    r"2.5::DOUBLE",
    r"-2.5::DOUBLE",
    r"1e308",
    r"1e400",
    r"1e39",
    r"3.5e38",
    r"127.5::DOUBLE",
    r"127.6::DOUBLE",
    r"-128.5::DOUBLE",
    r"2147483647.5",
    r"9223372036854775807::DOUBLE",
    r"1.7014118346046923e38",
    r"'nan'::DOUBLE",
    r"'inf'::DOUBLE",
    r"0.1::FLOAT",
    r"1e15::FLOAT",
    r"1e16::DOUBLE",
    r"''",
    r"'a'",
    r"'0'",
    r"'1'",
    r"'+1'",
    r"'-1'",
    r"'1.'",
    r"'.5'",
    r"'1.5'",
    r"'2.5'",
    r"'1e3'",
    r"'1e'",
    r"'1_000'",
    r"'1__0'",
    r"'_1'",
    r"'0x1F'",
    r"'0b11'",
    r"'1,000'",
    r"'127.5'",
    r"'255.5'",
    r"'9223372036854775807.5'",
    r"'1.2349999'",
    r"'9.995'",
    r"'9.994999999999999999999'",
    r"'1e38'",
    r"'1e39'",
    r"'1e400'",
    r"'nan'",
    r"'true'",
    r"'yes'",
    r"'off'",
    r"'12345678901234567890123456789012345678901'",
    r"'2024-01-01'",
    r"'2024-02-30'",
    r"'2024/01/02'",
    r"'2024-01-01T10:00:00'",
    r"'24:00:01'",
    r"'10:00'",
    r"'1:2:3'",
    r"'10:00:00.123456789'",
    r"'10:60:00'",
    r"DATE'2024-01-01'",
    r"TIME'10:00:00.5'",
    r"INTERVAL'25hours'",
    r"INTERVAL'-1month'",
    r"TIMESTAMP'1969-12-31T23:59:59.5'",
    r"TIMESTAMP_NS'2024-01-01T10:00:00.123456789'",
    r"TIMESTAMP_MS'2024-01-01T10:00:00.1236'",
    r"'1day'",
    r"'P1Y'",
    r"'1dog'",
    r"'[1,2]'",
    r"[1,2]",
    r"[1,NULL]",
    r"[1.5,2.5]",
    r"'a'::BLOB",
    r"DATE'9999-12-31'",
    r"TIMESTAMP'9999-12-31T23:59:59.999999'",
]
NUMBERS = [
    r"1::TINYINT",
    r"(-128)::TINYINT",
    r"127::TINYINT",
    r"255::UTINYINT",
    r"32767::SMALLINT",
    r"65535::USMALLINT",
    r"2147483647",
    r"-2147483648",
    r"4294967295::UINTEGER",
    r"9223372036854775807",
    r"(-9223372036854775808)",
    r"18446744073709551615::UBIGINT",
    r"0::UBIGINT",
    r"0",
    r"1",
    r"-1",
    r"2",
    r"170141183460469231731687303715884105727::HUGEINT",
    r"(-170141183460469231731687303715884105728)::HUGEINT",
    r"7::SMALLINT",
    r"340282366920938463463374607431768211455::UHUGEINT",
    r"1.5",
    r"-0.5",
    r"99999999999999999.9",
    r"1.5::DECIMAL(38,20)",
    r"1.5::FLOAT",
    r"1.5::DOUBLE",
    r"0::DOUBLE",
    r"1e308",
    r"DATE'2024-01-31'",
    r"DATE'9999-12-31'",
    r"TIMESTAMP'2024-01-31T10:00:00'",
    r"INTERVAL'1month'",
    r"INTERVAL'25hours'",
    r"TIME'10:00:00'",
]
OPERATORS = ("+", "-", "*", "/", "//", "%")
# Types that are no types here, times that Python has not, signs of NaN, and what is said in the guide.
DIFFERENT = tuple(
    re.compile(p)
    for p in (
        r"-128\)?::TINYINT % -1|2147483648 % -1|775808\) % -1|5728\)::HUGEINT % -1",  # 0 is right, an error in DuckDB
        r"DATE'9999-12-31' \+|\+ DATE'9999-12-31'|DATE'9999-12-31' - (-|\()|CAST\(.*9999-12-31T.* AS TIMESTAMP_MS\)",
        r"UHUGEINT|340282366920938463463374607431768211455|170141183460469231731687303715884105728 AS",  # DOUBLE
        r"1\.5::FLOAT|DECIMAL\(38,20\)|99999999999999999\.9",  # floats in other steps, widths of quotients
        r"% 0::DOUBLE|/ 0::DOUBLE|0::DOUBLE [/%]",  # -nan
        r"'10:00:00\.123456789' AS INTERVAL",
        r"INTERVAL'25hours' [/*]|[*] INTERVAL|INTERVAL'1month' [/*]",  # of huge numbers, other errors
        r"TIME'10:00:00' [+-]|[+-] TIME",
        r"DATE'[^']*' [+-] \d+::U|\d+::U\w+ [+-] DATE|DATE'[^']*' [+-] .*::HUGEINT|::HUGEINT [+-] DATE",  # any integer
    )
)
CASTS = [f"{c}({v} AS {t})" for t in TYPES for v in VALUES for c in ("CAST", "TRY_CAST")]
ARITHMETIC = [f"{a} {o} {b}" for o in OPERATORS for a in NUMBERS for b in NUMBERS]


def _answer(run, text):
    """The type and text of a value; None for an error."""
    try:
        return run(f"SELECT typeof(x), x::VARCHAR FROM (SELECT {text} AS x)")
    except (duckdb.Error, rem.RemError):
        return None


def _differences(texts):
    with rem.connect() as db, duckdb.connect() as oracle:
        oracle.execute("SET TimeZone = 'UTC'")
        found = []
        for text in texts:
            if any(p.search(text) for p in DIFFERENT):
                continue
            expected = _answer(lambda q: oracle.execute(q).fetchone(), text)
            actual = _answer(lambda q: db.sql(q).row(0), text)
            if actual != expected:
                found.append((text, actual, expected))
        return found


@pytest.mark.parametrize("texts", [CASTS, ARITHMETIC], ids=["casts", "arithmetic"])
def test_a_sample_agrees_with_duckdb(texts):
    """Some hundred of all pairs, seven in `make test-all`."""
    assert _differences(random.Random(3).sample(texts, examples(SAMPLE))) == []


@pytest.mark.long
@pytest.mark.parametrize("texts", [CASTS, ARITHMETIC], ids=["casts", "arithmetic"])
def test_all_pairs_agree_with_duckdb(texts):
    """All of them."""
    assert _differences(texts) == []


EDGES = """
SELECT '1.2349999'::DECIMAL(3,2), 2.5::DOUBLE::DECIMAL(9,0), 0.25::DOUBLE::DECIMAL(3,1), round(1.55::DECIMAL(38,20), 1)
SELECT '1_000'::DOUBLE, 0xFF, 0b101, 1_000_000, 1e400, 1e15::FLOAT::VARCHAR
SELECT 5 % (-170141183460469231731687303715884105728)::HUGEINT
SELECT typeof(170141183460469231731687303715884105728), typeof(1::TINYINT + 1::UTINYINT)
SELECT (340282366920938463463374607431768211455 - 1)::VARCHAR, (340282366920938463463374607431768211455 // 3)::VARCHAR
SELECT avg(x), sum(x) FROM (VALUES (0.1::FLOAT), (0.2::FLOAT), (16777217::FLOAT)) t(x)
SELECT upper('straße'), length(upper('ß')), upper('ﬁ'), lower('İ'), lower('ΑΣ'), lower('ẞ')
SELECT upper('ŉǰΐ'), upper('ᾳÿµſ')
SELECT '550E8400E29B41D4A716446655440000'::UUID::VARCHAR, TRY_CAST('x' AS UUID)
SELECT '550e8400-e29b-41d4-a716-446655440000'::UUID = '550E8400-e29b-41d4-a716-446655440000'
SELECT max(x, 2) FROM (SELECT 1.50::DECIMAL(9,2) AS x UNION ALL SELECT 2.25)
""".strip().splitlines()

ERRORS = """
1.5::DOUBLE // 0
1.5::DECIMAL(10,2) // 0
1::DECIMAL(38,20) * 1::DECIMAL(38,20)
(SELECT sum(x * x) FROM (VALUES (1::DECIMAL(30,20))) t(x))
340282366920938463463374607431768211455 + 1
1::UHUGEINT - 2::UHUGEINT
340282366920938463463374607431768211455 * 2::UHUGEINT
'_1'::INTEGER
'1__0'::DECIMAL(9,2)
'1e39'::HUGEINT
' 1 '::BOOLEAN
5::ENUM('5','6')
'x'::UUID
'550e8400-e29b-41d4-a716-446655440000'::UUID = 'x'
(-128)::TINYINT // -1::TINYINT
1e20::DOUBLE::DECIMAL(9,2)
'inf'::DOUBLE::DECIMAL(9,2)
""".strip().splitlines()


def test_edges_of_numbers_and_letters_are_duckdbs():
    """Rounding once, separators, 128 bits without a sign, means of floats, letters of two cases, UUIDs."""
    with rem.connect() as db:
        for text in EDGES:
            assert db.sql(text).rows() == duckdb.sql(text).fetchall(), text


def test_what_has_no_value_is_an_error():
    """Of floats divided by nothing, decimals of too many places, overflow, and texts that are none."""
    with rem.connect() as db:
        for text in ERRORS:
            with pytest.raises(duckdb.Error):
                duckdb.sql(f"SELECT {text}").fetchall()
            with pytest.raises(rem.RemError):
                pytest.fail(f"{text} gives {db.sql(f'SELECT {text}')}")


def test_an_integer_of_more_than_128_bits_is_refused():
    """DuckDB has a type for it, BIGNUM."""
    with rem.connect() as db, pytest.raises(rem.BindError, match="has more than 128 bits"):
        db.sql("SELECT 340282366920938463463374607431768211456")
