"""Walks over a graph, many nodes at a time: breadth first, by shortest paths, along all simple paths, around cycles.

Nodes and edges are numbers of the graph. Every walk is bounded: in depth by the caller, in rows by `rows_max`, beyond
which it raises.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.errors import ExecuteError

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.index.adjacency import Direction, Graph, Ints, Mask

    Paths: TypeAlias = "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]"

# Flags that a walk from many starts holds at once: starts x nodes.
FLAGS_MAX = 1 << 26


@dataclass(frozen=True)
class Rules:
    """Which edges and nodes may be walked: types by code, nodes and edges as masks (None is all), and bounds."""

    direction: Direction = "out"
    kinds: Mask | None = None
    allowed: Mask | None = None
    along: Mask | None = None
    rows_max: int = 10_000_000


class Reached(NamedTuple):
    """Nodes that were reached: the place of the start, the node, and its depth."""

    start: Ints
    node: Ints
    depth: Ints


class Tree(NamedTuple):
    """Rows of a traversal, level by level: the place of the start, the node, its depth, the type of the last edge (-1
    for a start), the row before it (-1)."""

    start: Ints
    node: Ints
    depth: Ints
    kind: Ints
    before: Ints


def neighbors(graph: Graph, starts: Ints, depth: int, rules: Rules) -> Reached:
    """Return what lies within `depth` edges of each start, without the starts, each node once at its smallest depth.

    Source: level-synchronous breadth-first search, Buluc and Madduri, SC 2011.
    """
    nodes = graph.nodes.count
    batch = max(1, FLAGS_MAX // max(1, nodes))
    parts = [_around(graph, starts[at : at + batch], at, depth, rules) for at in range(0, len(starts), batch)]
    if len(parts) == 1:
        return parts[0]
    return Reached(*(np.concatenate([p[i] for p in parts]) if parts else np.empty(0, dtype=np.int64) for i in range(3)))


def _around(graph: Graph, starts: Ints, first: int, depth: int, rules: Rules) -> Reached:
    nodes = graph.nodes.count
    keys = np.arange(len(starts)) * nodes + starts
    seen = np.zeros(len(starts) * nodes, dtype=np.bool_)
    seen[keys] = True
    found, depths, total = [], [], 0
    for level in range(1, depth + 1):
        step = graph.step(keys % nodes, rules.direction, rules.kinds, rules.along)
        reached = step.node if len(starts) == 1 else keys[step.origin] // nodes * nodes + step.node
        if rules.allowed is not None:
            reached = reached[rules.allowed[step.node]]
        keys = _once(reached[~seen[reached]], len(seen))
        if not len(keys):
            break
        seen[keys] = True
        total += len(keys)
        check_rows(total, rules)
        found.append(keys)
        depths.append(np.full(len(keys), level, dtype=np.int64))
    every = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return Reached(every // nodes + first, every % nodes, np.concatenate(depths) if depths else every)


def _once(keys: Ints, space: int) -> Ints:
    """Return each key once, ascending."""
    if len(keys) < 2:
        return keys
    if len(keys) * 20 < space:
        ordered = np.sort(keys)
        once: Ints = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
        return once
    flags = np.zeros(space, dtype=np.bool_)
    flags[keys] = True
    found: Ints = np.flatnonzero(flags)
    return found


def check_rows(rows: int, rules: Rules) -> None:
    """Raise ExecuteError for more rows than the rules allow."""
    if rows > rules.rows_max:
        raise ExecuteError(
            f"the walk reaches more than {rules.rows_max:,} rows; walk less deep, name edge types, or raise the limit "
            "of rows"
        )


def traverse(graph: Graph, starts: Ints, depth: int, rules: Rules, *, paths: bool, include_start: bool) -> Tree:
    """Return what is reached from each start, with the way: each node once by its first way, or with `paths` by every
    simple path.

    Of the ways of one length the first by the type of the last edge, then by the id and table of the node before it.
    """
    nodes = graph.nodes.count
    rows = [
        Tree(
            np.arange(len(starts)),
            starts,
            np.zeros(len(starts), dtype=np.int64),
            np.full(len(starts), -1),
            np.full(len(starts), -1),
        )
    ]
    names = np.argsort(np.argsort(np.array(graph.kinds, dtype=object))) if graph.kinds else np.empty(0, dtype=np.int64)
    # Each start has flags of its own, so a start that is given twice is walked twice.
    seen = None if paths else np.zeros(0, dtype=np.bool_)
    if seen is not None:
        if len(starts) * nodes > FLAGS_MAX * 8:
            raise ExecuteError(
                f"a traversal with paths from {len(starts):,} starts over {nodes:,} nodes is too large; walk from "
                "fewer at a time, or ask for neighbors"
            )
        seen = np.zeros(len(starts) * nodes, dtype=np.bool_)
        seen[rows[0].start * nodes + starts] = True
    way = starts.reshape(-1, 1)
    total = begin = 0
    for level in range(1, depth + 1):
        last = rows[-1]
        step = graph.step(last.node, rules.direction, rules.kinds, rules.along)
        kept = np.ones(len(step.node), dtype=np.bool_) if rules.allowed is None else rules.allowed[step.node]
        key = last.start[step.origin] * nodes + step.node
        kept &= ~seen[key] if seen is not None else ~(way[step.origin] == step.node[:, None]).any(axis=1)
        origin, node, edge, key = step.origin[kept], step.node[kept], step.edge[kept], key[kept]
        kind = graph.kinds_of(edge)
        order = np.lexsort((_ranks(graph, last.node[origin]), names[kind], key))
        if seen is not None:
            ordered = key[order]
            order = order[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(order) else order
            seen[key[order]] = True
        else:
            # Several edges of one type between two nodes would be one; of several types the way is another each.
            whole = np.stack([key[order], kind[order], origin[order]], axis=1)
            order = order[np.concatenate([[True], (whole[1:] != whole[:-1]).any(axis=1)])] if len(order) else order
        origin, node, kind = origin[order], node[order], kind[order]
        if not len(node):
            break
        total += len(node)
        check_rows(total, rules)
        rows.append(Tree(last.start[origin], node, np.full(len(node), level), kind, origin + begin))
        begin += len(last.node)
        if seen is None:
            way = np.concatenate([way[origin], node[:, None]], axis=1)
    every = Tree(*(np.concatenate([r[i] for r in rows]) for i in range(5)))
    if include_start:
        return every
    start, node, depths, kind, before = (a[len(starts) :] for a in every)
    return Tree(start, node, depths, kind, before - len(starts))


def _ranks(graph: Graph, nodes: Ints) -> Ints:
    """Return numbers in the order of the ids of nodes, then of their tables."""
    if not len(nodes):
        return nodes
    some, back = np.unique(nodes, return_inverse=True)
    frame = pl.DataFrame({"id": graph.nodes.ids.gather(some), "table": graph.nodes.tables[some]})
    ranks = frame.select(pl.struct("id", "table").rank("dense")).to_series().to_numpy()
    found: Ints = ranks[back].astype(np.int64)
    return found


def ways(tree: Tree, starts: Ints) -> list[Ints]:
    """Return, for each depth that a traversal has, a matrix of the nodes on the ways to its rows, the start first."""
    matrices: dict[int, Ints] = {0: starts.reshape(-1, 1)}
    first = {0: -len(starts)} if not len(tree.depth) or tree.depth[0] else {0: 0}
    found: list[Ints] = []
    for level in np.unique(tree.depth).tolist():
        places = np.flatnonzero(tree.depth == level)
        if level == 0:
            found.append(matrices[0])
            continue
        before = tree.before[places] - first[level - 1] if level > 1 or first[0] == 0 else tree.start[places]
        matrices[level] = np.concatenate([matrices[level - 1][before], tree.node[places][:, None]], axis=1)
        first[level] = int(places[0])
        found.append(matrices[level])
    return found


# --- paths between two nodes


def shortest(graph: Graph, a: int, b: int, rules: Rules, depth_max: int) -> tuple[Ints, Ints] | None:
    """Return the nodes and the edges of a shortest path, from both ends at once; None when there is none.

    Source: bidirectional search, Pohl 1971.
    """
    if a == b:
        return np.array([a]), np.empty(0, dtype=np.int64)
    back: Direction = {"out": "in", "in": "out", "both": "both"}[rules.direction]  # type: ignore[assignment]
    sides = [_Side(graph, a, rules.direction), _Side(graph, b, back)]
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
        self.frontier = _once(node, self.graph.nodes.count)
        met = self.frontier[other.before[self.frontier] >= 0]
        return int(met[0]) if len(met) else None

    def path(self, node: int) -> tuple[Ints, Ints]:
        nodes, edges = [node], []
        while node != self.start:
            edges.append(int(self.edge[node]))
            node = int(self.before[node])
            nodes.append(node)
        return np.array(nodes), np.array(edges, dtype=np.int64)


def cheapest(graph: Graph, a: int, b: int, rules: Rules) -> tuple[Ints, Ints] | None:
    """Return the nodes and edges of a path of least weight; an edge without a weight counts 1. None when there is none.

    Source: Dijkstra 1959.
    """
    best, done = {a: 0.0}, set[int]()
    before: dict[int, tuple[int, int]] = {}
    queue = [(0.0, a)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == b:
            break
        if node in done:
            continue
        done.add(node)
        step = graph.step(np.array([node]), rules.direction, rules.kinds, rules.along)
        weights = np.nan_to_num(graph.weights_of(step.edge), nan=1.0)
        if (weights < 0).any():
            raise ExecuteError("a weighted path needs weights that are not negative")
        for far, edge, weight in zip(step.node.tolist(), step.edge.tolist(), weights.tolist(), strict=True):
            if far in done or (rules.allowed is not None and far != b and not rules.allowed[far]):
                continue
            if cost + weight < best.get(far, np.inf):
                best[far], before[far] = cost + weight, (node, edge)
                heapq.heappush(queue, (cost + weight, far))
    if b not in best:
        return None
    nodes, edges = [b], []
    while nodes[-1] != a:
        node, edge = before[nodes[-1]]
        nodes.append(node)
        edges.append(edge)
    return np.array(nodes[::-1]), np.array(edges[::-1], dtype=np.int64)


def simple_paths(
    graph: Graph, a: int, b: int, rules: Rules, depth_max: int, *, only_shortest: bool = False
) -> list[Paths]:
    """Return all paths from a to b without a node twice, of at most `depth_max` edges: matrices of nodes and of edges,
    by length.

    Only nodes from which b can be reached in the edges that are left are walked.
    """
    back: Direction = {"out": "in", "in": "out", "both": "both"}[rules.direction]  # type: ignore[assignment]
    far = neighbors(
        graph,
        np.array([b]),
        depth_max,
        Rules(back, rules.kinds, None, rules.along, max(rules.rows_max, graph.nodes.count)),
    )
    left = np.full(graph.nodes.count, depth_max + 1, dtype=np.int64)
    left[far.node] = far.depth
    left[b] = 0
    if only_shortest:
        depth_max = min(depth_max, int(left[a]))
    nodes, edges = np.array([[a]]), np.empty((1, 0), dtype=np.int64)
    found: list[Paths] = [(nodes, edges)] if a == b else []
    for level in range(1, depth_max + 1 if a != b else 0):
        step = graph.step(nodes[:, -1], rules.direction, rules.kinds, rules.along)
        kept = (left[step.node] <= depth_max - level) & ~(nodes[step.origin] == step.node[:, None]).any(axis=1)
        if rules.allowed is not None:
            kept &= rules.allowed[step.node] | (step.node == b)
        nodes = np.concatenate([nodes[step.origin[kept]], step.node[kept][:, None]], axis=1)
        edges = np.concatenate([edges[step.origin[kept]], step.edge[kept][:, None]], axis=1)
        check_rows(len(nodes), rules)
        there = nodes[:, -1] == b
        if there.any():
            found.append((nodes[there], edges[there]))
        nodes, edges = nodes[~there], edges[~there]
        if not len(nodes):
            break
    return found


def cycles(graph: Graph, rules: Rules, length_max: int, within: Mask | None) -> list[Paths]:
    """Return all cycles without a node twice, of at most `length_max` edges, each from its smallest node: matrices of
    nodes (the first again at the end) and edges.

    `within` marks the nodes that may be on a cycle.
    """
    firsts = np.arange(graph.nodes.count) if within is None else np.flatnonzero(within)
    if rules.allowed is not None:
        firsts = firsts[rules.allowed[firsts]]
    nodes, edges = firsts.reshape(-1, 1), np.empty((len(firsts), 0), dtype=np.int64)
    found: list[Paths] = []
    for level in range(1, length_max + 1):
        step = graph.step(nodes[:, -1], rules.direction, rules.kinds, rules.along)
        first = nodes[step.origin, 0]
        closed = step.node == first
        if rules.direction == "both" and level == 2:
            # There and back along one edge is no cycle.
            closed &= step.edge != edges[step.origin, 0]
        if closed.any():
            ends = np.concatenate([nodes[step.origin[closed]], first[closed][:, None]], axis=1)
            found.append((ends, np.concatenate([edges[step.origin[closed]], step.edge[closed][:, None]], axis=1)))
        kept = (step.node > first) & ~(nodes[step.origin] == step.node[:, None]).any(axis=1)
        if within is not None:
            kept &= within[step.node]
        if rules.allowed is not None:
            kept &= rules.allowed[step.node]
        nodes = np.concatenate([nodes[step.origin[kept]], step.node[kept][:, None]], axis=1)
        edges = np.concatenate([edges[step.origin[kept]], step.edge[kept][:, None]], axis=1)
        check_rows(len(nodes) + sum(len(f[0]) for f in found), rules)
        if not len(nodes):
            break
    return found
