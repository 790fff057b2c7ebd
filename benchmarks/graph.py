"""Walks over a power-law graph: 100,000 nodes and 1,000,000 edges, beside rustworkx, Kuzu and DuckDB's recursion.
`graph_large` is ten times that.

Answers are compared by the number of nodes that they reach. Times of rem_arrow are those of its API, which returns ids;
rustworkx works on numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel

import rem_arrow as rem
from benchmarks.engines import open_duckdb
from benchmarks.measure import Row, Target, checksum, compare, installed, interleaved, scratch, seconds

NODES, SMOKE_NODES = 100_000, 300
EDGES_PER_NODE = 10
STARTS, SMOKE_STARTS = 1_000, 20
ROUNDS, SMOKE_ROUNDS = 15, 2
Ask = Callable[[int], int]


class Node(BaseModel):
    """A node with a size."""

    size: int = 0


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a walk, seconds to make the adjacency, and edges added a second."""
    return measured(
        SMOKE_NODES if smoke else NODES, SMOKE_STARTS if smoke else STARTS, SMOKE_ROUNDS if smoke else ROUNDS
    )


def measured(nodes: int, starts: int, rounds: int, *, peers: bool = True) -> list[Row]:
    """Run it at a size."""
    rng = np.random.default_rng(7)
    count = nodes * EDGES_PER_NODE
    # Targets follow a power law, and the popular nodes have random numbers.
    targets = rng.permutation(nodes)[np.minimum((nodes * rng.power(0.3, count)).astype(np.int64), nodes - 1)]
    pairs = np.unique(np.stack([rng.integers(0, nodes, count), targets], axis=1), axis=0)
    with scratch() as path:
        return _measured(path, nodes, pairs, rng, starts, rounds, peers=peers)


def _measured(
    path: Path,
    nodes: int,
    pairs: np.ndarray[Any, Any],
    rng: np.random.Generator,
    starts: int,
    rounds: int,
    *,
    peers: bool,
) -> list[Row]:
    edges = len(pairs)
    ids = pl.Series([f"n{i:07d}" for i in range(nodes)])
    frame = pl.DataFrame({"src": ids.gather(pairs[:, 0]), "dst": ids.gather(pairs[:, 1])}).with_columns(
        pl.lit("to").alias("edge_type")
    )
    db = rem.connect(path / "rem")
    db.register(Node, name="nodes")
    db.load("nodes", pl.DataFrame({"id": ids, "size": np.arange(nodes)}), progress=False)
    add_s = seconds(
        lambda: db.add_edges(frame.with_columns(pl.lit("nodes").alias("src_table"), pl.lit("nodes").alias("dst_table")))
    )
    same = checksum([(edges,)])
    figures = [
        Row(
            "edges added in bulk",
            "rem_arrow",
            edges / add_s,
            "/s",
            edges,
            target=">= 500,000",
            met=edges / add_s >= 500_000,
            checksum=same,
        )
    ]
    db.compact()
    build_s = seconds(lambda: db.neighbors(ids[0]))
    figures.append(Row("adjacency made, to the first walk", "rem_arrow", build_s, "s", edges, checksum=same))
    one = []
    for i in range(rounds):
        db.add_edge(ids[i], ids[-1 - i], "later")
        one.append(seconds(lambda: db._access().graph()) * 1e3)
        db.remove_edges(ids[i], ids[-1 - i], "later")
    figures += compare(
        "adjacency after one added edge",
        {"rem_arrow": float(np.median(one))},
        "ms",
        rows=edges,
        checksums=same,
        target=Target("<=", 1, "value"),
    )
    degree = np.bincount(pairs[:, 0], minlength=nodes)
    middle = np.flatnonzero(degree == int(np.median(degree[degree > 0])))[:100]
    hub = int(np.argmax(degree))
    engine = _RemArrow(db, ids)
    peer_engines = _peers(path, nodes, pairs) if peers else {}
    figures += _walk(
        "3 hops from a node of median degree",
        {"rem_arrow": lambda i: engine.hops(int(middle[i % len(middle)]), 3)} | _each(peer_engines, "hops", middle, 3),
        edges,
        rounds,
        0.8,
    )
    joined = {"rem_arrow, db.sql with the node table": lambda i: engine.joined(int(middle[i % len(middle)]), 3)}
    figures += _walk("3 hops joined with the nodes", joined, edges, rounds, 3)
    figures += _walk(
        "all that a hub reaches",
        {"rem_arrow": lambda i: engine.hops(hub, 99)}
        | _each(peer_engines, "hops", np.array([hub]), 99, without=("duckdb",)),
        edges,
        3,
        None,
    )
    figures += _walk(
        f"3 hops from {starts:,} nodes at once",
        {"rem_arrow": lambda i: engine.many(np.resize(middle, starts), 3)},
        edges,
        3,
        None,
    )
    ends = rng.integers(0, nodes, (50, 2))
    figures += _walk(
        "shortest path",
        {"rem_arrow": lambda i: engine.path(*ends[i % 50])} | _paths(peer_engines, ends),
        edges,
        rounds,
        None,
    )
    figures += _walk(
        "PageRank to 1e-6", {"rem_arrow": lambda i: engine.ranked()} | _plain(peer_engines, "ranked"), edges, 3, None
    )
    figures += _walk(
        "components",
        {"rem_arrow": lambda i: engine.component_count()} | _plain(peer_engines, "component_count"),
        edges,
        3,
        None,
    )
    db.close()
    return figures


