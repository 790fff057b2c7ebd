"""Search by vector or by words: who is nearest among the rows that may be found, and these rows with their scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import BindError, ExecuteError
from rem_arrow.base.source import ROWID, Rowids, VectorSpec
from rem_arrow.lower.best_rows import NO_HITS, Asked, Question, best_rows
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.nodes import (
    Cast,
    Column,
    Filter,
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
from rem_arrow.plan.statement_time import NOW
from rem_arrow.plan.volatility import is_volatile
from rem_arrow.plan.walk import every_expr

if TYPE_CHECKING:
    import numpy.typing as npt

# The values by which filters are told apart.
_CONSTANTS = (str, int, float, Decimal, dt.date, dt.time, dt.timedelta, type(None))

Run = Callable[[Relation], pl.DataFrame]


def hits(plan: Search, hit: Hit, context: Lowering, run: Run) -> pl.DataFrame:
    """Return the nearest rows for one of the searches: the column of rowids, the keys of the search, and the score."""
    source = context.environment.catalog.source(hit.source)
    if source is None:
        raise BindError(f'the table "{hit.source}" is gone')
    asked = _asked(hit, context)
    calls, questions = _questions(plan, hit, source.vectors, context, run)
    found: list[tuple[list[int], pl.DataFrame]] = []
    if questions and asked.k:
        for places, allowed in _among(plan, hit, calls, len(questions), context, run):
            found.append((places, best_rows(source, asked, [questions[i] for i in places], allowed)))
    if found and not plan.keys:
        ((_, one),) = found
        return pl.DataFrame([one["rowid"], one["score"]], [hit.rowid, hit.score])
    hits = pl.concat(
        [NO_HITS, *(rows.with_columns(pl.Series("query", p, dtype=pl.Int64)[rows["query"]]) for p, rows in found)]
    )
    return pl.DataFrame(
        [hits["rowid"].alias(hit.rowid), *(calls[hits["query"]] if plan.keys else ()), hits["score"].alias(hit.score)]
    )


def _asked(hit: Hit, context: Lowering) -> Asked:
    k = context.value(hit.k)
    if not isinstance(k, int) or k < 0:
        raise ExecuteError(f"k of a search is a whole number that is not negative, not {k!r}")
    least = None if hit.least is None else context.value(hit.least)
    if least is not None and not isinstance(least, (int, float, Decimal)):
        raise ExecuteError(f"min_score of a search is a number, not {least!r}")
    by_words = hit.metric == "bm25"
    return Asked(
        "text" if by_words else "hybrid" if hit.metric == "hybrid" else "vector",
        "cosine" if hit.metric == "hybrid" else hit.metric,
        k,
        None if by_words else hit.column,
        (hit.column,) if by_words else hit.words,
        None if least is None else float(least),
        context.environment.catalog.reranker(hit.reranker) if hit.reranker else None,
    )


def _questions(
    plan: Search, hit: Hit, vectors: Mapping[str, VectorSpec], context: Lowering, run: Run
) -> tuple[pl.DataFrame, list[Question]]:
    """Return the keys of the searches, and what each searches for; NULL is near to nothing."""
    rows, calls = _rows(plan, hit, context, run)
    there = [i for i, row in enumerate(rows) if row[0] is not None]
    rows, calls = [rows[i] for i in there], calls[there] if plan.keys else calls
    if hit.metric == "bm25":
        return calls, [Question(str(row[0])) for row in rows]
    if hit.provider:
        texts = list(dict.fromkeys(str(row[0]) for row in rows))
        embedded = dict(zip(texts, context.environment.embed(hit.provider, texts), strict=True)) if texts else {}
        return calls, [Question(str(row[0]), embedded[str(row[0])]) for row in rows]
    dimension = vectors[hit.column].dimension
    return calls, [Question(str(*row[1:]), _vector(row[0], dimension, hit)) for row in rows]


def _rows(plan: Search, hit: Hit, context: Lowering, run: Run) -> tuple[list[tuple[object, ...]], pl.DataFrame]:
    """Return what is searched for, as each column of the query says, and the keys of each search."""
    query = hit.query
    if isinstance(query, Project) and isinstance(query.input, Values) and not plan.keys:
        exprs = [expr.operand if isinstance(expr, Cast) else expr for _, expr in query.outputs]
        if all(isinstance(expr, (Parameter, Literal)) for expr in exprs):
            return [tuple(context.value(expr) for expr in exprs)], pl.DataFrame()
    rows = run(query)
    if not plan.keys:
        if rows.height > 1:
            raise ExecuteError("the subquery of a search gives more than one value")
        return rows.rows(), pl.DataFrame()
    width = rows.width - len(plan.keys)
    calls = rows[:, width:]
    calls.columns = [name for name, _ in plan.keys]
    return rows[:, :width].rows(), calls


def _among(
    plan: Search, hit: Hit, calls: pl.DataFrame, count: int, context: Lowering, run: Run
) -> Iterator[tuple[list[int], npt.NDArray[np.int64] | None]]:
    """Yield the searches that are among the same rows, by their places, and these rows; None where they are all."""
    own = tuple((name, dtype) for name, dtype in plan.keys if name in plan.input.schema)
    if not own and _is_whole(plan.input):
        yield list(range(count)), None
        return
    if not own:
        yield list(range(count)), _allowed(plan.input, hit.rowid, context, run)
        return
    outputs = ((hit.rowid, Column(hit.rowid, pl.Int64())), *((name, Column(name, dtype)) for name, dtype in own))
    rows = run(Project(plan.input, outputs)).drop_nulls(hit.rowid)
    names = [name for name, _ in own]
    places: dict[tuple[object, ...], list[int]] = {}
    for place, values in enumerate(calls.select(names).rows()):
        places.setdefault(values, []).append(place)
    for values, part in rows.partition_by(names, as_dict=True, include_key=False).items():
        if values in places:
            yield places[values], _ascending(part.to_series().to_numpy())


def _allowed(plan: Relation, rowid: str, context: Lowering, run: Run) -> Rowids:
    """Return the rowids of what a search may find, ascending; of a filter of one table those that were computed before,
    if its rows are the same."""

    def compute() -> Rowids:
        rows = run(Project(plan, ((rowid, Column(rowid, pl.Int64())),)))
        return _ascending(rows.to_series().drop_nulls().to_numpy())

    scan = plan
    while isinstance(scan, (Project, Filter, Sort)):
        scan = scan.input
    catalog, constants = context.environment.catalog, [rowid]
    source = catalog.source(scan.source) if isinstance(scan, Scan) else None
    if not isinstance(scan, Scan) or source is None:
        return compute()
    if any(column not in source.schema and column != ROWID for _, column, _ in scan.columns):
        return compute()
    for expr in every_expr(plan):
        if isinstance(expr, (Literal, Parameter)):
            value = context.value(expr)
            if not isinstance(value, _CONSTANTS) or expr == NOW:
                return compute()
            # What is equal may differ still: 0.0 and -0.0.
            constants.append(repr(value))
        elif is_volatile(expr):
            return compute()
    return catalog.filtered(scan.source, (plan, tuple(constants)), compute)


def _vector(value: object, dimension: int, hit: Hit) -> npt.NDArray[np.float32]:
    values = list(value)  # type: ignore[call-overload]
    if None in values:
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
