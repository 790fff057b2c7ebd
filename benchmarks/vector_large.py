"""Search by vector at 1,000,000 x 384 in rem_arrow only; takes some ten minutes, and 10 GB of memory."""

from __future__ import annotations

from benchmarks import vector
from benchmarks.measure import Row

ROWS = 1_000_000


def run(*, smoke: bool = False) -> list[Row]:
    """Return the figures of `vector` for ten times the rows, without the peers."""
    return vector.run(smoke=True) if smoke else vector.measured(ROWS, vector.DIMENSION, vector.QUERIES, peers=False)
