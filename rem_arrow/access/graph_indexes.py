"""The graph of one store in memory: built from the rows of `edges`, and extended by later writes.

It is built from the columns of `edges` at the first walk. After a commit only added and removed rows are read, as long
as they are few and the segments are the same; otherwise it is rebuilt. The graph is that of the requested version: all
its edges, with the entities hidden that are softly deleted in it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rem_arrow.access.soft_deletes import EDGES, SoftDeletes
from rem_arrow.index.adjacency import Edges, Ends, Graph, Nodes, numbered, numbered_few
from rem_arrow.schema import Field

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.storage.version import PartView, TableVersion, Version

# Graphs in the cache: that of the newest version, and that of a transaction.
_GRAPHS_MAX = 2
# Up to this many new edges are read one by one.
_FEW_ROWS = 64
# Edges outside of the sorted order before the graph is rebuilt: a number, and a share of all.
_LATER_ROWS_MIN, _LATER_SHARE_MAX = 20_000, 0.05


@dataclass(frozen=True, slots=True)
class _Entry:
    """A graph, the parts of `edges` that it was built from, and for each part the number of the edge at each offset
    (-1: none)."""

    parts: tuple[PartView, ...]
    graph: Graph
    places: dict[int, npt.NDArray[np.int32]]


class GraphIndexes:
    """Builds and caches the graph of a version. Safe in many threads."""

    def __init__(self, deleted: SoftDeletes) -> None:
        self._deleted = deleted
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._hidden: tuple[tuple[object, ...], npt.NDArray[np.bool_] | None] | None = None
        self._lock = threading.Lock()

    def graph(self, version: Version) -> Graph:
        """Return the graph of a version."""
        tv = version.find(EDGES)
        assert tv is not None, "every database has edges"
        with self._lock:
            entry = self._of(tv)
            return entry.graph.with_hidden(self._hidden_in(version, entry.graph))

    def edge_mask(self, version: Version, rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which edges of the version's graph are these rows of `edges`."""
        tv = version.find(EDGES)
        assert tv is not None, "every database has edges"
        with self._lock:
            entry = self._of(tv)
        mask = np.zeros(entry.graph.settled + len(entry.graph.later.source), dtype=np.bool_)
        for number, offsets in tv.places(rowids.tolist()).items():
            place = entry.places[number][offsets]
            mask[place[place >= 0]] = True
        return mask

    def stats(self) -> dict[str, int]:
        """Return the numbers of nodes and edges of the newest graph, and its bytes."""
        with self._lock:
            entry = next(reversed(self._entries.values()), None)
        if entry is None:
            return {"nodes": 0, "edges": 0, "bytes": 0}
        graph = entry.graph
        arrays = (
            *graph.base.__dict__.values(),
            graph.out_rows.starts,
            graph.out_rows.order,
            graph.nodes.hashes,
            graph.nodes.order,
        )
        return {
            "nodes": graph.nodes.count,
            "edges": graph.settled + len(graph.later.source),
            "bytes": sum(a.nbytes for a in arrays if isinstance(a, np.ndarray)),
        }

    def _of(self, tv: TableVersion) -> _Entry:
        cached = self._entries.get(id(tv.parts))
        if cached is not None and cached.parts is tv.parts:
            self._entries.move_to_end(id(tv.parts))
            return cached
        fresh = next(
            (grown for entry in reversed(self._entries.values()) if (grown := _extended(entry, tv)) is not None), None
        ) or _build(tv)
        self._entries[id(tv.parts)] = fresh
        while len(self._entries) > _GRAPHS_MAX:
            self._entries.popitem(last=False)
        return fresh

    def _hidden_in(self, version: Version, graph: Graph) -> npt.NDArray[np.bool_] | None:
        """Return which nodes are entities that are softly deleted; None when none are."""
        deleted = self._deleted.of(version)
        if not deleted:
            return None
        key = (graph.nodes, *(ids for _, ids in deleted))
        cached = self._hidden
        if (
            cached is not None
            and len(cached[0]) == len(key)
            and all(a is b for a, b in zip(cached[0], key, strict=True))
        ):
            return cached[1]
        hidden = np.zeros(graph.nodes.count, dtype=np.bool_)
        for name, ids in deleted:
            nodes = graph.nodes.numbers(ids, name)
            hidden[nodes[nodes >= 0]] = True
        mask = hidden if hidden.any() else None
        self._hidden = (key, mask)
        return mask


def _build(tv: TableVersion) -> _Entry:
    frames, places, count = [], {}, 0
    for view in tv.parts:
        mask = view.live_mask()
        place = np.arange(count, count + view.length, dtype=np.int32)
        if mask is not None:
            place = np.full(view.length, -1, dtype=np.int32)
            place[mask] = np.arange(count, count + int(mask.sum()), dtype=np.int32)
        places[view.part.number] = place
        frame = _columns(tv, view, 0)
        frames.append(frame if mask is None else frame.filter(pl.Series(mask)))
        count += frames[-1].height
    whole = pl.concat(frames, rechunk=True) if frames else _columns_of_nothing(tv)
    nodes, source, target = numbered(Ends(whole["src_table"], whole["src"]), Ends(whole["dst_table"], whole["dst"]))
    kinds = whole["edge_type"].unique().sort().to_list()
    return _Entry(
        tv.parts,
        Graph.of(nodes, kinds, Edges(source, target, _codes(whole["edge_type"], kinds), _weights(whole))),
        places,
    )


