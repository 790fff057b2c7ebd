"""Search by meaning against brute force: fresh, exact, never a wrong or missing row."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.access import vector_indexes, vector_search
from rem_arrow.write import embeddings
from rem_arrow.write.embeddings import EmbeddingWarning
from tests.children import killed
from tests.patience import PATIENCE_S, join, started

D = 8


class Note(BaseModel):
    """A text with a kind."""

    content: str | None = None
    kind: str = "a"
    size: int = 0


def letters(texts: list[str]) -> np.ndarray[Any, Any]:
    """Embed a text by how often each of eight letters is in it: an embedder whose answers can be reckoned by hand."""
    return np.array([[t.count(c) for c in "abcdefgh"] for t in texts], dtype=np.float32)


def brute(vectors: dict[Any, np.ndarray[Any, Any]], query: np.ndarray[Any, Any], k: int, metric: str) -> list[Any]:
    """Return the keys of the k nearest, best first; ties by key."""

    def score(v: np.ndarray[Any, Any]) -> float:
        a, b = v.astype(float), query.astype(float)
        if metric == "cosine":
            return -float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
        return -float(a @ b) if metric == "inner_product" else float(np.linalg.norm(a - b))

    usable = {i: v for i, v in vectors.items() if metric != "cosine" or np.linalg.norm(v) > 0}
    return sorted(usable, key=lambda i: (round(score(usable[i]), 5), i))[:k]


def points(ids: Sequence[int], vectors: np.ndarray[Any, Any], **columns: Sequence[object]) -> pl.DataFrame:
    """Return rows with a vector `v` each, and other columns."""
    return pl.DataFrame({"id": ids, **columns, "v": pl.Series(vectors, dtype=pl.Array(pl.Float32, D))})


def some_vectors(rng: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    return rng.normal(size=(count, D)).astype(np.float32)


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with rem.connect(tmp_path / "db", embedder=letters, background=False) as opened:
        opened.register(Note, name="notes")
        yield opened


@pytest.fixture
def vectors(db: Any) -> dict[int, np.ndarray[Any, Any]]:
    """A plain table `points` of 300 rows with the column `v`, some of them NULL."""
    rng = np.random.default_rng(7)
    values = some_vectors(rng, 300)
    missing = set(range(0, 300, 17))
    column = pl.Series(
        "v", [None if i in missing else values[i].tolist() for i in range(300)], dtype=pl.Array(pl.Float32, D)
    )
    db.load("points", pl.DataFrame({"id": range(300), "g": [i % 10 for i in range(300)], "v": column}))
    return {i: values[i] for i in range(300) if i not in missing}


@pytest.mark.parametrize("metric", ["cosine", "inner_product", "l2"])
def test_a_search_finds_the_nearest_rows(db: Any, vectors: dict[int, np.ndarray[Any, Any]], metric: str) -> None:
    query = np.random.default_rng(1).normal(size=D).astype(np.float32)
    found = db.sql(f"SELECT id, _score FROM points WHERE v.{metric}($q, k => 25)", {"q": query})
    assert found["id"].to_list() == brute(vectors, query, 25, metric)
    assert found["_score"].is_sorted(descending=metric != "l2")
    assert db.search("points", query, k=25, column="v", metric=metric)["id"].to_list() == found["id"].to_list()
    shown = db.sql(f"SELECT id, v.{metric}($q) AS s FROM points WHERE v IS NOT NULL ORDER BY id", {"q": query})
    by_id = dict(zip(shown["id"], shown["s"], strict=True))
    assert [by_id[i] for i in found["id"]] == found["_score"].to_list(), "every path gives the same number"


def test_the_filter_comes_first(db: Any, vectors: dict[int, np.ndarray[Any, Any]]) -> None:
    """k rows come where k exist, however few pass the filter."""
    query = np.random.default_rng(2).normal(size=D).astype(np.float32)
    for condition, passes in (
        ("g = 3", lambda i: i % 10 == 3),
        ("id >= 290", lambda i: i >= 290),
        ("g = 3 OR g = 4", lambda i: i % 10 in (3, 4)),
        ("id < 0", lambda i: False),
    ):
        wanted = brute({i: v for i, v in vectors.items() if passes(i)}, query, 12, "cosine")
        found = db.sql(f"SELECT id FROM points WHERE v.cosine($q, k => 12) AND ({condition})", {"q": query})[
            "id"
        ].to_list()
        assert found == wanted
        assert db.search("points", query, k=12, column="v", where=condition)["id"].to_list() == wanted


def test_k_is_of_the_term_or_the_limit_or_ten(db: Any, vectors: dict[int, np.ndarray[Any, Any]]) -> None:
    q = {"q": [1.0] * D}
    assert db.sql("SELECT id FROM points WHERE v.cosine($q)", q).height == 10
    assert db.sql("SELECT id FROM points WHERE v.cosine($q) LIMIT 3", q).height == 3
    ranked = db.sql("SELECT id FROM points WHERE v.cosine($q, k => 20)", q)["id"].to_list()
    assert db.sql("SELECT id FROM points WHERE v.cosine($q) LIMIT 3 OFFSET 4", q)["id"].to_list() == ranked[4:7]
    assert db.sql("SELECT id FROM points WHERE v.cosine($q, k => 20) LIMIT 3", q)["id"].to_list() == ranked[:3]
    assert db.sql("SELECT count(*) AS n FROM points WHERE v.cosine($q) LIMIT 3", q)["n"].to_list() == [10], (
        "an aggregate's LIMIT is no k"
    )
    assert (
        db.sql("SELECT g, count(*) FROM points WHERE v.cosine($q, k => 20) GROUP BY g", q)["count_star()"].sum() == 20
    )
    assert db.sql("SELECT id FROM points WHERE v.cosine($q, k => $k)", {**q, "k": 2}).height == 2


def test_the_rows_are_those_that_take_part_in_the_join(db: Any, vectors: dict[int, np.ndarray[Any, Any]]) -> None:
    """The k nearest distinct rows of the searched table that have a partner, with all their partners."""
    db.load("tags", pl.DataFrame({"point": [i for i in range(0, 300, 7) for _ in range(2)], "tag": ["x", "y"] * 43}))
    query = np.random.default_rng(3).normal(size=D).astype(np.float32)
    found = db.sql(
        "SELECT p.id, t.tag FROM points p JOIN tags t ON t.point = p.id WHERE p.v.l2($q, k => 5)", {"q": query}
    )
    wanted = brute({i: v for i, v in vectors.items() if i % 7 == 0}, query, 5, "l2")
    assert found["id"].unique(maintain_order=True).to_list() == wanted
    assert found.height == 10
    two = db.sql(
        "SELECT a.id AS a, b.id AS b FROM points a JOIN points b ON a.g = b.g WHERE a.v.l2($q, k => 3) AND "
        "b.v.cosine($q, k => 4)",
        {"q": query},
    )
    near, far = brute(vectors, query, 3, "l2"), brute(vectors, query, 4, "cosine")
    assert set(two.rows()) == {(a, b) for a in near for b in far if a % 10 == b % 10}, (
        "each search applies to the rest without the other"
    )


def test_order_by_score_and_limit_is_a_search(db: Any, vectors: dict[int, np.ndarray[Any, Any]]) -> None:
    q = {"q": np.random.default_rng(4).normal(size=D).astype(np.float32)}
    text = "SELECT id FROM points ORDER BY v.l2($q) LIMIT 5"
    assert db.sql(text, q)["id"].to_list() == brute(vectors, q["q"], 5, "l2")
    assert "Search points.v by l2, k 5" in db.explain(text, q)
    everything = db.sql("SELECT id, v.l2($q) AS s FROM points ORDER BY s LIMIT 1000", q)
    assert everything.height == 300, "rows without a vector come last"
    assert everything["s"].tail(300 - len(vectors)).null_count() == 300 - len(vectors)


def test_search_as_a_statement_and_as_a_relation(db: Any) -> None:
    db.insert(
        "notes",
        [
            {"content": "aab", "kind": "x", "size": 1},
            {"content": "abb", "kind": "y", "size": 2},
            {"content": "hh", "kind": "x", "size": 3},
        ],
    )
    assert db.sql("SEARCH 'aa' IN notes LIMIT 2")["content"].to_list() == ["aab", "abb"]
    assert db.sql("SEARCH 'aa' IN notes AS n WHERE n.kind = 'y' OR n.size = 3")["content"].to_list() == ["abb", "hh"]
    assert db.sql("SEARCH $q IN notes LIMIT 1", {"q": "h"})["content"].to_list() == ["hh"]
    assert db.sql("SELECT s.content FROM SEARCH(notes, 'aa', k => 1) AS s")["content"].to_list() == ["aab"]
    assert db.sql(
        "WITH s AS (SEARCH 'aa' IN notes LIMIT 2) SELECT count(*) AS n, min(_score) > 1 / 63 AS near FROM s"
    ).rows() == [(2, True)]
    db.sql("CREATE TABLE search AS SELECT 1 AS search")
    assert db.sql("SELECT search FROM search").rows() == [(1,)], "SEARCH is a name elsewhere"


def test_a_row_is_found_as_it_is_now(db: Any) -> None:
    """Inserts are found at once; updates, deletes and purges never show what was."""
    a, b, c = db.insert("notes", [{"content": "aaaa"}, {"content": "bbbb"}, {"content": "aabb"}])
    assert db.search("notes", "a")["id"].to_list() == [a, c, b]
    db.update("notes", a, {"content": "gggg"})
    assert db.search("notes", "a", k=1)["id"].to_list() == [c]
    db.delete("notes", c)
    assert c not in db.search("notes", "a")["id"].to_list()
    db.insert("notes", {"id": c, "content": "a"})
    assert db.search("notes", "a", k=1)["id"].to_list() == [c], "inserting its id again revives it"
    db.sql("UPDATE notes SET content = 'ccc' WHERE id = $1", [b])
    assert db.search("notes", "c", k=1)["id"].to_list() == [b]
    db.purge("notes", b)
    assert b not in db.search("notes", "c")["id"].to_list()
    assert db.sql("SELECT id FROM notes WHERE embedding IS NULL").height == 0


def test_unchanged_text_is_not_embedded_again(tmp_path: Path) -> None:
    asked: list[str] = []

    def counting(texts: list[str]) -> np.ndarray[Any, Any]:
        asked.extend(texts)
        return letters(texts)

    with rem.connect(tmp_path / "db", embedder=counting, background=False) as db:
        db.register(Note, name="notes")
        id_ = db.insert("notes", {"content": "abc"})
        asked.clear()
        db.update("notes", id_, {"size": 5})
        assert asked == []
        db.update("notes", id_, {"content": "abd"})
        assert asked == ["abd"]


def test_vectors_that_a_process_has_left_missing_are_computed_after_opening(tmp_path: Path) -> None:
    """As after a kill between the commit of a row and that of its vector."""
    works = True

    def breaking(texts: list[str]) -> np.ndarray[Any, Any]:
        if not works:
            raise RuntimeError("no network")
        return letters(texts)

    with rem.connect(tmp_path / "db", embedder=breaking, background=False) as db:
        db.register(Note, name="notes")
        works = False
        with pytest.warns(EmbeddingWarning):
            db.insert("notes", {"id": "a", "content": "abc"})
    works = True
    with rem.connect(tmp_path / "db", embedder=breaking) as db:
        db.wait()
        assert db.search("notes", "abc")["id"].to_list() == ["a"]


def test_a_provider_that_fails_leaves_the_rows_stored(tmp_path: Path) -> None:
    works = False

    def sometimes(texts: list[str]) -> np.ndarray[Any, Any]:
        if not works:
            raise RuntimeError("no network")
        return letters(texts)

    with pytest.raises(rem.RemError):
        rem.connect(tmp_path / "never", embedder=sometimes, background=False)
    works = True
    with rem.connect(tmp_path / "db", embedder=sometimes, background=False) as db:
        db.register(Note, name="notes")
        works = False
        with pytest.warns(EmbeddingWarning, match="rows of notes are stored, and not embedded yet"):
            db.insert("notes", {"content": "abc"})
        assert db.sql("SELECT content, embedding IS NULL AS missing FROM notes").rows() == [("abc", True)]
        assert "no network" in db.stats()["embedding_failure"]
        works = True
        assert db.reembed("notes") == 1
        assert db.search("notes", "abc")["content"].to_list() == ["abc"]
        assert db.stats()["embedding_failure"] is None


def test_reembed_moves_to_another_provider(db: Any) -> None:
    db.insert("notes", [{"content": "abc"}, {"content": "hhh"}, {"content": None}])
    assert db.reembed("notes", "hash") == 2
    assert db.schema("notes").height == 7
    assert len(db.sql("SELECT embedding FROM notes WHERE content = 'abc'")["embedding"][0]) == 384
    assert db.search("notes", "abc", k=1)["content"].to_list() == ["abc"]
    with pytest.raises(rem.RemError, match="the query has 8 dimensions, and the vectors of notes.embedding have 384"):
        db.search("notes", [1.0] * 8)


def test_a_vector_that_is_given_is_taken_as_it_is(db: Any) -> None:
    one = [1.0] * D
    a, _ = db.insert("notes", [{"content": "aaa", "embedding": one}, {"content": "bbb"}])
    assert db.sql("SELECT embedding FROM notes WHERE id = $1", [a])["embedding"][0].to_list() == one
    assert db.search("notes", one, k=1)["id"].to_list() == [a]
    db.insert("notes", {"id": a, "content": "aaa", "size": 3, "embedding": [2.0] * D})
    assert db.sql("SELECT embedding FROM notes WHERE id = $1", [a])["embedding"][0].to_list() == [2.0] * D
    db.update("notes", a, {"size": 4})
    assert db.sql("SELECT embedding FROM notes WHERE id = $1", [a])["embedding"][0].to_list() == [2.0] * D, (
        "its text is the same"
    )
    db.update("notes", a, {"content": "hhh"})
    assert db.search("notes", "h", k=1)["id"].to_list() == [a]
    for wrong, message in (
        ([1.0] * 3, "a vector of 8 numbers belongs here"),
        (["x"] * D, "a vector is a list of numbers"),
        ([float("inf")] * D, "finite numbers only"),
    ):
        with pytest.raises(rem.InputError, match=message):
            db.insert("notes", [{"content": "fine"}, {"content": "not", "embedding": wrong}])
    assert db.sql("SELECT count(*) AS n FROM notes")["n"].to_list() == [2], "nothing of the batch was stored"


def test_two_embeddings_side_by_side(tmp_path: Path) -> None:
    class Paper(BaseModel):
        model_config = ConfigDict(
            json_schema_extra={"embedding_fields": ["title", "body"], "embedding_provider_alt": "hash:64"}
        )
        title: str
        body: str | None = None

    with rem.connect(tmp_path / "db", embedder=letters, background=False) as db:
        db.register(Paper, name="papers")
        db.insert("papers", [{"title": "aaa", "body": "b"}, {"title": "hhh"}])
        assert db.search("papers", "a", k=1)["title"].to_list() == ["aaa"]
        assert db.search("papers", "hhh", k=1, column="embedding_alt")["title"].to_list() == ["hhh"]
        assert [len(v) for v in db.sql("SELECT embedding, embedding_alt FROM papers LIMIT 1").row(0)] == [8, 64]
        assert "embedding" not in db.sql("SELECT * FROM papers").columns


def test_the_query_may_be_a_row_of_the_table(db: Any) -> None:
    a, b, c = db.insert("notes", [{"content": "aaab"}, {"content": "aab"}, {"content": "gh"}])
    assert db.similar("notes", a, k=1)["id"].to_list() == [b]
    text = "SELECT id FROM notes WHERE embedding.cosine((SELECT embedding FROM notes WHERE id = $1)) AND id <> $1"
    assert db.sql(text, [a])["id"].to_list() == [b, c]
    assert (
        db.sql("SELECT id FROM notes WHERE embedding.cosine((SELECT embedding FROM notes WHERE id = 'none'))").height
        == 0
    )
    pairs = db.sql("SELECT x.embedding.cosine(y.embedding) AS s FROM notes x, notes y WHERE x.id = y.id")
    assert pairs["s"].round(5).to_list() == [1.0, 1.0, 1.0]


def test_rows_are_found_after_reopening_and_from_a_transaction(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(Note, name="notes")
        with db.transaction() as tx:
            tx.insert("notes", {"content": "salt and pepper"})
        assert db.search("notes", "pepper", k=1)["content"].to_list() == ["salt and pepper"]
        db.load("notes", pl.DataFrame({"content": [f"text number {i}" for i in range(3000)]}))
    with rem.connect(tmp_path / "db", background=False) as db:
        assert db.search("notes", "pepper", k=1)["content"].to_list() == ["salt and pepper"]
        db.compact()
        assert db.search("notes", "text number 1234", k=1)["content"].to_list() == ["text number 1234"]
        assert db.verify().is_empty()


def test_embedding_in_the_background(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "db", embed="background") as db:
        db.register(Note, name="notes")
        db.insert("notes", [{"content": f"number {i}"} for i in range(50)])
        db.wait()
        assert db.sql("SELECT count(*) AS n FROM notes WHERE embedding IS NULL")["n"].to_list() == [0]
        assert db.search("notes", "number 17", k=1)["content"].to_list() == ["number 17"]


def test_the_background_thread_does_not_wait_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own commits fill runs, which only it can seal."""
    monkeypatch.setattr(embeddings, "_BATCH_ROWS", 2)
    with rem.connect(tmp_path / "db", embed="background", tail_rows_max=2) as db:
        db.register(Note, name="notes")
        db.load("notes", pl.DataFrame({"content": [f"number {i}" for i in range(40)]}))
        db.wait(timeout_s=PATIENCE_S)
        assert db.sql("SELECT count(*) AS n FROM notes WHERE embedding IS NULL")["n"].to_list() == [0]
        assert not [name for name, t in db.stats()["tables"].items() if t["tail_rows"] > 2]


