"""Traversals over edges: the verbs of a database and of a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from rem_arrow.access import traversal
from rem_arrow.access.traversal import Strategy, Unique
from rem_arrow.base import checks
from rem_arrow.face.graph_arguments import EdgeTypes, Where, prepared
from rem_arrow.face.verbs import Verbs
from rem_arrow.index.adjacency import Direction

if TYPE_CHECKING:
    from rem_arrow.drawing.figure import Drawing
    from rem_arrow.drawing.graph_figure import Layout


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
        graph, starts, walk = prepared(self, ids, edge_type, direction, (where, edge_where), rows_max)
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
        graph, starts, walk = prepared(self, ids, edge_type, direction, (where, edge_where), rows_max)
        return traversal.neighbors(graph, starts, depth, walk, exact=exact)

    def draw_graph(
        self,
        frame: pl.DataFrame,
        *,
        title: str = "",
        labels: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
        layout: Layout = "auto",
        nodes_max: int = 120,
    ) -> Drawing:
        """Draw what a traversal, a query of paths or a query of edges returned, with the names of the entities and all
        edges between them, as arrows; needs the extra `plot`.

        Args:
            frame: with the columns id and parent_id (as of `traverse_edges`), or path (as of `all_paths`), or src and
                dst (as of `edges`).
            title: above the drawing.
            labels: by id, the text at a node instead of its name; an entity without a name shows its id.
            groups: by id, the group that gives a node its colour; default is its table, where there are several.
            layout: "layers" by distance from the start, or "force"; "auto" chooses layers for traversals.
            nodes_max: the most nodes; more are refused, since nobody could read them.

        Returns:
            A `Drawing`, which shows itself in a notebook; `save` writes PNG, SVG or PDF.

        Raises:
            InputError: the frame has no edges, no nodes or too many, or another argument does not fit.
            UnsupportedError: the extra `plot` is not installed.

        Example:
            >>> reached = db.traverse_edges("ada", depth=2, direction="both")
            >>> db.draw_graph(reached, title="Around Ada").save("around.png")
        """
        from rem_arrow.drawing.graph_figure import drawn
        from rem_arrow.drawing.network import network

        graph = network(frame)
        frames = {"drawn": pl.DataFrame({"id": graph.nodes}, schema={"id": pl.String})}
        within = "IN (SELECT id FROM drawn)"
        edges = self.sql(
            f"SELECT src, dst, edge_type FROM edges WHERE src {within} AND dst {within} ORDER BY rowid", frames=frames
        )
        entities = self.sql(
            f'SELECT id, "table", name FROM all_entities WHERE id {within} ORDER BY id, "table"', frames=frames
        )
        tables = {**dict(entities.select("id", "table").rows()), **graph.tables}
        return drawn(
            graph.completed(edges)._replace(tables=tables),
            title=title,
            labels={**_labels(entities), **(labels or {})},
            groups=groups,
            direction="out",
            layout=layout,
            nodes_max=nodes_max,
        )


def _labels(entities: pl.DataFrame) -> dict[str, str]:
    """Return the names of entities by id; a name that several bear has the id behind it."""
    named = entities.filter(pl.col("name").is_not_null() & (pl.col("name") != "")).unique("id", maintain_order=True)
    again = named.with_columns(pl.len().over("name").alias("bearers"))
    return {
        i: name if bearers == 1 else f"{name} ({i})"
        for i, name, bearers in again.select("id", "name", "bearers").rows()
    }
