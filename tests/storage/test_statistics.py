"""Zone maps of parts, merged: bounds and NULLs exactly, distinct and common values closely."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

import rem_arrow as rem
from rem_arrow.storage import statistics
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.statistics import ZoneMap
from rem_arrow.storage.tail import Run


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1), min_size=1, max_size=5))
def test_merged_zone_maps_are_those_of_all_rows(parts):
    """Through JSON too."""
    zones = [statistics.zone_map(pl.Series(part, dtype=pl.Int64)) for part in parts]
    merged = statistics.merged([ZoneMap.from_json(from_json(to_json(z.to_json()))) for z in zones])
    rows = [v for part in parts for v in part]
    filled = [v for v in rows if v is not None]
    assert merged.null_count == len(rows) - len(filled)
    assert (merged.low, merged.high) == ((min(filled), max(filled)) if filled else (None, None))
    assert abs(merged.distinct - len(set(filled))) <= 2
    assert (merged.distinct == 0) == (not filled)
    seen = Counter(filled)
    assert all(count <= seen[value] for value, count in merged.common)
    if len(parts) == 1:
        assert dict(merged.common) == {v: n for v, n in seen.items() if n > 1}


def test_common_values_are_found_in_a_sample():
    """Of a million rows of which a third have one value, and a tenth another, in a period that a sample by steps would
    follow."""
    column = pl.select(
        pl.when(pl.int_range(1_000_000) % 3 == 0)
        .then(-1)
        .when(pl.int_range(1_000_000) % 10 == 1)
        .then(-2)
        .otherwise(pl.int_range(1_000_000))
        .alias("#")
    ).to_series()
    common = dict(statistics.zone_map(column).common)
    assert common[-1] == pytest.approx(333_334, rel=0.1)
    assert common[-2] == pytest.approx(66_667, rel=0.2)
    assert len(common) == 2


def test_a_tail_has_the_statistics_of_its_rows():
    """At every version, an older one too; inserting does not compute them."""
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"a": [5, 5, 7], "s": ["x", None, "y"]}))
        older = db._snapshot().source("t")
        run = db._instance.store.version.find("t").parts[0].part
        assert isinstance(run, Run) and not run._zones
        for n in range(12):
            db.sql("INSERT INTO t VALUES ($n, 'z')", {"n": n})
            known = db._snapshot().source("t").statistics("a")
            assert (known.low, known.high, known.rows) == (0, max(7, n), n + 4)
            assert abs(known.distinct - len({5, 7, *range(n + 1)})) <= 2
        assert dict(known.common)[5] in (2, 3)
        before = older.statistics("a")
        assert (before.low, before.high, before.distinct, before.rows) == (5, 7, 2, 3)
        texts = db._snapshot().source("t").statistics("s")
        assert (texts.low, texts.high, texts.null_count, texts.distinct) == ("x", "z", 1, 3)
        db.compact()
        sealed = db._snapshot().source("t").statistics("a")
        assert (sealed.low, sealed.high, sealed.rows) == (0, 11, 15)
        assert sealed.distinct == known.distinct


def test_keys_spread_over_all_segments_are_not_counted_once_for_each(monkeypatch):
    """300,000 rows of 100,000 keys in segments that each hold nearly all of them: without sketches, as older databases
    are, the guess is between the most in a segment and all together."""
    keys = pl.select((pl.int_range(300_000) * 7_919 % 100_000).alias("#")).to_series()
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"k": keys}))
        assert len(db._instance.store.version.find("t").parts) > 1
        assert db._snapshot().source("t").statistics("k").distinct == pytest.approx(100_000, rel=0.13)
    monkeypatch.setattr(ZoneMap, "to_json", lambda self: [self.low, self.high, self.null_count, self.distinct])
    with rem.connect(background=False) as db:
        db.load("t", pl.DataFrame({"k": keys}))
        parts = db._instance.store.version.find("t").parts
        assert all(isinstance(v.part, Segment) for v in parts)
        assert 80_000 <= db._snapshot().source("t").statistics("k").distinct <= 300_000
        assert db.sql("SELECT count(DISTINCT k), min(k), max(k) FROM t").row(0) == (100_000, 0, 99_999)
