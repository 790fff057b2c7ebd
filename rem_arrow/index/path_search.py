"""Paths between two nodes, shortest or all, and cycles: each without a node twice.

Nodes and edges are numbers of the graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from rem_arrow.index.arrays import Ints, Mask, once
from rem_arrow.index.walks import Rules, check_rows, neighbors

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Direction, Graph

# Paths of one length: a matrix of their nodes and one of their edges, a row a path.
Paths: TypeAlias = "tuple[Ints, Ints]"
_BACK: dict[Direction, Direction] = {"out": "in", "in": "out", "both": "both"}


def shortest(graph: Graph, a: int, b: int, rules: Rules, depth_max: int) -> tuple[Ints, Ints] | None:
    """Return the nodes and the edges of a shortest path, from both ends at once; None when there is none.

    Source: bidirectional search, Pohl 1971.
    """
    if a == b:
        return np.array([a]), np.empty(0, dtype=np.int64)
    sides = [_Side(graph, a, rules.direction), _Side(graph, b, _BACK[rules.direction])]
    for _ in range(depth_max):
        side, other = sides if len(sides[0].frontier) <= len(sides[1].frontier) else sides[::-1]
        met = side.grow(rules, other)
        if met is not None:
            front, far = sides[0].path(met), sides[1].path(met)
            return np.concatenate([front[0][::-1], far[0][1:]]), np.concatenate([front[1][::-1], far[1]])
        if not len(side.frontier):
            return None
    return None


class _Side:
    """One end of a search from both: what it has reached, and by which edge."""

    def __init__(self, graph: Graph, start: int, direction: Direction) -> None:
        self.graph, self.start, self.direction = graph, start, direction
        self.frontier = np.array([start])
        self.before = np.full(graph.nodes.count, -1, dtype=np.int32)
        self.edge = np.full(graph.nodes.count, -1, dtype=np.int64)
        self.before[start] = start

    def grow(self, rules: Rules, other: _Side) -> int | None:
        """Go one edge further; return a node that the other end has reached too."""
        step = self.graph.step(self.frontier, self.direction, rules.kinds, rules.along)
        fresh = self.before[step.node] < 0
        if rules.allowed is not None:
            # The ends themselves may be anything.
            fresh &= rules.allowed[step.node] | (step.node == other.start)
        node, origin, edge = step.node[fresh], self.frontier[step.origin[fresh]], step.edge[fresh]
        self.before[node], self.edge[node] = origin, edge
        # Of several edges to one node the last has written both.
        self.frontier = once(node, self.graph.nodes.count)
        met = self.frontier[other.before[self.frontier] >= 0]
        return int(met[0]) if len(met) else None

    def path(self, node: int) -> tuple[Ints, Ints]:
        nodes, edges = [node], []
        while node != self.start:
            edges.append(int(self.edge[node]))
            node = int(self.before[node])
            nodes.append(node)
        return np.array(nodes), np.array(edges, dtype=np.int64)


def simple_paths(
    graph: Graph, a: int, b: int, rules: Rules, depth_max: int, *, only_shortest: bool = False
) -> list[Paths]:
    """Return all paths from a to b without a node twice, of at most `depth_max` edges: matrices of nodes and of edges,
    by length.

    Only nodes from which b can be reached in the edges that are left are walked.
    """
    far = neighbors(
        graph,
        np.array([b]),
        depth_max,
        Rules(_BACK[rules.direction], rules.kinds, None, rules.along, max(rules.rows_max, graph.nodes.count)),
    )
    left = np.full(graph.nodes.count, depth_max + 1, dtype=np.int64)
    left[far.node] = far.depth
    left[b] = 0
    if only_shortest:
        depth_max = min(depth_max, int(left[a]))
    nodes, edges = np.array([[a]]), np.empty((1, 0), dtype=np.int64)
    paths: list[Paths] = [(nodes, edges)] if a == b else []
    for level in range(1, depth_max + 1 if a != b else 0):
        step = graph.step(nodes[:, -1], rules.direction, rules.kinds, rules.along)
        allowed = (left[step.node] <= depth_max - level) & ~(nodes[step.origin] == step.node[:, None]).any(axis=1)
        if rules.allowed is not None:
            allowed &= rules.allowed[step.node] | (step.node == b)
        nodes = np.concatenate([nodes[step.origin[allowed]], step.node[allowed][:, None]], axis=1)
        edges = np.concatenate([edges[step.origin[allowed]], step.edge[allowed][:, None]], axis=1)
        check_rows(len(nodes), rules)
        there = nodes[:, -1] == b
        if there.any():
            paths.append((nodes[there], edges[there]))
        nodes, edges = nodes[~there], edges[~there]
        if not len(nodes):
            break
    return paths


def cycles(graph: Graph, rules: Rules, length_max: int, within: Mask | None) -> list[Paths]:
    """Return all cycles without a node twice, of at most `length_max` edges, each from its smallest node: matrices of
    nodes (the first again at the end) and edges.

    `within` marks the nodes that may be on a cycle.
    """
    firsts = np.arange(graph.nodes.count) if within is None else np.flatnonzero(within)
    if rules.allowed is not None:
        firsts = firsts[rules.allowed[firsts]]
    nodes, edges = firsts.reshape(-1, 1), np.empty((len(firsts), 0), dtype=np.int64)
    paths: list[Paths] = []
    for level in range(1, length_max + 1):
        step = graph.step(nodes[:, -1], rules.direction, rules.kinds, rules.along)
        first = nodes[step.origin, 0]
        closed = step.node == first
        if rules.direction == "both" and level > 1:
            # A cycle is found in both directions, and counts once; there and back along one edge is none.
            before, second = nodes[step.origin, level - 1], nodes[step.origin, 1]
            closed &= (second < before) | ((second == before) & (edges[step.origin, 0] < step.edge))
        if closed.any():
            ends = np.concatenate([nodes[step.origin[closed]], first[closed][:, None]], axis=1)
            paths.append((ends, np.concatenate([edges[step.origin[closed]], step.edge[closed][:, None]], axis=1)))
        allowed = (step.node > first) & ~(nodes[step.origin] == step.node[:, None]).any(axis=1)
        if within is not None:
            allowed &= within[step.node]
        if rules.allowed is not None:
            allowed &= rules.allowed[step.node]
        nodes = np.concatenate([nodes[step.origin[allowed]], step.node[allowed][:, None]], axis=1)
        edges = np.concatenate([edges[step.origin[allowed]], step.edge[allowed][:, None]], axis=1)
        check_rows(len(nodes) + sum(len(f[0]) for f in paths), rules)
        if not len(nodes):
            break
    return paths
