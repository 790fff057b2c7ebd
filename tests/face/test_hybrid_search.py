"""What a search is where it does not say, the least score, and rerankers: in Python, SQL and async alike."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.access import vector_columns
from tests.plan.test_score_fusion import slowly

TEXTS = ["red fox", "a fox jumps over TAP-12", "blue bird", "the red bird and a red fox", "fox fox fox", "nothing"]
QUERY = "red fox"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[rem.Database]:
    with rem.connect(tmp_path / "db", embedder="hash", background=False) as opened:
        opened.insert("resources", [{"id": f"r{i}", "content": t, "ordinal": i} for i, t in enumerate(TEXTS)])
        yield opened


def scored(frame: pl.DataFrame) -> list[tuple[str, float]]:
    return [(i, pytest.approx(s)) for i, s in frame.select("id", "_score").iter_rows()]


def by(mode: str) -> dict[str, Any]:
    return {"mode": mode, "metric": "l2"} if mode == "l2" else {"mode": mode}


def test_a_search_for_a_text_fuses_words_and_vectors(db: rem.Database) -> None:
    fused = scored(db.search("resources", QUERY, mode="hybrid"))
    assert scored(db.search("resources", QUERY)) == fused
    assert scored(db.sql("SEARCH 'red fox' IN resources")) == fused
    assert scored(db.sql("SELECT * FROM SEARCH(resources, $q)", {"q": QUERY})) == fused
    assert scored(db.sql("SELECT * FROM SEARCH(resources, $q, metric => 'hybrid')", {"q": QUERY})) == fused
    assert scored(db.sql("SELECT * FROM resources r WHERE r.embedding.hybrid('red fox')")) == fused
    words, nearest = (
        dict(db.search("resources", QUERY, mode=mode, k=50).select("id", "_score").iter_rows())
        for mode in ("text", "vector")
    )
    expected = slowly(words, nearest)
    assert dict(fused) == {i: pytest.approx(expected[i]) for i, _ in fused}
    assert [s for _, s in fused] == [pytest.approx(s) for s in sorted(expected.values(), reverse=True)[:10]]
    kept = scored(db.search("resources", QUERY, where="ordinal % 2 = 0"))
    assert kept == scored(db.sql("SEARCH 'red fox' IN resources WHERE ordinal % 2 = 0"))
    assert [i for i, _ in kept] and {int(i[1:]) % 2 for i, _ in kept} == {0}


def test_vectors_alone_rank_where_words_cannot(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a vector, a named column, many rows without an index that is kept, and without the extra."""
    near = scored(db.search("resources", QUERY, mode="vector"))
    vector = db.sql("SELECT embedding FROM resources WHERE id = 'r0'")["embedding"][0].to_list()
    assert scored(db.search("resources", vector)) == scored(db.search("resources", vector, mode="vector"))
    assert scored(db.search("resources", QUERY, column="embedding")) == near
    monkeypatch.setattr(vector_columns, "_WORDS_ROWS_MAX", 3)
    with rem.connect(embedder="hash", background=False) as other:
        other.insert("resources", [{"id": f"r{i}", "content": t} for i, t in enumerate(TEXTS)])
        assert scored(other.search("resources", QUERY)) == near
        assert scored(other.sql("SEARCH 'red fox' IN resources")) == near
        for column in ("name", "description", "content"):
            other.create_index("resources", column, metric="bm25")
        assert scored(other.search("resources", QUERY)) == scored(db.search("resources", QUERY, mode="hybrid"))
    monkeypatch.setattr(vector_columns, "_ranks_words", lambda: False)
    assert scored(db.search("resources", QUERY)) == near


