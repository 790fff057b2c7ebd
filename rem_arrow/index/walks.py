"""Walks over a graph, many nodes at a time, breadth first.

Nodes and edges are numbers of the graph. Every walk is bounded: in depth by the caller, in rows by `rows_max`, beyond
which it raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.index.arrays import Ints, Mask, once

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Direction, Graph

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
    reached_keys, depths, total = [], [], 0
    for level in range(1, depth + 1):
        step = graph.step(keys % nodes, rules.direction, rules.kinds, rules.along)
        reached = step.node if len(starts) == 1 else keys[step.origin] // nodes * nodes + step.node
        if rules.allowed is not None:
            reached = reached[rules.allowed[step.node]]
        keys = once(reached[~seen[reached]], len(seen))
        if not len(keys):
            break
        seen[keys] = True
        total += len(keys)
        check_rows(total, rules)
        reached_keys.append(keys)
        depths.append(np.full(len(keys), level, dtype=np.int64))
    every = np.concatenate(reached_keys) if reached_keys else np.empty(0, dtype=np.int64)
    return Reached(every // nodes + first, every % nodes, np.concatenate(depths) if depths else every)


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
        allowed = np.ones(len(step.node), dtype=np.bool_) if rules.allowed is None else rules.allowed[step.node]
        key = last.start[step.origin] * nodes + step.node
        allowed &= ~seen[key] if seen is not None else ~(way[step.origin] == step.node[:, None]).any(axis=1)
        origin, node, edge, key = step.origin[allowed], step.node[allowed], step.edge[allowed], key[allowed]
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
    of_nodes: Ints = ranks[back].astype(np.int64)
    return of_nodes


def ways(tree: Tree, starts: Ints) -> list[Ints]:
    """Return, for each depth that a traversal has, a matrix of the nodes on the ways to its rows, the start first."""
    matrices: dict[int, Ints] = {0: starts.reshape(-1, 1)}
    first = {0: -len(starts)} if not len(tree.depth) or tree.depth[0] else {0: 0}
    levels: list[Ints] = []
    for level in np.unique(tree.depth).tolist():
        places = np.flatnonzero(tree.depth == level)
        if level == 0:
            levels.append(matrices[0])
            continue
        before = tree.before[places] - first[level - 1] if level > 1 or first[0] == 0 else tree.start[places]
        matrices[level] = np.concatenate([matrices[level - 1][before], tree.node[places][:, None]], axis=1)
        first[level] = int(places[0])
        levels.append(matrices[level])
    return levels
