"""Paths between two entities, and cycles, as frames: path_id, length, path, edge_types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.graph_nodes import Walk, check_depth, edge_lists, id_lists, nodes_of
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.index import centrality, cheapest_path, path_search

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph
    from rem_arrow.index.path_search import Paths


def shortest_path(
    graph: Graph,
    a: str,
    b: str,
    walk: Walk,
    *,
    weighted: bool = False,
    every: bool = False,
    depth_max: int | None = None,
) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of one shortest path, or of every one; no rows if there is no path."""
    # No path without a repeated node has more edges than there are nodes.
    depth_max = graph.nodes.count if depth_max is None else checks.whole(depth_max, "depth")
    if weighted and every:
        raise InputError("weighted and every exclude each other: of weighted paths one is returned")
    ends = _both(graph, a, b, walk)
    if ends is None:
        return _paths(graph, [])
    if every:
        return _paths(graph, path_search.simple_paths(graph, *ends, walk.rules(graph), depth_max, only_shortest=True))
    path = (
        cheapest_path.cheapest(graph, *ends, walk.rules(graph), depth_max)
        if weighted
        else path_search.shortest(graph, *ends, walk.rules(graph), depth_max)
    )
    return _paths(graph, [] if path is None else [(path[0].reshape(1, -1), path[1].reshape(1, -1))])


def all_paths(graph: Graph, a: str, b: str, walk: Walk, depth_max: int) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of every path without a repeated node, shorter ones first."""
    check_depth(depth_max)
    ends = _both(graph, a, b, walk)
    return _paths(graph, [] if ends is None else path_search.simple_paths(graph, *ends, walk.rules(graph), depth_max))


def count_paths(graph: Graph, a: str, b: str, walk: Walk, depth_max: int) -> int:
    """Return the number of paths that `all_paths` returns."""
    check_depth(depth_max)
    ends = _both(graph, a, b, walk)
    return (
        0
        if ends is None
        else sum(len(nodes) for nodes, _ in path_search.simple_paths(graph, *ends, walk.rules(graph), depth_max))
    )


def cycles(graph: Graph, walk: Walk, length_max: int) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of every cycle without a repeated node; its first node is also the last
    of its path."""
    check_depth(length_max)
    # The nodes on cycles need scipy; without it all nodes are searched, which takes longer.
    within = (
        centrality.on_cycles(graph, graph.kind_codes(walk.kinds))
        if walk.direction != "both" and centrality.has_scipy()
        else None
    )
    return _paths(graph, path_search.cycles(graph, walk.rules(graph), length_max, within))


def _both(graph: Graph, a: str, b: str, walk: Walk) -> tuple[int, int] | None:
    """Return the nodes of the ends; None where no path can lead from one to the other. The entity at the end is
    reached, and must be allowed; where a walk begins, anything may stand."""
    first, last = nodes_of(graph, [a, b])
    if first is None or last is None or (graph.hidden is not None and (graph.hidden[first] or graph.hidden[last])):
        return None
    if first != last and walk.allowed is not None and not walk.allowed[last]:
        return None
    return first, last


def _paths(graph: Graph, matrices: Sequence[Paths]) -> pl.DataFrame:
    kinds = pl.Series(list(graph.kinds), dtype=pl.String)
    lengths = (
        np.concatenate([np.full(len(e), e.shape[1]) for _, e in matrices]) if matrices else np.empty(0, dtype=np.int64)
    )
    return pl.DataFrame(
        [
            pl.Series("path_id", np.arange(1, len(lengths) + 1)),
            pl.Series("length", lengths, dtype=pl.Int64),
            id_lists(graph, [n for n, _ in matrices]).alias("path"),
            edge_lists([e for _, e in matrices], lambda e: kinds.gather(graph.kinds_of(e)), pl.List(pl.String)).alias(
                "edge_types"
            ),
        ]
    )
