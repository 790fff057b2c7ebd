"""The graph in a frame: its nodes, its edges, where the walk began.

columns                                   as they come from
id, parent_id [, start_id, edge_type]     traverse_edges, TRAVERSE
path [, edge_types]                       shortest_path, all_paths, find_cycles and their functions in SQL
src, dst [, edge_type, weight]            the table edges, GRAPH_TABLE
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError


class Edge(NamedTuple):
    """A directed edge; `kind` is its type, empty where the frame has none."""

    src: str
    dst: str
    kind: str


class Network(NamedTuple):
    """A graph to draw: nodes in the order in which they come, edges without repetition.

    Attributes:
        starts: where the walk began; for bare edges none.
        walked: the edges come from a walk, so that nodes have a distance from its start.
        tables: by node, where the frame says it.
        between: all edges between the nodes in their own direction, where they are known: these are drawn then.
    """

    nodes: list[str]
    edges: list[Edge]
    starts: list[str]
    walked: bool
    tables: dict[str, str]
    between: list[Edge] | None = None

    @property
    def drawn(self) -> list[Edge]:
        """The edges that are drawn; the others only say where the nodes stand."""
        return self.edges if self.between is None else self.between

    def completed(self, edges: pl.DataFrame) -> Network:
        """Return the graph with all edges between its nodes, as src, dst, edge_type."""
        known = set(self.nodes)
        between = dict.fromkeys(Edge(a, b, kind) for a, b, kind in edges.rows() if a in known and b in known)
        return self._replace(between=list(between))


def network(frame: pl.DataFrame) -> Network:
    """Return the graph of a frame. Raises InputError for a frame without the columns of edges."""
    if not isinstance(frame, pl.DataFrame):
        raise InputError(f"draw_graph takes a Polars DataFrame, not {type(frame).__name__}")
    names = set(frame.columns)
    if {"id", "parent_id"} <= names:
        return _of_steps(frame)
    if "path" in names and isinstance(frame.schema["path"], pl.List):
        return _of_paths(frame)
    if {"src", "dst"} <= names:
        return _of_edges(frame)
    raise InputError(
        "draw_graph takes the columns id and parent_id (as of traverse_edges), path (as of all_paths), or src and "
        f"dst (as of edges); got {', '.join(frame.columns)}"
    )


def _of_steps(frame: pl.DataFrame) -> Network:
    kinds = _texts(frame, "edge_type")
    edges = [
        Edge(p, i, k) for p, i, k in zip(_texts(frame, "parent_id"), _texts(frame, "id"), kinds, strict=True) if p and i
    ]
    # Without start_id a walk begins at what is reached from nowhere.
    reached = {edge.dst for edge in edges}
    starts = (
        _texts(frame, "start_id")
        if "start_id" in frame.columns
        else [edge.src for edge in edges if edge.src not in reached]
    )
    tables = {i: t for i, t in zip(_texts(frame, "id"), _texts(frame, "table"), strict=True) if t}
    return _made(edges, starts, [*starts, *_texts(frame, "id")], walked=True, tables=tables)


def _of_paths(frame: pl.DataFrame) -> Network:
    paths = [[str(node) for node in path] for path in frame["path"].to_list() if path]
    edges = [edge for path, types in zip(paths, _path_types(frame), strict=True) for edge in _path_edges(path, types)]
    return _made(edges, [p[0] for p in paths], [node for path in paths for node in path], walked=True, tables={})


def _path_types(frame: pl.DataFrame) -> list[list[str]]:
    """Return the types of the edges of each path that is not empty; none where the frame does not say them."""
    is_listed = isinstance(frame.schema.get("edge_types"), pl.List)
    types = frame["edge_types"].to_list() if is_listed else [None] * frame.height
    return [
        [str(t) for t in of_path or ()] for of_path, path in zip(types, frame["path"].to_list(), strict=True) if path
    ]


def _path_edges(path: list[str], types: list[str]) -> list[Edge]:
    kinds = types if len(types) == len(path) - 1 else [""] * (len(path) - 1)
    return [Edge(a, b, kind) for (a, b), kind in zip(pairwise(path), kinds, strict=True)]


def _of_edges(frame: pl.DataFrame) -> Network:
    edges = [
        Edge(a, b, k)
        for a, b, k in zip(_texts(frame, "src"), _texts(frame, "dst"), _texts(frame, "edge_type"), strict=True)
        if a and b
    ]
    tables = {
        i: t
        for end in ("src", "dst")
        for i, t in zip(_texts(frame, end), _texts(frame, f"{end}_table"), strict=True)
        if t
    }
    return _made(edges, [], [], walked=False, tables=tables)


def _made(
    edges: Iterable[Edge], starts: Iterable[str], nodes: Iterable[str], *, walked: bool, tables: dict[str, str]
) -> Network:
    distinct = list(dict.fromkeys(edges))
    ends = (end for edge in distinct for end in (edge.src, edge.dst))
    return Network(
        [n for n in dict.fromkeys([*nodes, *ends]) if n],
        distinct,
        list(dict.fromkeys(s for s in starts if s)),
        walked,
        tables,
    )


def _texts(frame: pl.DataFrame, column: str) -> list[str]:
    """Return a column as texts, empty for NULL; all empty without such a column."""
    return frame[column].cast(pl.String).fill_null("").to_list() if column in frame.columns else [""] * frame.height
