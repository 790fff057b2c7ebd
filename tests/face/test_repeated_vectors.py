"""Searches by an index among vectors that repeat, beside brute force: every row that exists is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.access import vector_indexes, vector_search
from tests.effort import examples
from tests.index.vectors import clustered

D = 8


def table(vectors: np.ndarray[Any, Any], **columns: Any) -> pl.DataFrame:
    values = pl.Series("v", vectors.astype(np.float32), dtype=pl.Array(pl.Float32, vectors.shape[1]))
    return pl.DataFrame({"n": range(len(vectors)), **columns}).with_columns(values)


def best(vectors: np.ndarray[Any, Any], query: np.ndarray[Any, Any], k: int, metric: str) -> np.ndarray[Any, Any]:
    """Return the k best scores, best first."""
    a, b = vectors.astype(np.float32).astype(float), query.astype(float)
    if metric == "l2":
        return np.sort(np.linalg.norm(a - b, axis=1))[:k]
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b) if metric == "cosine" else 1.0
    return np.sort(a @ b / lengths)[::-1][:k]


@settings(max_examples=examples(6), deadline=None)
@given(seed=st.integers(0, 1 << 32), phrases=st.integers(1, 30), share=st.sampled_from([0.5, 0.9, 0.99]))
def test_k_rows_come_where_k_exist(seed: int, phrases: int, share: float) -> None:
    """Under filters that let through many and few, also of the copies alone, after rows have gone and come."""
    rng = np.random.default_rng(seed)
    stock, rows = rng.normal(size=(phrases, D)), 1_500
    copied = rng.random(rows) < share
    vectors = np.where(copied[:, None], stock[rng.integers(0, phrases, rows)], rng.normal(size=(rows, D)))
    groups = rng.integers(0, 1_000, rows)
    with pytest.MonkeyPatch.context() as patch, rem.connect(background=False) as db:
        patch.setattr(vector_indexes, "INDEXED_ROWS_MIN", 100)
        patch.setattr(vector_search, "_ROW_NS", 1e6)
        patch.setattr(vector_search, "_GATHERED_NS", 1e6)
        db.load("t", table(vectors, g=groups, copied=copied), progress=False)
        metric: Any = ["cosine", "l2", "inner_product"][seed % 3]
        db.create_index("t", "v", metric=metric)
        db._instance.indexes.vectors.update(db._access().table("t").table.number)
        gone = rng.integers(0, rows, 50).tolist()
        db.sql("DELETE FROM t WHERE list_contains($gone, n)", {"gone": gone})
        left = np.setdiff1d(np.arange(rows), gone)
        for query in (stock[0], vectors[rng.integers(rows)], rng.normal(size=D)):
            q = query.astype(np.float32)
            for condition, passes in (
                ("g < 500", groups < 500),
                ("g < 10", groups < 10),
                ("NOT copied", ~copied),
                ("true", np.ones(rows, dtype=bool)),
            ):
                text = f"SELECT n, _score FROM t WHERE t.v.{metric}($q, k => 100) AND {condition}"
                hits = db.sql(text, {"q": q.tolist()})
                wanted = best(vectors[left[passes[left]]], q, 100, metric)
                assert np.allclose(hits["_score"].to_numpy(), wanted, atol=1e-4), "equal vectors may change places"
        first = db.sql(f"SELECT n FROM t WHERE t.v.{metric}($q, k => 1)", {"q": vectors[gone[0]].tolist()})
        assert first.height == 1


def test_one_phrase_many_times_strands_no_other() -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([np.repeat(rng.normal(size=(1, 16)), 20_000, axis=0), rng.normal(size=(300, 16))])
    vectors = vectors[rng.permutation(len(vectors))].astype(np.float32)
    with rem.connect() as db:
        db.load("t", table(vectors), progress=False)
        db.create_index("t", "v")
        db.wait()
        lone = np.flatnonzero(np.abs(vectors - np.median(vectors, axis=0)).sum(axis=1) > 1e-6)[:40]
        hits = [db.search("t", vectors[i].tolist(), column="v", k=1)["n"][0] for i in lone]
        assert hits == lone.tolist()
        assert db.stats()["vector_indexes"]


@pytest.mark.long
def test_recall_under_filters() -> None:
    """At least 0.99 of the ten nearest, where half of the vectors are copies."""
    rng = np.random.default_rng(1)
    rows = 30_000
    vectors, queries = np.split(clustered(rows + 40, 32, 1), [rows])
    vectors[rng.permutation(rows)[: rows // 2]] = clustered(40, 32, 2)[rng.integers(0, 40, rows // 2)]
    groups = rng.integers(0, 1_000, rows)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    with rem.connect() as db:
        db.load("t", table(vectors, g=groups), progress=False)
        db.create_index("t", "v")
        db.wait()
        for below in (500, 100, 10, 1):
            passing = np.flatnonzero(groups < below)
            found = 0.0
            for query in queries:
                scores = units[passing] @ (query / np.linalg.norm(query))
                tenth = np.sort(scores)[-min(10, len(passing))]
                hits = db.sql("SELECT n, _score FROM t WHERE t.v.cosine($q) AND g < $g", {"q": query, "g": below})
                assert hits.height == min(10, len(passing))
                found += (hits["_score"].to_numpy() >= tenth - 1e-5).mean()
            assert found / len(queries) >= 0.99, below
