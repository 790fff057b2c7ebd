"""Walking the graph: the verbs of a database and of a transaction over its edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from rem_arrow.access import traversal
from rem_arrow.access.soft_deletes import EDGES
from rem_arrow.access.traversal import Strategy, Unique, Walk
from rem_arrow.errors import BindError, InputError
from rem_arrow.face.find import Finding, condition
from rem_arrow.index.adjacency import Direction, Graph
from rem_arrow.model.predicates import Predicate, Values
from rem_arrow.sql.text.parser import is_condition

EdgeTypes = str | Sequence[str] | None
Where = str | Predicate | None


class Walking(Finding):
    """The part that walks edges. Ids are given bare, or as 'table:id' where an id is in several tables.

    Softly deleted entities are neither returned nor walked through. `edge_type` is one type or several, None is all;
    `direction` is "out", "in" or "both"; `where` is a condition that an entity must meet to be returned or walked
    through, in SQL or as a predicate, read in each table that has its columns; `edge_where` is one on the columns of
    `edges` that an edge must meet to be walked. An id that no entity and no edge has is refused with an InputError.
    """

    def traverse_edges(
        self,
        ids: str | Iterable[str],
        *,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        depth: int = 1,
        strategy: Strategy = "bfs",
        unique: Unique = "node",
        include_start: bool = False,
        where: Where = None,
        edge_where: Where = None,
        rows_max: int = 1_000_000,
    ) -> pl.DataFrame:
        """Return what is reached from entities along edges, with the way to it.

        Args:
            depth: the most edges from a start, 1 to 1,000.
            strategy: the order of the rows: "bfs" by depth, "dfs" from each node on before its neighbours.
            unique: "node" gives each entity once for each start, at its smallest depth, by the first way in the
                order of (edge type, parent
                id); "path" gives one row for every path without an entity twice.

        Returns:
            start_id, id, table (NULL for an end that no entity has), depth, edge_type, parent_id, path (list of ids).

        Raises:
            ExecuteError: more than `rows_max` rows.
        """
        graph, starts, walk = self._prepared(ids, edge_type, direction, (where, edge_where), rows_max)
        _one_of("strategy", strategy, ("bfs", "dfs"))
        _one_of("unique", unique, ("node", "path"))
        return traversal.traverse(
            graph, starts, depth, walk, strategy=strategy, unique=unique, include_start=include_start
        )

    def neighbors(
        self,
        ids: str | Iterable[str],
        *,
        depth: int = 1,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        exact: bool = False,
        where: Where = None,
        edge_where: Where = None,
        rows_max: int = 10_000_000,
    ) -> pl.DataFrame:
        """Return start_id, id, table, depth of what lies within `depth` edges, or with `exact` just there; without the
        ways, so faster than `traverse_edges`."""
        graph, starts, walk = self._prepared(ids, edge_type, direction, (where, edge_where), rows_max)
        return traversal.neighbors(graph, starts, depth, walk, exact=exact)

    def shortest_path(
        self,
        a: str,
        b: str,
        *,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        weighted: bool = False,
        every: bool = False,
        depth_max: int = traversal.DEPTH_MAX,
        where: Where = None,
        edge_where: Where = None,
    ) -> pl.DataFrame:
        """Return a shortest path from a to b: path_id, length (in edges), path (list of ids), edge_types; no row where
        there is none.

        Args:
            weighted: of least weight instead; an edge without a weight counts 1.
            every: every path of that length.
        """
        graph, (first, last), walk = self._prepared(
            [a, b], edge_type, direction, (where, edge_where), traversal.PATHS_MAX
        )
        return traversal.shortest_path(graph, first, last, walk, weighted=weighted, every=every, depth_max=depth_max)

    def all_paths(
        self,
        a: str,
        b: str,
        *,
        depth_max: int = 6,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        where: Where = None,
        edge_where: Where = None,
        rows_max: int = traversal.PATHS_MAX,
    ) -> pl.DataFrame:
        """Return every path from a to b of at most `depth_max` edges without an entity twice, the shorter first;
        columns as of `shortest_path`."""
        graph, (first, last), walk = self._prepared([a, b], edge_type, direction, (where, edge_where), rows_max)
        return traversal.all_paths(graph, first, last, walk, depth_max)

    def count_paths(
        self,
        a: str,
        b: str,
        *,
        depth_max: int = 6,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        where: Where = None,
        edge_where: Where = None,
    ) -> int:
        """Return how many paths `all_paths` would give."""
        graph, (first, last), walk = self._prepared(
            [a, b], edge_type, direction, (where, edge_where), traversal.PATHS_MAX
        )
        return traversal.count_paths(graph, first, last, walk, depth_max)

    def reachable(self, a: str, b: str, *, edge_type: EdgeTypes = None, direction: Direction = "out") -> bool:
        """Say whether a path leads from a to b."""
        return self.shortest_path(a, b, edge_type=edge_type, direction=direction).height > 0

    def find_cycles(
        self,
        *,
        length_max: int = 6,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        where: Where = None,
        edge_where: Where = None,
        rows_max: int = traversal.PATHS_MAX,
    ) -> pl.DataFrame:
        """Return every cycle of at most `length_max` edges without an entity twice; its first entity is the last of its
        path too. The extra `graph` makes it faster."""
        graph, _, walk = self._prepared([], edge_type, direction, (where, edge_where), rows_max)
        return traversal.cycles(graph, walk, length_max)

    def degree(self, *, edge_type: EdgeTypes = None) -> pl.DataFrame:
        """Return id, table, in_degree, out_degree, degree of every entity with an edge."""
        return traversal.degree(self._graph(), _types(edge_type))

    def pagerank(self, *, edge_type: EdgeTypes = None, damping: float = 0.85, tolerance: float = 1e-6) -> pl.DataFrame:
        """Return id, table, score of every entity with an edge, the largest first; the scores sum to 1. Weights of
        edges are their shares. Needs the extra `graph`."""
        return traversal.pagerank(self._graph(), _types(edge_type), damping, tolerance)

    def components(self, *, edge_type: EdgeTypes = None, strong: bool = False) -> pl.DataFrame:
        """Return id, table, component of every entity with an edge; 0 is the largest. With `strong`, each can be
        reached from each along the edges, which needs the extra `graph`."""
        return traversal.components(self._graph(), _types(edge_type), strong=strong)

    def topological_order(self, *, edge_type: EdgeTypes = None) -> pl.DataFrame:
        """Return id, table, level: every edge leads to a higher level. Raises ExecuteError where the edges have a
        cycle."""
        return traversal.topological_order(self._graph(), _types(edge_type))

    # --- inside

    def _graph(self) -> Graph:
        return self._shared.writer.hints.graphs.graph(self._version())

    def _prepared(
        self,
        ids: str | Iterable[str],
        edge_type: EdgeTypes,
        direction: Direction,
        where: tuple[Where, Where],
        rows_max: int,
    ) -> tuple[Graph, list[str], Walk]:
        _one_of("direction", direction, ("out", "in", "both"))
        starts = [ids] if isinstance(ids, str) else list(ids)
        for start in starts:
            if not isinstance(start, str) or not start:
                raise InputError(f"an id is a text that is not empty, not {start!r}")
        graph = self._graph()
        self._refuse_unknown(graph, starts)
        return (
            graph,
            starts,
            Walk(
                _types(edge_type),
                direction,
                self._allowed_nodes(graph, where[0]),
                rows_max,
                self._allowed_edges(where[1]),
            ),
        )

    def _refuse_unknown(self, graph: Graph, ids: Sequence[str]) -> None:
        """Raise InputError for an id that no edge and no entity has."""
        resolve = None
        for id_, node in zip(ids, traversal.nodes_of(graph, ids), strict=True):
            if node is None:
                resolve = resolve or self._shared.resolver(self._version())
                table, _, rest = id_.partition(":")
                if resolve(id_) is None and resolve(f"{table}\0{rest}") is None:
                    raise InputError(
                        f"no entity has the id {id_!r}, and no edge; lookup_entity and fuzzy find ids by names"
                    )

    def _allowed_edges(self, where: Where) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
        """Return which edges meet a condition."""
        if where is None:
            return None
        _check_condition("edge_where", where, "weight > 0.5")
        version, values = self._version(), Values()
        tv = version.find(EDGES)
        assert tv is not None, "every database has edges"
        text = where if isinstance(where, str) else condition(tv.table, where, values)
        rowids = self.sql(f"SELECT rowid FROM edges WHERE ({text}\n)", values).to_series().to_numpy()
        return self._shared.writer.hints.graphs.edge_mask(version, rowids)

    def _allowed_nodes(self, graph: Graph, where: Where) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
        """Return which nodes meet a condition: each entity in its own table; an entity of a table without the columns
        does not."""
        if where is None:
            return None
        _check_condition("where", where, "category = 'x'")
        allowed = np.zeros(graph.nodes.count, dtype=np.bool_)
        fits: list[bool] = []
        problem: BindError | InputError | None = None
        for name in graph.nodes.names:
            tv = self._version().find(name) if name else None
            if tv is None or tv.table.kind != "entity":
                continue
            quoted, values = name.replace('"', '""'), Values()
            try:
                text = where if isinstance(where, str) else condition(tv.table, where, values)
                ids = self.sql(f'SELECT id FROM "{quoted}" WHERE ({text}\n)', values).to_series()
            except (BindError, InputError) as error:
                problem = error
                continue
            fits.append(True)
            nodes = graph.nodes.numbers(ids, name)
            allowed[nodes[nodes >= 0]] = True
        if problem is not None and not fits:
            raise InputError(
                f"no table of the graph's entities has what the condition reads: {str(problem).splitlines()[0]}"
            )
        return allowed


def _check_condition(name: str, where: str | Predicate, example: str) -> None:
    if not isinstance(where, Predicate) and (not isinstance(where, str) or not is_condition(where)):
        raise InputError(f'{name} is one condition in SQL, such as "{example}", or a predicate, not {where!r}')


def _types(edge_type: EdgeTypes) -> list[str] | None:
    if edge_type is None:
        return None
    found = [edge_type] if isinstance(edge_type, str) else list(edge_type)
    if not all(isinstance(t, str) for t in found):
        raise InputError(f"edge_type is a text or several, not {edge_type!r}")
    return found


def _one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise InputError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}")
