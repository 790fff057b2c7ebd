"""Times in questions, reckoned from Monday 2026-06-15, 12:00 UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.ask.times import find
from tests.ask.conftest import NOW

CASES = [
    ("created in the last 7 days", "2026-06-08 12:00", "2026-06-15 12:00"),
    ("in the last month", "2026-05-15 12:00", "2026-06-15 12:00"),
    ("over the past three weeks", "2026-05-25 12:00", "2026-06-15 12:00"),
    ("meetings of last week", "2026-06-08 00:00", "2026-06-15 00:00"),
    ("last month", "2026-05-01 00:00", "2026-06-01 00:00"),
    ("this quarter", "2026-04-01 00:00", "2026-07-01 00:00"),
    ("last year", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("next week", "2026-06-22 00:00", "2026-06-29 00:00"),
    ("took place yesterday", "2026-06-14 00:00", "2026-06-15 00:00"),
    ("tomorrow", "2026-06-16 00:00", "2026-06-17 00:00"),
    ("two weeks ago", "2026-06-01 00:00", "2026-06-02 00:00"),
    ("3 hours ago", "2026-06-15 09:00", "2026-06-15 10:00"),
    ("incidents in Q1 2026", "2026-01-01 00:00", "2026-04-01 00:00"),
    ("in Q4", "2025-10-01 00:00", "2026-01-01 00:00"),
    ("since March", "2026-03-01 00:00", None),
    ("since December", "2025-12-01 00:00", None),
    ("after January 5th, 2026", "2026-01-06 00:00", None),
    ("before 2025", None, "2025-01-01 00:00"),
    ("until last friday", None, "2026-06-13 00:00"),
    ("on Monday", "2026-06-08 00:00", "2026-06-09 00:00"),
    ("in May 2026", "2026-05-01 00:00", "2026-06-01 00:00"),
    ("5 March 2026", "2026-03-05 00:00", "2026-03-06 00:00"),
    ("between 2026-06-01 and 2026-06-03", "2026-06-01 00:00", "2026-06-04 00:00"),
    ("from March to May", "2026-03-01 00:00", "2026-06-01 00:00"),
    ("since 2026-06-01 10:30", "2026-06-01 10:30", None),
    ("guides from 2025", "2025-01-01 00:00", "2026-01-01 00:00"),
    ("which are coming up?", "2026-06-15 12:00", None),
]
NONE = [
    "",
    "may I see this",
    "files with 2025 lines",
    "the March hare",
    "port 8080",
    "version 3.11",
    "in the last resort",
    "on 31 February 2026",
    "since 9999-99-99",
]


@pytest.mark.parametrize(("text", "low", "high"), CASES)
def test_times_are_ranges(text, low, high):
    """A time is a half-open range."""
    found = find(text, NOW)
    assert found is not None
    assert tuple(None if b is None else f"{b:%Y-%m-%d %H:%M}" for b in (found.low, found.high)) == (low, high)


@pytest.mark.parametrize("text", NONE)
def test_other_words_are_no_times(text):
    assert find(text, NOW) is None


@given(st.text(max_size=60), st.datetimes(datetime(1, 1, 2), datetime(9998, 1, 1)))
def test_any_text_and_any_day_is_read(text, now):
    """No text and no day is an error, and a range does not end before it begins."""
    for words in (
        text,
        f"in the last {text} days",
        f"since {text}",
        "last month",
        "in the last 3000 years",
        "next quarter",
        "in the last 12 months",
    ):
        found = find(words, now.replace(tzinfo=timezone.utc))
        if found is not None and found.low is not None and found.high is not None:
            assert found.low <= found.high + timedelta(0)
