"""What a graph says of its nodes: degrees, PageRank, components, an order along the edges."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.base.errors import ExecuteError, UnsupportedError

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.index.adjacency import Graph
    from rem_arrow.index.arrays import Ints, Mask
    from rem_arrow.index.edge_arrays import Edges

_ROUNDS_MAX = 1_000
# One of so many edges is looked at first for components.
_SAMPLE_STEP = 4


def chosen(graph: Graph, kinds: Mask | None) -> Edges:
    """Return the live edges of the types that are wanted."""
    edges = graph.live()
    if kinds is None:
        return edges
    of_kind = kinds[edges.kind]
    return type(edges)(edges.source[of_kind], edges.target[of_kind], edges.kind[of_kind], edges.weight[of_kind])


def _there(graph: Graph, edges: Edges) -> Mask:
    """Return which nodes have one of the edges."""
    has_edge = np.zeros(graph.nodes.count, dtype=np.bool_)
    has_edge[edges.source] = has_edge[edges.target] = True
    return has_edge


def touched(graph: Graph, kinds: Mask | None) -> Mask:
    """Return which nodes have a live edge of the types that are wanted: those that the rest of this file speaks of."""
    return _there(graph, chosen(graph, kinds))


def degrees(graph: Graph, kinds: Mask | None) -> tuple[Ints, Ints]:
    """Return how many edges come in to, and go out of, each node."""
    edges = chosen(graph, kinds)
    return np.bincount(edges.target, minlength=graph.nodes.count), np.bincount(
        edges.source, minlength=graph.nodes.count
    )


def pagerank(graph: Graph, kinds: Mask | None, damping: float, tolerance: float) -> npt.NDArray[np.float64]:
    """Return the PageRank of each node, by power iteration until the sum of the changes is below `tolerance`; they sum
    to 1.

    An edge's weight, if it has one, is its share. Nodes without an edge have 0.

    Source: Page, Brin, Motwani and Winograd, "The PageRank Citation Ranking", 1999.
    """
    from scipy.sparse import csr_array

    edges, count = chosen(graph, kinds), graph.nodes.count
    there = _there(graph, edges)
    alive = int(there.sum())
    if not alive:
        return np.zeros(count)
    weights = np.nan_to_num(edges.weight, nan=1.0)
    if (weights < 0).any():
        raise ExecuteError("PageRank needs weights that are not negative")
    out = np.bincount(edges.source, weights=weights, minlength=count)
    share = csr_array((weights, (edges.target, edges.source)), shape=(count, count))
    ends = there & (out == 0)
    inverse = np.divide(1.0, out, out=np.zeros(count), where=out > 0)
    rank: npt.NDArray[np.float64] = there / alive
    for _ in range(_ROUNDS_MAX):
        fresh = there * ((1.0 - damping) / alive + damping * rank[ends].sum() / alive) + damping * (
            share @ (rank * inverse)
        )
        change = float(np.abs(fresh - rank).sum())
        rank = fresh
        if change < tolerance:
            return rank
    raise ExecuteError(
        f"PageRank has not settled to {tolerance:g} after {_ROUNDS_MAX:,} rounds; raise the tolerance, or lower the "
        "damping"
    )


def components(graph: Graph, kinds: Mask | None, *, strong: bool) -> Ints:
    """Return the number of each node's component, the largest component being 0; -1 for nodes without an edge."""
    edges, count = chosen(graph, kinds), graph.nodes.count
    labels = _strong(edges, count) if strong else _weak(edges, count)
    there = _there(graph, edges)
    sizes = np.bincount(labels[there], minlength=int(labels.max(initial=-1)) + 1)
    # Of components of one size the one with the smallest node comes first.
    firsts = np.full(len(sizes), count)
    np.minimum.at(firsts, labels[there], np.flatnonzero(there))
    number = np.empty(len(sizes), dtype=np.int64)
    number[np.lexsort((firsts, -sizes))] = np.arange(len(sizes))
    numbers: Ints = np.where(there, number[labels], -1)
    return numbers


def _strong(edges: Edges, count: int) -> Ints:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array((np.ones(len(edges.source), dtype=np.int8), (edges.source, edges.target)), shape=(count, count))
    labels: Ints = connected_components(matrix, directed=True, connection="strong")[1]
    return labels


def _weak(edges: Edges, count: int) -> Ints:
    """Return the smallest node of each node's component.

    Trees are hooked to each other along the edges between them, larger roots to smaller ones, and flattened, until no
    edge lies between two. Some of the edges first: they join most nodes, and of the others few are left to look at.
    Source: Sutton, Ben-Nun and Barak, "Afforest", IPDPS 2018.
    """
    root = np.arange(count, dtype=np.int32)
    for step in (_SAMPLE_STEP, 1):
        source, target = edges.source[::step], edges.target[::step]
        while len(source):
            a, b = root[source], root[target]
            apart = np.flatnonzero(a != b)
            if not len(apart):
                break
            a, b, source, target = a[apart], b[apart], source[apart], target[apart]
            root[np.maximum(a, b)] = np.minimum(a, b)
            while True:
                higher = root[root]
                if np.array_equal(higher, root):
                    break
                root = higher
    return root.astype(np.int64)


def on_cycles(graph: Graph, kinds: Mask | None) -> Mask:
    """Return which nodes may be on a directed cycle: those in strong components of several nodes, or with an edge to
    themselves."""
    label = components(graph, kinds, strong=True)
    sizes = np.bincount(label[label >= 0])
    on_cycle: Mask = (
        (label >= 0) & (sizes[np.maximum(label, 0)] > 1) if len(sizes) else np.zeros(graph.nodes.count, dtype=np.bool_)
    )
    edges = chosen(graph, kinds)
    on_cycle[edges.source[edges.source == edges.target]] = True
    return on_cycle


def topological(graph: Graph, kinds: Mask | None) -> Ints:
    """Return the level of each node: 0 without an edge that comes in, else one more than the largest before it; -1 for
    nodes without an edge.

    Source: Kahn 1962.
    """
    edges, count = chosen(graph, kinds), graph.nodes.count
    waiting = np.bincount(edges.target, minlength=count)
    level = np.full(count, -1, dtype=np.int64)
    there = _there(graph, edges)
    frontier, at, left = np.flatnonzero(there & (waiting == 0)), 0, int(there.sum())
    while len(frontier):
        level[frontier] = at
        left -= len(frontier)
        step = graph.step(frontier, "out", kinds)
        gone = np.bincount(step.node, minlength=count) if len(step.node) * 4 > count else None
        if gone is not None:
            waiting = waiting - gone
        else:
            np.subtract.at(waiting, step.node, 1)
        ready = np.unique(step.node)
        frontier, at = ready[waiting[ready] == 0], at + 1
    if left:
        node = int(np.flatnonzero(there & (level < 0))[0])
        raise ExecuteError(
            f"the edges have a cycle, so their nodes have no order; {graph.nodes.ids[node]!r} is on it or behind it. "
            "CYCLES shows the cycles"
        )
    return level


def has_scipy() -> bool:
    """Say whether scipy is installed."""
    return find_spec("scipy") is not None


def check_scipy() -> None:
    """Raise UnsupportedError where scipy is missing."""
    if not has_scipy():
        raise UnsupportedError("this needs scipy: pip install 'rem_arrow[graph]'")
