"""A timeline shows what overlaps a half-open range of time, in order; SQL says the same."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import rem_arrow as rem
from tests.effort import examples

UTC = timezone.utc


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def db():
    with rem.connect() as db:
        db.insert(
            "entities",
            [{"id": "ada", "name": "Ada Lovelace"}, {"id": "bob", "name": "Bob"}, {"id": "api", "name": "API"}],
        )
        db.insert(
            "moments",
            [
                {
                    "id": "plan",
                    "name": "Planning",
                    "moment_type": "meeting",
                    "starts_at": at(1, 10),
                    "ends_at": at(1, 11),
                    "participants": ["ada"],
                },
                {
                    "id": "trip",
                    "name": "Trip",
                    "moment_type": "travel",
                    "starts_at": at(2),
                    "ends_at": at(5),
                    "participants": ["Ada Lovelace", "bob"],
                },
                {"id": "ship", "name": "Release", "moment_type": "release", "starts_at": at(3, 12)},
                {"id": "talk", "name": "Talk", "moment_type": "meeting", "starts_at": at(5), "ends_at": at(5, 1)},
                {"id": "idea", "name": "Someday"},
            ],
            edges=[
                {"src": "ship", "dst": "api", "edge_type": "about"},
                {"src": "bob", "dst": "talk", "edge_type": "attended"},
            ],
        )
        yield db


def ids(frame: pl.DataFrame) -> list[str]:
    return frame["id"].to_list()


def test_without_bounds_it_is_everything_with_a_time(db):
    """In order of the beginning; all columns of the table."""
    frame = db.timeline()
    assert ids(frame) == ["plan", "trip", "ship", "talk"]
    assert frame.columns == db.schema("moments")["column"].to_list()
    assert ids(db.timeline(descending=True, limit=2)) == ["talk", "ship"]
    assert ids(db.timeline(limit=0)) == []


def test_the_range_is_half_open_and_overlaps(db):
    """What reaches into it belongs to it; what ends at its start or begins at its end does not."""
    assert ids(db.timeline(at(4), at(5))) == ["trip"]
    assert ids(db.timeline(at(5), at(6))) == ["talk"]
    assert ids(db.timeline(at(1, 11), at(2))) == []
    assert ids(db.timeline(at(3, 12), at(3, 13))) == ["trip", "ship"]
    assert ids(db.timeline(end=at(3, 12))) == ["plan", "trip"]
    assert ids(db.timeline(start=at(3, 13))) == ["trip", "talk"]
    assert ids(db.timeline(at(3, 12), at(3, 12))) == ["trip"]


@settings(max_examples=examples(60))
@given(st.integers(0, 140), st.integers(0, 140))
def test_it_agrees_with_a_plain_loop(db, first, second):
    """Any range of hours, beside the definition in Python."""
    low, high = sorted(at(1) + timedelta(hours=h) for h in (first, second))
    rows = db.sql("SELECT id, starts_at, ends_at FROM moments WHERE starts_at IS NOT NULL ORDER BY starts_at").rows()
    assert ids(db.timeline(low, high)) == [
        i for i, begin, end in rows if begin < high and (begin >= low or (end is not None and end > low))
    ]


@pytest.mark.parametrize(
    "start",
    [
        "2026-06-03",
        "2026-06-03T00:00:00Z",
        "2026-06-03 02:00+02:00",
        date(2026, 6, 3),
        datetime(2026, 6, 3),
        datetime(2026, 6, 2, 20, tzinfo=timezone(timedelta(hours=-4))),
    ],
)
def test_a_time_is_a_datetime_a_date_or_a_text(db, start):
    """Without a zone it is UTC, as everywhere."""
    assert ids(db.timeline(start, date(2026, 6, 4))) == ["trip", "ship"]


def test_only_of_a_type(db):
    """One, or one of several."""
    assert ids(db.timeline(moment_type="meeting")) == ["plan", "talk"]
    assert ids(db.timeline(moment_type=["release", "travel"])) == ["trip", "ship"]
    assert ids(db.timeline(moment_type=[])) == []


def test_only_about_an_entity(db):
    """By an edge in either direction, or as a participant by id or name."""
    assert ids(db.timeline(about="api")) == ["ship"]
    assert ids(db.timeline(about="bob")) == ["trip", "talk"]
    assert ids(db.timeline(about="entities:ada")) == ["plan", "trip"]
    assert ids(db.timeline(at(3), about=["api", "ada"])) == ["trip", "ship"]
    assert ids(db.timeline(about="nobody")) == [] == ids(db.timeline(about=[]))


class Visit(BaseModel):
    """A visit, by its day."""

    day: date
    seen_at: datetime | None = None
    note: str = ""


def test_any_table_with_times(db):
    """By a column of datetimes or dates; edges count there too."""
    with rem.connect() as other:
        other.register(Visit)
        other.insert(
            "visits",
            [
                {"id": "b", "day": "2026-06-02", "seen_at": at(9)},
                {"id": "a", "day": "2026-06-01"},
                {"id": "c", "day": "2026-06-03"},
            ],
        )
        other.insert("entities", {"id": "x", "name": "X"}, edges=[{"dst": "c", "edge_type": "saw"}])
        assert ids(other.timeline("2026-06-01", "2026-06-03", table="visits", column="day")) == ["a", "b"]
        assert ids(other.timeline(table="visits", column="SEEN_AT")) == ["b"]
        assert ids(other.timeline(table="visits", column="day", about="x")) == ["c"]
        other.load("facts", pl.DataFrame({"t": [datetime(2026, 1, 2), datetime(2026, 1, 1)], "n": [2, 1]}))
        assert other.timeline("2026-01-01", "2026-01-02", table="facts", column="t")["n"].to_list() == [1]
        assert ids(db.timeline(table="entities", column="created_at")) == ids(
            db.sql("SELECT id FROM entities ORDER BY created_at, id")
        )


def test_sql_says_the_same(db):
    """The conditions of a timeline are plain predicates on the columns of moments."""
    asked = {"low": at(4), "high": at(5)}
    assert ids(
        db.sql("SELECT id FROM moments WHERE starts_at < $high AND coalesce(ends_at, starts_at) > $low", asked)
    ) == ["trip"]
    assert ids(
        db.sql(
            "SELECT id FROM moments WHERE starts_at BETWEEN TIMESTAMPTZ '2026-06-01' AND TIMESTAMPTZ '2026-06-03' "
            "ORDER BY starts_at"
        )
    ) == ["plan", "trip"]
    by_day = db.sql(
        "SELECT date_trunc('day', starts_at) AS day, COUNT(*) AS n FROM moments WHERE starts_at IS NOT NULL GROUP BY "
        "day ORDER BY day"
    )
    assert by_day["n"].to_list() == [1, 1, 1, 1]
    longest = db.sql("SELECT id, ends_at - starts_at AS took FROM moments WHERE ends_at - starts_at > INTERVAL 1 DAY")
    assert longest.rows() == [("trip", timedelta(days=3))]
    pairs = (
        "SELECT a.id, b.id AS other FROM moments a JOIN moments b ON a.id < b.id AND a.starts_at < "
        "coalesce(b.ends_at, b.starts_at) AND b.starts_at < coalesce(a.ends_at, a.starts_at)"
    )
    assert db.sql(pairs).rows() == [("ship", "trip")]
    assert db.sql(
        "SELECT a.id FROM moments m JOIN edges e ON e.src = m.id AND e.edge_type = 'about' JOIN entities a ON a.id = "
        "e.dst WHERE m.starts_at >= $low",
        {"low": at(3)},
    ).rows() == [("api",)]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("June",), {}, "start is 'June', which is not an ISO 8601 time; write 2026-06-15 or"),
        ((None, 3), {}, "end is a datetime, a date or an ISO 8601 text, not 3"),
        (
            ("2026-06-02", "2026-06-01"),
            {},
            "start 2026-06-02 is after end 2026-06-01; a timeline goes from the earlier to the later",
        ),
        ((datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),), {}, "is out of range in UTC"),
        ((), {"limit": -1}, "limit is a whole number of at least 0, not -1"),
        ((), {"table": "nowhere"}, 'no table "nowhere"'),
        (
            (),
            {"table": "entities"},
            r"entities has no starts_at; say which column=. Columns with times: created_at, modified_at, deleted_at\.",
        ),
        ((), {"column": "name"}, r"moments\.name holds no times. Columns with times: starts_at, ends_at"),
        ((), {"column": "start"}, 'no column "start" in moments. Did you mean starts_at'),
        ((), {"table": "entities", "column": "created_at", "moment_type": "x"}, 'no column "moment_type" in entities'),
        ((), {"about": 3}, "an id of the timeline is 3; an id is a text"),
        ((), {"about": [""]}, "an id of the timeline is ''; an id is a text that is not empty, or a UUID"),
    ],
)
def test_what_is_no_timeline_is_refused(db, arguments, options, message):
    """With what is wrong and what would work."""
    with pytest.raises(rem.InputError, match=message):
        db.timeline(*arguments, **options)


def test_a_table_without_ids_or_times_is_refused():
    """Plain tables have no edges; some have no times."""
    with rem.connect() as db:
        db.load("facts", pl.DataFrame({"t": [datetime(2026, 1, 2)]}))
        db.load("numbers", pl.DataFrame({"n": [1]}))
        with pytest.raises(rem.InputError, match="facts has no ids, so no edges tell what its rows are about"):
            db.timeline(table="facts", column="t", about="x")
        with pytest.raises(
            rem.InputError, match=r"numbers has no starts_at; say which column=. It has no column with times\."
        ):
            db.timeline(table="numbers")


def test_a_bare_id_of_several_tables_is_refused(db):
    """The error lists the tables, as everywhere."""
    with rem.connect() as other:
        other.insert("entities", {"id": "x", "name": "X"})
        other.insert("agents", {"id": "x", "name": "X"})
        with pytest.raises(rem.InputError, match="write it as table:id"):
            other.timeline(about="x")
        assert other.timeline(about="agents:x").is_empty()
