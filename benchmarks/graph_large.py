"""Walks over 1,000,000 nodes and 10,000,000 edges in rem_arrow only; takes minutes."""

from __future__ import annotations

from benchmarks import graph
from benchmarks.measure import Row

NODES = 1_000_000


def run(*, smoke: bool = False) -> list[Row]:
    """Return the figures of `graph` for ten times the edges, without the peers."""
    return graph.run(smoke=True) if smoke else graph.measured(NODES, graph.STARTS, graph.ROUNDS, peers=False)
