"""The common part of walks over the graph: options of a walk, and the mapping between ids and nodes.

Starts and ends are ids, or 'table:id' where several tables have the id. The table of a dangling end is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.index.arrays import taken
from rem_arrow.index.walks import Rules

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Direction, Graph
    from rem_arrow.index.arrays import Ints, Mask

DEPTH_MAX = 1_000
PATHS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Walk:
    """The options of a walk: the types of edges (None is all), the direction, the allowed nodes and edges (None is
    all), and the most rows."""

    kinds: Sequence[str] | None = None
    direction: Direction = "out"
    allowed: Mask | None = None
    rows_max: int = 10_000_000
    along: Mask | None = None

    def rules(self, graph: Graph) -> Rules:
        return Rules(self.direction, graph.kind_codes(self.kinds), self.allowed, self.along, self.rows_max)


def nodes_of(graph: Graph, ends: Sequence[str]) -> list[int | None]:
    """Return the node of each id or 'table:id'; None where no edge has it. Raises InputError for a bare id that several
    tables have."""
    nodes: list[int | None] = []
    for end, same in zip(ends, graph.nodes.find(pl.Series(ends, dtype=pl.String)), strict=True):
        if len(same) > 1:
            # An end that was dangling once may still have a node without a table.
            same = same[graph.nodes.tables[same] != 0]
        if len(same) > 1:
            tables = sorted(graph.nodes.names[graph.nodes.tables[n]] for n in same)
            raise InputError(
                f"the id {end!r} is in {', '.join(tables)}; write it as table:id, for example {tables[0]}:{end}"
            )
        nodes.append(int(same[0]) if len(same) else None)
    by_table: dict[str, list[int]] = {}
    for place, (end, node) in enumerate(zip(ends, nodes, strict=True)):
        table, colon, _ = end.partition(":")
        if node is None and colon and table in graph.nodes.names:
            by_table.setdefault(table, []).append(place)
    for table, places in by_table.items():
        ids = pl.Series([ends[p].partition(":")[2] for p in places], dtype=pl.String)
        for place, number in zip(places, graph.nodes.numbers(ids, table).tolist(), strict=True):
            nodes[place] = number if number >= 0 else None
    return nodes


def starts_of(graph: Graph, starts: Sequence[str]) -> tuple[pl.Series, Ints]:
    """Return the starts that have an edge and are not hidden, and their nodes."""
    walked = [
        (start, node)
        for start, node in zip(starts, nodes_of(graph, starts), strict=True)
        if node is not None and (graph.hidden is None or not graph.hidden[node])
    ]
    return pl.Series([s for s, _ in walked], dtype=pl.String), np.array([n for _, n in walked], dtype=np.int64)


def mask_of(graph: Graph, ends: pl.Series) -> Mask:
    """Return which nodes are among these ids, each bare or as 'table:id'."""
    mask = graph.nodes.ids.is_in(ends.implode())
    if ends.str.contains(":", literal=True).any():
        names = pl.Series([f"{n}:" for n in graph.nodes.names], dtype=pl.String).gather(
            graph.nodes.tables.astype(np.int64)
        )
        mask |= (names + graph.nodes.ids).is_in(ends.implode())
    node_mask: Mask = mask.to_numpy()
    return node_mask


def names_of(graph: Graph, nodes: Ints) -> tuple[pl.Series, pl.Series]:
    """Return the ids and the tables of nodes."""
    names = pl.Series([n or None for n in graph.nodes.names], dtype=pl.String)
    return taken(graph.nodes.ids, nodes), taken(names, graph.nodes.tables[nodes])


def id_lists(graph: Graph, matrices: Sequence[Ints]) -> pl.Series:
    """Return the rows of matrices of nodes as lists of ids."""
    parts = [
        graph.nodes.ids.gather(m.ravel()).reshape((len(m), m.shape[1])).cast(pl.List(pl.String))
        for m in matrices
        if len(m)
    ]
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.List(pl.String))


def edge_lists(matrices: Sequence[Ints], values: Callable[[Ints], pl.Series], dtype: pl.List) -> pl.Series:
    """Return the rows of matrices of edges as lists of the `values` of the edges."""
    parts = [
        values(m.ravel()).reshape((len(m), m.shape[1])).cast(dtype)
        if m.shape[1]
        else pl.Series([[]] * len(m), dtype=dtype)
        for m in matrices
        if len(m)
    ]
    return pl.concat(parts) if parts else pl.Series([], dtype=dtype)


def check_depth(depth: int) -> None:
    """Raise InputError for a depth outside of 1 to DEPTH_MAX."""
    checks.whole(depth, "depth", most=DEPTH_MAX)
