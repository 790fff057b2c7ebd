"""Tables with one more vector index or full-text index, as the catalog describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from rem_arrow.access.vector_columns import column_of, searchable
from rem_arrow.base import checks
from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Table, TextIndex, VectorIndex
from rem_arrow.base.source import Metric
from rem_arrow.storage.version import TableVersion

_METRICS = ("cosine", "inner_product", "l2")


def with_vector_index(
    tv: TableVersion,
    tables: Mapping[int, TableVersion],
    column: str,
    metric: Metric,
    dimension: int | None,
    m: int,
    ef_construction: int,
) -> tuple[Table, VectorIndex]:
    """Return the table with one more vector index, and the index. Raises InputError."""
    table = tv.table
    checked_metric(metric)
    checks.text(column, "the name of a column")
    vectors = column_of(tv, column, tables, dimension)
    if vectors is None:
        field = next((f for f in table.fields if f.name == column), None)
        if field is None:
            raise InputError(
                f'no column "{column}" in {table.name}. '
                f"{suggest(column, [*table.names, *searchable(table)], 'Columns')}"
            )
        hint = "; give the dimension of its lists" if isinstance(field.dtype, pl.List) else ""
        raise InputError(f"{table.name}.{column} is not a column of vectors{hint}")
    if dimension is not None and dimension != vectors.dimension:
        raise InputError(f"the vectors of {table.name}.{column} have {vectors.dimension} dimensions, not {dimension}")
    if any(i.column == column and i.metric == metric for i in table.vector_indexes):
        raise InputError(f"{table.name}.{column} has an index for {metric} already")
    if not 2 <= m <= 512 or not 1 <= ef_construction <= 10_000:
        raise InputError(f"m is from 2 to 512 and ef_construction from 1 to 10,000, not {m} and {ef_construction}")
    index = VectorIndex(f"{table.name}_{column}_{metric}", column, metric, vectors.dimension, m, ef_construction)
    return replace(table, vector_indexes=(*table.vector_indexes, index)), index


def with_text_index(table: Table, column: str, name: str = "") -> Table:
    """Return the table with one more full-text index. Raises InputError."""
    field = table.field(column)
    if not isinstance(field.dtype, (pl.String, pl.Enum, pl.Categorical)):
        raise InputError(f"{table.name}.{column} is {sql_name(field.dtype)}; a full-text index is on a text")
    if any(i.column == column for i in table.text_indexes):
        raise InputError(f"{table.name}.{column} has a full-text index already")
    return replace(table, text_indexes=(*table.text_indexes, TextIndex(name or f"{table.name}_{column}_bm25", column)))


def checked_metric(metric: str) -> str:
    """Return the metric. Raises InputError for a word that is none."""
    return checks.one_of(metric, "metric", _METRICS)
