"""The rows that an index gives: the inputs and options of the call are computed, and the catalog is asked."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.source import CALL, IndexCall
from rem_arrow.lower.context import Lowering
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.nodes import Index, Relation

Run = Callable[[Relation], pl.DataFrame]


def rows(plan: Index, context: Lowering, run: Run) -> pl.DataFrame:
    """Return the rows; each column of the plan under its unique name."""
    spec = INDEX_FUNCTIONS[plan.function]
    inputs = [run(i) for i in plan.inputs]
    asked = inputs[: len(inputs) - len(plan.named)]
    relations = {
        name: frame.to_series().drop_nulls() for name, frame in zip(plan.named, inputs[len(asked) :], strict=True)
    }
    texts = [frame.to_series() for frame in asked]
    texts += [pl.Series([], dtype=pl.String)] * (len(spec.inputs) - len(texts))
    by_name = dict(plan.options)
    options = {
        o.name: _plain(context.value(by_name[o.name]), o.dtype) if o.name in by_name else o.default
        for o in spec.options
    }
    columns = tuple(column for _, column, _ in plan.columns)
    keys, calls = _calls(plan, asked)
    call = IndexCall(tuple(texts), options, columns, relations, context.bounds.deadline, calls)
    answer = context.environment.catalog.index(plan.function, call)
    own = pl.DataFrame([answer.get_column(c) for c in columns], [name for name, _, _ in plan.columns])
    return own if keys is None else pl.concat([own, keys[answer[CALL]]], how="horizontal")


def _calls(plan: Index, asked: list[pl.DataFrame]) -> tuple[pl.DataFrame | None, tuple[pl.Series, ...]]:
    """Return the keys of the calls by number, and for each input the number of the call that its texts are of."""
    if not plan.keys:
        return None, ()
    names = [name for name, _ in plan.keys]
    of_inputs = [frame[:, 1:].rename(dict(zip(frame.columns[1:], names, strict=True))) for frame in asked]
    keys = pl.concat(of_inputs).unique(maintain_order=True)
    numbered = keys.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(CALL))
    calls = [f.join(numbered, on=names, how="left", nulls_equal=True, maintain_order="left")[CALL] for f in of_inputs]
    return keys, tuple(calls)


def _plain(value: object, dtype: pl.DataType) -> object:
    """Return a constant as a plain value; a single item where a list belongs makes one."""
    value = value.to_list() if isinstance(value, pl.Series) else value
    return [value] if isinstance(dtype, pl.List) and value is not None and not isinstance(value, list) else value
