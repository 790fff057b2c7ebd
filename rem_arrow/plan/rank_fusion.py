"""Reciprocal rank fusion: the scores of several searches as one.

A row gets from each search that scores it a share of 1 / (CONSTANT + rank), and its fused score is their sum. Its rank
is 1 + the number of rows that score better in that search, so rows that score alike share a rank.

Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning
Methods", SIGIR 2009.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

CONSTANT = 60


def descends(ranking: str | None) -> bool:
    """Say whether the best score of a ranking is the greatest; `l2` alone is a distance. None is any other score."""
    return ranking != "l2"


def summed(rankings: Sequence[pl.DataFrame], k: int) -> pl.DataFrame:
    """Return the k best rows by the sum of their scores in several rankings."""
    if len(rankings) == 1:
        return rankings[0].head(k)
    return (
        pl.concat(rankings)
        .group_by("rowid")
        .agg(pl.col("score").sum())
        .sort(["score", "rowid"], descending=[True, False])
        .head(k)
    )
