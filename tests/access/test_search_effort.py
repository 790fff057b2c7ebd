"""A search by an index finds nearly all that an exact one finds, near the vectors and away from them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.access import vector_indexes, vector_search
from rem_arrow.access.kept_index import HeldRows
from rem_arrow.access.search_effort import UNMEASURED, Effort
from rem_arrow.access.vector_entries import VectorEntry, read_entry
from tests.index.vectors import clustered

ROWS, DIMENSION = 4_000, 24


@pytest.fixture
def index_of_few_links(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_indexes, "INDEXED_ROWS_MIN", 50)
    for name in ("_ROW_NS", "_GATHERED_NS"):
        monkeypatch.setattr(vector_search, name, 1e6)
    points = clustered(ROWS, DIMENSION, 1, clusters=200)
    rows = pl.DataFrame({"n": range(ROWS), "v": points}, schema={"n": pl.Int64, "v": pl.Array(pl.Float32, DIMENSION)})
    with rem.connect(tmp_path / "db") as db:
        db.load("points", rows)
        db.sql("CREATE INDEX i ON points USING HNSW (v) WITH (m = 8, ef_construction = 40)")
        db.wait()
    return tmp_path / "db", points


def test_recall_holds_near_the_vectors_and_away_from_them_after_opening_again(index_of_few_links):
    """At least 0.97 of the 10 nearest of 200 queries each; as many vectors as an index without a measure looks at do
    not do."""
    path, points = index_of_few_links
    generator = np.random.default_rng(9)
    near = points[generator.integers(0, ROWS, 200)] + generator.normal(0, 0.1, (200, DIMENSION))
    away = generator.normal(0, points.std(), (200, DIMENSION))
    units = points / np.linalg.norm(points, axis=1)[:, None]
    with rem.connect(path) as db:
        for queries in (near, away):
            asked = pl.DataFrame(
                {"q": range(200), "v": queries.astype(np.float32)},
                schema={"q": pl.Int64, "v": pl.Array(pl.Float32, DIMENSION)},
            )
            text = "SELECT t.q, d.n FROM t, LATERAL (SELECT * FROM points p WHERE p.v.cosine(t.v, k => 10)) d"
            found = set(db.sql(text, frames={"t": asked}).rows())
            best = np.argsort(-(units @ queries.T), axis=0)[:10]
            wanted = {(q, int(n)) for q in range(200) for n in best[:, q]}
            assert len(found & wanted) >= 0.97 * len(wanted)
        (held,) = db._instance.indexes.vectors._held.values()
        assert held.effort.far > held.effort.near > 0
        assert held.effort.far > UNMEASURED.far


def test_an_entry_keeps_the_effort_and_one_without_it_is_read():
    rows = HeldRows(np.array([3, 5]), np.array([1, 2], dtype=np.uint32))
    for effort in (Effort(64, 800, 0.25, 1_000), UNMEASURED):
        assert read_entry(VectorEntry("f", b"\1", rows, effort).written()).effort == effort
    before = b'["f","01"]\0' + VectorEntry("f", b"\1", rows).written().partition(b"\0")[2]
    assert read_entry(before).effort == UNMEASURED


def test_more_rows_take_more_effort():
    assert Effort(100, 200, 0.5, 1_000).of(16_000) == Effort(800, 1_600, 0.5, 16_000)
    assert Effort(100, 200, 0.5, 1_000).of(10) == Effort(100, 200, 0.5, 1_000)
