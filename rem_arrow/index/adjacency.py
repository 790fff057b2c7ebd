"""A graph in memory: nodes with dense numbers, edges as compressed sparse rows in both directions, and a few edges
beside them that came later.

    nodes    (table, id) each, numbered from 0; a table of "" is an end that no entity has
    base     edges as arrays by number: source, target, type, weight; sorted by source (and, when someone asks, by
    target) in the `order`
             of Rows, with the first place of each node in `starts`
    later    a few edges with the numbers behind these; edges that went are marked as dead

A graph never changes: `with_changes` gives another, which shares what stays. So whoever walks one sees one state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints: TypeAlias = "npt.NDArray[np.int64]"
    Codes: TypeAlias = "npt.NDArray[np.int32]"
    Mask: TypeAlias = "npt.NDArray[np.bool_]"

Direction: TypeAlias = Literal["out", "in", "both"]
NOWHERE = ""


class Ends(NamedTuple):
    """One end of many edges: tables, NULL where the end dangles, and ids."""

    tables: pl.Series
    ids: pl.Series


@dataclass(frozen=True)
class Nodes:
    """Nodes by number. Two nodes may share an id, in two tables. `hashes` of the ids ascend, and `order` says whose
    they are."""

    ids: pl.Series
    tables: npt.NDArray[np.int16]
    names: tuple[str, ...]
    hashes: npt.NDArray[np.uint64]
    order: Ints

    @staticmethod
    def of(ids: pl.Series, tables: npt.NDArray[np.int16], names: Sequence[str]) -> Nodes:
        hashes = _hashes(ids)
        order = pl.Series(hashes).arg_sort().to_numpy().astype(np.int64)
        return Nodes(ids, tables, tuple(names), hashes[order], order)

    @property
    def count(self) -> int:
        return len(self.tables)

    def find(self, ids: pl.Series, table: str | None = None) -> list[Ints]:
        """Return the nodes of each id, of all tables or of one."""
        wanted = _hashes(ids)
        low, high = (
            np.searchsorted(self.hashes, wanted, side="left"),
            np.searchsorted(self.hashes, wanted, side="right"),
        )
        found = []
        for id_, start, stop in zip(ids.to_list(), low.tolist(), high.tolist(), strict=True):
            same = [
                n
                for n in self.order[start:stop].tolist()
                if self.ids[n] == id_ and (table is None or self.names[self.tables[n]] == table)
            ]
            found.append(np.array(same, dtype=np.int64))
        return found

    def numbers(self, ids: pl.Series, table: str) -> Ints:
        """Return the node of each id in one table, -1 where there is none."""
        if table not in self.names or not self.count:
            return np.full(len(ids), -1, dtype=np.int64)
        code, wanted = self.names.index(table), _hashes(ids)
        ordered = self.hashes
        place = np.searchsorted(ordered, wanted)
        result = np.full(len(ids), -1, dtype=np.int64)
        # Ids that share a hash, or stand in several tables, lie behind each other: look on until all are through.
        left = np.arange(len(ids))
        while len(left):
            inside = place[left] < len(ordered)
            left = left[inside]
            same = ordered[place[left]] == wanted[left]
            left = left[same]
            nodes = self.order[place[left]]
            hit = (self.tables[nodes] == code) & (self.ids.gather(nodes) == ids.gather(left)).to_numpy()
            result[left[hit]] = nodes[hit]
            left = left[~hit]
            place[left] += 1
        return result


class Step(NamedTuple):
    """Edges that lead on from a frontier: the place in the frontier, the node reached, and the edge."""

    origin: Ints
    node: Ints
    edge: Ints


@dataclass(frozen=True)
class Rows:
    """Edges in the order of one of their ends. Few edges have no `starts` for each node, but the ends themselves in
    order."""

    starts: Ints
    order: Codes
    ends: Codes | None = None

    @staticmethod
    def of(ends: Codes, nodes: int) -> Rows:
        counts = np.bincount(ends, minlength=nodes) if len(ends) else np.zeros(nodes, dtype=np.int64)
        starts = np.zeros(nodes + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        return Rows(starts, pl.Series(ends).arg_sort().to_numpy().astype(np.int32))

    @staticmethod
    def few(ends: Codes) -> Rows:
        order = np.argsort(ends, kind="stable").astype(np.int32)
        return Rows(np.empty(0, dtype=np.int64), order, ends[order])


@dataclass(frozen=True)
class Edges:
    """Edges by number, as arrays of one length; those in `dead` are gone."""

    source: Codes
    target: Codes
    kind: npt.NDArray[np.int16]
    weight: npt.NDArray[np.float64]
    dead: Mask | None = None

    def behind(self, other: Edges) -> Edges:
        """Return these edges and those of another behind them."""
        dead = None
        if self.dead is not None or other.dead is not None:
            dead = np.concatenate(
                [np.zeros(len(e.source), dtype=np.bool_) if e.dead is None else e.dead for e in (self, other)]
            )
        source, target = np.concatenate([self.source, other.source]), np.concatenate([self.target, other.target])
        return Edges(
            source, target, np.concatenate([self.kind, other.kind]), np.concatenate([self.weight, other.weight]), dead
        )

    def without(self, gone: Ints) -> Edges:
        """Return these edges with more of them gone."""
        if not len(gone):
            return self
        dead = np.zeros(len(self.source), dtype=np.bool_) if self.dead is None else self.dead.copy()
        dead[gone] = True
        return replace(self, dead=dead)


@dataclass(frozen=True)
class Graph:
    """Nodes and edges at one state. `hidden` nodes are not walked. The numbers of the edges in `later` go on behind
    those in `base`."""

    nodes: Nodes
    kinds: tuple[str, ...]
    base: Edges
    later: Edges
    out_rows: Rows
    hidden: Mask | None = None
    _cache: dict[str, Rows] = field(default_factory=dict, compare=False)

    @staticmethod
    def of(nodes: Nodes, kinds: Sequence[str], edges: Edges) -> Graph:
        none = np.empty(0, dtype=np.int32)
        later = Edges(none, none, np.empty(0, dtype=np.int16), np.empty(0, dtype=np.float64))
        return Graph(nodes, tuple(kinds), edges, later, Rows.of(edges.source, nodes.count))

    @property
    def settled(self) -> int:
        """How many edges are in the rows."""
        return len(self.base.source)

    @property
    def changed(self) -> int:
        """How many edges lie beside the rows, or are gone."""
        return len(self.later.source) + sum(
            int(np.count_nonzero(e.dead)) for e in (self.base, self.later) if e.dead is not None
        )

    def live(self) -> Edges:
        """Return the edges that are there, between nodes that are not hidden."""
        every = self.base.behind(self.later) if len(self.later.source) else self.base
        kept = None if every.dead is None else ~every.dead
        if self.hidden is not None:
            seen = ~self.hidden[every.source] & ~self.hidden[every.target]
            kept = seen if kept is None else kept & seen
        return (
            every
            if kept is None
            else Edges(every.source[kept], every.target[kept], every.kind[kept], every.weight[kept])
        )

    def kind_codes(self, names: Sequence[str] | None) -> Mask | None:
        """Return which types are wanted, by code; None is all. A type that no edge has is none."""
        return None if names is None else np.array([kind in names for kind in self.kinds], dtype=np.bool_)

    def kinds_of(self, edges: Ints) -> Ints:
        """Return the codes of the types of edges."""
        return self._taken(edges, self.base.kind, self.later.kind).astype(np.int64)

    def weights_of(self, edges: Ints) -> npt.NDArray[np.float64]:
        return self._taken(edges, self.base.weight, self.later.weight)

    def _taken(self, edges: Ints, base: npt.NDArray[Any], later: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if not len(later):
            return base[edges]
        behind = edges >= self.settled
        found = np.empty(len(edges), dtype=base.dtype)
        found[~behind], found[behind] = base[edges[~behind]], later[edges[behind] - self.settled]
        return found

    def with_changes(self, added: Edges, gone: Ints, nodes: Nodes, kinds: Sequence[str]) -> Graph:
        """Return the graph with more edges behind its own, and without some of them; nothing is hidden in it."""
        base = self.base.without(gone[gone < self.settled])
        # An edge may have come and gone since.
        later = self.later.behind(added).without(gone[gone >= self.settled] - self.settled)
        cache = {"in": self._cache["in"]} if "in" in self._cache else {}
        return Graph(nodes, tuple(kinds), base, later, self.out_rows, None, cache)

    def with_hidden(self, hidden: Mask | None) -> Graph:
        return self if hidden is None and self.hidden is None else replace(self, hidden=hidden)

    def step(self, frontier: Ints, direction: Direction, wanted: Mask | None = None, along: Mask | None = None) -> Step:
        """Return all edges that lead on from the nodes of a frontier: of the wanted types, and those that `along`
        allows."""
        if direction == "both":
            out, back = self.step(frontier, "out", wanted, along), self.step(frontier, "in", wanted, along)
            # An edge from a node to itself leads on once.
            loop = frontier[back.origin] == back.node
            return _joined([out, Step(back.origin[~loop], back.node[~loop], back.edge[~loop])])
        parts = [self._kept(_settled(self._rows("base", direction), frontier), self.base, direction, wanted, 0)]
        if len(self.later.source):
            parts.append(
                self._kept(
                    _settled(self._rows("later", direction), frontier), self.later, direction, wanted, self.settled
                )
            )
        step = _joined(parts)
        if along is None:
            return step
        allowed = along[step.edge]
        return Step(step.origin[allowed], step.node[allowed], step.edge[allowed])

    def _kept(
        self, found: tuple[Ints, Ints], edges: Edges, direction: Direction, wanted: Mask | None, first: int
    ) -> Step:
        origin, edge = found
        node = (edges.target if direction == "out" else edges.source)[edge].astype(np.int64)
        kept = None if wanted is None else wanted[edges.kind[edge]]
        if edges.dead is not None:
            there = ~edges.dead[edge]
            kept = there if kept is None else kept & there
        if self.hidden is not None:
            seen = ~self.hidden[node]
            kept = seen if kept is None else kept & seen
        return Step(origin, node, edge + first) if kept is None else Step(origin[kept], node[kept], edge[kept] + first)

    def _rows(self, which: Literal["base", "later"], direction: Direction) -> Rows:
        """Return edges in the order of one of their ends, sorted when someone first asks."""
        if which == "base" and direction == "out":
            return self.out_rows
        name = "in" if which == "base" else f"later {direction}"
        found = self._cache.get(name)
        if found is None:
            edges = self.base if which == "base" else self.later
            ends = edges.source if direction == "out" else edges.target
            found = self._cache[name] = (
                Rows.of(ends, len(self.out_rows.starts) - 1) if which == "base" else Rows.few(ends)
            )
        return found


def _joined(steps: Sequence[Step]) -> Step:
    if len(steps) == 1:
        return steps[0]
    return Step(
        np.concatenate([s.origin for s in steps]),
        np.concatenate([s.node for s in steps]),
        np.concatenate([s.edge for s in steps]),
    )


def _settled(rows: Rows, frontier: Ints) -> tuple[Ints, Ints]:
    """Return (place in the frontier, edge) of the edges in the rows."""
    places = np.arange(len(frontier))
    if rows.ends is not None:
        start = np.searchsorted(rows.ends, frontier, side="left")
        counts = np.searchsorted(rows.ends, frontier, side="right") - start
    else:
        if len(frontier) and int(frontier.max()) >= len(rows.starts) - 1:
            # Nodes that came with later edges are not in the rows.
            places = np.flatnonzero(frontier < len(rows.starts) - 1)
            frontier = frontier[places]
        start = rows.starts[frontier]
        counts = rows.starts[frontier + 1] - start
    return np.repeat(places, counts), rows.order[_ranges(start, counts)].astype(np.int64)


def _ranges(start: Ints, counts: Ints) -> Ints:
    """Return start, start + 1, ... of each range behind each other."""
    total = int(counts.sum())
    ends = np.cumsum(counts)
    found: Ints = np.arange(total) + np.repeat(start - (ends - counts), counts)
    return found


def numbered(source: Ends, target: Ends, known: Nodes | None = None) -> tuple[Nodes, Codes, Codes]:
    """Return the nodes of many edges, and the number of both ends of each; with `known`, behind the nodes that are
    known."""
    names = list(known.names) if known is not None else [NOWHERE]
    tables = pl.concat([source.tables, target.tables], rechunk=True).fill_null(NOWHERE)
    ids = pl.concat([source.ids, target.ids], rechunk=True)
    codes = np.zeros(len(tables), dtype=np.int16)
    for name in tables.unique().to_list():
        if name not in names:
            names.append(name)
        codes[(tables == name).to_numpy()] = names.index(name)
    if known is None:
        nodes, numbers = _fresh(ids, codes, names)
    else:
        nodes, numbers = _grown(known, ids, codes, names)
    return nodes, numbers[: len(source.ids)], numbers[len(source.ids) :]


def numbered_few(ends: Sequence[tuple[str | None, str]], known: Nodes) -> tuple[Nodes, list[int]]:
    """Return the number of each end (table, id), new nodes behind those that are known: for few ends, without the cost
    of columns."""
    names = list(known.names)
    same = known.find(pl.Series([i for _, i in ends], dtype=pl.String))
    numbers: list[int] = []
    fresh: dict[tuple[int, str], int] = {}
    for (table, id_), nodes in zip(ends, same, strict=True):
        name = table or NOWHERE
        if name not in names:
            names.append(name)
        code = names.index(name)
        number = next((int(n) for n in nodes if known.tables[n] == code), None)
        numbers.append(known.count + fresh.setdefault((code, id_), len(fresh)) if number is None else number)
    return _with_nodes(known, fresh, names), numbers


def _fresh(ids: pl.Series, codes: npt.NDArray[np.int16], names: Sequence[str]) -> tuple[Nodes, Codes]:
    texts = _text_numbers(ids)
    keys = texts * len(names) + codes
    present = np.zeros(int(keys.max()) + 1 if len(keys) else 0, dtype=np.bool_)
    present[keys] = True
    number = np.cumsum(present, dtype=np.int32) - 1
    used = np.flatnonzero(present)
    # Where a key stands last is as good as anywhere.
    place = np.zeros(len(present), dtype=np.int64)
    place[keys] = np.arange(len(keys))
    return Nodes.of(ids.gather(place[used]).cast(pl.String), (used % len(names)).astype(np.int16), names), number[
        keys
    ].astype(np.int32)


def _text_numbers(ids: pl.Series) -> Ints:
    """Return a number below their count for each text, the same for equal ones."""
    first, second = ids.hash(1), ids.hash(2)
    unique = pl.DataFrame({"hash": first.unique(maintain_order=True)}).with_row_index("number")
    number = (
        pl.DataFrame({"hash": first})
        .join(unique, on="hash", how="left", maintain_order="left")["number"]
        .to_numpy()
        .astype(np.int64)
    )
    # Two texts of one hash would have another second one, but for one chance in 2^64.
    others = np.empty(unique.height, dtype=np.uint64)
    others[number] = second.to_numpy()
    if not np.array_equal(others[number], second.to_numpy()):
        found: Ints = ids.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy().astype(np.int64)
        return found
    return number


def _grown(known: Nodes, ids: pl.Series, codes: npt.NDArray[np.int16], names: Sequence[str]) -> tuple[Nodes, Codes]:
    """The same for few edges beside many."""
    numbers = np.full(len(ids), -1, dtype=np.int64)
    for code in np.unique(codes).tolist():
        mine = np.flatnonzero(codes == code)
        numbers[mine] = known.numbers(ids.gather(mine), names[code])
    fresh: dict[tuple[int, str], int] = {}
    for place in np.flatnonzero(numbers < 0).tolist():
        numbers[place] = known.count + fresh.setdefault((int(codes[place]), str(ids[place])), len(fresh))
    return _with_nodes(known, fresh, names), numbers.astype(np.int32)


def _with_nodes(known: Nodes, fresh: Mapping[tuple[int, str], int], names: Sequence[str]) -> Nodes:
    """Return nodes with new ones behind them, given by the code of their table and their id."""
    if not fresh and len(names) == len(known.names):
        return known
    more = pl.Series([i for _, i in fresh], dtype=pl.String)
    hashes, order = known.hashes, known.order
    if fresh:
        added = _hashes(more)
        places = np.searchsorted(hashes, added)
        hashes, order = np.insert(hashes, places, added), np.insert(order, places, np.arange(len(added)) + known.count)
        # Several that go to one place are put there in their order, not by their hash.
        if len(added) > 1:
            again = np.argsort(hashes, kind="stable")
            hashes, order = hashes[again], order[again]
    tables = np.concatenate([known.tables, np.array([c for c, _ in fresh], dtype=np.int16)])
    return Nodes(
        pl.concat([known.ids, more], rechunk=False) if fresh else known.ids, tables, tuple(names), hashes, order
    )


def _hashes(ids: pl.Series) -> npt.NDArray[np.uint64]:
    return ids.cast(pl.String).hash(1).to_numpy()
