"""Scores of vectors as numbers, one for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.source import Metric
from rem_arrow.index import exact
from rem_arrow.storage import codec

if TYPE_CHECKING:
    import numpy.typing as npt

# The functions of the plan, and what each measures.
METRICS: dict[str, Metric] = {f"vector_{m}": m for m in cast("tuple[Metric, ...]", ("cosine", "inner_product", "l2"))}


def against(column: pl.Expr, query: object, metric: Metric) -> pl.Expr:
    """Return the score of each row against one vector; NULL without a vector, and for a vector of zeros under
    cosine."""
    if query is None:
        return pl.when(column.is_null()).then(None).otherwise(None).cast(pl.Float64)
    vector = np.asarray(list(query), dtype=np.float32)  # type: ignore[call-overload]
    return column.map_batches(lambda s: _scores(s, vector, metric), return_dtype=pl.Float64, is_elementwise=True)


def between(left: pl.Expr, right: pl.Expr, metric: Metric) -> pl.Expr:
    """Return the score of the two vectors of each row."""
    return pl.map_batches([left, right], lambda pair: _pairs(pair[0], pair[1], metric), return_dtype=pl.Float64)


def _scores(values: pl.Series, query: npt.NDArray[np.float32], metric: Metric) -> pl.Series:
    if isinstance(values.dtype, pl.Array) and values.dtype.size != len(query):
        raise ExecuteError(f"the query has {len(query)} dimensions, and the vectors have {values.dtype.size}")
    matrix, valid = codec.matrix(values, len(query)), codec.valid_vectors(values, len(query))
    scores = exact.scores(matrix, query, metric)
    return (
        pl.Series(values.name, scores, nan_to_null=True)
        if valid is None
        else pl.Series(values.name, np.where(valid, scores, np.nan), nan_to_null=True)
    )


def _pairs(left: pl.Series, right: pl.Series, metric: Metric) -> pl.Series:
    """Score the rows of two columns against each other."""
    scores: list[float | None] = []
    for a, b in zip(left, right, strict=True):
        if a is None or b is None:
            scores.append(None)
            continue
        x, y = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
        if len(x) != len(y):
            raise ExecuteError(f"vectors of {len(x)} and {len(y)} dimensions have no score")
        value = float(exact.scores(x.reshape(1, -1), y, metric)[0])
        scores.append(None if np.isnan(value) else value)
    return pl.Series(left.name, scores, dtype=pl.Float64)


def of_rows(rowids: pl.Expr, hits: object) -> pl.Expr:
    """Return the score of each row, NULL for one that was not found; `hits` is a frame of rowids and scores."""
    if hits is None:
        return pl.when(rowids.is_null()).then(None).otherwise(None).cast(pl.Float64)
    assert isinstance(hits, pl.DataFrame), "the engine made it"
    scored, scores = hits["rowid"].to_numpy(), hits["score"].to_numpy()
    order = np.argsort(scored, kind="stable")
    scored, scores = scored[order], scores[order]

    def score(rows: pl.Series) -> pl.Series:
        if not len(scored):
            return pl.Series(rows.name, [None], dtype=pl.Float64).new_from_index(0, len(rows))
        sought = rows.fill_null(-1).to_numpy()
        places = np.minimum(np.searchsorted(scored, sought), len(scored) - 1)
        return pl.Series(rows.name, np.where(scored[places] == sought, scores[places], np.nan), nan_to_null=True)

    return rowids.map_batches(score, return_dtype=pl.Float64, is_elementwise=True)
