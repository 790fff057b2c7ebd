"""The path of least total weight between two nodes. An edge without a weight counts 1; one of infinite weight leads
nowhere.

Where no weight is negative, labels of nodes are settled in the order of their cost. Else all edges are relaxed, round
after round, as long as a node becomes cheaper; each round is one edge more.
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from rem_arrow.base.errors import ExecuteError

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.index.adjacency import Graph
    from rem_arrow.index.arrays import Ints, Mask
    from rem_arrow.index.walks import Rules

Weights: TypeAlias = "npt.NDArray[np.float64]"

# Sums of floats that differ by less are equal: a cycle of no weight is none of negative weight.
_ROUNDING = 1e-12
# So many nodes of a cycle are named in an error.
_SHOWN_MAX = 12


def cheapest(graph: Graph, a: int, b: int, rules: Rules, depth_max: int) -> tuple[Ints, Ints] | None:
    """Return the nodes and edges of a path of least weight, of at most `depth_max` edges; None when there is none.

    Raises:
        ExecuteError: a cycle of negative weight lies between the nodes, so that no walk is the cheapest.

    Source: Dijkstra 1959; with a bound, labels of Hansen 1980; negative weights, Bellman 1958 and Ford 1956.
    """
    if any((edges.weight < 0).any() for edges in (graph.base, graph.later)):
        links = _links(graph, a, b, rules)
        if (links.weight < 0).any():
            cycle = _negative_cycle(links, graph.nodes.count)
            if cycle:
                raise ExecuteError(_refusal(graph, cycle))
            return _relaxed(links, graph.nodes.count, a, b, depth_max)
    # Mostly the cheapest of all is short enough, and a node needs one label only.
    path = _settled(graph, a, b, rules, None)
    return path if path is None or len(path[1]) <= depth_max else _settled(graph, a, b, rules, depth_max)


# A label: node, number of edges, the label before it, the edge to it.
_Labels: TypeAlias = "list[tuple[int, int, int, int]]"


def _settled(graph: Graph, a: int, b: int, rules: Rules, depth_max: int | None) -> tuple[Ints, Ints] | None:
    """Settle labels of nodes in the order of their cost. REQUIRES: no weight on the way is negative.

    A node goes on from its cheapest label; with a bound from each that has fewer edges than every cheaper one.
    """
    labels: _Labels = [(a, 0, -1, -1)]
    fewest: dict[int, int] = {}
    queue = [(0.0, 0, 0)]
    while queue:
        cost, length, label = heapq.heappop(queue)
        node = labels[label][0]
        if node == b:
            return _way(labels, label)
        if length == depth_max or fewest.get(node, length + 1) <= length:
            continue
        fewest[node] = 0 if depth_max is None else length
        step = graph.step(np.array([node]), rules.direction, rules.kinds, rules.along)
        weights = _weights(graph, step.edge)
        for far, edge, weight in zip(step.node.tolist(), step.edge.tolist(), weights.tolist(), strict=True):
            barred = rules.allowed is not None and far != b and not rules.allowed[far]
            if barred or weight == np.inf or fewest.get(far, length + 2) <= length + 1:
                continue
            labels.append((far, length + 1, label, edge))
            heapq.heappush(queue, (cost + weight, length + 1, len(labels) - 1))
    return None


def _way(labels: _Labels, label: int) -> tuple[Ints, Ints]:
    nodes: list[int] = []
    edges: list[int] = []
    node, _, before, edge = labels[label]
    while True:
        nodes.append(node)
        if before < 0:
            return np.array(nodes[::-1]), np.array(edges[::-1], dtype=np.int64)
        edges.append(edge)
        node, _, before, edge = labels[before]


def _weights(graph: Graph, edges: Ints) -> Weights:
    return np.nan_to_num(graph.weights_of(edges), nan=1.0, posinf=np.inf, neginf=-np.inf)


def _relaxed(links: _Links, count: int, a: int, b: int, depth_max: int) -> tuple[Ints, Ints] | None:
    """Relax edges, round by round those of the nodes that the round before made cheaper. REQUIRES: no cycle of them is
    of negative weight."""
    cost = np.full(count, np.inf)
    cost[a] = 0.0
    rounds: list[_Links] = []
    best_round = 0 if a == b else -1
    last = np.array([a])
    while len(last) and len(rounds) < depth_max:
        current = np.full(count, np.inf)
        current[last] = cost[last]
        offered = current[links.source] + links.weight
        chosen = _least(links.target, offered, offered < cost[links.target])
        last = links.target[chosen]
        # In this order: what a round offers is of the costs before it.
        cost[last] = offered[chosen]
        rounds.append(_Links(links.source[chosen], last, links.edge[chosen], links.weight[chosen]))
        if b in last:
            best_round = len(rounds)
    return None if best_round < 0 else _back(rounds[:best_round], b)


class _Links(NamedTuple):
    """Edges in the direction in which they are walked."""

    source: Ints
    target: Ints
    edge: Ints
    weight: Weights


def _least(target: Ints, offered: Weights, better: Mask) -> Ints:
    """Return, of each target, the better edge that offers least, ascending by target."""
    places = np.flatnonzero(better)
    places = places[np.lexsort((offered[places], target[places]))]
    first = np.ones(len(places), dtype=np.bool_)
    first[1:] = target[places][1:] != target[places][:-1]
    return places[first]


def _links(graph: Graph, a: int, b: int, rules: Rules) -> _Links:
    """Return the edges that lie on a walk from a to b."""
    every = np.arange(graph.nodes.count)
    if graph.hidden is not None:
        every = every[~graph.hidden]
    step = graph.step(every, rules.direction, rules.kinds, rules.along)
    source, target, edge, weight = every[step.origin], step.node, step.edge, _weights(graph, step.edge)
    kept = weight < np.inf
    if rules.allowed is not None:
        inner = rules.allowed.copy()
        inner[[a, b]] = True
        kept &= inner[source] & inner[target]
    for start, ends, others in ((a, source, target), (b, target, source)):
        met = _met(start, ends[kept], others[kept], graph.nodes.count)
        kept &= met[source] & met[target]
    return _Links(source[kept], target[kept], edge[kept], weight[kept])


def _met(start: int, source: Ints, target: Ints, count: int) -> Mask:
    met = np.zeros(count, dtype=np.bool_)
    met[start] = True
    while True:
        reached = target[met[source] & ~met[target]]
        if not len(reached):
            return met
        met[reached] = True


def _negative_cycle(links: _Links, count: int) -> list[int]:
    """Return the nodes of a cycle of negative weight, the first again at the end; none where there is none. Costs begin
    with none: if they fall for ever, the edges by which they fell last form such a cycle."""
    cost, before = np.zeros(count), np.full(count, -1, dtype=np.int64)
    for number in itertools.count(1):
        offered = cost[links.source] + links.weight
        now = cost[links.target]
        chosen = _least(links.target, offered, offered < now - _ROUNDING * np.maximum(1.0, np.abs(now)))
        if not len(chosen):
            return []
        cost[links.target[chosen]], before[links.target[chosen]] = offered[chosen], links.source[chosen]
        cycle = _circle(before) if number.bit_count() == 1 else []
        if cycle:
            return cycle
    raise AssertionError("the rounds end by themselves")


def _circle(before: Ints) -> list[int]:
    """Return a circle of nodes, each before the next: found by steps that double; none where each way has a begin."""
    ends = np.where(before < 0, np.arange(len(before)), before)
    for _ in range(len(before).bit_length()):
        ends = ends[ends]
    inside = ends[before[ends] >= 0]
    if not len(inside):
        return []
    circle = [int(inside[0])]
    while len(circle) == 1 or circle[-1] != circle[0]:
        circle.append(int(before[circle[-1]]))
    return circle[::-1]


def _refusal(graph: Graph, cycle: list[int]) -> str:
    ids = [str(i) for i in graph.nodes.ids.gather(cycle[:_SHOWN_MAX]).to_list()]
    shown = [*ids, "...", ids[0]] if len(cycle) > _SHOWN_MAX else ids
    return (
        f"a cycle of negative weight lies between the ends, so no path is the cheapest: {' -> '.join(shown)}; leave an "
        "edge of it out by edge_type or edge_where, or walk in one direction"
    )


def _back(rounds: list[_Links], b: int) -> tuple[Ints, Ints]:
    nodes, edges = [b], []
    for links in reversed(rounds):
        place = int(np.searchsorted(links.target, nodes[-1]))
        nodes.append(int(links.source[place]))
        edges.append(int(links.edge[place]))
    return np.array(nodes[::-1]), np.array(edges[::-1], dtype=np.int64)
