"""Sketches of distinct values: what they count, and that those of parts are merged to that of the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.storage import hyperloglog


@given(st.lists(st.lists(st.one_of(st.none(), st.text(max_size=3))), min_size=1, max_size=5))
def test_parts_are_merged_to_the_whole(parts):
    """The registers of all values are those of the parts together, in any division, through their texts."""
    columns = [pl.Series(part, dtype=pl.String) for part in parts]
    sketches = [hyperloglog.from_text(hyperloglog.to_text(hyperloglog.registers_of(c))) for c in columns]
    together = hyperloglog.merged(s for s in sketches if s is not None)
    assert together.tolist() == hyperloglog.registers_of(pl.concat(columns)).tolist()


@pytest.mark.parametrize("distinct", [0, 1, 2, 50, 900, 3_000, 40_000, 700_000])
@pytest.mark.parametrize(
    "values",
    [lambda n: n, lambda n: n.cast(pl.Decimal(18, 2)), lambda n: "k" + n.cast(pl.String), lambda n: n / 7],
    ids=["integers", "decimals", "texts", "floats"],
)
def test_the_count_is_close(distinct, values: Callable[[pl.Series], pl.Series]):
    """Within four standard errors, however often each value comes, and NULLs beside them."""
    numbers = pl.Series(np.arange(distinct) * 977 - 5_000, dtype=pl.Int64)
    column = pl.concat([values(numbers), values(numbers), pl.Series([None], dtype=values(numbers).dtype)])
    counted = hyperloglog.count(hyperloglog.registers_of(column))
    assert abs(counted - distinct) <= max(0.5 * (distinct > 0), 4 * 0.033 * distinct)


def test_a_sketch_of_another_hash_function_is_none():
    """Nor is a text that is cut, or holds a number that no register has."""
    text = hyperloglog.to_text(hyperloglog.registers_of(pl.Series([1, 2, 3])))
    other = "00000000" if text[:8] != "00000000" else "00000001"
    assert hyperloglog.from_text(text) is not None
    assert hyperloglog.from_text(other + text[8:]) is None
    assert hyperloglog.from_text(text[:-7]) is None
    assert hyperloglog.from_text(text[:8]) is None
    assert hyperloglog.from_text(hyperloglog.to_text(np.full(1024, 200, dtype=np.uint8))) is None
