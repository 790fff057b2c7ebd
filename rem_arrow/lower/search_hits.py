"""Search by vector or by words: who is nearest among the rows that may be found, and these rows with their scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import BindError, ExecuteError
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.nodes import (
    Cast,
    Column,
    Hit,
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
    query = _query(hit.query, context, run)
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
    if hit.metric == "bm25":
        return _named(source.search_text(hit.column, str(query), k, allowed), hit)
    return _named(
        source.search(hit.column, _vector(query, source.vectors[hit.column].dimension, hit), hit.metric, k, allowed),
        hit,
    )


def _named(hits: pl.DataFrame, hit: Hit) -> pl.DataFrame:
    return pl.DataFrame([hits["rowid"].alias(hit.rowid), hits["score"].alias(hit.score)])


def _query(plan: Relation, context: Lowering, run: Run) -> object:
    """Return what is searched for; None when it is NULL, which is near to nothing."""
    expr = plan.outputs[0][1] if isinstance(plan, Project) and isinstance(plan.input, Values) else None
    expr = expr.operand if isinstance(expr, Cast) else expr
    if isinstance(expr, Parameter):
        return context.value(expr)
    values = run(plan).to_series()
    if len(values) > 1:
        raise ExecuteError("the subquery of a search gives more than one value")
    return values[0] if len(values) else None


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
