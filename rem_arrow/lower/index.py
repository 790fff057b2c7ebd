"""The rows that an index gives: the inputs and options of the call are computed, and the catalog is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from rem_arrow.lower.expression import lower_expr
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.nodes import Expr, Index, Literal, Parameter, Relation
from rem_arrow.source import Catalog, IndexCall

Run = Callable[[Relation], pl.DataFrame]


def rows(
    plan: Index, catalog: Catalog, parameters: Mapping[str, object], run: Run, deadline: float | None
) -> pl.DataFrame:
    """Return the rows; each wanted column under its unique name."""
    spec = INDEX_FUNCTIONS[plan.function]
    given_inputs = [run(i).to_series().drop_nulls() for i in plan.inputs]
    inputs = given_inputs[: len(given_inputs) - len(plan.named)]
    inputs += [pl.Series([], dtype=pl.String)] * (len(spec.inputs) - len(inputs))
    relations = dict(zip(plan.named, given_inputs[len(given_inputs) - len(plan.named) :], strict=True))
    given = dict(plan.options)
    options = {
        o.name: _value(given[o.name], o.dtype, parameters) if o.name in given else o.default for o in spec.options
    }
    found = catalog.index(
        plan.function, IndexCall(tuple(inputs), options, tuple(c for _, c, _ in plan.columns), relations, deadline)
    )
    return found.select(pl.col(column).alias(name) for name, column, _ in plan.columns)


def _value(expr: Expr, dtype: pl.DataType, parameters: Mapping[str, object]) -> object:
    """Return a constant as a plain value; where a list is wanted, a single item makes one."""
    if isinstance(expr, (Literal, Parameter)):
        value = expr.value if isinstance(expr, Literal) else parameters[expr.name]
    else:
        value = pl.select(lower_expr(expr, parameters)).item()
    value = value.to_list() if isinstance(value, pl.Series) else value
    return [value] if isinstance(dtype, pl.List) and value is not None and not isinstance(value, list) else value