class _RemArrow:
    def __init__(self, db: rem.Database, ids: pl.Series) -> None:
        self.db, self.ids = db, ids

    def hops(self, node: int, depth: int) -> int:
        return self.db.neighbors(self.ids[node], depth=depth).height

    def joined(self, node: int, depth: int) -> int:
        text = "SELECT n.depth, t.size FROM NEIGHBORS($s, depth => $d) n JOIN nodes t ON t.id = n.id"
        return self.db.sql(text, {"s": self.ids[node], "d": depth}).height

    def many(self, nodes: np.ndarray[Any, Any], depth: int) -> int:
        return self.db.neighbors(self.ids.gather(nodes).to_list(), depth=depth).height

    def path(self, a: int, b: int) -> int:
        rows = self.db.shortest_path(self.ids[int(a)], self.ids[int(b)])
        return int(rows["length"][0]) if rows.height else -1

    def ranked(self) -> int:
        return self.db.pagerank().height

    def component_count(self) -> int:
        return int(self.db.components()["component"].n_unique())


def _peers(path: Path, nodes: int, pairs: np.ndarray[Any, Any]) -> dict[str, Any]:
    engines: dict[str, Any] = {"numpy": _Numpy(nodes, pairs)}
    if installed("rustworkx"):
        engines["rustworkx"] = _Rustworkx(nodes, pairs)
    if installed("kuzu"):
        engines["kuzu"] = _Kuzu(path / "kuzu", nodes, pairs)
    if installed("duckdb"):
        engines["duckdb"] = _DuckDB(path / "duckdb", pairs)
    return engines


class _Numpy:
    """The bare walk, over numbers."""

    def __init__(self, nodes: int, pairs: np.ndarray[Any, Any]) -> None:
        self.starts = np.searchsorted(pairs[:, 0], np.arange(nodes + 1))
        self.targets = np.ascontiguousarray(pairs[:, 1])

    def hops(self, node: int, depth: int) -> int:
        seen = np.zeros(len(self.starts) - 1, dtype=np.bool_)
        seen[node] = True
        level, reached = np.array([node]), 0
        for _ in range(depth):
            low, counts = self.starts[level], self.starts[level + 1] - self.starts[level]
            ends = np.cumsum(counts)
            near = self.targets[np.repeat(low - ends + counts, counts) + np.arange(ends[-1])]
            level = np.unique(near[~seen[near]])
            if not len(level):
                break
            seen[level] = True
            reached += len(level)
        return reached


class _Rustworkx:
    def __init__(self, nodes: int, pairs: np.ndarray[Any, Any]) -> None:
        import rustworkx as rx

        self.rx, self.graph = rx, rx.PyDiGraph()
        self.graph.add_nodes_from(range(nodes))
        self.graph.add_edges_from_no_data(list(map(tuple, pairs.tolist())))
        self.used = len(np.unique(pairs))

    def hops(self, node: int, depth: int) -> int:
        if depth > 50:
            return len(self.rx.descendants(self.graph, node))
        seen, level = {node}, {node}
        for _ in range(depth):
            level = {far for near in level for far in self.graph.successor_indices(near)} - seen
            seen |= level
        return len(seen) - 1

    def path(self, a: int, b: int) -> int:
        lengths = self.rx.dijkstra_shortest_path_lengths(self.graph, int(a), lambda _: 1.0, goal=int(b))
        return int(lengths[int(b)]) if int(b) in lengths else -1 if a != b else 0

    def ranked(self) -> int:
        return len(self.rx.pagerank(self.graph, tol=1e-6)) - (self.graph.num_nodes() - self.used)

    def component_count(self) -> int:
        return int(self.rx.number_weakly_connected_components(self.graph)) - (self.graph.num_nodes() - self.used)


