"""Functions in Python run once for each distinct row, and give NULL for NULL."""

from __future__ import annotations

import polars as pl
import pytest

from rem_arrow.lower.distinct import over_distinct


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_each_distinct_row_is_computed_once(engine: str) -> None:
    """Rows keep their order, repeated ones share a call, and a constant beside a column is repeated."""
    seen: list[tuple[str, int]] = []

    def joined(text: str, number: int) -> str:
        seen.append((text, number))
        return f"{text}{number}"

    rows = pl.LazyFrame({"t": ["b", "a", None, "b", "a"]})
    found = rows.select("t", r=over_distinct(joined, pl.String())(pl.col("t"), pl.lit(1))).collect(engine=engine)
    assert found["r"].to_list() == ["b1", "a1", None, "b1", "a1"]
    assert set(seen) == {("a", 1), ("b", 1)}
    # Streaming computes part by part.
    assert engine == "streaming" or len(seen) == 2


def test_a_column_of_nulls_calls_nothing() -> None:
    rows = pl.DataFrame({"t": [None, None]}, schema={"t": pl.String})
    assert rows.select(over_distinct(len, pl.Int64())(pl.col("t"))).to_series().to_list() == [None, None]
