"""Walks of a pattern such as `(a)-[e]->{1,3}(b)`: every walk from many starts, or for each start and end the shortest.

Source: ISO/IEC 9075-16:2023 (SQL/PGQ); Deutsch et al., "Graph Pattern Matching in GQL and SQL/PGQ", SIGMOD 2022. The
modes say what may come twice on a walk: anything (walk), no edge (trail), no node (acyclic), no node but the first as
the last (simple).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from rem_arrow.errors import ExecuteError
from rem_arrow.index.walks import FLAGS_MAX, Rules, check_rows

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph, Ints, Mask

Mode: TypeAlias = Literal["walk", "trail", "acyclic", "simple"]
Select: TypeAlias = Literal["all", "any_shortest", "all_shortest"]
# Nodes and edges that the ways of all rows may have together.
_CELLS_MAX = 100_000_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """How long walks are in edges, both bounds allowed, what may come twice on them, and which of them are wanted."""

    least: int
    most: int
    mode: Mode = "walk"
    select: Select = "all"


class Walked(NamedTuple):
    """Walks of one length: the place of the start, the last node, and with ways a matrix of all nodes and one of all
    edges."""

    start: Ints
    node: Ints
    length: int
    nodes: Ints | None
    edges: Ints | None


def matches(graph: Graph, starts: Ints, pattern: Pattern, rules: Rules, *, ways: bool) -> list[Walked]:
    """Return the walks of a pattern, by length. Without `ways` only their ends, where the mode needs no more.

    Raises:
        ExecuteError: there are more than the rules allow.
    """
    batch = len(starts) if pattern.select == "all" else max(1, FLAGS_MAX // max(1, graph.nodes.count))
    found: list[Walked] = []
    for at in range(0, len(starts), max(1, batch)):
        found += _walks(graph, starts[at : at + batch], at, pattern, rules, ways=ways or pattern.mode != "walk")
    return sorted(found, key=lambda w: w.length)


def _walks(graph: Graph, starts: Ints, first: int, pattern: Pattern, rules: Rules, *, ways: bool) -> list[Walked]:
    nodes = graph.nodes.count
    begun, last = np.arange(len(starts)), starts
    way, edges = (starts.reshape(-1, 1), np.empty((len(starts), 0), dtype=np.int64)) if ways else (None, None)
    seen = np.zeros(len(starts) * nodes, dtype=np.bool_) if pattern.select != "all" else None
    # A way on from a node that was reached before may still be needed where ways look back: those that must be long,
    # and around a cycle of edges that lead both ways.
    prunes = pattern.mode == "walk" or (pattern.least <= 1 and (pattern.mode == "acyclic" or rules.direction != "both"))
    found: list[Walked] = []
    rows = cells = 0
    for level in range(pattern.most + 1):
        if level:
            step = graph.step(last, rules.direction, rules.kinds, rules.along)
            kept = _kept(step.node, step.edge, step.origin, way, edges, pattern, rules)
            key = begun[step.origin] * nodes + step.node
            if seen is not None and prunes:
                kept &= ~seen[key]
            if pattern.select == "any_shortest" and pattern.mode == "walk":
                kept = _one_each(key, kept)
            origin, last = step.origin[kept], step.node[kept]
            begun = begun[origin]
            if way is not None and edges is not None:
                way, edges = (
                    np.concatenate([way[origin], last[:, None]], axis=1),
                    np.concatenate([edges[origin], step.edge[kept][:, None]], axis=1),
                )
        if not len(last):
            break
        if level >= pattern.least:
            kept = np.ones(len(last), dtype=np.bool_)
            if seen is not None:
                key = begun * nodes + last
                kept = _one_each(key, ~seen[key]) if pattern.select == "any_shortest" else ~seen[key]
                seen[key] = True
            rows, cells = rows + int(kept.sum()), cells + int(kept.sum()) * (level + 1)
            if ways and cells > _CELLS_MAX:
                raise ExecuteError(
                    f"the paths of the pattern have more than {_CELLS_MAX:,} entities together; bound their length, "
                    "or do not ask for the paths"
                )
            found.append(
                Walked(
                    begun[kept] + first,
                    last[kept],
                    level,
                    None if way is None else way[kept],
                    None if edges is None else edges[kept],
                )
            )
        check_rows(max(rows, len(last)), rules)
        if pattern.mode == "simple" and way is not None and edges is not None and level:
            # A walk that has come back to its start ends there.
            open_ = last != starts[begun]
            begun, last, way, edges = begun[open_], last[open_], way[open_], edges[open_]
    return found


def _kept(
    node: Ints, edge: Ints, origin: Ints, way: Ints | None, edges: Ints | None, pattern: Pattern, rules: Rules
) -> Mask:
    """Return which steps the rules and the mode allow."""
    kept: Mask = np.ones(len(node), dtype=np.bool_) if rules.allowed is None else rules.allowed[node]
    if pattern.mode == "walk":
        return kept
    assert way is not None and edges is not None, "modes look back"
    if pattern.mode == "trail":
        kept &= ~(edges[origin] == edge[:, None]).any(axis=1)
    elif pattern.mode == "acyclic":
        kept &= ~(way[origin] == node[:, None]).any(axis=1)
    else:
        kept &= ~(way[origin, 1:] == node[:, None]).any(axis=1)
    return kept


def _one_each(key: Ints, kept: Mask) -> Mask:
    """Return of the places that are kept the first of each key."""
    places = np.flatnonzero(kept)
    once = np.zeros(len(key), dtype=np.bool_)
    once[places[np.unique(key[places], return_index=True)[1]]] = True
    return once
