"""A search by words and one by vectors as one, each by how sure it is.

A row gets from each search the distance of its score to the last candidate's, in standard deviations of the candidates'
scores; its fused score is the sum. So a search that is sure, with few rows far above the others, counts more than one
that finds all alike, which fusing by ranks cannot tell. Rows that hold none of the words have the score 0, and take
part in the deviation of the search by words: a code that a single row holds puts it first.

Source: Montague and Aslam, "Relevance Score Normalization for Metasearch", CIKM 2001.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from rem_arrow.base.source import Ranking
from rem_arrow.plan.rank_fusion import descends, summed

# Scores that differ by less of the greatest are one score, but for rounding.
_ALIKE = 1e-9


def fused(words: pl.DataFrame, nearest: pl.DataFrame, metric: Ranking, k: int) -> pl.DataFrame:
    """Return the k best rows of both searches, best first: rowid, score.

    Args:
        words: the best rows by BM25, rowid and score; fewer than `nearest` has where no more rows hold a word.
        nearest: the best rows by `metric`, with the same columns.
    """
    score = pl.col("score").cast(pl.Float64)
    rankings = [
        _standard(words.select("rowid", score), max(len(nearest) - len(words), 0)),
        _standard(nearest.select("rowid", score if descends(metric) else -score), 0),
    ]
    return summed(rankings, k)


def _standard(hits: pl.DataFrame, absent: int) -> pl.DataFrame:
    """Return the distance of each score to the least, in standard deviations; beside the hits stand so many rows of
    score 0. Of scores that are all alike each counts 1."""
    scores = np.concatenate([hits["score"].to_numpy(), np.zeros(absent)])
    spread = float(scores.std()) if len(scores) else 0.0
    if spread <= _ALIKE * float(np.abs(scores).max(initial=0.0)):
        return hits.with_columns(pl.lit(1.0).alias("score"))
    return hits.with_columns((pl.col("score") - scores.min()) / spread)
