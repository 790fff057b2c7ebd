"""Measures of the entities of the graph: the verbs of a database and of a transaction."""

from __future__ import annotations

import polars as pl

from rem_arrow.access import node_scores
from rem_arrow.face.graph_arguments import EdgeTypes, edge_types
from rem_arrow.face.verbs import Verbs


class MeasureVerbs(Verbs):
    """Degrees, ranks, components and levels of the entities that have an edge."""

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
        return node_scores.degree(self._access().graph(), edge_types(edge_type))

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
        return node_scores.pagerank(self._access().graph(), edge_types(edge_type), damping, tolerance)

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
        return node_scores.components(self._access().graph(), edge_types(edge_type), strong=strong)

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
        return node_scores.topological_order(self._access().graph(), edge_types(edge_type))
