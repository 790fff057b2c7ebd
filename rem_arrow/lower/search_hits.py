"""Search by vector or by words: who is nearest among the rows that may be found, and these rows with their scores."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import BindError, ExecuteError
from rem_arrow.lower.best_rows import Asked, best_rows
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.nodes import (
    Cast,
    Column,
    Hit,
    Literal,
    Parameter,
    Project,
    Relation,
    Scan,
    Search,
    Sort,
    Values,
)

if TYPE_CHECKING:
    import numpy.typing as npt

Run = Callable[[Relation], pl.DataFrame]


def hits(plan: Search, hit: Hit, context: Lowering, run: Run) -> pl.DataFrame:
    """Return the nearest rows for one of the searches: the column of rowids, and the score."""
    source = context.environment.catalog.source(hit.source)
    if source is None:
        raise BindError(f'the table "{hit.source}" is gone')
    query, *texts = _query(hit.query, context, run)
    empty = pl.DataFrame(schema={hit.rowid: pl.Int64, hit.score: pl.Float64})
    if query is None:
        return empty
    allowed = (
        None
        if _is_whole(plan.input)
        else _ascending(
            run(Project(plan.input, ((hit.rowid, Column(hit.rowid, pl.Int64())),))).to_series().drop_nulls().to_numpy()
        )
    )
    k = context.value(hit.k)
    if not isinstance(k, int) or k < 0:
        raise ExecuteError(f"k of a search is a whole number that is not negative, not {k!r}")
    if not k:
        return empty
    least = None if hit.least is None else context.value(hit.least)
    if least is not None and not isinstance(least, (int, float, Decimal)):
        raise ExecuteError(f"min_score of a search is a number, not {least!r}")
    by_words = hit.metric == "bm25"
    asked = Asked(
        "text" if by_words else "hybrid" if hit.metric == "hybrid" else "vector",
        "cosine" if hit.metric == "hybrid" else hit.metric,
        k,
        None if by_words else hit.column,
        (hit.column,) if by_words else hit.words,
        str(query) if by_words else str(*texts),
        None if by_words else _vector(query, source.vectors[hit.column].dimension, hit),
        None if least is None else float(least),
        context.environment.catalog.reranker(hit.reranker) if hit.reranker else None,
    )
    return _named(best_rows(source, asked, allowed), hit)


def _named(hits: pl.DataFrame, hit: Hit) -> pl.DataFrame:
    return pl.DataFrame([hits["rowid"].alias(hit.rowid), hits["score"].alias(hit.score)])


def _query(plan: Relation, context: Lowering, run: Run) -> list[object]:
    """Return what is searched for, as each column says; NULL is near to nothing."""
    if isinstance(plan, Project) and isinstance(plan.input, Values):
        exprs = [expr.operand if isinstance(expr, Cast) else expr for _, expr in plan.outputs]
        if all(isinstance(expr, (Parameter, Literal)) for expr in exprs):
            return [context.value(expr) for expr in exprs]
    rows = run(plan)
    if rows.height > 1:
        raise ExecuteError("the subquery of a search gives more than one value")
    return list(rows.row(0)) if rows.height else [None] * rows.width


def _vector(value: object, dimension: int, hit: Hit) -> npt.NDArray[np.float32]:
    values = list(value)  # type: ignore[call-overload]
    if any(v is None for v in values):
        raise ExecuteError("the query vector holds a NULL")
    if len(values) != dimension:
        raise ExecuteError(
            f"the query has {len(values)} dimensions, and the vectors of {hit.source}.{hit.column} have {dimension}"
        )
    query = np.asarray(values, dtype=np.float32)
    if not np.isfinite(query).all():
        raise ExecuteError("the query vector holds a NaN or an infinite number")
    return query


def _ascending(rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return each rowid once, in order. They mostly come so from a scan, and numpy's unique would hash them all."""
    if (rowids[1:] > rowids[:-1]).all():
        return rowids
    ordered = np.sort(rowids)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    once: npt.NDArray[np.int64] = ordered[first]
    return once


def _is_whole(plan: Relation) -> bool:
    """Say whether a plan has every row of its one table."""
    while isinstance(plan, (Project, Sort)):
        plan = plan.input
    return isinstance(plan, Scan)
