"""Key sets leave out rows with other keys, and no row with one of theirs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.base.source import KeySet
from rem_arrow.lower import sideways
from rem_arrow.plan.nodes import Column, Filter, Relation, Scan
from rem_arrow.storage import key_filter

TYPES = [pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt32(), pl.Date()]


def _scans(plan: Relation) -> list[Scan]:
    return [plan] if isinstance(plan, Scan) else _scans(plan.input) if isinstance(plan, Filter) else []


@given(
    dtype=st.sampled_from(TYPES),
    parts=st.lists(st.lists(st.none() | st.integers(0, 100), max_size=30), min_size=1, max_size=4),
    wanted=st.lists(st.integers(0, 100), min_size=1, max_size=20),
    shift=st.integers(-27, 27),
)
def test_what_is_kept_has_the_keys(
    dtype: pl.DataType, parts: list[list[int | None]], wanted: list[int], shift: int
) -> None:
    move = 0 if dtype.is_unsigned_integer() else shift
    frames = [
        pl.DataFrame(
            {
                "k": pl.Series([None if v is None else v + move for v in p], dtype=pl.Int64).cast(dtype),
                "place": range(i * 100, i * 100 + len(p)),
            }
        )
        for i, p in enumerate(parts)
    ]
    values = pl.Series([v + move for v in wanted], dtype=pl.Int64).cast(dtype)
    scan = Scan("t", (("t.k", "k", dtype),))
    (narrowed,) = _scans(sideways.restricted(scan, [(Column("t.k", dtype), values)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_filter, "_SHARE_MAX", 2.0)
        patch.setattr(key_filter, "_KEY_SHARE_MAX", 2.0)
        patch.setattr(key_filter, "_FEW_ROWS", 3)
        patch.setattr(key_filter, "_ROWS_PER_THREAD_MIN", 10)
        found = pl.concat(
            [f.with_columns(pl.col("k")) for f in key_filter.kept(frames, narrowed.skips.keys)] or [frames[0].clear()]
        )
    # A NULL has any number beneath: the join leaves it out.
    exact = pl.concat(frames).filter(pl.col("k").is_in(values.implode()))
    assert found.filter(pl.col("k").is_not_null()).equals(exact)


def test_keys_far_apart_give_a_range_only() -> None:
    scan = Scan("t", (("t.k", "k", pl.Int64()),))
    plan = sideways.restricted(scan, [(Column("t.k", pl.Int64()), pl.Series([-(1 << 62), 1 << 62]))])
    assert isinstance(plan, Filter)
    assert [s.skips.keys for s in _scans(plan)] == [()]
    assert [(r.low, r.high) for s in _scans(plan) for r in s.skips.ranges] == [(-(1 << 62), 1 << 62)]


def test_a_set_that_keeps_nearly_all_is_left_to_the_join() -> None:
    frame = pl.DataFrame({"k": np.arange(1000)})
    present = np.ones(1001, dtype=np.bool_)
    present[[0, -1]] = False
    assert key_filter.kept([frame], [KeySet("k", 0, present)])[0] is frame


def test_the_ends_of_a_set_stand_for_what_lies_beyond() -> None:
    with pytest.raises(AssertionError, match="no value stands at the ends"):
        KeySet("k", 0, np.ones(3, dtype=np.bool_))
