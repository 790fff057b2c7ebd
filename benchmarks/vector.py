"""Search by vector beside raw hnswlib and exact search in DuckDB: time and recall, filtered at several selectivities, and the index's life.

Clustered vectors; recall is the share of the true ten nearest, which a plain product over all vectors finds. A search whose recall is below
0.99 has another checksum than one above.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np
import numpy.typing as npt
import polars as pl

import rem_arrow as rem
from benchmarks.engines import open_duckdb
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch

ROWS, SMOKE_ROWS = 100_000, 3_000
DIMENSION, SMOKE_DIMENSION = 384, 16
QUERIES, SMOKE_QUERIES = 40, 5
CLUSTERS = 200
GROUPS = 1_000
EF = 100
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
SEARCH = "SELECT id, _score FROM t WHERE v.cosine($q)"
FILTERED = "SELECT id, _score FROM t WHERE v.cosine($q) AND g < $g"

Floats = npt.NDArray[np.float32]
Ask = Callable[[Floats], list[int]]


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a search, recall, seconds to build and to reopen, and bytes."""
    rows, dimension, count = (SMOKE_ROWS, SMOKE_DIMENSION, SMOKE_QUERIES) if smoke else (ROWS, DIMENSION, QUERIES)
    vectors, queries = _vectors(rows, dimension, count)
    groups = np.random.default_rng(3).integers(0, GROUPS, rows)
    frame = pl.DataFrame({"id": np.arange(rows), "g": groups, "v": pl.Series(vectors, dtype=pl.Array(pl.Float32, dimension))})
    with scratch() as path:
        return _measured(path, frame, vectors, queries, groups)


def _vectors(rows: int, dimension: int, count: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(1)
    centers = rng.normal(size=(CLUSTERS, dimension))
    made = centers[rng.integers(0, CLUSTERS, rows + count)] + rng.normal(size=(rows + count, dimension)) * 0.4
    return made[:rows].astype(np.float32), made[rows:].astype(np.float32)


def _measured(path: Path, frame: pl.DataFrame, vectors: Floats, queries: Floats, groups: npt.NDArray[np.int64]) -> list[Row]:
    rows = frame.height
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    db = rem.connect(path / "rem")
    db.load("t", frame, progress=False)
    exact: Ask = lambda q: db.search("t", q, column="v")["id"].to_list()
    found = [*_searched("top 10, exact", {"rem_arrow": exact, **_duckdb(path, frame)}, units, queries, reference="duckdb")]
    raw, raw_s = _raw(vectors)
    started = time.perf_counter()
    db.create_index("t", "v")
    db.wait()
    ours_s = time.perf_counter() - started
    found += compare(
        "index made", {"rem_arrow": ours_s, "hnswlib": raw_s}, "s", rows=rows, checksums=dict.fromkeys(("rem_arrow", "hnswlib"), checksum([(rows,)])), reference="hnswlib"
    )
    by_sql: Ask = lambda q: db.sql(SEARCH, {"q": q})["id"].to_list()
    engines: dict[str, Ask] = {"rem_arrow": exact, "rem_arrow, db.sql": by_sql, "hnswlib": lambda q: raw.knn_query(q, k=10)[0][0].tolist()}
    found += _searched("top 10, by index", engines, units, queries, reference="hnswlib", target=Target("<=", 2, "ratio"))
    for share in SHARES:
        below = max(1, int(GROUPS * share))
        filtered: Ask = lambda q, below=below: db.sql(FILTERED, {"q": q, "g": below})["id"].to_list()  # type: ignore[misc]
        found += _searched(f"top 10 of {share:.1%}, by filter", {"rem_arrow": filtered}, units, queries, reference="rem_arrow", passes=groups < below)
    db.close()
    started = time.perf_counter()
    with rem.connect(path / "rem") as again:
        first = again.search("t", queries[0], column="v")["id"].to_list()
    found.append(Row("reopened, to the first search", "rem_arrow", time.perf_counter() - started, "s", rows, checksum=checksum([(len(first),)])))
    return found


def _duckdb(path: Path, frame: pl.DataFrame) -> dict[str, Ask]:
    if not installed("duckdb"):
        return {}
    con = open_duckdb(path / "duckdb")
    dimension = frame.schema["v"].size  # type: ignore[attr-defined]
    table = frame.select("id", "v").to_arrow()
    con.register("given", table)
    con.execute(f"CREATE TABLE t AS SELECT id, v::FLOAT[{dimension}] AS v FROM given")
    text = f"SELECT id FROM t ORDER BY array_cosine_similarity(v, ?::FLOAT[{dimension}]) DESC LIMIT 10"
    return {"duckdb": lambda q: [i for (i,) in con.execute(text, [q.tolist()]).fetchall()]}


def _raw(vectors: Floats) -> tuple[Any, float]:
    index = hnswlib.Index(space="cosine", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=16, ef_construction=200)
    started = time.perf_counter()
    index.add_items(vectors, np.arange(len(vectors)))
    took = time.perf_counter() - started
    index.set_ef(EF)
    return index, took


def _searched(
    what: str, engines: dict[str, Ask], units: Floats, queries: Floats, *, reference: str, target: Target | None = None, passes: npt.NDArray[np.bool_] | None = None
) -> list[Row]:
    """Time searches interleaved, and add each engine's recall."""
    recalls = {name: float(np.mean([_recall(ask(q), units, q, passes) for q in queries])) for name, ask in engines.items()}
    place = dict.fromkeys(engines, 0)

    def timed(name: str) -> float:
        query = queries[place[name] % len(queries)]
        place[name] += 1
        started = time.perf_counter()
        engines[name](query)
        return (time.perf_counter() - started) * 1e3

    found = interleaved({name: (lambda name=name: timed(name)) for name in engines}, rounds=len(queries))  # type: ignore[misc]
    sums = {name: checksum([(recall >= 0.99,)]) for name, recall in recalls.items()}
    shown = compare(what, found, "ms", rows=len(units), checksums=sums, reference=reference if reference in engines else "rem_arrow", target=target)
    return [*shown, *(Row(f"{what}: recall", name, recall, "", len(units), checksum=sums[name]) for name, recall in recalls.items())]


def _recall(ids: list[int], units: Floats, query: Floats, passes: npt.NDArray[np.bool_] | None) -> float:
    scores = units @ query
    if passes is not None:
        scores = np.where(passes, scores, -np.inf)
    k = min(10, len(units) if passes is None else int(passes.sum()))
    if not k:
        return float(not ids)
    return len(set(ids) & set(np.argsort(-scores)[:k].tolist())) / k
