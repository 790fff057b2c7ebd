"""The walks of a path pattern (SQL/PGQ) as frames."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.graph_nodes import Walk, edge_lists, id_lists, names_of, nodes_of
from rem_arrow.index import path_patterns

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph
    from rem_arrow.index.arrays import Ints
    from rem_arrow.index.path_patterns import Pattern, Walks

_TEXTS, _NUMBERS = pl.List(pl.String), pl.List(pl.Float64)


def matches(
    graph: Graph, starts: pl.Series, pattern: Pattern, walk: Walk, *, backward: bool, columns: Collection[str]
) -> pl.DataFrame:
    """Return start_table, start_id, table, id, length, path, edge_type, weight of the walks of a pattern.

    Args:
        starts: ids, 'table:id', or table NUL id.
        backward: whether the lists run from the end to the start.
        columns: the columns to compute; a list that is not among them is NULL.
    """
    nodes, unknown = _starts(graph, starts)
    # Walks lead through entities only, not through dangling ends.
    is_entity = graph.nodes.tables != 0
    rules = replace(walk.rules(graph), allowed=is_entity if walk.allowed is None else walk.allowed & is_entity)
    nodes = nodes[is_entity[nodes] if graph.hidden is None else is_entity[nodes] & ~graph.hidden[nodes]]
    lists = {"path", "edge_type", "weight"} & set(columns)
    walked = path_patterns.matches(graph, nodes, pattern, rules, ways=bool(lists))
    rows = _rows(graph, nodes, walked, lists, step=-1 if backward else 1)
    if pattern.least or not unknown.height:
        return rows
    return pl.concat([rows, _alone(unknown)])


def _rows(graph: Graph, starts: Ints, walked: Sequence[Walks], lists: set[str], *, step: int) -> pl.DataFrame:
    """Return the rows of walks; a `step` of -1 reverses their lists."""
    none = np.empty(0, dtype=np.int64)
    first, last = (np.concatenate([w[i] for w in walked]) if walked else none for i in (0, 1))
    lengths = np.concatenate([np.full(len(w.node), w.length) for w in walked]) if walked else none
    (start_ids, start_tables), (ids, tables) = names_of(graph, starts[first]), names_of(graph, last)
    edges = [w.edges[:, ::step] for w in walked if w.edges is not None]
    types = pl.Series(list(graph.kinds), dtype=pl.String)
    columns = {
        "path": lambda: id_lists(graph, [w.nodes[:, ::step] for w in walked if w.nodes is not None]),
        "edge_type": lambda: edge_lists(edges, lambda e: types.gather(graph.kinds_of(e)), _TEXTS),
        "weight": lambda: edge_lists(edges, lambda e: pl.Series(graph.weights_of(e)).fill_nan(None), _NUMBERS),
    }
    empty = {"path": _TEXTS, "edge_type": _TEXTS, "weight": _NUMBERS}
    return pl.DataFrame(
        [
            start_tables.alias("start_table"),
            start_ids.alias("start_id"),
            tables.alias("table"),
            ids.alias("id"),
            pl.Series("length", lengths, dtype=pl.Int64),
            *(
                (columns[n]() if n in lists else pl.Series([None] * len(ids), dtype=dtype)).alias(n)
                for n, dtype in empty.items()
            ),
        ]
    )


def _alone(unknown: pl.DataFrame) -> pl.DataFrame:
    """Return the walks of length 0 of entities that have no edge."""
    return unknown.select(
        pl.col("field_0").alias("start_table"),
        pl.col("field_1").alias("start_id"),
        pl.col("field_0").alias("table"),
        pl.col("field_1").alias("id"),
        pl.lit(0, pl.Int64).alias("length"),
        pl.concat_list("field_1").alias("path"),
        pl.lit([], _TEXTS).alias("edge_type"),
        pl.lit([], _NUMBERS).alias("weight"),
    )


def _starts(graph: Graph, starts: pl.Series) -> tuple[Ints, pl.DataFrame]:
    """Return the nodes of the starts that have an edge, each once; and of the starts with a table those that have none,
    as field_0, field_1."""
    split = (
        starts.str.splitn("\0", 2).struct.unnest()
        if len(starts)
        else pl.DataFrame(schema={"field_0": pl.String, "field_1": pl.String})
    )
    qualified = split.filter(pl.col("field_1").is_not_null())
    plain = split.filter(pl.col("field_1").is_null())["field_0"].to_list()
    start_nodes = [np.array([n for n in nodes_of(graph, plain) if n is not None], dtype=np.int64)]
    unknown = [qualified.clear()]
    for (table,), ids in qualified.unique().group_by("field_0"):
        nodes = graph.nodes.numbers(ids["field_1"], str(table))
        start_nodes.append(nodes[nodes >= 0])
        unknown.append(ids.filter(pl.Series(nodes < 0)))
    return np.unique(np.concatenate(start_nodes)), pl.concat(unknown)
