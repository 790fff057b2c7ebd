"""What lies beyond the years 1 to 9999 is an error of the statement, not of reading its rows; the ends are right."""

from __future__ import annotations

import duckdb
import pytest

import rem_arrow as rem

BEYOND = (
    "make_date(32768, 2, 29)",
    "make_date(0, 1, 1)",
    "make_timestamp(10000, 1, 1, 0, 0, 0)",
    "make_timestamp(9999, 12, 31, 24, 0, 0)",
    "make_timestamp(9223372036854775806)",
    "make_timestamp_ms(9223372036854775807)",
    "epoch_ms(9223372036854775807)",
    "to_timestamp(9e11)",
    "to_timestamp(9e15)",
    "to_timestamp(253402300800)",
    "DATE '9999-12-31' + 1",
    "DATE '0001-01-01' - 1",
    "TIMESTAMP '9999-12-31 23:59:59' + INTERVAL 1 SECOND",
    "date_trunc('century', DATE '0099-01-01')",
    "time_bucket(INTERVAL 1000 DAY, DATE '0001-01-01')",
    "TIMESTAMPTZ '9999-12-31 23:59:59+00' AT TIME ZONE 'Asia/Tokyo'",
    "TIMESTAMP '0001-01-01 00:00:00' AT TIME ZONE 'Asia/Tokyo'",
)
AT_THE_ENDS = (
    "make_date(9999, 12, 31)",
    "make_date(1, 1, 1)",
    "make_date(NULL, 1, 1)",
    "make_timestamp(9999, 12, 31, 23, 59, 59.5)",
    "make_timestamp(253402300799999999)",
    "make_timestamp_ms(-62135596800000)",
    "epoch_ms(253402300799999)",
    "DATE '9999-12-30' + 1",
    "date_trunc('century', DATE '0199-01-01')",
    "CASE WHEN y < 9999 THEN make_date(y + 1, 1, 1) END",
    "CASE WHEN y < 9999 THEN epoch_ms(y) ELSE epoch_ms(1) END",
)


@pytest.fixture(scope="module")
def db():
    with rem.connect(background=False) as handle:
        yield handle


@pytest.mark.parametrize("text", BEYOND)
def test_what_lies_beyond_is_an_error_of_the_statement(db, text):
    with pytest.raises(rem.ExecuteError):
        db.sql(f"SELECT {text}")


@pytest.mark.parametrize("text", AT_THE_ENDS)
def test_the_ends_of_the_calendar_are_right(db, text):
    query = f"SELECT {text} FROM (VALUES (9999), (9998)) t(y)"
    assert db.sql(query).rows() == duckdb.sql(query).fetchall()


@pytest.mark.parametrize("text", ["INTERVAL '300000' YEAR", "INTERVAL 178956970 YEAR", "INTERVAL 1 YEAR * 300000"])
def test_an_interval_that_no_duration_holds_is_an_error_and_a_text(db, text):
    with pytest.raises(rem.ExecuteError, match="an interval of more than 292,000 years.*cast it to VARCHAR"):
        db.sql(f"SELECT {text}")
    assert db.sql(f"SELECT ({text})::VARCHAR").rows() == duckdb.sql(f"SELECT ({text})::VARCHAR").fetchall()
