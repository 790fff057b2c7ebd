"""Search by vector beside raw hnswlib, LanceDB and exact search in DuckDB: time and recall, filtered at several
selectivities, and the index's life.

Clustered vectors; recall is the share of the true ten nearest, which a product over all vectors finds. A search with a
recall below 0.99 has another checksum than one above. Filters are random, or go with the query (its own cluster) or
against it (a distant one). `vector_large` is the same at 1,000,000 rows. Recall and time over selectivity are drawn to
benchmarks/results/vector-<rows>.svg.
"""

from __future__ import annotations

import threading
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
from rem_arrow.access import vector_indexes

ROWS, SMOKE_ROWS = 100_000, 3_000
DIMENSION, SMOKE_DIMENSION = 384, 16
QUERIES, SMOKE_QUERIES = 40, 5
CLUSTERS = 200
GROUPS = 1_000
EF = 100
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
SEARCH = "SELECT id, _score FROM t WHERE v.cosine($q)"
FILTERED = "SELECT id, _score FROM t WHERE v.cosine($q) AND g < $g"
COUNT_FILTERED = "SELECT count(*) FROM t WHERE g < $g"
IN_CLUSTER = "SELECT id, _score FROM t WHERE v.cosine($q) AND c = $c"
FRESH_SHARE, SMOKE_FRESH = 0.1, 300
WRITER_S, SMOKE_WRITER_S = 5.0, 0.3
BATCH = 200

Floats = npt.NDArray[np.float32]
Ask = Callable[[Floats], list[int]]


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a search, recall, seconds to build and to reopen, and bytes."""
    return (
        measured(SMOKE_ROWS, SMOKE_DIMENSION, SMOKE_QUERIES, smoke=True)
        if smoke
        else measured(ROWS, DIMENSION, QUERIES)
    )


def measured(rows: int, dimension: int, count: int, *, smoke: bool = False, peers: bool = True) -> list[Row]:
    """Run the benchmark at a size; without `peers` only searches in rem_arrow."""
    vectors, queries, clusters = _vectors(rows, dimension, count)
    groups = np.random.default_rng(3).integers(0, GROUPS, rows)
    frame = pl.DataFrame(
        {
            "id": np.arange(rows),
            "g": groups,
            "c": clusters[:rows],
            "v": pl.Series(vectors, dtype=pl.Array(pl.Float32, dimension)),
        }
    )
    with scratch() as path:
        figures = _measured(path, frame, vectors, queries, clusters, peers=peers)
        return figures + _life(path / "life", frame, vectors, queries, smoke=smoke) if peers else figures


def _vectors(rows: int, dimension: int, count: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return vectors, queries, and the cluster of each of both."""
    rng = np.random.default_rng(1)
    centers = rng.normal(size=(CLUSTERS, dimension))
    clusters = rng.integers(0, CLUSTERS, rows + count)
    points = np.empty((rows + count, dimension), dtype=np.float32)
    for start in range(0, rows + count, 100_000):
        piece = clusters[start : start + 100_000]
        points[start : start + len(piece)] = centers[piece] + rng.normal(size=(len(piece), dimension)) * 0.4
    return points[:rows], points[rows:], clusters


def _measured(
    path: Path, frame: pl.DataFrame, vectors: Floats, queries: Floats, clusters: npt.NDArray[np.int64], *, peers: bool
) -> list[Row]:
    rows, groups = frame.height, frame["g"].to_numpy()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    db = rem.connect(path / "rem")
    db.load("t", frame, progress=False)
    exact: Ask = lambda q: db.search("t", q, column="v")["id"].to_list()
    figures = [
        *_searched(
            "top 10, exact",
            {"rem_arrow": exact, **(_duckdb(path, frame) if peers else {})},
            units,
            queries,
            reference="duckdb",
        )
    ]
    raw, raw_s = _raw(vectors) if peers else (None, 0.0)
    started = time.perf_counter()
    db.create_index("t", "v")
    db.wait()
    build_s = {"rem_arrow": time.perf_counter() - started} | ({"hnswlib": raw_s} if peers else {})
    figures += compare("index made", build_s, "s", rows=rows, checksums=checksum([(rows,)]), reference="hnswlib")
    by_sql: Ask = lambda q: db.sql(SEARCH, {"q": q})["id"].to_list()
    engines: dict[str, Ask] = {"rem_arrow": exact, "rem_arrow, db.sql": by_sql}
    if raw is not None:
        engines |= {"hnswlib": lambda q: raw.knn_query(q, k=10)[0][0].tolist(), **_lancedb(path, frame)}
        figures += _memory(db, raw, vectors)
    figures += _searched(
        "top 10, by index", engines, units, queries, reference="hnswlib", target=Target("<=", 2, "ratio")
    )
    curve = []
    for share in SHARES:
        below = max(1, int(GROUPS * share))
        filtered: Ask = lambda q, below=below: db.sql(FILTERED, {"q": q, "g": below})["id"].to_list()
        searched = _searched(
            f"top 10 of {share:.1%}, by filter",
            {"rem_arrow": filtered},
            units,
            queries,
            reference="rem_arrow",
            passes=groups < below,
        )
        alone = interleaved(
            {"rem_arrow": lambda below=below: _milliseconds(lambda: db.sql(COUNT_FILTERED, {"g": below}))}, rounds=10
        )  # type: ignore[misc]
        figures += [
            *searched,
            *compare(f"the filter of {share:.1%} alone", alone, "ms", rows=rows, checksums=checksum([(rows,)])),
        ]
        curve.append((share, searched[0].value, searched[1].value))
    if rows > SMOKE_ROWS:
        picture(curve, rows)
    figures += _beside_clusters(db, units, queries, clusters[:rows], clusters[rows:])
    db.close()
    started = time.perf_counter()
    with rem.connect(path / "rem") as again:
        first = again.search("t", queries[0], column="v")["id"].to_list()
    figures.append(
        Row(
            "reopened, to the first search",
            "rem_arrow",
            time.perf_counter() - started,
            "s",
            rows,
            checksum=checksum([(len(first),)]),
        )
    )
    return figures


