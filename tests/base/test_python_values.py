"""Values of Python come back as they were given, by every way in, or are refused."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rem_arrow as rem


class _Color(enum.StrEnum):
    RED = "red"


_MOMENT = dt.datetime(2024, 1, 1, 3, 0, 0, 5)
_UTC = dt.datetime(2024, 1, 1, 2, tzinfo=dt.timezone.utc)
# What is given, and what pyarrow makes of it; of others what is expected.
_KEPT: dict[str, object] = {
    "int": 5,
    "negative": -(2**63),
    "float": 1.5,
    "infinity": float("inf"),
    "bool": True,
    "text": "x",
    "bytes": b"x",
    "date": dt.date(2024, 1, 1),
    "timestamp": _MOMENT,
    "time": dt.time(1, 2, 3, 4),
    "interval": dt.timedelta(days=-1, microseconds=5),
    "decimal": Decimal("1.50"),
    "timestamp of pandas": pd.Timestamp(_MOMENT),
    "list": [1, 2],
    "lists": [[1], [2, None]],
    "texts": ["a", None],
    "decimals": [Decimal("1.5"), Decimal("2.25")],
    "integer of numpy": np.int32(5),
    "float of numpy": np.float32(1.5),
    "bool of numpy": np.bool_(True),
    "timestamp of numpy": np.datetime64("2024-01-01T03:00:00.000005", "us"),
    "duration of numpy": np.timedelta64(5, "s"),
    "vector of numpy": np.array([1.5, 2.5]),
}
_BECOMES: dict[str, tuple[object, object]] = {
    "integer of 65 bits": (2**64, 2**64),
    "NaT": (pd.NaT, None),
    "NA": (pd.NA, None),
    "NaT of numpy": (np.datetime64("NaT"), None),
    "offset": (dt.datetime(2024, 1, 1, 7, 30, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))), _UTC),
    "zone": (dt.datetime(2024, 1, 1, 3, tzinfo=ZoneInfo("Europe/Paris")), _UTC),
    "zone of pandas": (pd.Timestamp("2024-01-01 03:00", tz="Europe/Paris"), _UTC),
    "zones in a list": ([dt.datetime(2024, 1, 1, 3, tzinfo=ZoneInfo("Europe/Paris"))], [_UTC]),
    "uuid": (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    "bytearray": (bytearray(b"x"), b"x"),
    "integers and floats": ([1, 1.5], [1.0, 1.5]),
    "integers and decimals": ([1, Decimal("1.5")], [Decimal("1.0"), Decimal("1.5")]),
    "date of numpy": (np.datetime64("2024-01-01"), dt.date(2024, 1, 1)),
    "tuple": ((1, 2), [1, 2]),
    "range": (range(3), [0, 1, 2]),
    "series": (pl.Series([1, 2]), [1, 2]),
    "text of an enum": (_Color.RED, "red"),
}
_REFUSED: dict[str, object] = {
    "half of a surrogate pair": "\ud800",
    "decimal that is no number": Decimal("NaN"),
    "infinite decimal": Decimal("Infinity"),
    "decimal of 39 digits": Decimal("1" * 39),
    "integer of 129 bits": 2**128,
    "time with an offset": dt.time(1, tzinfo=dt.timezone.utc),
    "nanoseconds": pd.Timestamp("2024-01-01 00:00:00.123456789"),
    "nanoseconds of numpy": np.datetime64("2024-01-01T00:00:00.123456789", "ns"),
    "nanoseconds of an interval": pd.Timedelta("1ns"),
    "several types": [1, "x"],
    "booleans and integers": [True, 1],
    "dates and timestamps": [dt.date(2024, 1, 1), _MOMENT],
    "zones beside none": [_UTC, _MOMENT],
    "an integer that no float holds": [2**53 + 1, 1.5],
    "beyond the years": dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    "set": {1},
    "complex": 1 + 2j,
    "key that is no text": {1: 2},
}


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        yield db


def _doors(db: rem.Database, name: str, value: object) -> list[object]:
    """The value through a parameter, a list of dicts, INSERT with a parameter, and a dict of columns."""
    db.load(name, [{"v": value}], progress=False)
    db.sql(f'INSERT INTO "{name}" VALUES ($v)', {"v": value})
    db.load(f"{name} 2", {"v": [value]}, progress=False)
    selected = db.sql("SELECT $1 AS v", [value])
    return [
        frame["v"][i]
        for frame, i in (
            (selected, 0),
            (db.sql(f'FROM "{name}"'), 0),
            (db.sql(f'FROM "{name}"'), 1),
            (db.sql(f'FROM "{name} 2"'), 0),
        )
    ]


def _plain(value: object) -> object:
    return value.to_list() if isinstance(value, pl.Series) else value


@pytest.mark.parametrize("name", _KEPT)
def test_a_value_is_what_pyarrow_takes_it_for(db: rem.Database, name: str) -> None:
    expected = pa.scalar(_KEPT[name]).as_py()
    assert [_plain(v) for v in _doors(db, name, _KEPT[name])] == [expected] * 4


@pytest.mark.parametrize("name", _BECOMES)
def test_a_value_becomes_one_of_sql(db: rem.Database, name: str) -> None:
    given, expected = _BECOMES[name]
    assert [_plain(v) for v in _doors(db, name, given)] == [expected] * 4


@pytest.mark.parametrize("name", _REFUSED)
def test_what_would_change_is_refused(db: rem.Database, name: str) -> None:
    value = _REFUSED[name]
    doors = (
        lambda: db.sql("SELECT $x", {"x": value}),
        lambda: db.load("refused", [{"v": value}]),
        lambda: db.load("refused", {"v": [value]}),
    )
    for door in doors:
        with pytest.raises(rem.InputError):
            door()


def test_conditions_take_the_same_values(db: rem.Database) -> None:
    """Numbers of numpy, moments of any zone."""
    db.load("conditions", [{"n": 5, "t": _UTC}])
    zoned = pd.Timestamp("2024-01-01 03:00", tz="Europe/Paris")
    assert db.find("conditions", rem.Eq("n", np.int64(5)) & rem.Eq("t", zoned)).height == 1
