"""What a filter left is asked again of the same rows only, with the same values: searches behind it show no others."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.access.kept_filters import KeptFilters

ROWS = 40
SEARCH = "SELECT id FROM t WHERE v.cosine($q, k => 5) AND g < $g ORDER BY _score DESC, id"


def _nearest(rows: dict[int, tuple[int, list[float]]], query: list[float], below: float) -> list[int]:
    near = {i: np.dot(v, query) / np.linalg.norm(v) / np.linalg.norm(query) for i, (g, v) in rows.items() if g < below}
    return sorted(near, key=lambda i: (-near[i], i))[:5]


def test_a_search_behind_a_filter_follows_every_change() -> None:
    """Against a plain search by hand, the filter the same again and again while rows come, change and go."""
    rng = random.Random(3)
    with rem.connect(background=False) as db:
        rows = {i: (i % 4, [rng.uniform(-1, 1) for _ in range(3)]) for i in range(ROWS)}
        frame = pl.DataFrame({"id": list(rows), "g": [g for g, _ in rows.values()], "v": [v for _, v in rows.values()]})
        db.load("t", frame.with_columns(pl.col("v").cast(pl.Array(pl.Float32, 3))), progress=False)
        for step in range(15):
            query, below = [rng.uniform(-1, 1) for _ in range(3)], rng.choice([1, 2, 2, 2.5])
            for _ in range(2):
                found = db.sql(SEARCH, {"q": query, "g": below})["id"].to_list()
                assert found == _nearest(rows, query, below), step
            number = rng.choice(list(rows))
            if step % 3 == 0:
                rows[number] = (rng.randrange(4), rows[number][1])
                db.sql("UPDATE t SET g = $g WHERE id = $i", {"g": rows[number][0], "i": number})
            elif step % 3 == 1:
                del rows[number]
                db.sql("DELETE FROM t WHERE id = $i", {"i": number})
            else:
                rows[ROWS + step] = (1, [rng.uniform(-1, 1) for _ in range(3)])
                db.sql("INSERT INTO t VALUES ($i, 1, $v)", {"i": ROWS + step, "v": rows[ROWS + step][1]})


@pytest.mark.parametrize(
    ("condition", "kept"), [("g < 2", 1), ("g < 2 AND random() < 2", 0), ("now() > '2020-01-01'", 0)]
)
def test_filters_that_vary_are_not_kept(condition: str, kept: int) -> None:
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (id BIGINT, g BIGINT, v FLOAT[2])")
        db.sql("INSERT INTO t VALUES (1, 1, [1, 0]), (2, 3, [0, 1])")
        assert db.sql(f"SELECT id FROM t WHERE v.cosine([1.0, 0.1]) AND {condition}")["id"].to_list()[0] == 1
        assert len(db._instance.indexes.filters._kept.items()) == kept


def test_what_is_kept_is_bounded_and_cannot_be_written() -> None:
    filters, parts, calls = KeptFilters(1 << 20), ("part",), list[int]()

    def of(rows: int) -> Callable[[], Any]:
        def compute() -> Any:
            calls.append(rows)
            return np.arange(rows, dtype=np.int64)

        return compute

    assert len(filters.rowids("few", parts, of(10))) == len(filters.rowids("few", parts, of(10))) == 10
    assert calls == [10]
    filters.rowids("few", ("other",), of(10))
    assert calls == [10, 10], "other parts are other rows"
    for _ in range(2):
        filters.rowids("many", parts, of(2_000))
    assert calls[2:] == [2_000, 2_000], "more than half of the room is not kept"
    with pytest.raises(ValueError, match="read-only"):
        filters.rowids("few", parts, of(10))[0] = 1
