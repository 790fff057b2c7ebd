"""A search for each row of a relation before it finds what searches one by one find."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.access import vector_indexes, vector_search
from rem_arrow.base.errors import BindError
from tests.effort import examples

WORDS = ["red", "blue", "fox", "dog", "jumps", "sleeps", "lazy", "quick"]
CATEGORIES = ["a", "b", None]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    generator = np.random.default_rng(5)
    with rem.connect(embedder="hash") as db:
        db.insert(
            "resources",
            [
                {
                    "id": f"r{i}",
                    "content": " ".join(generator.choice(WORDS, 3)),
                    "category": CATEGORIES[i % 3],
                }
                for i in range(40)
            ],
        )
        db.add_reranker("short first", lambda query, texts: [-len(text) + len(query) for text in texts])
        yield db


# Each with `{}` for what is searched for, `d` for the rows found, and whether the rows depend on the category.
SEARCHES = [
    "SEARCH(resources, {}, k => 3)",
    "SEARCH(resources, {}, k => 2, metric => 'cosine')",
    "SEARCH(resources, {}, k => 3, metric => 'l2', min_score => 1.2)",
    "SEARCH(resources, {}, k => 4, metric => 'bm25')",
    "SEARCH(resources, upper({}) || ' fox', k => 2)",
    "SEARCH(resources, {}, k => 3, rerank => 'short first')",
    "(SELECT * FROM resources r WHERE r.embedding.cosine({}, k => 2) AND r.category = {c})",
    "(SELECT * FROM resources r WHERE r.embedding.hybrid({}, k => 2) AND r.category IS NOT DISTINCT FROM {c})",
    "(SELECT * FROM resources r WHERE r.embedding.cosine({}) AND r.category <> 'a' LIMIT 2)",
    "(SELECT * FROM resources r WHERE r.embedding.cosine('red dog', k => 2) AND r.category = {c})",
    "(SELECT r.id, r._score FROM resources r, resources s WHERE r.content.bm25({}, k => 3) AND r.category = s.category "
    "AND s.embedding.cosine({}, k => 5))",
    "(SELECT *, 0.0 AS _score FROM resources r WHERE r.category = {c} ORDER BY r.embedding.cosine('fox') DESC LIMIT 2)",
]
QUERY = st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)


@pytest.mark.parametrize("search", SEARCHES)
@given(rows=st.lists(st.tuples(QUERY, st.sampled_from(CATEGORIES)), max_size=5))
@settings(max_examples=examples(3))
def test_a_search_for_each_row_is_what_searches_one_by_one_are(db, search, rows):
    """Beside a table, with LATERAL or without it, in an outer join, and as a subquery."""
    schema = {"n": pl.Int64, "content": pl.String, "c": pl.String}
    frames = {"t": pl.DataFrame([(i, *row) for i, row in enumerate(rows)], schema=schema, orient="row")}
    expected = []
    for n, (text, category) in enumerate(rows):
        if text is not None or "'" in search.partition("cosine(")[2][:1] or "'fox'" in search:
            one = search.replace("{}", "$q").replace("{c}", "$c::VARCHAR")
            values = {k: v for k, v in {"q": text, "c": category}.items() if f"${k}" in one}
            if text is None and "$q" in one:
                continue
            expected += [
                (n, *row) for row in db.sql(f"SELECT d.id, round(d._score, 9) FROM {one} d", values or None).rows()
            ]
    lateral = search.replace("{}", "t.content").replace("{c}", "t.c")

    def asked(text: str) -> list[tuple]:
        return sorted(db.sql(text, frames=frames).rows(), key=repr)

    expected.sort(key=repr)
    assert asked(f"SELECT t.n, d.id, round(d._score, 9) FROM t, LATERAL {lateral} d") == expected
    assert asked(f"SELECT t.n, d.id, round(d._score, 9) FROM t, {lateral} d") == expected
    counts = {n: sum(row[0] == n for row in expected) for n in range(len(rows))}
    assert asked(f"SELECT t.n, (SELECT count(*) FROM {lateral}) FROM t") == sorted(counts.items(), key=repr)
    outer = asked(f"SELECT t.n FROM t LEFT JOIN LATERAL {lateral} d ON true")
    assert outer == sorted([(n,) for n, count in counts.items() for _ in range(max(1, count))], key=repr)


def test_the_texts_of_all_rows_are_embedded_together_and_each_once(db):
    """The embedder is called once for a statement."""
    calls = []

    def embed(texts: list[str]) -> list[list[float]]:
        calls.append(list(texts))
        return [[float(len(text)), 1.0] for text in texts]

    with rem.connect(embedder=embed) as other:
        other.insert("resources", [{"id": f"r{i}", "content": "x" * i} for i in range(1, 6)])
        calls.clear()
        frames = {"t": pl.DataFrame({"text": ["aa", "bbb", "aa", None]})}
        text = "SELECT t.text, d.id FROM t, SEARCH(resources, t.text, k => 1, metric => 'cosine') d ORDER BY ALL"
        assert other.sql(text, frames=frames).rows() == [("aa", "r2"), ("aa", "r2"), ("bbb", "r3")]
        assert [sorted(c) for c in calls] == [["aa", "bbb"]]


def test_vectors_of_rows_are_searched_for_in_frames_and_by_an_index(monkeypatch):
    """As by brute force, with rows that the index does not hold and a filter of few rows."""
    generator = np.random.default_rng(3)
    monkeypatch.setattr(vector_indexes, "INDEXED_ROWS_MIN", 50)
    monkeypatch.setattr(vector_search, "_ROW_NS", 1e6)
    monkeypatch.setattr(vector_search, "_GATHERED_NS", 1e6)
    monkeypatch.setattr(vector_search, "_BLOCK_QUERIES", 7)
    points = generator.standard_normal((300, 6)).astype(np.float32)
    asked = generator.standard_normal((40, 6)).astype(np.float32)
    asked[3] = 0
    rows = pl.DataFrame({"n": range(300), "v": points}, schema={"n": pl.Int64, "v": pl.Array(pl.Float32, 6)})
    queries = pl.DataFrame({"q": range(40), "v": asked}, schema={"q": pl.Int64, "v": pl.Array(pl.Float32, 6)})
    cosines = (points @ asked.T) / np.linalg.norm(points, axis=1)[:, None]
    with rem.connect() as db:
        db.load("points", rows[:280])
        db.sql("CREATE INDEX i ON points USING HNSW (v)")
        db.wait()
        db.load("points", rows[280:])
        for table, frames in (("points", {"t": queries}), ("f", {"t": queries, "f": rows})):
            for condition, mask in (("true", rows["n"] >= 0), ("r.n % 7 = 0", rows["n"] % 7 == 0)):
                text = (
                    f"SELECT t.q, d.n FROM t, LATERAL (SELECT * FROM {table} r WHERE r.v.cosine(t.v, k => 3) "
                    f"AND {condition}) d ORDER BY t.q, d._score DESC"
                )
                found = db.sql(text, frames=frames).rows()
                best = np.argsort(np.where(mask.to_numpy()[:, None], -cosines, 9), axis=0, kind="stable")[:3]
                assert found == [(q, int(n)) for q in range(40) if q != 3 for n in best[:, q]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM t, SEARCH(resources, t.nothing, k => 1)", 'no column "nothing" in t'),
        ("SELECT * FROM resources r WHERE r.embedding.cosine(r.content, k => 1)", "has one query for all rows"),
        ("SELECT * FROM t, SEARCH(resources, t.n, k => 1)", "a query is a text or a vector, not BIGINT"),
        ("SELECT * FROM t, SEARCH(resources, t.n, metric => 'bm25')", "bm25 takes a text"),
        ("SELECT r.embedding.cosine(t.content) FROM t, resources r", "literal or a parameter"),
    ],
)
def test_what_cannot_be_searched_for_is_an_error(db, text, message):
    frames = {"t": pl.DataFrame({"n": [1], "content": ["x"]})}
    with pytest.raises(BindError, match=message):
        db.sql(text, frames=frames)
