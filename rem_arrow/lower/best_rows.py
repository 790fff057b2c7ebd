"""The rows of a table that a search asks for, by their vectors, their words, or both, and by a reranker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

from rem_arrow.base.source import Ranking, Reranker, TableSource
from rem_arrow.plan.rank_fusion import descends, summed
from rem_arrow.plan.score_fusion import fused

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rowids: TypeAlias = "npt.NDArray[np.int64]"

# The number of best rows of each ranking that are fused, and that a reranker orders.
CANDIDATES_MIN, CANDIDATES_PER_ROW = 50, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of one table.

    Attributes:
        by: the ranking; "hybrid" fuses the words and the cosine of the vectors, or another metric, by standard scores.
        column: of vectors; None where words alone rank.
        words: the columns of texts that are ranked by words, and that a reranker reads.
        text: what is searched for, as far as words or a reranker ask for it, and `vector` as far as vectors do.
        k: the most rows.
        least: rows with a lower score are left out; of distances, rows with a greater one.
    """

    by: Literal["vector", "text", "hybrid"]
    metric: Ranking
    k: int
    column: str | None = None
    words: tuple[str, ...] = ()
    text: str = ""
    vector: npt.NDArray[np.float32] | None = None
    least: float | None = None
    reranker: Reranker | None = None


def best_rows(source: TableSource, asked: Asked, allowed: Rowids | None) -> pl.DataFrame:
    """Return the best rows among `allowed` (rowids, ascending; None: all), best first: rowid, score."""
    wider = max(CANDIDATES_MIN, asked.k * CANDIDATES_PER_ROW)
    hits = _ranked(source, asked, asked.k if asked.reranker is None else wider, wider, allowed)
    descending = asked.by != "vector" or descends(asked.metric)
    if asked.reranker is not None:
        texts = source.texts(asked.words, hits["rowid"].to_list())
        scores = pl.Series("score", asked.reranker.scores(asked.text, texts), dtype=pl.Float64)
        hits = hits.with_columns(scores).sort("score", descending=True, maintain_order=True).head(asked.k)
        descending = True
    if asked.least is None:
        return hits
    return hits.filter(pl.col("score") >= asked.least if descending else pl.col("score") <= asked.least)


def _ranked(source: TableSource, asked: Asked, k: int, wider: int, allowed: Rowids | None) -> pl.DataFrame:
    if asked.by == "vector":
        return _nearest(source, asked, k, allowed)
    one = len(asked.words) == 1
    rows = k if asked.by == "text" else wider
    texts = summed([source.search_text(c, asked.text, rows if one else None, allowed) for c in asked.words], rows)
    if asked.by == "text":
        return texts
    nearest = _nearest(source, asked, wider, allowed)
    return fused(texts, nearest, asked.metric, k)


def _nearest(source: TableSource, asked: Asked, k: int, allowed: Rowids | None) -> pl.DataFrame:
    assert asked.column is not None and asked.vector is not None and asked.metric != "bm25", "vectors are searched"
    return source.search(asked.column, asked.vector, asked.metric, k, allowed)
