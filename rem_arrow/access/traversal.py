"""Entities reached from others along edges, as frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.access.graph_nodes import Walk, check_depth, id_lists, names_of, starts_of
from rem_arrow.index import walks
from rem_arrow.index.arrays import taken

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph
    from rem_arrow.index.arrays import Ints

Strategy: TypeAlias = Literal["bfs", "dfs"]
Unique: TypeAlias = Literal["node", "path"]


def neighbors(graph: Graph, starts: Sequence[str], depth: int, walk: Walk, *, exact: bool = False) -> pl.DataFrame:
    """Return start_id, id, table, depth of the nodes within `depth` edges of each start, or with `exact` at `depth`."""
    check_depth(depth)
    linked, nodes = starts_of(graph, starts)
    reached = walks.neighbors(graph, nodes, depth, walk.rules(graph))
    if exact:
        last = reached.depth == depth
        reached = walks.Reached(reached.start[last], reached.node[last], reached.depth[last])
    ids, tables = names_of(graph, reached.node)
    start_ids = taken(linked, reached.start)
    return pl.DataFrame(
        [start_ids.alias("start_id"), ids.alias("id"), tables.alias("table"), pl.Series("depth", reached.depth)]
    )


def traverse(
    graph: Graph,
    starts: Sequence[str],
    depth: int,
    walk: Walk,
    *,
    strategy: Strategy = "bfs",
    unique: Unique = "node",
    include_start: bool = False,
    path: bool = True,
) -> pl.DataFrame:
    """Return start_id, id, table, depth, edge_type, parent_id, path of the nodes reached, as TRAVERSE defines them."""
    check_depth(depth)
    linked, nodes = starts_of(graph, starts)
    tree = walks.traverse(graph, nodes, depth, walk.rules(graph), paths=unique == "path", include_start=include_start)
    ids, tables = names_of(graph, tree.node)
    ways = walks.ways(tree, nodes)
    types = pl.Series([*graph.kinds, None], dtype=pl.String)
    rows = pl.DataFrame(
        [
            linked.gather(tree.start).alias("start_id"),
            ids.alias("id"),
            tables.alias("table"),
            pl.Series("depth", tree.depth),
            types.gather(np.where(tree.kind < 0, len(graph.kinds), tree.kind)).alias("edge_type"),
            _parents(graph, ways).alias("parent_id"),
            id_lists(graph, ways).alias("path")
            if path
            else pl.Series("path", [None] * len(ids), dtype=pl.List(pl.String)),
        ]
    )
    if strategy == "dfs":
        return rows[_depth_first(tree)]
    return rows[np.argsort(tree.start, kind="stable")] if len(nodes) > 1 else rows


def _parents(graph: Graph, ways: Sequence[Ints]) -> pl.Series:
    """Return the id of the last node but one of each way; NULL for a way of one node."""
    if not ways:
        return pl.Series([], dtype=pl.String)
    before = np.concatenate([w[:, -2] if w.shape[1] > 1 else np.full(len(w), -1) for w in ways])
    if not len(before):
        return pl.Series([], dtype=pl.String)
    return graph.nodes.ids.gather(pl.Series(np.where(before < 0, 0, before))).set(pl.Series(before < 0), None)


def _depth_first(tree: walks.Tree) -> Ints:
    """Return the places of the rows in depth-first order: each node is followed by the nodes reached through it."""
    count = len(tree.node)
    chains: list[list[int]] = []
    for row in range(count):
        before = int(tree.before[row])
        chains.append([*(chains[before] if before >= 0 else [int(tree.start[row]) - count]), row])
    return np.array(sorted(range(count), key=lambda row: chains[row]), dtype=np.int64)
