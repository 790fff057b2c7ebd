"""The labels under which hnswlib holds rows: `generation << 47 | rowid`.

A row that is replaced gets a label of the next generation, and its old one is marked deleted. A label is marked deleted
before its generation comes round again: adding it then is hnswlib's update, slow and right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rem_arrow.index.arrays import Ints, Mask

_ROWID_BITS = 47
ROWID_MASK = (1 << _ROWID_BITS) - 1
_GENERATIONS = 1 << 16
_GENERATION_BYTES = 130


@dataclass
class Labels:
    """The generation of each rowid's label, live or next, where it is not 0."""

    generations: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of_graph(cls, labels: Ints, deleted: Mask) -> Labels:
        """Return what follows from the labels of a graph, and which of them are deleted."""
        rowids, generations = labels & ROWID_MASK, labels >> _ROWID_BITS
        live, gone = np.flatnonzero(~deleted), np.flatnonzero(deleted)
        # Of a rowid that is gone the greatest generation comes last, and is the one to go on from.
        gone = gone[np.lexsort((generations[gone], rowids[gone]))]
        after = ((generations[gone] + 1) % _GENERATIONS).tolist()
        made = dict(zip(rowids[gone].tolist(), after, strict=True))
        replaced = live[(generations[live] > 0) | np.isin(rowids[live], rowids[gone])]
        made |= zip(rowids[replaced].tolist(), generations[replaced].tolist(), strict=True)
        return cls(made)

    @property
    def bytes(self) -> int:
        """Bytes in memory, reckoned from the count."""
        return _GENERATION_BYTES * len(self.generations)

    def of(self, rowids: Ints) -> Ints:
        """Return the labels of rowids."""
        if not self.generations:
            return rowids
        generations = np.fromiter(
            (self.generations.get(r, 0) for r in rowids.tolist()), dtype=np.int64, count=len(rowids)
        )
        return generations << _ROWID_BITS | rowids

    def of_row(self, rowid: int) -> int:
        return self.generations.get(rowid, 0) << _ROWID_BITS | rowid

    def retire(self, rowid: int) -> None:
        """Give a rowid whose label is marked deleted the next one."""
        self.generations[rowid] = (self.generations.get(rowid, 0) + 1) % _GENERATIONS
