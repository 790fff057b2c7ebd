"""A graph in memory: dense nodes, edges as compressed sparse rows in both directions, and a few that came later.

    nodes    (table, id) each, numbered from 0; a table of "" is an end that no entity has
    base     edges as arrays by number: source, target, type, weight; sorted by source (and, when someone asks, by
             target) in the `order` of Rows, with the first place of each node in `starts`
    later    a few edges with the numbers behind these; edges that went are marked as dead

A graph never changes: `with_changes` gives another, which shares what stays. So whoever walks one sees one state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from rem_arrow.index.arrays import Ints, Mask
from rem_arrow.index.edge_arrays import Edges, Rows
from rem_arrow.index.node_numbers import Nodes

if TYPE_CHECKING:
    import numpy.typing as npt

Direction: TypeAlias = Literal["out", "in", "both"]


class Step(NamedTuple):
    """Edges that lead on from a frontier: the place in the frontier, the node reached, and the edge."""

    origin: Ints
    node: Ints
    edge: Ints


@dataclass(frozen=True)
class Graph:
    """Nodes and edges at one state. `hidden` nodes are not walked. The numbers of the edges in `later` go on behind
    those in `base`."""

    nodes: Nodes
    kinds: tuple[str, ...]
    base: Edges
    later: Edges
    out_rows: Rows
    hidden: Mask | None = None
    _cache: dict[str, Rows] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(nodes: Nodes, kinds: Sequence[str], edges: Edges) -> Graph:
        none = np.empty(0, dtype=np.int32)
        later = Edges(none, none, np.empty(0, dtype=np.int16), np.empty(0, dtype=np.float64))
        return Graph(nodes, tuple(kinds), edges, later, Rows.of(edges.source, nodes.count))

    @property
    def settled(self) -> int:
        """How many edges are in the rows."""
        return len(self.base.source)

    @property
    def changed(self) -> int:
        """How many edges lie beside the rows, or are gone."""
        return len(self.later.source) + sum(
            int(np.count_nonzero(e.dead)) for e in (self.base, self.later) if e.dead is not None
        )

    def live(self) -> Edges:
        """Return the edges that are not dead, between nodes that are not hidden."""
        every = self.base.behind(self.later) if len(self.later.source) else self.base
        mask = None if every.dead is None else ~every.dead
        if self.hidden is not None:
            seen = ~self.hidden[every.source] & ~self.hidden[every.target]
            mask = seen if mask is None else mask & seen
        return (
            every
            if mask is None
            else Edges(every.source[mask], every.target[mask], every.kind[mask], every.weight[mask])
        )

    def kind_codes(self, names: Sequence[str] | None) -> Mask | None:
        """Return which types are wanted, by code; None is all. A type that no edge has is none."""
        return None if names is None else np.array([kind in names for kind in self.kinds], dtype=np.bool_)

    def kinds_of(self, edges: Ints) -> Ints:
        """Return the codes of the types of edges."""
        return self._taken(edges, self.base.kind, self.later.kind).astype(np.int64)

    def weights_of(self, edges: Ints) -> npt.NDArray[np.float64]:
        return self._taken(edges, self.base.weight, self.later.weight)

    def _taken(self, edges: Ints, base: npt.NDArray[Any], later: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if not len(later):
            return base[edges]
        behind = edges >= self.settled
        values = np.empty(len(edges), dtype=base.dtype)
        values[~behind], values[behind] = base[edges[~behind]], later[edges[behind] - self.settled]
        return values

    def with_changes(self, added: Edges, gone: Ints, nodes: Nodes, kinds: Sequence[str]) -> Graph:
        """Return the graph with more edges behind its own, and without some of them; nothing is hidden in it."""
        base = self.base.without(gone[gone < self.settled])
        # An edge may have come and gone since.
        later = self.later.behind(added).without(gone[gone >= self.settled] - self.settled)
        cache = {"in": self._cache["in"]} if "in" in self._cache else {}
        return Graph(nodes, tuple(kinds), base, later, self.out_rows, None, cache)

    def with_hidden(self, hidden: Mask | None) -> Graph:
        return self if hidden is None and self.hidden is None else replace(self, hidden=hidden)

    def step(self, frontier: Ints, direction: Direction, kinds: Mask | None = None, along: Mask | None = None) -> Step:
        """Return all edges that lead on from the nodes of a frontier: of these types, and those that `along` allows."""
        if direction == "both":
            out, back = self.step(frontier, "out", kinds, along), self.step(frontier, "in", kinds, along)
            # An edge from a node to itself leads on once.
            loop = frontier[back.origin] == back.node
            return _joined([out, Step(back.origin[~loop], back.node[~loop], back.edge[~loop])])
        parts = [self._kept(self._rows("base", direction).at(frontier), self.base, direction, kinds, 0)]
        if len(self.later.source):
            parts.append(
                self._kept(self._rows("later", direction).at(frontier), self.later, direction, kinds, self.settled)
            )
        step = _joined(parts)
        if along is None:
            return step
        allowed = along[step.edge]
        return Step(step.origin[allowed], step.node[allowed], step.edge[allowed])

    def _kept(
        self, places: tuple[Ints, Ints], edges: Edges, direction: Direction, kinds: Mask | None, first: int
    ) -> Step:
        origin, edge = places
        node = (edges.target if direction == "out" else edges.source)[edge].astype(np.int64)
        walked = None if kinds is None else kinds[edges.kind[edge]]
        if edges.dead is not None:
            there = ~edges.dead[edge]
            walked = there if walked is None else walked & there
        if self.hidden is not None:
            seen = ~self.hidden[node]
            walked = seen if walked is None else walked & seen
        return (
            Step(origin, node, edge + first)
            if walked is None
            else Step(origin[walked], node[walked], edge[walked] + first)
        )

    def _rows(self, which: Literal["base", "later"], direction: Direction) -> Rows:
        """Return edges in the order of one of their ends, sorted when someone first asks."""
        if which == "base" and direction == "out":
            return self.out_rows
        name = "in" if which == "base" else f"later {direction}"
        rows = self._cache.get(name)
        if rows is None:
            edges = self.base if which == "base" else self.later
            ends = edges.source if direction == "out" else edges.target
            rows = self._cache[name] = (
                Rows.of(ends, len(self.out_rows.starts) - 1) if which == "base" else Rows.few(ends)
            )
        return rows


def _joined(steps: Sequence[Step]) -> Step:
    if len(steps) == 1:
        return steps[0]
    return Step(
        np.concatenate([s.origin for s in steps]),
        np.concatenate([s.node for s in steps]),
        np.concatenate([s.edge for s in steps]),
    )