def _beside_clusters(
    db: rem.Database,
    units: Floats,
    queries: Floats,
    clusters: npt.NDArray[np.int64],
    own_clusters: npt.NDArray[np.int64],
) -> list[Row]:
    """Time filters that let one cluster pass: the query's own, and a distant one."""
    figures = []
    for what, passing in (("with", own_clusters), ("against", (own_clusters + CLUSTERS // 2) % CLUSTERS)):
        times, recalls = [], []
        for query, cluster in zip(queries, passing.tolist(), strict=True):
            started = time.perf_counter()
            ids = db.sql(IN_CLUSTER, {"q": query, "c": cluster})["id"].to_list()
            times.append((time.perf_counter() - started) * 1e3)
            recalls.append(_recall(ids, units, query, clusters == cluster))
        recall = float(np.mean(recalls))
        name = f"top 10 of one cluster, a filter that goes {what} the query"
        total = checksum([(recall >= 0.99,)])
        figures += [
            Row(name, "rem_arrow", float(np.median(times)), "ms", len(units), checksum=total),
            Row(f"{name}: recall", "rem_arrow", recall, "", len(units), checksum=total),
        ]
    return figures


def _life(path: Path, frame: pl.DataFrame, vectors: Floats, queries: Floats, *, smoke: bool) -> list[Row]:
    """Time searches while some rows are not yet in the index, and beside a writer."""
    rows = frame.height
    fresh = SMOKE_FRESH if smoke else int(rows * FRESH_SHARE)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    with rem.connect(path) as db:
        db.load("t", frame.head(rows - fresh), progress=False)
        db.create_index("t", "v")
        db.wait()
        ask: Ask = lambda q: db.search("t", q, column="v")["id"].to_list()
        before = _searched(
            "top 10, all rows in the index", {"rem_arrow": ask}, units[: rows - fresh], queries, reference="rem_arrow"
        )
        # The index is not updated during these searches: fresh rows stay out of it.
        usual, vector_indexes._BEHIND_SHARE = vector_indexes._BEHIND_SHARE, 1.0
        db.load("t", frame.tail(fresh), progress=False)
        figures = [
            *before,
            *_searched(
                f"top 10, {fresh / rows:.0%} of the rows not in the index",
                {"rem_arrow": ask},
                units,
                queries,
                reference="rem_arrow",
            ),
        ]
        vector_indexes._BEHIND_SHARE = usual
    with rem.connect(path) as db:
        return figures + _beside_writer(db, frame, queries, SMOKE_WRITER_S if smoke else WRITER_S)


def _beside_writer(db: rem.Database, frame: pl.DataFrame, queries: Floats, seconds: float) -> list[Row]:
    """Insert a batch ten times a second while searches run, and report both rates."""
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.wait(0.1):
            db.load("t", frame.head(BATCH), progress=False)
            written[0] += BATCH

    thread = threading.Thread(target=write)
    times: list[float] = []
    thread.start()
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        times.append(_milliseconds(lambda: db.search("t", queries[len(times) % len(queries)], column="v")))
    took = time.perf_counter() - started
    stop.set()
    thread.join()
    rows = frame.height
    figures = (
        ("searches beside a writer", len(times) / took, "/s"),
        ("rows written beside searches", written[0] / took, "/s"),
    )
    ends = (
        ("search beside a writer, p50", float(np.quantile(times, 0.5)), "ms"),
        ("search beside a writer, p99", float(np.quantile(times, 0.99)), "ms"),
    )
    return [
        Row(what, "rem_arrow", value, unit, rows, checksum=checksum([(rows,)]))
        for what, value, unit in (*figures, *ends)
    ]


def _memory(db: rem.Database, raw: Any, vectors: Floats) -> list[Row]:
    """Compare the bytes of the index in memory with those of hnswlib's state for the same rows."""
    (own_bytes,) = (
        (index["bytes"] for index in db.stats()["vector_indexes"].values()) if db.stats()["vector_indexes"] else (0,)
    )
    state = raw.__getstate__()[0] if isinstance(raw.__getstate__(), tuple) else raw.__getstate__()
    raw_bytes = sum(value.nbytes for value in state.values() if isinstance(value, np.ndarray))
    return compare(
        "bytes of the index",
        {"rem_arrow": float(own_bytes), "hnswlib": float(raw_bytes)},
        "B",
        rows=len(vectors),
        checksums=checksum([(len(vectors),)]),
        reference="hnswlib",
        target=Target("<=", 1.1, "ratio"),
    )


def _lancedb(path: Path, frame: pl.DataFrame) -> dict[str, Ask]:
    if not installed("lancedb"):
        return {}
    import lancedb

    table = lancedb.connect(str(path / "lance")).create_table("t", frame.select("id", "v").to_arrow())
    if frame.height >= 10_000:
        table.create_index(metric="cosine", vector_column_name="v", index_type="IVF_HNSW_SQ")
    return {
        "lancedb": lambda q: (
            table.search(q, vector_column_name="v")
            .metric("cosine")
            .nprobes(20)
            .refine_factor(4)
            .limit(10)
            .to_arrow()["id"]
            .to_pylist()
        )
    }


def picture(curve: list[tuple[float, float, float]], rows: int) -> None:
    """Draw recall and time over selectivity, if matplotlib is installed."""
    if not installed("matplotlib"):
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shares, times, recalls = zip(*curve, strict=True)
    figure, axes = plt.subplots(figsize=(6, 3.5))
    axes.plot([100 * s for s in shares], recalls, "o-", color="tab:blue", label="recall")
    axes.set(
        xscale="log",
        ylim=(0, 1.05),
        xlabel="rows that pass the filter, %",
        ylabel="recall of the top 10",
        title=f"{rows:,} vectors, filtered",
    )
    right = axes.twinx()
    right.plot([100 * s for s in shares], times, "s--", color="tab:orange", label="time")
    right.set(ylim=(0, 1.2 * max(times)), ylabel="milliseconds")
    figure.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, 0.15))
    figure.tight_layout()
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    figure.savefig(folder / f"vector-{rows}.svg")
    figure.savefig(folder / f"vector-{rows}.png")
    plt.close(figure)


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1e3


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
    what: str,
    engines: dict[str, Ask],
    units: Floats,
    queries: Floats,
    *,
    reference: str,
    target: Target | None = None,
    passes: npt.NDArray[np.bool_] | None = None,
) -> list[Row]:
    """Time searches interleaved, and add each engine's recall."""
    recalls = {
        name: float(np.mean([_recall(ask(q), units, q, passes) for q in queries])) for name, ask in engines.items()
    }
    place = dict.fromkeys(engines, 0)

    def timed(name: str) -> float:
        query = queries[place[name] % len(queries)]
        place[name] += 1
        started = time.perf_counter()
        engines[name](query)
        return (time.perf_counter() - started) * 1e3

    times = interleaved({name: (lambda name=name: timed(name)) for name in engines}, rounds=len(queries))
    sums = {name: checksum([(recall >= 0.99,)]) for name, recall in recalls.items()}
    figures = compare(
        what,
        times,
        "ms",
        rows=len(units),
        checksums=sums,
        reference=reference if reference in engines else "rem_arrow",
        target=target,
    )
    return [
        *figures,
        *(
            Row(f"{what}: recall", name, recall, "", len(units), checksum=sums[name])
            for name, recall in recalls.items()
        ),
    ]


def _recall(ids: list[int], units: Floats, query: Floats, passes: npt.NDArray[np.bool_] | None) -> float:
    scores = units @ query
    if passes is not None:
        scores = np.where(passes, scores, -np.inf)
    k = min(10, len(units) if passes is None else int(passes.sum()))
    if not k:
        return float(not ids)
    return len(set(ids) & set(np.argsort(-scores)[:k].tolist())) / k