def _extended(entry: _Entry, tv: TableVersion) -> _Entry | None:
    """Return a graph with later writes added; None if these are many, or the parts differ."""
    before = {view.part.number: view for view in entry.parts}
    after = {view.part.number: view for view in tv.parts}
    if any(
        number not in after
        or after[number].part is not old.part
        or after[number].length < old.length
        or after[number].kills < old.kills
        for number, old in before.items()
    ):
        return None
    fresh = [(view, before[number].length if number in before else 0) for number, view in after.items()]
    rows = sum(view.length - start for view, start in fresh)
    if rows + entry.graph.changed > max(_LATER_ROWS_MIN, entry.graph.settled * _LATER_SHARE_MAX):
        return None
    places = dict(entry.places)
    count = entry.graph.settled + len(entry.graph.later.source)
    dead_edges: list[int] = []
    grown: list[tuple[PartView, int]] = []
    for view, start in fresh:
        old = before.get(view.part.number)
        if view.length > start:
            numbers = places.get(view.part.number, np.empty(0, dtype=np.int32))
            places[view.part.number] = np.concatenate(
                [numbers, np.arange(count, count + view.length - start, dtype=np.int32)]
            )
            grown.append((view, start))
            count += view.length - start
        dead = {*view.part.kills.offsets[old.kills if old is not None else 0 : view.kills], *view.hidden}
        back = old.hidden - view.hidden if old is not None else frozenset[int]()
        if back:
            return None
        place = places[view.part.number]
        dead_edges += [int(place[offset]) for offset in dead if offset < view.length and place[offset] >= 0]
    nodes, edges, kinds = _with_edges(entry.graph, grown, tv)
    return _Entry(
        tv.parts, entry.graph.with_changes(edges, np.array(sorted(dead_edges), dtype=np.int64), nodes, kinds), places
    )


def _with_edges(graph: Graph, views: list[tuple[PartView, int]], tv: TableVersion) -> tuple[Nodes, Edges, list[str]]:
    """Return the nodes and types of a graph followed by those of new edges, and the new edges."""
    if sum(view.length - start for view, start in views) <= _FEW_ROWS:
        fields = _fields(tv)
        return _with_few_edges(
            graph, [view.part.row(offset, fields) for view, start in views for offset in range(start, view.length)]
        )
    frames = [_columns(tv, view, start) for view, start in views]
    rows = pl.concat(frames) if frames else _columns_of_nothing(tv)
    kinds = list(graph.kinds) + [k for k in rows["edge_type"].unique().sort().to_list() if k not in graph.kinds]
    nodes, source, target = numbered(
        Ends(rows["src_table"], rows["src"]), Ends(rows["dst_table"], rows["dst"]), graph.nodes
    )
    return nodes, Edges(source, target, _codes(rows["edge_type"], kinds), _weights(rows)), kinds


def _with_few_edges(graph: Graph, rows: list[list[Any]]) -> tuple[Nodes, Edges, list[str]]:
    """The same for few edges: src_table, src, dst_table, dst, edge_type, weight each."""
    kinds = list(graph.kinds)
    kinds += sorted({row[4] for row in rows} - set(kinds))
    nodes, numbers = (
        numbered_few([(row[i], row[i + 1]) for row in rows for i in (0, 2)], graph.nodes) if rows else (graph.nodes, [])
    )
    ends = np.array(numbers, dtype=np.int32)
    weights = [float("nan") if row[5] is None else row[5] for row in rows]
    return (
        nodes,
        Edges(
            ends[::2],
            ends[1::2],
            np.array([kinds.index(row[4]) for row in rows], dtype=np.int16),
            np.array(weights, dtype=np.float64),
        ),
        kinds,
    )


def _columns(tv: TableVersion, view: PartView, start: int) -> pl.DataFrame:
    """Return the columns that a graph is built from, for the rows of a part from `start` on."""
    fields = _fields(tv)
    return view.part.frame(fields, view.length).slice(start)


def _fields(tv: TableVersion) -> list[Field]:
    return [tv.table.field(n) for n in ("src_table", "src", "dst_table", "dst", "edge_type", "weight")]


def _columns_of_nothing(tv: TableVersion) -> pl.DataFrame:
    return pl.DataFrame(schema={f.name: f.dtype for f in _fields(tv)})


def _codes(kinds: pl.Series, names: list[str]) -> npt.NDArray[np.int16]:
    if not len(kinds):
        return np.empty(0, dtype=np.int16)
    codes: npt.NDArray[np.int16] = kinds.replace_strict(
        names, list(range(len(names))), return_dtype=pl.Int16
    ).to_numpy()
    return codes


def _weights(frame: pl.DataFrame) -> npt.NDArray[np.float64]:
    weights: npt.NDArray[np.float64] = frame["weight"].fill_null(float("nan")).to_numpy()
    return weights
