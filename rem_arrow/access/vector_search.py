"""Search by an HNSW index: exactly where that costs no more, and always of what the index does not hold as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.access.held_vectors import HeldVectors
from rem_arrow.access.search_effort import Effort, scored
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
    effort = held.effort.of(live)
    if among_rows * row_ns <= max(candidates, effort.near) * _CANDIDATE_NS:
        return search_exact(column, queries, metric, k, allowed)
    hits: list[Hits] = []
    for start in range(0, len(queries), _BLOCK_QUERIES):
        block = queries[start : start + _BLOCK_QUERIES]
        fresh = _not_held(held, column, block, metric, k, allowed)
        found: dict[int, Hits] = {}
        depth = candidates
        while len(found) < len(block) and depth <= live // _DEEPER:
            left = [i for i in range(len(block)) if i not in found]
            reached = _reached(held, block[left], depth, effort, allowed)
            for i, own in zip(left, scored(column, block[left], reached, metric), strict=True):
                best = exact.merged([fresh[i], own], k, metric)
                if len(best[0]) >= min(k, among_rows):
                    found[i] = Hits(*best, "hnsw")
            depth *= _DEEPER
        left = [i for i in range(len(block)) if i not in found]
        if left:
            found |= zip(left, search_exact(column, block[left], metric, k, allowed), strict=True)
        hits += [found[i] for i in range(len(block))]
    return hits


def _reached(held: HeldVectors, queries: Vectors, depth: int, effort: Effort, allowed: Rowids | None) -> list[Rowids]:
    """Return the rows that the index gives for each query."""
    ef = max(effort.near, depth + depth // 2)
    found = held.index.search_each(queries, depth, ef=ef, allowed=allowed)
    if ef < effort.far:
        away = [i for i, (_, distances) in enumerate(found) if not len(distances) or distances[0] > effort.distance]
        again = held.index.search_each(queries[away], depth, ef=effort.far, allowed=allowed)
        for i, hits in zip(away, again, strict=True):
            found[i] = hits
    return [rowids for rowids, _ in found]


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
