"""The rows that an index gives: the inputs and options of the call are computed, and the catalog is asked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.source import IndexCall
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.nodes import Index, Relation

Run = Callable[[Relation], pl.DataFrame]


def rows(plan: Index, context: Lowering, run: Run) -> pl.DataFrame:
    """Return the rows; each column of the plan under its unique name."""
    spec = INDEX_FUNCTIONS[plan.function]
    inputs = [run(i).to_series().drop_nulls() for i in plan.inputs]
    texts = inputs[: len(inputs) - len(plan.named)]
    relations = dict(zip(plan.named, inputs[len(texts) :], strict=True))
    texts += [pl.Series([], dtype=pl.String)] * (len(spec.inputs) - len(texts))
    by_name = dict(plan.options)
    options = {
        o.name: _plain(context.value(by_name[o.name]), o.dtype) if o.name in by_name else o.default
        for o in spec.options
    }
    columns = tuple(column for _, column, _ in plan.columns)
    call = IndexCall(tuple(texts), options, columns, relations, context.bounds.deadline)
    answer = context.environment.catalog.index(plan.function, call)
    return answer.select(pl.col(column).alias(name) for name, column, _ in plan.columns)


def _plain(value: object, dtype: pl.DataType) -> object:
    """Return a constant as a plain value; a single item where a list belongs makes one."""
    value = value.to_list() if isinstance(value, pl.Series) else value
    return [value] if isinstance(dtype, pl.List) and value is not None and not isinstance(value, list) else value
