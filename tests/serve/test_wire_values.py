"""Values, frames, predicates, results and errors arrive as they left; what is no message raises InputError."""

from __future__ import annotations

import datetime as dt
import math
import random
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.base import errors
from rem_arrow.face import wire_errors
from rem_arrow.face.wire_values import (
    PIECE_ROWS,
    Frames,
    as_message,
    decoded,
    encoded,
    read_frames,
    read_message,
)
from tests.effort import examples

FRAME = pl.DataFrame(
    {
        "n": pl.Series([1, None, 3], dtype=pl.Int128),
        "e": pl.Series(["a", "b", None], dtype=pl.Enum(["a", "b"])),
        "c": pl.Series(["x", "x", "y"], dtype=pl.Categorical),
        "d": [Decimal("1.50"), None, Decimal("-2.25")],
        "t": [dt.datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))] * 3,
        "l": [[1, 2], [], None],
        "s": [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
        "v": pl.Series([[0.5, 1.5]] * 3, dtype=pl.Array(pl.Float32, 2)),
    }
)


def travelled(value, **options):
    """A value as it arrives."""
    frames = Frames()
    message = as_message({"value": encoded(value, frames)})
    return decoded(read_message(message)["value"], read_frames(frames.counts(), frames.pieces()), **options)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.sampled_from([None, dt.timezone.utc, dt.timezone(dt.timedelta(hours=-3, minutes=-30))]))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3)
        | st.dictionaries(st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(30))
@given(VALUES)
def test_values_of_python_arrive_as_they_left(value):
    """Of every type, at any depth, and dicts whatever their keys."""
    arrived = travelled(value)
    assert arrived == value
    # Without a zone a fold says nothing.
    assert repr(arrived) == repr(value).replace(", fold=1", "")


def test_what_has_its_own_form_arrives():
    """Numbers that are not finite, zones by name, arrays, generators."""
    assert math.isnan(travelled(math.nan)) and travelled(-math.inf) == -math.inf
    moment = dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    assert travelled(moment) == moment and travelled(moment).tzinfo == moment.tzinfo
    assert travelled(np.float32(0.5)) == 0.5 and travelled(UUID(int=7)) == UUID(int=7)
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert travelled(matrix).dtype == matrix.dtype and (travelled(matrix) == matrix).all()
    assert travelled(n for n in range(3)) == [0, 1, 2]


def test_frames_arrive_with_their_types():
    """Also types that Arrow lacks, and a frame of several pieces."""
    assert_frame_equal(travelled({"f": [FRAME]})["f"][0], FRAME)
    assert_frame_equal(travelled(FRAME.clear()), FRAME.clear())
    assert travelled(FRAME["d"]).to_list() == FRAME["d"].to_list()
    large = pl.DataFrame({"n": range(2 * PIECE_ROWS + 1)})
    assert_frame_equal(travelled(large), large)
    assert_frame_equal(travelled(FRAME.select("d", "l").to_arrow()), FRAME.select("d", "l"))


def test_predicates_and_results_arrive():
    """Each predicate is the one it was."""
    predicate = ~(rem.Eq("a", dt.date(2026, 1, 1)) & rem.In("b", [1, 2])) | rem.IsNull("c") | rem.Between("d", 1, 2.5)
    left, arrived = dict[str, object](), dict[str, object]()
    assert travelled(predicate).write(arrived) == predicate.write(left)
    assert arrived == left
    with rem.connect() as db:
        plan = db.explain("SELECT 1 AS n", analyze=True)
        answer = db.ask("how many entities are there")
    assert travelled(plan) == plan and travelled(plan).steps == plan.steps
    assert travelled(answer).told() == answer.told()


@pytest.mark.parametrize(
    "error",
    [
        errors.BindError("no column", "SELECT x", 7, 8, hint="Did you mean y?"),
        errors.ParseError("no text"),
        errors.ConstraintError("a key"),
        errors.ConflictError("again"),
        errors.RemError("any"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_arrive_as_they_left(error):
    """The same class, text and fields."""
    arrived = wire_errors.read(read_message(as_message(wire_errors.written(error))))
    assert type(arrived) is type(error) and str(arrived) == str(error) and vars(arrived) == vars(error)


def test_an_error_of_a_class_within_is_the_class_that_both_know():
    """A client need not know what only the server has."""

    class TooLateError(errors.ExecuteError):
        """Of the server alone."""

    assert type(wire_errors.read(wire_errors.written(TooLateError("late")))) is rem.ExecuteError


@pytest.mark.parametrize(
    "content",
    [
        {"$frame": 0},
        {"$frame": "x"},
        {"$datetime": "now"},
        {"$duration": ["x"]},
        {"$bytes": "%%"},
        {"$decimal": "1.2.3"},
        {"$predicate": ["Eval", ["x"]]},
        {"$predicate": ["Eq"]},
        {"$record": ["os.system", {}]},
        {"$record": ["Answer", {"x": 1}]},
        {"$array": [0, [-1]]},
        {"$nothing": 1},
        {"$date": "2026-01-01", "x": 1},
        {"$dict": [[[], 1]]},
        {"$path": "/etc/passwd"},
    ],
    ids=str,
)
def test_what_is_no_value_is_refused(content):
    """Whatever stands in a message."""
    with pytest.raises(rem.RemError):
        decoded(content, [])


def test_what_is_no_message_is_refused():
    """Other bytes, other JSON, nested without end, texts that UTF-8 lacks."""
    for data in (b"", b"\xff", b"[1]", b"[" * 100_000):
        with pytest.raises(rem.InputError, match="the message is no JSON"):
            read_message(data)
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(rem.InputError, match="nests values deeper than 100"):
        decoded(deep, [])
    with pytest.raises(rem.InputError, match="half a surrogate pair"):
        as_message({"value": "\ud800"})
    with pytest.raises(rem.InputError, match="a function does not travel"):
        encoded(lambda: 1, Frames())


def test_bytes_that_are_no_frame_are_refused():
    """Cut anywhere, and with any byte changed, a frame is read or refused; the process goes on."""
    frames = Frames()
    frames.add(FRAME)
    (whole,) = frames.pieces()
    with pytest.raises(rem.InputError, match="ended before its frames"):
        read_frames([2], [whole])
    with pytest.raises(rem.InputError, match="have different columns"):
        read_frames([2], [whole, next(iter(_pieces(pl.DataFrame({"x": [1]}))))])
    seeded = random.Random(1)
    for _ in range(300):
        data = bytearray(whole[: seeded.randrange(len(whole))] if seeded.random() < 0.3 else whole)
        for _ in range(seeded.randrange(4)):
            if data:
                data[seeded.randrange(len(data))] = seeded.randrange(256)
        try:
            (frame,) = read_frames([1], [bytes(data)])
        except rem.InputError:
            continue
        assert frame.columns is not None


def _pieces(frame):
    frames = Frames()
    frames.add(frame)
    return frames.pieces()
