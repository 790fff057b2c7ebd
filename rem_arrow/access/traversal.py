"""Walks over the graph of a version as frames: what Python's verbs and SQL's functions of the graph have in common.

Starts and ends are ids, or 'table:id' where an id is in several tables. The table of an end that no entity has is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl

from rem_arrow.errors import InputError
from rem_arrow.index import centrality, path_patterns, paths, walks
from rem_arrow.index.walks import Rules

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Direction, Graph
    from rem_arrow.index.arrays import Ints, Mask
    from rem_arrow.index.path_patterns import Pattern
    from rem_arrow.index.paths import Paths

Strategy: TypeAlias = Literal["bfs", "dfs"]
Unique: TypeAlias = Literal["node", "path"]
DEPTH_MAX = 1_000
PATHS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Walk:
    """How to walk: the types of edges (None is all), the direction, which nodes and which edges may be walked (None is
    all), and the most rows."""

    kinds: Sequence[str] | None = None
    direction: Direction = "out"
    allowed: Mask | None = None
    rows_max: int = 10_000_000
    along: Mask | None = None

    def rules(self, graph: Graph) -> Rules:
        return Rules(self.direction, graph.kind_codes(self.kinds), self.allowed, self.along, self.rows_max)


def nodes_of(graph: Graph, ends: Sequence[str]) -> list[int | None]:
    """Return the node of each id, or 'table:id'; None where no edge has it. Raises InputError for an id of several
    tables."""
    found: list[int | None] = []
    for end, same in zip(ends, graph.nodes.find(pl.Series(ends, dtype=pl.String)), strict=True):
        if len(same) > 1:
            # An end that has found its entity may have left its number behind.
            same = same[graph.nodes.tables[same] != 0]
        if len(same) > 1:
            tables = sorted(graph.nodes.names[graph.nodes.tables[n]] for n in same)
            raise InputError(
                f"the id {end!r} is in {', '.join(tables)}; write it as table:id, for example {tables[0]}:{end}"
            )
        found.append(int(same[0]) if len(same) else None)
    named: dict[str, list[int]] = {}
    for place, (end, node) in enumerate(zip(ends, found, strict=True)):
        table, colon, _ = end.partition(":")
        if node is None and colon and table in graph.nodes.names:
            named.setdefault(table, []).append(place)
    for table, places in named.items():
        ids = pl.Series([ends[p].partition(":")[2] for p in places], dtype=pl.String)
        for place, number in zip(places, graph.nodes.numbers(ids, table).tolist(), strict=True):
            found[place] = number if number >= 0 else None
    return found


def mask_of(graph: Graph, ends: pl.Series) -> Mask:
    """Return which nodes have one of these ids, or 'table:id'."""
    mask = graph.nodes.ids.is_in(ends.implode())
    if ends.str.contains(":", literal=True).any():
        names = pl.Series([f"{n}:" for n in graph.nodes.names], dtype=pl.String).gather(
            graph.nodes.tables.astype(np.int64)
        )
        mask |= (names + graph.nodes.ids).is_in(ends.implode())
    found: Mask = mask.to_numpy()
    return found


def shown(graph: Graph, nodes: Ints) -> tuple[pl.Series, pl.Series]:
    """Return the ids and the tables of nodes."""
    names = pl.Series([n or None for n in graph.nodes.names], dtype=pl.String)
    return graph.nodes.ids.gather(nodes), names.gather(graph.nodes.tables[nodes].astype(np.int64))


def neighbors(graph: Graph, starts: Sequence[str], depth: int, walk: Walk, *, exact: bool = False) -> pl.DataFrame:
    """Return start_id, id, table, depth of what lies within (or with `exact` at) that many edges of each start."""
    check_depth(depth)
    known = [
        (s, n)
        for s, n in zip(starts, nodes_of(graph, starts), strict=True)
        if n is not None and (graph.hidden is None or not graph.hidden[n])
    ]
    found = walks.neighbors(graph, np.array([n for _, n in known], dtype=np.int64), depth, walk.rules(graph))
    if exact:
        kept = found.depth == depth
        found = walks.Reached(found.start[kept], found.node[kept], found.depth[kept])
    ids, tables = shown(graph, found.node)
    begun = pl.Series([s for s, _ in known], dtype=pl.String).gather(found.start)
    return pl.DataFrame(
        [begun.alias("start_id"), ids.alias("id"), tables.alias("table"), pl.Series("depth", found.depth)]
    )


def traverse(
    graph: Graph,
    starts: Sequence[str],
    depth: int,
    walk: Walk,
    *,
    strategy: Strategy = "bfs",
    unique: Unique = "node",
    include_start: bool = False,
    path: bool = True,
) -> pl.DataFrame:
    """Return start_id, id, table, depth, edge_type, parent_id, path of the nodes reached; the meaning is that of
    TRAVERSE."""
    check_depth(depth)
    known = [
        (s, n)
        for s, n in zip(starts, nodes_of(graph, starts), strict=True)
        if n is not None and (graph.hidden is None or not graph.hidden[n])
    ]
    begun = np.array([n for _, n in known], dtype=np.int64)
    tree = walks.traverse(graph, begun, depth, walk.rules(graph), paths=unique == "path", include_start=include_start)
    ids, tables = shown(graph, tree.node)
    ways = walks.ways(tree, begun)
    before = (
        np.concatenate([w[:, -2] if w.shape[1] > 1 else np.full(len(w), -1) for w in ways])
        if ways
        else np.empty(0, dtype=np.int64)
    )
    parents = pl.Series(np.where(before < 0, 0, before)) if len(before) else pl.Series([], dtype=pl.Int64)
    parent_ids = graph.nodes.ids.gather(parents) if len(before) else pl.Series([], dtype=pl.String)
    kinds = pl.Series([*graph.kinds, None], dtype=pl.String).gather(
        np.where(tree.kind < 0, len(graph.kinds), tree.kind)
    )
    found = pl.DataFrame(
        [
            pl.Series([s for s, _ in known], dtype=pl.String).gather(tree.start).alias("start_id"),
            ids.alias("id"),
            tables.alias("table"),
            pl.Series("depth", tree.depth),
            kinds.alias("edge_type"),
            parent_ids.set(pl.Series(before < 0), None).alias("parent_id")
            if len(before)
            else parent_ids.alias("parent_id"),
            _lists(graph, ways).alias("path")
            if path
            else pl.Series("path", [None] * len(ids), dtype=pl.List(pl.String)),
        ]
    )
    return (
        found[_depth_first(tree)]
        if strategy == "dfs"
        else found[np.argsort(tree.start, kind="stable")]
        if len(known) > 1
        else found
    )


def matches(
    graph: Graph, starts: pl.Series, pattern: Pattern, walk: Walk, *, backward: bool, wanted: Collection[str]
) -> pl.DataFrame:
    """Return start_table, start_id, table, id, length, path, edge_type, weight of the walks of a pattern.

    Args:
        starts: ids, 'table:id', or table NUL id.
        backward: whether the lists run from the end to the start.
        wanted: the columns that are read; lists that are not wanted are NULL.
    """
    begun, unknown = _starts(graph, starts)
    # Walks lead through entities only, not through ends that dangle.
    there = graph.nodes.tables != 0
    rules = replace(walk.rules(graph), allowed=there if walk.allowed is None else walk.allowed & there)
    begun = begun[there[begun] if graph.hidden is None else there[begun] & ~graph.hidden[begun]]
    lists = {"path", "edge_type", "weight"} & set(wanted)
    found = path_patterns.matches(graph, begun, pattern, rules, ways=bool(lists))
    first, last = (np.concatenate([w[i] for w in found]) if found else np.empty(0, dtype=np.int64) for i in (0, 1))
    (start_ids, start_tables), (ids, tables) = shown(graph, begun[first]), shown(graph, last)
    step = -1 if backward else 1
    edges = [w.edges[:, ::step] for w in found if w.edges is not None]
    kinds, texts, numbers = pl.Series(list(graph.kinds), dtype=pl.String), pl.List(pl.String), pl.List(pl.Float64)
    walked = pl.DataFrame(
        [
            start_tables.alias("start_table"),
            start_ids.alias("start_id"),
            tables.alias("table"),
            ids.alias("id"),
            pl.Series(
                "length",
                np.concatenate([np.full(len(w.node), w.length) for w in found]) if found else [],
                dtype=pl.Int64,
            ),
            (
                _lists(graph, [w.nodes[:, ::step] for w in found if w.nodes is not None])
                if "path" in lists
                else pl.Series([None] * len(ids), dtype=texts)
            ).alias("path"),
            (
                _of_edges(edges, lambda e: kinds.gather(graph.kinds_of(e)), texts)
                if "edge_type" in lists
                else pl.Series([None] * len(ids), dtype=texts)
            ).alias("edge_type"),
            (
                _of_edges(edges, lambda e: pl.Series(graph.weights_of(e)).fill_nan(None), numbers)
                if "weight" in lists
                else pl.Series([None] * len(ids), dtype=numbers)
            ).alias("weight"),
        ]
    )

    if pattern.least or not unknown.height:
        return walked
    # An entity that no edge has is still a walk without an edge.
    alone = {"start_table": "field_0", "start_id": "field_1", "table": "field_0", "id": "field_1"}
    empty = {
        "length": pl.lit(0, pl.Int64),
        "path": pl.concat_list("field_1"),
        "edge_type": pl.lit([], texts),
        "weight": pl.lit([], numbers),
    }
    return pl.concat(
        [
            walked,
            unknown.select(*(pl.col(c).alias(n) for n, c in alone.items()), *(e.alias(n) for n, e in empty.items())),
        ]
    )


def _starts(graph: Graph, starts: pl.Series) -> tuple[Ints, pl.DataFrame]:
    """Return the nodes of starts, those that some edge has, each once; and of those with a table the others, as
    field_0, field_1."""
    split = (
        starts.str.splitn("\0", 2).struct.unnest()
        if len(starts)
        else pl.DataFrame(schema={"field_0": pl.String, "field_1": pl.String})
    )
    named = split.filter(pl.col("field_1").is_not_null())
    plain = split.filter(pl.col("field_1").is_null())["field_0"].to_list()
    found = [np.array([n for n in nodes_of(graph, plain) if n is not None], dtype=np.int64)]
    unknown = [named.clear()]
    for (table,), ids in named.unique().group_by("field_0"):
        nodes = graph.nodes.numbers(ids["field_1"], str(table))
        found.append(nodes[nodes >= 0])
        unknown.append(ids.filter(pl.Series(nodes < 0)))
    return np.unique(np.concatenate(found)), pl.concat(unknown)


def _of_edges(matrices: Sequence[Ints], values: Callable[[Ints], pl.Series], dtype: pl.List) -> pl.Series:
    """Return the rows of matrices of edges as lists of what `values` says of each."""
    parts = [
        values(m.ravel()).reshape((len(m), m.shape[1])).cast(dtype)
        if m.shape[1]
        else pl.Series([[]] * len(m), dtype=dtype)
        for m in matrices
        if len(m)
    ]
    return pl.concat(parts) if parts else pl.Series([], dtype=dtype)


def _depth_first(tree: walks.Tree) -> Ints:
    """Return the places of the rows in the order of a walk that goes on from each node before its neighbours."""
    count = len(tree.node)
    chains: list[list[int]] = []
    for row in range(count):
        before = int(tree.before[row])
        chains.append([*(chains[before] if before >= 0 else [int(tree.start[row]) - count]), row])
    return np.array(sorted(range(count), key=lambda row: chains[row]), dtype=np.int64)


def _lists(graph: Graph, matrices: Sequence[Ints]) -> pl.Series:
    """Return the rows of matrices of nodes as lists of ids."""
    parts = [
        graph.nodes.ids.gather(m.ravel()).reshape((len(m), m.shape[1])).cast(pl.List(pl.String))
        for m in matrices
        if len(m)
    ]
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.List(pl.String))


def shortest_path(
    graph: Graph, a: str, b: str, walk: Walk, *, weighted: bool = False, every: bool = False, depth_max: int = DEPTH_MAX
) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of one shortest path, or of every one; no row where there is none."""
    check_depth(depth_max)
    if weighted and every:
        raise InputError("of weighted paths one is given, not every one")
    ends = _ends(graph, a, b)
    if ends is None:
        return _paths(graph, [])
    if every:
        return _paths(graph, paths.simple_paths(graph, *ends, walk.rules(graph), depth_max, only_shortest=True))
    found = (
        paths.cheapest(graph, *ends, walk.rules(graph))
        if weighted
        else paths.shortest(graph, *ends, walk.rules(graph), depth_max)
    )
    return _paths(graph, [] if found is None else [(found[0].reshape(1, -1), found[1].reshape(1, -1))])


