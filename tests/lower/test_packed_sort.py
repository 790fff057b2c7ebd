"""Rows sorted as packed integers stand as Polars sorts them, ties as they came."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rem_arrow.lower.packed_sort import packed_order
from tests.effort import examples

VALUES = {
    "i": st.none() | st.integers(-5, 5) | st.integers(-(1 << 30), 1 << 30),
    "b": st.none() | st.booleans(),
    "d": st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
}
ROWS = st.lists(st.tuples(*VALUES.values()), min_size=1, max_size=60)
FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=3)


@settings(max_examples=examples(150))
@given(rows=ROWS, flags=FLAGS)
def test_packed_order_is_the_order_of_the_columns(rows, flags):
    frame = pl.DataFrame(rows, schema={"i": pl.Int64, "b": pl.Boolean, "d": pl.Date}, orient="row")
    keys = [
        (frame[name], descending, nulls_last)
        for name, (descending, nulls_last) in zip(frame.columns, flags, strict=True)
    ]
    found = packed_order([], keys)
    wanted = (
        frame.select(
            pl.arg_sort_by(
                frame.columns, descending=[f[0] for f in flags], nulls_last=[f[1] for f in flags], maintain_order=True
            )
        )
        .to_series()
        .to_list()
    )
    assert found is not None
    assert found.tolist() == wanted


def test_groups_stand_together_and_texts_are_groups():
    frame = pl.DataFrame({"g": ["b", None, "a", "b", None, "a"], "x": [2, 1, 5, 1, 0, 4]})
    order = packed_order([frame["g"]], [(frame["x"], False, True)])
    assert order is not None
    sorted_ = frame[order]
    assert sorted_["g"].rle_id().max() == 2
    assert sorted_.group_by("g").agg("x").sort("g", nulls_last=True)["x"].to_list() == [[4, 5], [1, 2], [0, 1]]


def test_what_does_not_fit_is_left_alone():
    wide = pl.Series([-(1 << 62), 1 << 62])
    assert packed_order([], [(wide, False, True)]) is None
    assert packed_order([], [(pl.Series([1.5, 2.5]), False, True)]) is None