class _Kuzu:
    def __init__(self, path: Path, nodes: int, pairs: np.ndarray[Any, Any]) -> None:
        import kuzu

        self.con = kuzu.Connection(kuzu.Database(str(path)))
        self.con.execute("CREATE NODE TABLE N(id INT64, PRIMARY KEY(id))")
        self.con.execute("CREATE REL TABLE E(FROM N TO N)")
        many, few = pl.DataFrame({"id": np.arange(nodes)}), pl.DataFrame({"a": pairs[:, 0], "b": pairs[:, 1]})
        self.con.execute("COPY N FROM $t", {"t": many})
        self.con.execute("COPY E FROM $t", {"t": few})

    def hops(self, node: int, depth: int) -> int:
        rows = self.con.execute(
            f"MATCH (a:N {{id: $i}})-[* SHORTEST 1..{min(depth, 30)}]->(b:N) WHERE b.id <> $i RETURN count(DISTINCT "
            "b.id)",
            {"i": int(node)},
        )
        return int(rows.get_next()[0])

    def path(self, a: int, b: int) -> int:
        rows = self.con.execute(
            "MATCH p = (a:N {id: $a})-[* SHORTEST 1..30]->(b:N {id: $b}) RETURN length(p)", {"a": int(a), "b": int(b)}
        )
        return int(rows.get_next()[0]) if rows.has_next() else -1 if a != b else 0


class _DuckDB:
    def __init__(self, path: Path, pairs: np.ndarray[Any, Any]) -> None:
        self.con = open_duckdb(path)
        self.con.register("given", pl.DataFrame({"a": pairs[:, 0], "b": pairs[:, 1]}).to_arrow())
        self.con.execute("CREATE TABLE e AS SELECT * FROM given ORDER BY a")

    def hops(self, node: int, depth: int) -> int:
        text = (
            "WITH RECURSIVE r(n, d) AS (SELECT ?::BIGINT, 0 UNION SELECT b, d + 1 FROM r JOIN e ON e.a = r.n "
            "WHERE d < ?) SELECT count(DISTINCT n) FROM r WHERE n <> ?"
        )
        return int(self.con.execute(text, [int(node), depth, int(node)]).fetchone()[0])  # type: ignore[index]


def _each(
    peers: dict[str, Any], method: str, nodes: np.ndarray[Any, Any], depth: int, without: tuple[str, ...] = ()
) -> dict[str, Ask]:
    return {
        n: (lambda i, p=p: getattr(p, method)(int(nodes[i % len(nodes)]), depth))
        for n, p in peers.items()
        if hasattr(p, method) and n not in without
    }  # type: ignore[misc]


def _paths(peers: dict[str, Any], ends: np.ndarray[Any, Any]) -> dict[str, Ask]:
    return {n: (lambda i, p=p: p.path(*ends[i % len(ends)])) for n, p in peers.items() if hasattr(p, "path")}


def _plain(peers: dict[str, Any], method: str) -> dict[str, Ask]:
    return {n: (lambda i, p=p: getattr(p, method)()) for n, p in peers.items() if hasattr(p, method)}


def _walk(what: str, engines: dict[str, Ask], edges: int, rounds: int, bound_ms: float | None) -> list[Row]:
    """Time walks interleaved; the checksum is what they reach."""
    sums = {name: checksum([tuple(ask(i) for i in range(3))]) for name, ask in engines.items()}
    turn = dict.fromkeys(engines, 0)

    def timed(name: str) -> float:
        started = time.perf_counter()
        engines[name](turn[name])
        turn[name] += 1
        return (time.perf_counter() - started) * 1e3

    times = interleaved({name: (lambda name=name: timed(name)) for name in engines}, rounds=rounds)
    target = None if bound_ms is None else Target("<=", bound_ms, "value")
    return compare(
        what,
        times,
        "ms",
        rows=edges,
        checksums=sums,
        reference=next((name for name in ("rustworkx", "numpy") if name in times), None),
        target=target,
    )
