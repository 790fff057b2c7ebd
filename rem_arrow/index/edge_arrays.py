"""Edges by number, and compressed sparse rows: edges in the order of one of their ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.index.arrays import Codes, Ints, Mask

if TYPE_CHECKING:
    import numpy.typing as npt


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

    def at(self, frontier: Ints) -> tuple[Ints, Ints]:
        """Return, of the edges whose end is a node of the frontier, the place in the frontier and the number."""
        places = np.arange(len(frontier))
        if self.ends is not None:
            start = np.searchsorted(self.ends, frontier, side="left")
            counts = np.searchsorted(self.ends, frontier, side="right") - start
        else:
            if len(frontier) and int(frontier.max()) >= len(self.starts) - 1:
                # Nodes that came with later edges are not in the rows.
                places = np.flatnonzero(frontier < len(self.starts) - 1)
                frontier = frontier[places]
            start = self.starts[frontier]
            counts = self.starts[frontier + 1] - start
        return np.repeat(places, counts), self.order[_ranges(start, counts)].astype(np.int64)


def _ranges(start: Ints, counts: Ints) -> Ints:
    """Return start, start + 1, ... of each range behind each other."""
    total = int(counts.sum())
    ends = np.cumsum(counts)
    numbers: Ints = np.arange(total) + np.repeat(start - (ends - counts), counts)
    return numbers
