"""The graph of one store in memory: made from the rows of `edges`, and grown by what is written since.

Edges are the truth; the graph is made of their columns at the first walk. After a commit only the rows that came and
went are looked at, as long as they are few and the segments are the same; else it is made anew. It agrees with the
version that is asked for: every table's edges, and no entity that is softly deleted in it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rem_arrow.access.soft_deletes import EDGES, SoftDeletes
from rem_arrow.base.schema import Field
from rem_arrow.index.adjacency import Graph
from rem_arrow.index.edge_arrays import Edges
from rem_arrow.index.node_numbers import Ends, Nodes, numbered, numbered_few
from rem_arrow.running.lru_cache import LruCache

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.access.soft_deletes import Deleted
    from rem_arrow.storage.version import PartView, TableVersion, Version

# Graphs that are kept: that of the newest version, and one of a transaction.
_KEPT_MAX = 2
# New edges that are looked at one by one.
_FEW_ROWS = 64
# Edges that may lie beside the sorted ones before the graph is made anew, as a share of all.
_LATER_ROWS_MIN, _LATER_SHARE_MAX = 20_000, 0.05


@dataclass(frozen=True, slots=True)
class _Held:
    """A graph, the version of `edges` that it agrees with, and for each part of it the number of the edge at each
    offset (-1: none)."""

    parts: tuple[PartView, ...]
    graph: Graph
    places: dict[int, npt.NDArray[np.int32]]


class GraphIndexes:
    """Finds and makes the graph of a version. Safe in many threads."""

    def __init__(self, deleted: SoftDeletes) -> None:
        self._deleted = deleted
        self._held: LruCache[int, _Held] = LruCache(_KEPT_MAX)
        self._hidden: tuple[tuple[object, ...], npt.NDArray[np.bool_] | None] | None = None
        self._lock = threading.Lock()

    def graph(self, version: Version) -> Graph:
        """Return the graph of a version."""
        tv = version.find(EDGES)
        assert tv is not None, "every database has edges"
        with self._lock:
            held = self._of(tv)
            return held.graph.with_hidden(self._hidden_in(version, held.graph))

    def with_alone(self, graph: Graph, version: Version, entities: Sequence[tuple[str, str]]) -> Graph:
        """Return the graph of a version with nodes for entities without edges, given by table and id."""
        nodes, _ = numbered_few(entities, graph.nodes)
        return replace(graph, nodes=nodes, hidden=_hidden_nodes(self._deleted.of(version), nodes))

    def edge_mask(self, version: Version, rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which edges of the version's graph are these rows of `edges`."""
        tv = version.find(EDGES)
        assert tv is not None, "every database has edges"
        with self._lock:
            held = self._of(tv)
        mask = np.zeros(held.graph.settled + len(held.graph.later.source), dtype=np.bool_)
        for number, offsets in tv.places(rowids.tolist()).items():
            place = held.places[number][offsets]
            mask[place[place >= 0]] = True
        return mask

    def stats(self) -> dict[str, int]:
        """Return how many nodes and edges the newest graph has, and its bytes."""
        graphs = [held.graph for _, held in self._held.items()]
        if not graphs:
            return {"nodes": 0, "edges": 0, "bytes": 0}
        graph = graphs[-1]
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

    def _of(self, tv: TableVersion) -> _Held:
        current = self._held.get(id(tv.parts))
        if current is not None and current.parts is tv.parts:
            return current
        made = next(
            (grown for _, held in reversed(self._held.items()) if (grown := _grown(held, tv)) is not None), None
        ) or _made(tv)
        self._held.put(id(tv.parts), made)
        return made

    def _hidden_in(self, version: Version, graph: Graph) -> npt.NDArray[np.bool_] | None:
        """Return which nodes are entities that are softly deleted; None when none are."""
        deleted = self._deleted.of(version)
        if not deleted:
            return None
        key = (graph.nodes, *(ids for _, ids in deleted))
        last = self._hidden
        if last is not None and len(last[0]) == len(key) and all(a is b for a, b in zip(last[0], key, strict=True)):
            return last[1]
        mask = _hidden_nodes(deleted, graph.nodes)
        self._hidden = (key, mask)
        return mask


def _hidden_nodes(deleted: Deleted, nodes: Nodes) -> npt.NDArray[np.bool_] | None:
    hidden = np.zeros(nodes.count, dtype=np.bool_)
    for name, ids in deleted:
        numbers = nodes.numbers(ids, name)
        hidden[numbers[numbers >= 0]] = True
    return hidden if hidden.any() else None


def _made(tv: TableVersion) -> _Held:
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
    return _Held(
        tv.parts,
        Graph.of(nodes, kinds, Edges(source, target, _codes(whole["edge_type"], kinds), _weights(whole))),
        places,
    )


def _grown(held: _Held, tv: TableVersion) -> _Held | None:
    """Return a graph with what was written since; None where that is not little, or the parts are others."""
    before = {view.part.number: view for view in held.parts}
    now = {view.part.number: view for view in tv.parts}
    if any(
        number not in now
        or now[number].part is not old.part
        or now[number].length < old.length
        or now[number].kills < old.kills
        for number, old in before.items()
    ):
        return None
    fresh = [(view, before[number].length if number in before else 0) for number, view in now.items()]
    rows = sum(view.length - start for view, start in fresh)
    if rows + held.graph.changed > max(_LATER_ROWS_MIN, held.graph.settled * _LATER_SHARE_MAX):
        return None
    places = dict(held.places)
    count = held.graph.settled + len(held.graph.later.source)
    gone: list[int] = []
    added: list[tuple[PartView, int]] = []
    for view, start in fresh:
        old = before.get(view.part.number)
        if view.length > start:
            numbers = places.get(view.part.number, np.empty(0, dtype=np.int32))
            places[view.part.number] = np.concatenate(
                [numbers, np.arange(count, count + view.length - start, dtype=np.int32)]
            )
            added.append((view, start))
            count += view.length - start
        dead = {*view.part.kills.offsets[old.kills if old is not None else 0 : view.kills], *view.hidden}
        back = old.hidden - view.hidden if old is not None else frozenset[int]()
        if back:
            return None
        place = places[view.part.number]
        gone += [int(place[offset]) for offset in dead if offset < view.length and place[offset] >= 0]
    nodes, edges, kinds = _added(held.graph, added, tv)
    return _Held(tv.parts, held.graph.with_changes(edges, np.array(sorted(gone), dtype=np.int64), nodes, kinds), places)


def _added(graph: Graph, views: list[tuple[PartView, int]], tv: TableVersion) -> tuple[Nodes, Edges, list[str]]:
    """Return the nodes and types of a graph with those of new edges behind them, and the edges."""
    if sum(view.length - start for view, start in views) <= _FEW_ROWS:
        fields = _fields(tv)
        return _few_added(
            graph, [view.part.row(offset, fields) for view, start in views for offset in range(start, view.length)]
        )
    frames = [_columns(tv, view, start) for view, start in views]
    added = pl.concat(frames) if frames else _columns_of_nothing(tv)
    kinds = list(graph.kinds) + [k for k in added["edge_type"].unique().sort().to_list() if k not in graph.kinds]
    nodes, source, target = numbered(
        Ends(added["src_table"], added["src"]), Ends(added["dst_table"], added["dst"]), graph.nodes
    )
    return nodes, Edges(source, target, _codes(added["edge_type"], kinds), _weights(added)), kinds


def _few_added(graph: Graph, rows: list[list[Any]]) -> tuple[Nodes, Edges, list[str]]:
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
    """Return the columns that a graph is made of, of the rows of a part from `start` on."""
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
