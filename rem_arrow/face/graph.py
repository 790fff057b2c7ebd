"""Traversals, paths and rankings over edges: the verbs of a database and of a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from rem_arrow import checks
from rem_arrow.access import node_scores, paths, traversal
from rem_arrow.access.graph_nodes import DEPTH_MAX, PATHS_MAX, Walk, nodes_of
from rem_arrow.access.soft_deletes import EDGES
from rem_arrow.access.traversal import Strategy, Unique
from rem_arrow.errors import BindError, InputError
from rem_arrow.face.find import condition
from rem_arrow.face.verbs import Verbs
from rem_arrow.index.adjacency import Direction, Graph
from rem_arrow.model.predicates import Predicate, Values
from rem_arrow.quoting import identifier
from rem_arrow.sql.parse import is_condition

EdgeTypes = str | Sequence[str] | None
Where = str | Predicate | None


class GraphVerbs(Verbs):
    """The part that follows edges. Ids are bare, or 'table:id' where several tables have the id.

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
        """Return the entities reached from some entities along edges, and the path to each.

        Args:
            ids: an id, or several, bare or as 'table:id'.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out" follows the edges, "in" goes against them, "both" does either.
            depth: the most edges from a start, 1 to 1,000.
            strategy: the order of the rows: "bfs" by depth, "dfs" each entity before its neighbours.
            unique: "node" gives each entity once for each start, at its smallest depth, by the first path in the order
                of (edge type, parent id); "path" gives a row for every path without a repeated entity.
            include_start: give the starts too, at depth 0.
            where: a condition that an entity must meet to be returned or walked through, in SQL or as a predicate.
            edge_where: a condition on the columns of `edges` that an edge must meet to be walked.
            rows_max: the most rows; beyond them the traversal is an error.

        Returns:
            `start_id` String, `id` String, `table` String (NULL for an end that no entity has), `depth` Int64,
            `edge_type` String, `parent_id` String, `path` List(String) of ids from the start.

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: more than `rows_max` rows.

        Example:
            >>> db.traverse_edges("ada", depth=2).select("id", "depth", "path").rows()
            [('login', 1, ['ada', 'login']), ('docs', 1, ['ada', 'docs']), ('cache', 2, ['ada', 'docs', 'cache'])]
        """
        graph, starts, walk = self._prepared(ids, edge_type, direction, (where, edge_where), rows_max)
        checks.one_of(strategy, "strategy", ("bfs", "dfs"))
        checks.one_of(unique, "unique", ("node", "path"))
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
        """Return the entities within some number of edges, without the paths; faster than `traverse_edges`.

        Args:
            ids: an id, or several, bare or as 'table:id'.
            depth: the most edges from a start, 1 to 1,000.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            exact: only entities whose distance is `depth`.
            where: a condition on the entities, as in `traverse_edges`.
            edge_where: a condition on the edges, as in `traverse_edges`.
            rows_max: the most rows; beyond them the walk is an error.

        Returns:
            `start_id` String, `id` String, `table` String, `depth` Int64.

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: more than `rows_max` rows.

        Example:
            >>> db.neighbors("cache", direction="in", depth=2).select("id", "depth").rows()
            [('docs', 1), ('ada', 2), ('login', 2)]
        """
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
        depth_max: int = DEPTH_MAX,
        where: Where = None,
        edge_where: Where = None,
    ) -> pl.DataFrame:
        """Return a shortest path from one entity to another; no row where there is none.

        Args:
            a: the id where the path begins.
            b: the id where it ends.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            weighted: the path of least total weight instead; an edge without a weight counts 1.
            every: all paths of that length, not only one; not together with `weighted`.
            depth_max: the most edges, 1 to 1,000.
            where: a condition on the entities, as in `traverse_edges`.
            edge_where: a condition on the edges, as in `traverse_edges`.

        Returns:
            `path_id` Int64, `length` Int64 (edges), `path` List(String) of ids, `edge_types` List(String).

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: with `weighted`, a negative weight; with `every`, more than 1,000,000 paths.

        Example:
            >>> db.shortest_path("ada", "cache").select("length", "path").rows()
            [(2, ['ada', 'docs', 'cache'])]
        """
        graph, (first, last), walk = self._prepared([a, b], edge_type, direction, (where, edge_where), PATHS_MAX)
        return paths.shortest_path(graph, first, last, walk, weighted=weighted, every=every, depth_max=depth_max)

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
        rows_max: int = PATHS_MAX,
    ) -> pl.DataFrame:
        """Return every path between two entities without a repeated entity, shorter ones first.

        Args:
            a: the id where the paths begin.
            b: the id where they end.
            depth_max: the most edges, 1 to 1,000; the number of paths grows fast with it.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            where: a condition on the entities, as in `traverse_edges`.
            edge_where: a condition on the edges, as in `traverse_edges`.
            rows_max: the most paths; beyond them it is an error.

        Returns:
            `path_id` Int64, `length` Int64 (edges), `path` List(String) of ids, `edge_types` List(String).

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: more than `rows_max` paths.

        Example:
            >>> db.all_paths("ada", "cache")["path"].to_list()
            [['ada', 'docs', 'cache'], ['ada', 'login', 'docs', 'cache']]
        """
        graph, (first, last), walk = self._prepared([a, b], edge_type, direction, (where, edge_where), rows_max)
        return paths.all_paths(graph, first, last, walk, depth_max)

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
        """Return the number of paths that `all_paths` would give, without building them.

        Args:
            a: the id where the paths begin.
            b: the id where they end.
            depth_max: the most edges, 1 to 1,000.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            where: a condition on the entities, as in `traverse_edges`.
            edge_where: a condition on the edges, as in `traverse_edges`.

        Returns:
            The number of paths.

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: more than 1,000,000 paths.

        Example:
            >>> db.count_paths("ada", "cache")
            2
        """
        graph, (first, last), walk = self._prepared([a, b], edge_type, direction, (where, edge_where), PATHS_MAX)
        return paths.count_paths(graph, first, last, walk, depth_max)

    def reachable(self, a: str, b: str, *, edge_type: EdgeTypes = None, direction: Direction = "out") -> bool:
        """Return whether a path leads from one entity to another.

        Args:
            a: the id where the path begins.
            b: the id where it ends.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".

        Returns:
            True or False.

        Raises:
            InputError: an id that no entity and no edge has.

        Example:
            >>> db.reachable("ada", "cache"), db.reachable("cache", "ada")
            (True, False)
        """
        return self.shortest_path(a, b, edge_type=edge_type, direction=direction).height > 0

    def find_cycles(
        self,
        *,
        length_max: int = 6,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        where: Where = None,
        edge_where: Where = None,
        rows_max: int = PATHS_MAX,
    ) -> pl.DataFrame:
        """Return every cycle without a repeated entity; the first entity is also the last of its path.

        The extra `graph` makes it faster.

        Args:
            length_max: the most edges, 1 to 1,000.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            where: a condition on the entities, as in `traverse_edges`.
            edge_where: a condition on the edges, as in `traverse_edges`.
            rows_max: the most cycles; beyond them it is an error.

        Returns:
            `path_id` Int64, `length` Int64 (edges), `path` List(String) of ids, `edge_types` List(String).

        Raises:
            InputError: an argument does not fit.
            ExecuteError: more than `rows_max` cycles.

        Example:
            >>> db.add_edge("cache", "login", "blocks")
            >>> db.find_cycles(edge_type="blocks")["path"].to_list()
            [['login', 'docs', 'cache', 'login']]
        """
        graph, _, walk = self._prepared([], edge_type, direction, (where, edge_where), rows_max)
        return paths.cycles(graph, walk, length_max)

    def degree(self, *, edge_type: EdgeTypes = None) -> pl.DataFrame:
        """Return how many edges lead to and from each entity that has an edge.

        Args:
            edge_type: only edges of this type, or of these; None for all.

        Returns:
            `id` String, `table` String, `in_degree` Int64, `out_degree` Int64, `degree` Int64 (their sum).

        Raises:
            InputError: `edge_type` is not a text or several.

        Example:
            >>> db.degree(edge_type="blocks").select("id", "in_degree", "out_degree").rows()
            [('login', 0, 1), ('docs', 1, 1), ('cache', 1, 0)]
        """
        return node_scores.degree(self._graph(), _types(edge_type))

    def pagerank(self, *, edge_type: EdgeTypes = None, damping: float = 0.85, tolerance: float = 1e-6) -> pl.DataFrame:
        """Return the PageRank of each entity that has an edge, the largest first; the scores sum to 1.

        An edge passes on its entity's rank in proportion to its weight. Needs the extra `graph`.

        Args:
            edge_type: only edges of this type, or of these; None for all.
            damping: the share of the rank that follows edges, at least 0 and below 1.
            tolerance: the iteration ends when the scores change by less than this in sum; above 0.

        Returns:
            `id` String, `table` String, `score` Float64.

        Raises:
            InputError: `damping` or `tolerance` is out of bounds.
            UnsupportedError: scipy is not installed.

        Source:
            Page, Brin, Motwani and Winograd, "The PageRank Citation Ranking" (1999).

        Example:
            >>> db.pagerank(edge_type="blocks")["id"].to_list()
            ['cache', 'docs', 'login']
        """
        return node_scores.pagerank(self._graph(), _types(edge_type), damping, tolerance)

    def components(self, *, edge_type: EdgeTypes = None, strong: bool = False) -> pl.DataFrame:
        """Return the connected component of each entity that has an edge; component 0 is the largest.

        Args:
            edge_type: only edges of this type, or of these; None for all.
            strong: strongly connected components, in which each entity reaches each other along the edges; needs the
                extra `graph`. Without it the direction of edges does not count.

        Returns:
            `id` String, `table` String, `component` Int64.

        Raises:
            InputError: `edge_type` is not a text or several.
            UnsupportedError: `strong` without scipy.

        Example:
            >>> db.add_edge("bob", "eve", "knows")
            >>> db.components().filter(pl.col("component") == 1)["id"].to_list()
            ['bob', 'eve']
        """
        return node_scores.components(self._graph(), _types(edge_type), strong=strong)

    def topological_order(self, *, edge_type: EdgeTypes = None) -> pl.DataFrame:
        """Return a level for each entity that has an edge, such that every edge leads to a higher level.

        Args:
            edge_type: only edges of this type, or of these; None for all.

        Returns:
            `id` String, `table` String, `level` Int64, from 0.

        Raises:
            InputError: `edge_type` is not a text or several.
            ExecuteError: the edges have a cycle.

        Example:
            >>> db.topological_order(edge_type="blocks").select("id", "level").rows()
            [('login', 0), ('docs', 1), ('cache', 2)]
        """
        return node_scores.topological_order(self._graph(), _types(edge_type))

    # --- inside

    def _graph(self) -> Graph:
        return self._access().graph()

    def _prepared(
        self,
        ids: str | Iterable[str],
        edge_type: EdgeTypes,
        direction: Direction,
        where: tuple[Where, Where],
        rows_max: int,
    ) -> tuple[Graph, list[str], Walk]:
        checks.one_of(direction, "direction", ("out", "in", "both"))
        starts = [ids] if isinstance(ids, str) else list(ids)
        for start in starts:
            checks.text(start, "an id")
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
        for id_, node in zip(ids, nodes_of(graph, ids), strict=True):
            if node is None:
                resolve = resolve or self._access().resolver()
                table, _, rest = id_.partition(":")
                if resolve(id_) is None and resolve(f"{table}\0{rest}") is None:
                    raise InputError(
                        f"no entity and no edge has the id {id_!r}; lookup_entity and fuzzy find ids by name"
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
        return self._instance.indexes.graphs.edge_mask(version, rowids)

    def _allowed_nodes(self, graph: Graph, where: Where) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
        """Return which nodes meet a condition, evaluated in each entity's table; entities of a table that lacks its
        columns do not."""
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
            values = Values()
            try:
                text = where if isinstance(where, str) else condition(tv.table, where, values)
                ids = self.sql(f"SELECT id FROM {identifier(name)} WHERE ({text}\n)", values).to_series()
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
    types = [edge_type] if isinstance(edge_type, str) else list(edge_type)
    if not all(isinstance(t, str) for t in types):
        raise InputError(f"edge_type is a text or several, not {edge_type!r}")
    return types
