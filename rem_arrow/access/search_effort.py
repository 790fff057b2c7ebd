"""How many vectors a search by an HNSW index looks at, measured against exact answers when the index is written.

One number does not do: a query that lies away from all vectors, such as a short question among long texts, needs
several times as many for the same recall. So there are two, and a query takes the second where the nearest vector that
it finds is farther off than the vectors are from each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rem_arrow.access.vector_columns import VectorColumn, search_exact
from rem_arrow.index import exact

if TYPE_CHECKING:
    from rem_arrow.access.kept_index import Rowids
    from rem_arrow.access.vector_columns import Vectors
    from rem_arrow.index.exact import Scores
    from rem_arrow.index.metrics import Metric
    from rem_arrow.index.vector import VectorIndex

# Candidates for 100,000 rows where nothing was measured, and how they rise with the rows. Recall of the top 10 of
# clustered vectors was 0.97 with 100 of 400,000 rows and 0.90 of 1,000,000, and 1.0 with 200 of 400,000.
_CANDIDATES, _ROWS, _POWER = 100, 100_000, 0.75
_LEVELS = (64, 100, 150, 200, 300, 400, 600, 800, 1_200, 1_600, 2_400, 3_200)
_QUERIES, _K, _SPARE = 64, 10, 15
# This share of the vectors have another one at the distance that counts as near.
_NEAR_SHARE = 0.8
# The recall that is asked for is 0.99; a sample may be luckier than the rest.
_RECALL_MIN = 0.995


class Effort(NamedTuple):
    """Vectors looked at: `near` where the nearest that is found is no farther than `distance` (the index's own), else
    `far`; measured with so many rows."""

    near: int
    far: int
    distance: float
    rows: int

    def of(self, live: int) -> Effort:
        """Return the effort for another number of rows."""
        growth = max(1.0, live / max(1, self.rows)) ** _POWER
        return Effort(int(self.near * growth), int(self.far * growth), self.distance, max(live, self.rows))


UNMEASURED = Effort(_CANDIDATES, _CANDIDATES, np.inf, _ROWS)


def measured(index: VectorIndex, column: VectorColumn, rowids: Rowids, metric: Metric) -> Effort:
    """Return the least effort with which an index finds what an exact search finds, for vectors among its own and for
    vectors away from them.

    Args:
        rowids: what the index holds.
    """
    generator = np.random.default_rng(len(rowids))
    _, own = column.gathered(generator.choice(rowids, min(_QUERIES, len(rowids)), replace=False))
    if len(own) < 2:
        return UNMEASURED
    # Each number as spread as that of the rows, but none beside the others that it comes with.
    away = generator.normal(own.mean(axis=0), own.std(axis=0) + 1e-6, own.shape).astype(np.float32)
    # The nearest to a vector is itself.
    others = [distances[1] for _, distances in index.search_each(own, 2, ef=_LEVELS[0]) if len(distances) > 1]
    near, far = (_least(index, column, queries, metric) for queries in (own, away))
    distance = float(np.quantile(others, _NEAR_SHARE)) if others else np.inf
    return Effort(near, max(near, far), distance, len(rowids))


def _least(index: VectorIndex, column: VectorColumn, queries: Vectors, metric: Metric) -> int:
    best = search_exact(column, queries, metric, _K)
    wanted = sum(len(hits.scores) for hits in best)
    for level in _LEVELS:
        reached = [rowids for rowids, _ in index.search_each(queries, _K + _SPARE, ef=level)]
        found = 0
        for hits, (rowids, scores) in zip(best, scored(column, queries, reached, metric), strict=True):
            _, own = exact.best(rowids, scores, len(hits.scores), metric)
            # Of equal scores one is as good as the other.
            found += int((own == hits.scores[: len(own)]).sum())
        if found >= _RECALL_MIN * wanted:
            return level
    return _LEVELS[-1]


def scored(
    column: VectorColumn, queries: Vectors, reached: list[Rowids], metric: Metric
) -> list[tuple[Rowids, Scores]]:
    """Return the live rows among those that an index gives for each query, scored from their own vectors."""
    if len(queries) == 1:
        own, near = column.gathered(reached[0])
        return [(own, exact.scores(near, queries[0], metric))]
    rowids, vectors = column.gathered(np.unique(np.concatenate(reached)))
    order = np.argsort(rowids)
    ascending = rowids[order]
    found = []
    for query, candidates in zip(queries, reached, strict=True):
        live = candidates[np.isin(candidates, rowids)] if len(rowids) else rowids
        near = vectors[order[np.searchsorted(ascending, live)]]
        found.append((live, exact.scores(near, query, metric)))
    return found
