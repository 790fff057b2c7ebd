"""The nodes of a graph, numbered from 0; and the numbers of the ends of many edges.

A node is a table and an id; a table of "" is an end that no entity has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.index.arrays import Codes, Ints

if TYPE_CHECKING:
    import numpy.typing as npt

NOWHERE = ""
_RECENT_MAX = 256


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
    # Where the ids are that were looked for last: a hash of one id is a query of Polars, and a walk asks some times.
    _recent: dict[str, Ints] = field(default_factory=dict, compare=False, repr=False)

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
        if table is not None or len(ids) > _RECENT_MAX:
            return self._found(ids, table)
        texts = ids.to_list()
        known = {text: self._recent.get(text) for text in texts}
        fresh = [text for text, nodes in known.items() if nodes is None]
        if fresh:
            answers = dict(zip(fresh, self._found(pl.Series(fresh, dtype=pl.String), None), strict=True))
            known |= answers
            if len(self._recent) > _RECENT_MAX:
                self._recent.clear()
            self._recent.update(answers)
        return [nodes for text in texts if (nodes := known[text]) is not None]

    def _found(self, ids: pl.Series, table: str | None) -> list[Ints]:
        hashes = _hashes(ids)
        low, high = (
            np.searchsorted(self.hashes, hashes, side="left"),
            np.searchsorted(self.hashes, hashes, side="right"),
        )
        nodes = []
        for id_, start, stop in zip(ids.to_list(), low.tolist(), high.tolist(), strict=True):
            same = [
                n
                for n in self.order[start:stop].tolist()
                if self.ids[n] == id_ and (table is None or self.names[self.tables[n]] == table)
            ]
            nodes.append(np.array(same, dtype=np.int64))
        return nodes

    def numbers(self, ids: pl.Series, table: str) -> Ints:
        """Return the node of each id in one table, -1 where there is none."""
        if table not in self.names or not self.count:
            return np.full(len(ids), -1, dtype=np.int64)
        code, hashes = self.names.index(table), _hashes(ids)
        ordered = self.hashes
        place = np.searchsorted(ordered, hashes)
        result = np.full(len(ids), -1, dtype=np.int64)
        # Ids that share a hash, or stand in several tables, lie behind each other: look on until all are through.
        left = np.arange(len(ids))
        while len(left):
            inside = place[left] < len(ordered)
            left = left[inside]
            same = ordered[place[left]] == hashes[left]
            left = left[same]
            nodes = self.order[place[left]]
            hit = (self.tables[nodes] == code) & (self.ids.gather(nodes) == ids.gather(left)).to_numpy()
            result[left[hit]] = nodes[hit]
            left = left[~hit]
            place[left] += 1
        return result


def numbered(source: Ends, target: Ends, earlier: Nodes | None = None) -> tuple[Nodes, Codes, Codes]:
    """Return the nodes of many edges, and the number of both ends of each; new nodes stand behind those of `earlier`
    edges."""
    names = list(earlier.names) if earlier is not None else [NOWHERE]
    tables = pl.concat([source.tables, target.tables], rechunk=True).fill_null(NOWHERE)
    ids = pl.concat([source.ids, target.ids], rechunk=True)
    codes = np.zeros(len(tables), dtype=np.int16)
    for name in tables.unique().to_list():
        if name not in names:
            names.append(name)
        codes[(tables == name).to_numpy()] = names.index(name)
    if earlier is None:
        nodes, numbers = _fresh(ids, codes, names)
    else:
        nodes, numbers = _grown(earlier, ids, codes, names)
    return nodes, numbers[: len(source.ids)], numbers[len(source.ids) :]


def numbered_few(ends: Sequence[tuple[str | None, str]], earlier: Nodes) -> tuple[Nodes, list[int]]:
    """Return the number of each end (table, id), new nodes behind those that are known: for few ends, without the cost
    of columns."""
    names = list(earlier.names)
    same = earlier.find(pl.Series([i for _, i in ends], dtype=pl.String))
    numbers: list[int] = []
    fresh: dict[tuple[int, str], int] = {}
    for (table, id_), nodes in zip(ends, same, strict=True):
        name = table or NOWHERE
        if name not in names:
            names.append(name)
        code = names.index(name)
        number = next((int(n) for n in nodes if earlier.tables[n] == code), None)
        numbers.append(earlier.count + fresh.setdefault((code, id_), len(fresh)) if number is None else number)
    return _with_nodes(earlier, fresh, names), numbers


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
        codes: Ints = ids.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy().astype(np.int64)
        return codes
    return number


def _grown(earlier: Nodes, ids: pl.Series, codes: npt.NDArray[np.int16], names: Sequence[str]) -> tuple[Nodes, Codes]:
    """The same for few edges beside many."""
    numbers = np.full(len(ids), -1, dtype=np.int64)
    for code in np.unique(codes).tolist():
        mine = np.flatnonzero(codes == code)
        numbers[mine] = earlier.numbers(ids.gather(mine), names[code])
    fresh: dict[tuple[int, str], int] = {}
    for place in np.flatnonzero(numbers < 0).tolist():
        numbers[place] = earlier.count + fresh.setdefault((int(codes[place]), str(ids[place])), len(fresh))
    return _with_nodes(earlier, fresh, names), numbers.astype(np.int32)


def _with_nodes(earlier: Nodes, fresh: Mapping[tuple[int, str], int], names: Sequence[str]) -> Nodes:
    """Return nodes with new ones behind them, given by the code of their table and their id."""
    if not fresh and len(names) == len(earlier.names):
        return earlier
    more = pl.Series([i for _, i in fresh], dtype=pl.String)
    hashes, order = earlier.hashes, earlier.order
    if fresh:
        added = _hashes(more)
        places = np.searchsorted(hashes, added)
        hashes, order = (
            np.insert(hashes, places, added),
            np.insert(order, places, np.arange(len(added)) + earlier.count),
        )
        # Several that go to one place are put there in their order, not by their hash.
        if len(added) > 1:
            again = np.argsort(hashes, kind="stable")
            hashes, order = hashes[again], order[again]
    tables = np.concatenate([earlier.tables, np.array([c for c, _ in fresh], dtype=np.int16)])
    return Nodes(
        pl.concat([earlier.ids, more], rechunk=False) if fresh else earlier.ids, tables, tuple(names), hashes, order
    )


def _hashes(ids: pl.Series) -> npt.NDArray[np.uint64]:
    return ids.cast(pl.String).hash(1).to_numpy()