@pytest.mark.parametrize("mode", ["vector", "text", "hybrid", "l2"])
def test_the_least_score(db: rem.Database, mode: str) -> None:
    options = {**by(mode), "mode": "vector"} if mode == "l2" else by(mode)
    every = db.search("resources", QUERY, **options)
    least = every["_score"][every.height // 2]
    kept = every.filter(pl.col("_score") <= least if mode == "l2" else pl.col("_score") >= least)
    assert 0 < kept.height < every.height
    assert scored(db.search("resources", QUERY, min_score=least, **options)) == scored(kept)
    metric = {"vector": "cosine", "text": "bm25"}.get(mode, mode)
    text = f"SELECT * FROM SEARCH(resources, 'red fox', metric => '{metric}', min_score => $least)"
    assert scored(db.sql(text, {"least": least})) == scored(kept)
    with pytest.raises(rem.InputError, match="min_score is a number"):
        db.search("resources", QUERY, min_score="high", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["vector", "text", "hybrid"])
def test_a_reranker_orders_the_rows(db: rem.Database, mode: Any) -> None:
    asked: list[tuple[str, list[str]]] = []

    def longest(query: str, texts: list[str]) -> list[int]:
        asked.append((query, texts))
        return [len(t) for t in texts]

    rows = db.search("resources", QUERY, mode=mode, k=100)
    order = sorted(range(rows.height), key=lambda i: -len(rows["content"][i]))
    wanted = [(rows["id"][i], len(rows["content"][i])) for i in order][:2]
    assert db.search("resources", QUERY, mode=mode, k=2, rerank=longest).select("id", "_score").rows() == wanted
    assert asked == [(QUERY, rows["content"].to_list())]
    db.add_reranker("longest", longest)
    assert db.search("resources", QUERY, mode=mode, k=2, rerank="longest").select("id", "_score").rows() == wanted
    metric = {"vector": "cosine", "text": "bm25"}.get(mode, mode)
    text = f"SELECT id, _score FROM SEARCH(resources, $q, metric => '{metric}', k => 2, rerank => 'longest')"
    assert db.sql(text, {"q": QUERY}).rows() == wanted
    least = wanted[0][1]
    assert db.search("resources", QUERY, mode=mode, rerank="longest", min_score=least)["id"].to_list() == [wanted[0][0]]
    assert "reranked by longest" in str(db.explain(text, {"q": QUERY}))


def test_async_too(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with await rem.connect_async(tmp_path / "db") as db:
            await db.insert("resources", [{"id": f"r{i}", "content": t} for i, t in enumerate(TEXTS)])
            await db.add_reranker("shortest", lambda _, texts: [-len(t) for t in texts])
            one = await db.search("resources", QUERY, k=1, rerank="shortest", min_score=-7)
            two = await db.sql("SELECT id FROM SEARCH(resources, 'red fox', k => 1, rerank => 'shortest')")
            return [one["id"].item(), two["id"].item()]

    assert asyncio.run(run()) == ["r0", "r0"]


def failing(_: str, __: list[str]) -> list[float]:
    raise KeyError("gone")


@pytest.mark.parametrize(
    ("rerank", "error", "message"),
    [
        (lambda _, texts: [1.0], rem.LanguageError, "an array of shape"),
        (lambda _, texts: [float("nan")] * len(texts), rem.LanguageError, "NaN or infinity"),
        (lambda _, texts: ["best"] * len(texts), rem.LanguageError, "failed: ValueError"),
        (failing, rem.LanguageError, "failing failed: KeyError: 'gone'"),
        ("none", rem.InputError, "no reranker 'none'"),
        (3, rem.InputError, "a reranker is a text"),
    ],
)
def test_what_reranks_badly_is_named(db: rem.Database, rerank: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        db.search("resources", QUERY, rerank=rerank)


def test_a_reranker_needs_texts(db: rem.Database) -> None:
    db.load("points", pl.DataFrame({"v": pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float32, 2))}))
    with pytest.raises(rem.InputError, match="a reranker reads texts"):
        db.search("points", [1.0, 1.0], column="v", rerank=failing)
    with pytest.raises(rem.BindError, match="a reranker reads texts"):
        db.sql("SELECT * FROM SEARCH(points, [1.0, 1.0], column => v, rerank => 'none')")
    with pytest.raises(rem.BindError, match="rerank is the name of a reranker"):
        db.sql("SELECT * FROM SEARCH(resources, 'x', rerank => 3)")
    with pytest.raises(rem.InputError, match="a reranker is a function"):
        db.add_reranker("none", 3)  # type: ignore[arg-type]


def test_a_model_of_a_library_reranks(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries are stood in for: the model is loaded once, by name, without code or pickles of others."""
    loaded: list[tuple[str, dict[str, Any]]] = []

    class CrossEncoder:
        def __init__(self, name: str, **options: Any) -> None:
            loaded.append((name, options))

        def predict(self, pairs: list[tuple[str, str]], **_: Any) -> list[float]:
            return [float(len(text)) for _, text in pairs]

    module = types.ModuleType("sentence_transformers")
    module.CrossEncoder = CrossEncoder  # type: ignore[attr-defined]
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    for _ in range(2):
        hits = db.search("resources", QUERY, k=1, rerank="sentence-transformers:tiny")
        assert hits["id"].to_list() == ["r3"]
    assert loaded == [("tiny", {"trust_remote_code": False, "model_kwargs": {"use_safetensors": True}})]


def test_a_score_is_no_hybrid(db: rem.Database) -> None:
    for name in ("hybrid", "search"):
        with pytest.raises(rem.BindError, match=f"{name} finds rows, and is no number"):
            db.sql(f"SELECT embedding.{name}('x') FROM resources")
    with pytest.raises(rem.BindError, match="a hybrid search takes a text"):
        db.sql("SELECT * FROM resources r WHERE r.embedding.hybrid($v)", {"v": [1.0] * 384})
    with pytest.raises(rem.BindError, match="a search takes k => n, not best"):
        db.sql("SELECT * FROM resources r WHERE r.embedding.cosine('x', best => 3)")