def all_paths(graph: Graph, a: str, b: str, walk: Walk, depth_max: int) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of every path without a node twice, the shorter first."""
    check_depth(depth_max)
    ends = _ends(graph, a, b)
    return _paths(graph, [] if ends is None else paths.simple_paths(graph, *ends, walk.rules(graph), depth_max))


def count_paths(graph: Graph, a: str, b: str, walk: Walk, depth_max: int) -> int:
    """Return how many paths `all_paths` has."""
    check_depth(depth_max)
    ends = _ends(graph, a, b)
    return (
        0
        if ends is None
        else sum(len(nodes) for nodes, _ in paths.simple_paths(graph, *ends, walk.rules(graph), depth_max))
    )


def cycles(graph: Graph, walk: Walk, length_max: int) -> pl.DataFrame:
    """Return path_id, length, path, edge_types of every cycle without a node twice; its first node is the last of its
    path too."""
    check_depth(length_max)
    # Without scipy every node may be on a cycle, which takes longer to see.
    within = (
        centrality.on_cycles(graph, graph.kind_codes(walk.kinds))
        if walk.direction != "both" and centrality.has_scipy()
        else None
    )
    return _paths(graph, paths.cycles(graph, walk.rules(graph), length_max, within))


def _ends(graph: Graph, a: str, b: str) -> tuple[int, int] | None:
    first, last = nodes_of(graph, [a, b])
    if first is None or last is None or (graph.hidden is not None and (graph.hidden[first] or graph.hidden[last])):
        return None
    return first, last


def _paths(graph: Graph, found: Sequence[Paths]) -> pl.DataFrame:
    kinds = pl.Series(list(graph.kinds), dtype=pl.String)
    lengths = np.concatenate([np.full(len(e), e.shape[1]) for _, e in found]) if found else np.empty(0, dtype=np.int64)
    return pl.DataFrame(
        [
            pl.Series("path_id", np.arange(1, len(lengths) + 1)),
            pl.Series("length", lengths, dtype=pl.Int64),
            _lists(graph, [n for n, _ in found]).alias("path"),
            _of_edges([e for _, e in found], lambda e: kinds.gather(graph.kinds_of(e)), pl.List(pl.String)).alias(
                "edge_types"
            ),
        ]
    )


def degree(graph: Graph, kinds: Sequence[str] | None) -> pl.DataFrame:
    """Return id, table, in_degree, out_degree, degree of every node with an edge of these types."""
    incoming, outgoing = centrality.degrees(graph, graph.kind_codes(kinds))
    columns = [
        pl.Series("in_degree", incoming),
        pl.Series("out_degree", outgoing),
        pl.Series("degree", incoming + outgoing),
    ]
    return _of_nodes(graph, kinds, columns)


def pagerank(graph: Graph, kinds: Sequence[str] | None, damping: float, tolerance: float) -> pl.DataFrame:
    """Return id, table, score of every node with an edge of these types, the largest first."""
    if not 0 <= damping < 1 or not tolerance > 0:
        raise InputError(f"damping is from 0 to below 1 and tolerance above 0, not {damping} and {tolerance}")
    centrality.check_scipy()
    return _of_nodes(
        graph, kinds, [pl.Series("score", centrality.pagerank(graph, graph.kind_codes(kinds), damping, tolerance))]
    ).sort("score", descending=True, maintain_order=True)


def components(graph: Graph, kinds: Sequence[str] | None, *, strong: bool) -> pl.DataFrame:
    """Return id, table, component of every node with an edge of these types; component 0 is the largest."""
    if strong:
        centrality.check_scipy()
    return _of_nodes(
        graph, kinds, [pl.Series("component", centrality.components(graph, graph.kind_codes(kinds), strong=strong))]
    ).sort("component", maintain_order=True)


def topological_order(graph: Graph, kinds: Sequence[str] | None) -> pl.DataFrame:
    """Return id, table, level of every node with an edge of these types, so that every edge goes to a higher level."""
    return _of_nodes(graph, kinds, [pl.Series("level", centrality.topological(graph, graph.kind_codes(kinds)))]).sort(
        "level", maintain_order=True
    )


def _of_nodes(graph: Graph, kinds: Sequence[str] | None, columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Return columns beside the ids and tables of the nodes that have an edge of these types."""
    ids, tables = shown(graph, np.arange(graph.nodes.count))
    found = pl.DataFrame([ids.alias("id"), tables.alias("table"), *columns])
    return found.filter(pl.Series(centrality.touched(graph, graph.kind_codes(kinds))))


def check_depth(depth: int) -> None:
    """Raise InputError for a depth that is none."""
    if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= DEPTH_MAX:
        raise InputError(f"depth is a whole number from 1 to {DEPTH_MAX:,}, not {depth!r}")