ERRORS = [
    ("SELECT * FROM notes WHERE kind.cosine('x')", "kind is VARCHAR; only vectors"),
    ("SELECT * FROM notes WHERE embedding.cosine('x') OR size = 1", "a search stands alone as an AND term of WHERE"),
    ("SELECT * FROM notes WHERE NOT embedding.cosine('x')", "a search stands alone as an AND term of WHERE"),
    ("SELECT * FROM notes WHERE embedding.cosine()", "cosine needs what to search for"),
    ("SELECT * FROM notes WHERE embedding.cosine('x', 'y')", "cosine takes one query"),
    ("SELECT * FROM notes WHERE embedding.cosine('x', depth => 3)", "a search takes k => n, not depth"),
    ("SELECT * FROM notes WHERE embedding.cosine('x', k => 0)", "k is a whole number of at least 1"),
    ("SELECT embedding.cosine('x', k => 3) FROM notes", "k belongs to a search in WHERE"),
    ("SELECT * FROM notes WHERE embedding.cosine(content)", "a search in WHERE has one query for all rows"),
    ("SELECT embedding.cosine(content) FROM notes", "the text of a score is a literal or a parameter"),
    ("SELECT * FROM notes WHERE embedding.cosine(3)", "a query is a text or a vector, not INTEGER"),
    (
        "SELECT * FROM notes WHERE embedding.cosine([1.0, 2.0])",
        "the query has 2 dimensions, and the vectors of notes.embedding have 8",
    ),
    ("SELECT * FROM notes WHERE nothing.cosine('x')", 'no column "nothing"'),
    (
        "SELECT * FROM notes a LEFT JOIN notes b ON a.id = b.id WHERE b.embedding.cosine('x')",
        "a search cannot keep rows of the side of an outer join that may be NULL",
    ),
    (
        "SELECT * FROM (SELECT embedding FROM notes) q WHERE q.embedding.cosine([1, 2, 3, 4, 5, 6, 7, 8])",
        "only a column of a table in this FROM can be searched",
    ),
    ("SELECT * FROM notes WHERE embedding.cosine('x') AND embedding.l2('y')", "notes is searched twice"),
    ("SELECT * FROM SEARCH(notes, 'x', depth => 3)", "SEARCH takes a table and what to search for"),
    ("SELECT * FROM SEARCH(notes, 'x', metric => 'manhattan')", "no metric 'manhattan'"),
    ("SELECT * FROM SEARCH(nope, 'x')", 'no table "nope"'),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_what_is_no_search_is_refused_clearly(db: Any, text: str, message: str) -> None:
    db.insert("notes", {"content": "abc"})
    with pytest.raises(rem.RemError) as error:
        db.sql(text)
    assert message in str(error.value)


def test_arguments_are_checked(db: Any) -> None:
    for call, message in (
        (lambda: db.search("notes", "x", k=0), "k is a whole number of at least 1"),
        (lambda: db.search("notes", "x", metric="hamming"), "metric is 'cosine', 'inner_product' or 'l2'"),
        (
            lambda: db.search("notes", "x", where="size = $k", parameters={"k": 1}),
            "the parameters $query, $k and $min_score are taken",
        ),
        (lambda: db.search("notes", "x", column="content"), "only vectors"),
        (lambda: db.search("nope", "x"), 'no table "nope"'),
        (lambda: db.search("notes", b"x"), "a search takes a text or a vector, not bytes"),
        (lambda: db.search("notes", None), "a search takes a text or a vector, not NoneType"),
        (lambda: db.search("notes", ["a"] * D), "a vector is a list of numbers"),
        (lambda: db.search("notes", [float("nan")] * D), "the query vector holds a NaN"),
        (lambda: db.create_index("notes", "content"), "notes.content is not a column of vectors"),
        (lambda: db.create_index("notes", "contents"), 'no column "contents"'),
        (lambda: db.create_index("notes", "embedding"), "has an index for cosine already"),
        (lambda: db.create_index("notes", "embedding", metric="l2", dimension=3), "have 8 dimensions, not 3"),
        (lambda: db.create_index("notes", "embedding", metric="l2", m=1), "m is from 2 to 512"),
        (lambda: db.reembed("edges"), "edges has no embedding"),
        (lambda: rem.connect(embedder="hsah"), "hash"),
        (lambda: rem.connect(embed="later"), "embed is 'write'"),
    ):
        with pytest.raises(rem.RemError) as error:
            call()
        assert message in str(error.value), message


# --- the index


@pytest.fixture
def small_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let indexes serve tables of a few hundred rows, and exact search cost much."""
    monkeypatch.setattr(vector_indexes, "INDEXED_ROWS_MIN", 50)
    monkeypatch.setattr(vector_indexes, "_BEHIND_ROWS_MIN", 1)
    monkeypatch.setattr(vector_search, "_ROW_NS", 1e6)
    monkeypatch.setattr(vector_search, "_GATHERED_NS", 1e6)


def _recall(db: Any, known: dict[int, np.ndarray[Any, Any]], rng: np.random.Generator, searches: int = 20) -> float:
    hit = 0
    keys, matrix = np.array(list(known)), np.stack(list(known.values()))
    for _ in range(searches):
        query = rng.normal(size=D).astype(np.float32)
        found = db.sql("SELECT id, v FROM points WHERE v.l2($q)", {"q": query})
        assert all(np.array_equal(known[i], np.array(v, dtype=np.float32)) for i, v in found.rows()), (
            "no deleted and no stale row, ever"
        )
        assert found.height == 10
        hit += len(set(found["id"]) & set(keys[np.argsort(np.linalg.norm(matrix - query, axis=1))[:10]].tolist()))
    return hit / (10 * searches)


def _churn(path: Path, rows: int, rounds: int, kills: int = 0) -> None:
    """Delete and update at random, reopening in between, with processes that are killed in the first rounds; every
    search against brute force."""
    rng, chosen = np.random.default_rng(11), random.Random(5)
    values = some_vectors(rng, rows)
    known = {i: values[i] for i in range(rows)}
    with rem.connect(path) as db:
        db.load("points", points(range(rows), values))
        db.create_index("points", "v", metric="l2")
        db.wait()
        assert next(iter(db.stats()["vector_indexes"].values()))["rows"] == rows
        db.compact()
    size = _bytes(path)
    for turn in range(rounds):
        if turn < kills:
            # Killed while it brings the index up to date, or saves it.
            child = killed("-m", "tests.index.update_child", path, after_s=chosen.uniform(0.1, 2.5))
            assert child.lines == ["begun"]
        with rem.connect(path) as db:
            assert _recall(db, known, rng) >= 0.99
            picked = chosen.sample(sorted(known), len(known) // 5)
            gone, changed = picked[: len(picked) // 2], picked[len(picked) // 2 :]
            db.sql("DELETE FROM points WHERE id IN (SELECT id FROM gone)", frames={"gone": pl.DataFrame({"id": gone})})
            for i in gone:
                del known[i]
            fresh = some_vectors(rng, len(changed))
            frame = pl.DataFrame({"id": changed, "w": pl.Series(fresh, dtype=pl.Array(pl.Float32, D))})
            db.sql("UPDATE points SET v = w FROM news WHERE points.id = news.id", frames={"news": frame})
            known.update(zip(changed, fresh, strict=True))
            assert _recall(db, known, rng) >= 0.99, "before the index has caught up"
            start = max(known) + 1
            db.load("points", points(range(start, start + len(gone)), some_vectors(rng, len(gone))))
            known = {i: np.array(v, dtype=np.float32) for i, v in db.sql("SELECT id, v FROM points").rows()}
            db.wait()
            assert _recall(db, known, rng) >= 0.99
    assert len(list((path / "vectors").iterdir())) == 1, "older files are gone"
    with rem.connect(path) as db:
        db.compact()
    assert _bytes(path) <= 2 * size + (1 << 22)


def _bytes(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


@pytest.mark.usefixtures("small_indexes")
def test_churn(tmp_path: Path) -> None:
    _churn(tmp_path / "db", 400, 3, kills=1)


@pytest.mark.long
@pytest.mark.usefixtures("small_indexes")
def test_churn_of_many_rows(tmp_path: Path) -> None:
    _churn(tmp_path / "db", 100_000, 10, kills=10)


@pytest.mark.usefixtures("small_indexes")
def test_a_filtered_search_by_the_index_gives_k_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = some_vectors(rng, 2000)
    with rem.connect(tmp_path / "db") as db:
        db.load("points", points(range(2000), values, g=[i % 100 for i in range(2000)]))
        db.create_index("points", "v", metric="l2")
        db.wait()
        for share in (100, 50, 10, 1):
            query = rng.normal(size=D).astype(np.float32)
            wanted = brute({i: values[i] for i in range(2000) if i % 100 < share}, query, 10, "l2")
            found = db.sql("SELECT id FROM points WHERE v.l2($q) AND g < $g", {"q": query, "g": share})["id"].to_list()
            assert len(found) == 10
            assert len(set(found) & set(wanted)) >= 9


@pytest.mark.usefixtures("small_indexes")
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "swap"])
def test_a_damaged_index_costs_time_and_no_row(tmp_path: Path, damage: str) -> None:
    rng = np.random.default_rng(3)
    values = some_vectors(rng, 300)
    known = {i: values[i] for i in range(300)}
    with rem.connect(tmp_path / "db") as db:
        for name in ("points", "others"):
            db.load(name, points(range(300), values if name == "points" else values[::-1].copy()))
            db.create_index(name, "v", metric="l2")
        db.wait()
    files = sorted((tmp_path / "db" / "vectors").iterdir())
    contents = [f.read_bytes() for f in files]
    for place, file in enumerate(files):
        data = bytearray(contents[place])
        data[len(data) // 2] ^= 0xFF
        match damage:
            case "flip":
                file.write_bytes(data)
            case "cut":
                file.write_bytes(data[:100])
            case "remove":
                file.unlink()
            case "swap":
                file.write_bytes(contents[1 - place])
    with rem.connect(tmp_path / "db") as db:
        assert _recall(db, known, rng) >= 0.99
        db.insert("resources", {"content": "another write"})
        db.load("points", points(range(300, 400), some_vectors(rng, 100)))
        db.wait()
        assert {s["rows"] for n, s in db.stats()["vector_indexes"].items() if "points" in n} == {400}, (
            "it was made anew"
        )


@pytest.mark.usefixtures("small_indexes")
def test_indexes_are_made_and_dropped_by_sql(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    with rem.connect(tmp_path / "db") as db:
        db.load("points", points(range(200), some_vectors(rng, 200), w=[[1.0, 2.0]] * 200))
        db.sql("CREATE INDEX near ON points USING HNSW (V) WITH (metric = 'l2', m = 8)")
        db.sql("CREATE INDEX listed ON points USING HNSW (w) WITH (metric = 'inner_product', dimension = 2)")
        db.wait()
        assert sorted(s["rows"] for s in db.stats()["vector_indexes"].values()) == [200, 200]
        assert len(list((tmp_path / "db" / "vectors").iterdir())) == 2
        assert db.sql("SELECT _score FROM points WHERE w.inner_product([1, 1], k => 2)")["_score"].to_list() == [
            3.0,
            3.0,
        ]
        db.sql("DROP INDEX near")
        assert db.sql("SELECT id FROM points WHERE v.l2($q)", {"q": [0.0] * D}).height == 10
        with pytest.raises(rem.RemError, match='no index "near"'):
            db.sql("DROP INDEX near")
        with pytest.raises(rem.RemError, match="an HNSW index takes metric"):
            db.sql("CREATE INDEX x ON points USING HNSW (v) WITH (depth = 3)")
        with pytest.raises(rem.RemError, match="CREATE INDEX USING IVF is not supported"):
            db.sql("CREATE INDEX x ON points USING IVF (v)")
        db.sql("DROP TABLE points")
        # A save that runs beside it ends first, and leaves nothing.
        db.wait()
        assert not list((tmp_path / "db" / "vectors").iterdir())
        db.register(Note, name="notes")
        db.insert("notes", {"content": "abc"})
        db.sql("DROP TABLE notes")
        assert all(
            tv.table.kind != "vectors" or tv.table.name.split(".")[0] != "notes" for tv in db._version().tables.values()
        )


@pytest.mark.usefixtures("small_indexes")
def test_searches_beside_a_writer(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    with rem.connect(tmp_path / "db") as db:
        db.load("points", points(range(200), some_vectors(rng, 200)))
        db.create_index("points", "v", metric="l2")
        failures: list[Exception] = []

        def write() -> None:
            try:
                for start in range(200, 1200, 100):
                    fresh = some_vectors(np.random.default_rng(start), 100)
                    db.load("points", points(range(start, start + 100), fresh))
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        writers = started(write)
        while writers[0].is_alive():
            query = rng.normal(size=D).astype(np.float32)
            found = db.sql("SELECT v.l2($q) AS s, _score FROM points WHERE v.l2($q)", {"q": query})
            assert found.height == 10
            assert found["s"].to_list() == found["_score"].to_list()
        join(writers)
        assert not failures
        db.wait()


def test_no_warning_without_a_failure(db: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        db.insert("notes", [{"content": None}, {"content": ""}, {"content": "abc"}])
    assert db.sql("SELECT count(embedding) AS n FROM notes")["n"].to_list() == [1]


def test_a_table_without_embeddings_says_what_to_do():
    """A search by meaning where nothing is embedded names both ways out."""
    with rem.connect() as db:
        db.load("notes", pl.DataFrame({"title": ["a"], "text": ["b"]}))
        for ask in (lambda: db.search("notes", "x"), lambda: db.sql("SEARCH 'x' IN notes")):
            with pytest.raises(rem.BindError, match=r"Nothing of it is embedded\. Rank its texts by words"):
                ask()
