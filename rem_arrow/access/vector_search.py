"""Search by an HNSW index: exactly where that costs no more, and always of what the index does not hold as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.access.held_vectors import HeldVectors
from rem_arrow.access.vector_columns import Hits, VectorColumn, search_exact, taken
from rem_arrow.index import exact
from rem_arrow.index.exact_batch import best_of_each

if TYPE_CHECKING:
    from rem_arrow.access.kept_index import Rowids
    from rem_arrow.access.vector_columns import Vectors
    from rem_arrow.index.exact import Scores
    from rem_arrow.index.metrics import Metric

# Measured on two cores at 384 dimensions: exact search of a row that lies in order, of one that is gathered, and the
# index by candidate.
_ROW_NS, _GATHERED_NS, _CANDIDATE_NS = 0.3, 0.8, 12.0
# Candidates kept while searching: so many for 100,000 rows, and more for more. Recall of the top 10 of clustered
# vectors was 0.97 with 100 of
# 400,000 rows and 0.90 of 1,000,000, and 1.0 with 200 of 400,000.
_EF_MIN, _EF_ROWS, _EF_POWER = 100, 100_000, 0.75
_DEEPER = 4
# Queries that are answered together: the vectors of their candidates are held at once.
_BLOCK_QUERIES = 256


def nearest(
    held: HeldVectors, column: VectorColumn, queries: Vectors, metric: Metric, k: int, allowed: Rowids | None
) -> list[Hits]:
    """Return the k nearest rows for each query, among `allowed` if given."""
    live = column.live_rows
    among_rows = live if allowed is None else len(allowed)
    # So many of the nearest rows hold k that are allowed, with some to spare.
    candidates = int(k * live / max(1, among_rows) * 1.5) + 10
    row_ns = _ROW_NS if allowed is None or among_rows > live // 2 else _GATHERED_NS
    ef_min = int(_EF_MIN * max(1.0, live / _EF_ROWS) ** _EF_POWER)
    if among_rows * row_ns <= max(candidates, ef_min) * _CANDIDATE_NS:
        return search_exact(column, queries, metric, k, allowed)
    hits: list[Hits] = []
    for start in range(0, len(queries), _BLOCK_QUERIES):
        block = queries[start : start + _BLOCK_QUERIES]
        fresh = _not_held(held, column, block, metric, k, allowed)
        found: dict[int, Hits] = {}
        depth = candidates
        while len(found) < len(block) and depth <= live // _DEEPER:
            left = [i for i in range(len(block)) if i not in found]
            ef = max(ef_min, depth + depth // 2)
            reached = [rowids for rowids, _ in held.index.search_each(block[left], depth, ef=ef, allowed=allowed)]
            scored = _scored(column, block[left], reached, metric)
            for i, own in zip(left, scored, strict=True):
                best = exact.merged([fresh[i], own], k, metric)
                if len(best[0]) >= min(k, among_rows):
                    found[i] = Hits(*best, "hnsw")
            depth *= _DEEPER
        left = [i for i in range(len(block)) if i not in found]
        if left:
            found |= zip(left, search_exact(column, block[left], metric, k, allowed), strict=True)
        hits += [found[i] for i in range(len(block))]
    return hits


def _scored(
    column: VectorColumn, queries: Vectors, reached: list[Rowids], metric: Metric
) -> list[tuple[Rowids, Scores]]:
    """Return the live rows among those that the index gives for each query, scored from their own vectors."""
    rowids, vectors = column.gathered(np.unique(np.concatenate(reached)))
    order = np.argsort(rowids)
    ascending = rowids[order]
    scored = []
    for query, candidates in zip(queries, reached, strict=True):
        live = candidates[np.isin(candidates, rowids)] if len(rowids) else rowids
        near = vectors[order[np.searchsorted(ascending, live)]]
        scored.append((live, exact.scores(near, query, metric)))
    return scored


def _not_held(
    held: HeldVectors, column: VectorColumn, queries: Vectors, metric: Metric, k: int, allowed: Rowids | None
) -> list[tuple[Rowids, Scores]]:
    """Search the rows exactly, for each query, that the index does not hold as they are."""
    parts = []
    for view in column.table.parts:
        if not view.live_rows:
            continue
        offsets = held.lacks(column, view)
        if not len(offsets):
            continue
        chunk = column.chunk(view, allowed)
        offsets = (
            offsets[offsets < view.length]
            if chunk.offsets is None
            else np.intersect1d(offsets, chunk.offsets, assume_unique=True)
        )
        if len(offsets):
            parts.append(best_of_each(chunk.rowids[offsets], taken(chunk.vectors, offsets), queries, k, metric))
    return [exact.merged([of_part[i] for of_part in parts], k, metric) for i in range(len(queries))]
