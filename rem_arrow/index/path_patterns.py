"""Walks of a pattern such as `(a)-[e]->{1,3}(b)`: every walk from many starts, or for each start and end the shortest.

Source: ISO/IEC 9075-16:2023 (SQL/PGQ); Deutsch et al., "Graph Pattern Matching in GQL and SQL/PGQ", SIGMOD 2022. The
modes say what may come twice on a walk: anything (walk), no edge (trail), no node (acyclic), no node but the first as
the last (simple).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from rem_arrow.base.errors import ExecuteError
from rem_arrow.index.arrays import Ints, Mask
from rem_arrow.index.walks import FLAGS_MAX, Rules, check_rows

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph, Step

Mode: TypeAlias = Literal["walk", "trail", "acyclic", "simple"]
Select: TypeAlias = Literal["all", "any_shortest", "all_shortest"]
# Nodes and edges that the ways of all rows may have together.
_CELLS_MAX = 100_000_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """How long walks are in edges, both bounds allowed, what may come twice on them, and which of them are wanted.

    Without `most` the mode or the choice bounds them: of the walks to a node only the `count` shortest go on.
    """

    least: int
    most: int | None
    mode: Mode = "walk"
    select: Select = "all"
    count: int = 1


class Walks(NamedTuple):
    """Walks of one length: the place of the start, the last node, and with ways a matrix of all nodes and one of all
    edges, a row a walk."""

    start: Ints
    node: Ints
    length: int
    nodes: Ints | None
    edges: Ints | None

    def only(self, mask: Mask) -> Walks:
        """Return those of the walks that the mask is true for."""
        ways = (None if way is None else way[mask] for way in (self.nodes, self.edges))
        return Walks(self.start[mask], self.node[mask], self.length, *ways)

    def extended(self, step: Step, allowed: Mask) -> Walks:
        """Return the walks one edge further, along those of a step from their last nodes that are allowed."""
        origin, node, edge = step.origin[allowed], step.node[allowed], step.edge[allowed]
        nodes, edges = self.nodes, self.edges
        if nodes is not None and edges is not None:
            nodes = np.concatenate([nodes[origin], node[:, None]], axis=1)
            edges = np.concatenate([edges[origin], edge[:, None]], axis=1)
        return Walks(self.start[origin], node, self.length + 1, nodes, edges)


def matches(graph: Graph, starts: Ints, pattern: Pattern, rules: Rules, *, ways: bool) -> list[Walks]:
    """Return the walks of a pattern, by length. Without `ways` only their ends, where the mode needs no more.

    Raises:
        ExecuteError: there are more than the rules allow.
    """
    batch = len(starts) if pattern.select == "all" else max(1, FLAGS_MAX // max(1, graph.nodes.count))
    walks: list[Walks] = []
    for at in range(0, len(starts), max(1, batch)):
        matching = _Matching(graph, starts[at : at + batch], pattern, rules, ways=ways or pattern.mode != "walk")
        walks += [w._replace(start=w.start + at) for w in matching.run()]
    return sorted(walks, key=lambda w: w.length)


class _Matching:
    """One run of a pattern from some starts, level by level."""

    def __init__(self, graph: Graph, starts: Ints, pattern: Pattern, rules: Rules, *, ways: bool) -> None:
        self._graph, self._starts, self._pattern, self._rules, self._ways = graph, starts, pattern, rules, ways
        # How often a start has reached a node, where only the shortest walks count.
        self._seen = np.zeros(len(starts) * graph.nodes.count, dtype=np.int16) if pattern.select != "all" else None
        # A way on from a node that was reached before may still be needed where ways look back: those that must be
        # long, and around a cycle of edges that lead both ways, and those that are not the shortest.
        self._prunes = pattern.mode == "walk" or (
            pattern.count == 1 and pattern.least <= 1 and (pattern.mode == "acyclic" or rules.direction != "both")
        )
        self._matches: list[Walks] = []
        self._rows = self._cells = 0

    def run(self) -> list[Walks]:
        """Return the walks, shorter ones first; their starts are places among the starts of this run."""
        starts = self._starts
        ways = (starts.reshape(-1, 1), np.empty((len(starts), 0), dtype=np.int64)) if self._ways else (None, None)
        walks = Walks(np.arange(len(starts)), starts, 0, *ways)
        for length in count(0) if self._pattern.most is None else range(self._pattern.most + 1):
            if length:
                walks = self._step(walks)
            if not len(walks.node):
                break
            if length >= self._pattern.least:
                self._emit(walks)
            check_rows(max(self._rows, len(walks.node)), self._rules)
            walks = self._open(walks)
        return self._matches

    def _step(self, walks: Walks) -> Walks:
        """Go one edge further, as the rules and the mode allow."""
        step = self._graph.step(walks.node, self._rules.direction, self._rules.kinds, self._rules.along)
        allowed = _allowed(step, walks, self._pattern, self._rules)
        key = walks.start[step.origin] * self._graph.nodes.count + step.node
        if self._seen is not None and self._prunes:
            allowed &= self._seen[key] < self._pattern.count
        if self._pattern.select == "any_shortest" and self._pattern.mode == "walk":
            # Of walks of one length to a node, so many others may take the place of one that is left out.
            allowed = _some_each(key, allowed, np.full(len(key), self._pattern.count))
        return walks.extended(step, allowed)

    def _emit(self, walks: Walks) -> None:
        """Take the walks that match: of the shortest ones those whose end was not reached before."""
        if self._seen is not None:
            key = walks.start * self._graph.nodes.count + walks.node
            left = self._pattern.count - self._seen[key]
            fresh = left > 0
            chosen = _some_each(key, fresh, left) if self._pattern.select == "any_shortest" else fresh
            walks = walks.only(chosen)
            if self._pattern.select == "any_shortest":
                np.add.at(self._seen, key[chosen], 1)
            else:
                self._seen[key] = 1
        self._rows += len(walks.node)
        self._cells += len(walks.node) * (walks.length + 1)
        if self._ways and self._cells > _CELLS_MAX:
            raise ExecuteError(
                f"the paths of the pattern have more than {_CELLS_MAX:,} entities together; bound their length, "
                "or do not ask for the paths"
            )
        self._matches.append(walks)

    def _open(self, walks: Walks) -> Walks:
        """Return the walks that may go on: a simple one that has come back to its start ends there."""
        if self._pattern.mode != "simple" or not walks.length:
            return walks
        return walks.only(walks.node != self._starts[walks.start])


def _allowed(step: Step, walks: Walks, pattern: Pattern, rules: Rules) -> Mask:
    """Return which edges of a step the rules and the mode allow."""
    allowed: Mask = np.ones(len(step.node), dtype=np.bool_) if rules.allowed is None else rules.allowed[step.node]
    if pattern.mode == "walk":
        return allowed
    assert walks.nodes is not None and walks.edges is not None, "modes look back"
    if pattern.mode == "trail":
        allowed &= ~(walks.edges[step.origin] == step.edge[:, None]).any(axis=1)
    elif pattern.mode == "acyclic":
        allowed &= ~(walks.nodes[step.origin] == step.node[:, None]).any(axis=1)
    else:
        allowed &= ~(walks.nodes[step.origin, 1:] == step.node[:, None]).any(axis=1)
    return allowed


def _some_each(key: Ints, among: Mask, most: Ints) -> Mask:
    """Return of some places the first of each key, at most as many as `most` says, which is the same for equal keys."""
    places = np.flatnonzero(among)
    places = places[np.argsort(key[places], kind="stable")]
    rank = np.arange(len(places)) - np.searchsorted(key[places], key[places])
    chosen = np.zeros(len(key), dtype=np.bool_)
    chosen[places[rank < most[places]]] = True
    return chosen
