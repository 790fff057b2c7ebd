"""Measures of the nodes of the graph as frames: degree, PageRank, components, topological order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.graph_nodes import names_of
from rem_arrow.base.errors import InputError
from rem_arrow.index import centrality

if TYPE_CHECKING:
    from rem_arrow.index.adjacency import Graph


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
    ids, tables = names_of(graph, np.arange(graph.nodes.count))
    frame = pl.DataFrame([ids.alias("id"), tables.alias("table"), *columns])
    return frame.filter(pl.Series(centrality.touched(graph, graph.kind_codes(kinds))))
