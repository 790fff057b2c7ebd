"""The places of the nodes of a graph: in layers by their distance from the start, or by forces. The same graph always
gets the same places.

Forces are those of networkx. Its layered layouts place the nodes of a layer in the order in which they come, so that
edges cross; the layers here put parents beside their children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rem_arrow.base.errors import UnsupportedError

Places = npt.NDArray[np.float64]

_SWEEPS = 12
_ROUNDS = 400
# The weight of the pull to the middle, where that of an edge is 1.
_GRAVITY = 0.1
_PUSHES = 600


def layers(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], starts: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Return the layer and the row of each node: layers by edges from the starts, rows at least 1 apart within a layer.

    A tree gets the rows of its leaves, each parent beside the middle of its children. Nodes with several parents are
    moved towards their neighbours, layer by layer. Source: Sugiyama, Tagawa and Toda 1981, without dummy nodes.
    """
    depth = _depths(nodes, edges, starts)
    rows = _tree_rows(nodes, edges, depth)
    beside: dict[str, list[str]] = {}
    for a, b in edges:
        if depth[a] != depth[b]:
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    parents = {b for a, b in edges if depth[a] < depth[b]}
    if sum(depth[a] < depth[b] for a, b in dict.fromkeys(edges)) > len(parents):
        by_layer = [[n for n in nodes if depth[n] == d] for d in range(max(depth.values(), default=0) + 1)]
        for sweep in range(_SWEEPS):
            for layer in by_layer if sweep % 2 else reversed(by_layer):
                means = {n: float(np.mean([rows[m] for m in beside[n]])) if n in beside else rows[n] for n in layer}
                rows.update(_apart(means))
    lowest = min(rows.values(), default=0.0)
    return {n: (depth[n], rows[n] - lowest) for n in nodes}


def _depths(nodes: Sequence[str], edges: Sequence[tuple[str, str]], starts: Sequence[str]) -> dict[str, int]:
    """Return the number of edges from a start to each node. Nodes that no start reaches are counted from one of
    them."""
    after: dict[str, list[str]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    led_to = {b for _, b in edges}
    depth: dict[str, int] = {}
    waiting = list(starts) or [n for n in nodes if n not in led_to]
    rest = iter(nodes)
    while len(depth) < len(nodes):
        if not waiting:
            waiting = [next(n for n in rest if n not in depth)]
        front = [n for n in waiting if n not in depth]
        level = 0
        while front:
            depth.update(dict.fromkeys(front, level))
            front = list(dict.fromkeys(m for n in front for m in after.get(n, ()) if m not in depth))
            level += 1
        waiting = []
    return depth


def _tree_rows(nodes: Sequence[str], edges: Sequence[tuple[str, str]], depth: Mapping[str, int]) -> dict[str, float]:
    """Return rows by the tree of first parents: leaves one below the other, parents beside the middle of their
    children."""
    children: dict[str, list[str]] = {}
    has_parent: set[str] = set()
    for a, b in edges:
        if depth[b] == depth[a] + 1 and b not in has_parent:
            children.setdefault(a, []).append(b)
            has_parent.add(b)
    rows: dict[str, float] = {}
    taken = 0
    todo = [(n, False) for n in reversed(nodes) if n not in has_parent]
    while todo:
        node, placed = todo.pop()
        below = children.get(node, [])
        if placed:
            rows[node] = (rows[below[0]] + rows[below[-1]]) / 2
        elif below:
            todo.append((node, True))
            todo += [(child, False) for child in reversed(below)]
        else:
            rows[node] = float(taken)
            taken += 1
    return rows


def _apart(rows: Mapping[str, float]) -> dict[str, float]:
    """Return the rows nearest to these that are at least 1 apart: nodes that are too close are moved by equal parts."""
    ordered = sorted(rows, key=lambda n: rows[n])
    # Blocks of nodes that touch each other: first place, and the nodes.
    blocks: list[tuple[float, list[str]]] = []
    for node in ordered:
        start, members = rows[node], [node]
        while blocks and blocks[-1][0] + len(blocks[-1][1]) > start:
            members = blocks.pop()[1] + members
            start = float(np.mean([rows[n] - i for i, n in enumerate(members)]))
        blocks.append((start, members))
    return {n: start + i for start, members in blocks for i, n in enumerate(members)}


def forces(count: int, edges: npt.NDArray[np.int64], *, seed: int = 7) -> Places:
    """Return places of nodes that edges pull together and that push each other away, about 1 apart, the middle at 0.

    Raises:
        UnsupportedError: networkx is not installed, or scipy, which it needs for 500 nodes and more.

    Source: Fruchterman and Reingold 1991.
    """
    try:
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(range(count))
        graph.add_edges_from(edges.tolist())
        # One more node, which is not drawn, pulls all others a little: so parts that are not connected stay in sight.
        graph.add_edges_from(((node, count) for node in range(count)), weight=_GRAVITY)
        placed = nx.spring_layout(graph, k=1.0, iterations=_ROUNDS, scale=None, seed=seed)
    except ImportError as error:
        raise UnsupportedError(
            "a graph laid out by forces needs networkx and scipy: pip install 'rem_arrow[plot]'"
        ) from error
    places = np.array([placed[node] for node in range(count)], dtype=np.float64).reshape(count, 2)
    return np.asarray(places - places.mean(axis=0), dtype=np.float64)


def without_overlaps(places: Places, sizes: Places) -> Places:
    """Return the places moved so far that boxes of these sizes around them do not overlap."""
    places = places.copy()
    for _ in range(_PUSHES):
        apart = places[None, :, :] - places[:, None, :]
        lacking = (sizes[None, :, :] + sizes[:, None, :]) / 2 - np.abs(apart)
        first, second = np.nonzero(np.triu((lacking > 1e-6).all(axis=2), k=1))
        if not len(first):
            break
        # Along the axis on which they overlap less, half by each.
        axis = np.argmin(lacking[first, second], axis=1)
        sign = np.sign(apart[first, second, axis])
        sign[sign == 0] = 1.0
        push = np.zeros_like(places)
        amount = (lacking[first, second, axis] / 2 + 1e-4) * sign
        np.add.at(push, (second, axis), amount)
        np.add.at(push, (first, axis), -amount)
        places += push * 0.7
    return places
