"""Paths and cycles over edges: the verbs of a database and of a transaction."""

from __future__ import annotations

import polars as pl

from rem_arrow.access import paths
from rem_arrow.access.graph_nodes import PATHS_MAX
from rem_arrow.face.graph_arguments import EdgeTypes, Where, prepared
from rem_arrow.face.verbs import Verbs
from rem_arrow.index.adjacency import Direction


class PathVerbs(Verbs):
    """Paths between entities, and cycles. The arguments mean what they mean in `traverse_edges`."""

    def shortest_path(
        self,
        a: str,
        b: str,
        *,
        edge_type: EdgeTypes = None,
        direction: Direction = "out",
        weighted: bool = False,
        every: bool = False,
        depth_max: int | None = None,
        where: Where = None,
        edge_where: Where = None,
    ) -> pl.DataFrame:
        """Return a shortest path from one entity to another; no row where there is none.

        Args:
            a: the id where the path begins.
            b: the id where it ends.
            edge_type: only edges of this type, or of these; None for all.
            direction: "out", "in" or "both".
            weighted: the path of least total weight; an edge without a weight counts 1.
            every: all paths of that length, not only one; not together with `weighted`.
            depth_max: the most edges; None for no bound.
            where: a condition on the entities, as in `traverse_edges`; the one at the end must meet it too.
            edge_where: a condition on the edges, as in `traverse_edges`.

        Returns:
            `path_id` Int64, `length` Int64 (edges), `path` List(String) of ids, `edge_types` List(String).

        Raises:
            InputError: an id that no entity and no edge has, or another argument that does not fit.
            ExecuteError: with `weighted`, a cycle of negative weight between the ends; with `every`, more than
                1,000,000 paths.

        Example:
            >>> db.shortest_path("ada", "cache").select("length", "path").rows()
            [(2, ['ada', 'docs', 'cache'])]
        """
        graph, (first, last), walk = prepared(self, [a, b], edge_type, direction, (where, edge_where), PATHS_MAX)
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
        graph, (first, last), walk = prepared(self, [a, b], edge_type, direction, (where, edge_where), rows_max)
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
        graph, (first, last), walk = prepared(self, [a, b], edge_type, direction, (where, edge_where), PATHS_MAX)
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
        """Return every cycle without a repeated entity; the first entity is also the last of its path. With direction
        "both" a cycle counts once, not once each way round.

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
        graph, _, walk = prepared(self, [], edge_type, direction, (where, edge_where), rows_max)
        return paths.cycles(graph, walk, length_max)
