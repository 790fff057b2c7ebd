"""What `search`, `similar` and `create_index` of the database mean: SQL texts with their parameters, and descriptions of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from rem_arrow.errors import InputError, suggest
from rem_arrow.model.registry import id_text
from rem_arrow.schema import Table, VectorIndex
from rem_arrow.source import Metric
from rem_arrow.storage.version import TableVersion
from rem_arrow.vectors import column_of, searchable

_METRICS = ("cosine", "inner_product", "l2")
Text = tuple[str, dict[str, Any]]


def search_query(table: str, column: str, metric: Metric, query: str | Sequence[float], k: int, where: str | None, parameters: Mapping[str, Any] | None) -> Text:
    """Return the SELECT for a search by text or vector."""
    if "query" in (parameters or {}) or "k" in (parameters or {}):
        raise InputError("the parameters $query and $k are taken by the search itself; name yours otherwise")
    condition = "" if where is None else f" AND ({where}\n)"
    return f"SELECT * FROM {_quoted(table)} AS r WHERE r.{_quoted(column)}.{_checked(metric)}($query, k => $k){condition}", {**(parameters or {}), "query": query, "k": _count(k)}


def similar_query(table: str, column: str, metric: Metric, id: object, k: int) -> Text:
    """Return the SELECT for the rows near to another one."""
    vector = f"(SELECT {_quoted(column)} FROM {_quoted(table)} WHERE id = $id)"
    text = f"SELECT * FROM {_quoted(table)} AS r WHERE r.{_quoted(column)}.{_checked(metric)}({vector}, k => $k) AND r.id <> $id"
    return text, {"id": id_text(id, table), "k": _count(k)}


def with_vector_index(
    tv: TableVersion, tables: Mapping[int, TableVersion], column: str, metric: Metric, dimension: int | None, m: int, ef_construction: int
) -> tuple[Table, VectorIndex]:
    """Return the table with one more vector index, and the index. Raises InputError."""
    table = tv.table
    _checked(metric)
    found = column_of(tv, column, tables, dimension)
    if found is None:
        field = next((f for f in table.fields if f.name == column), None)
        if field is None:
            raise InputError(f'no column "{column}" in {table.name}. {suggest(column, [*table.names, *searchable(table)], "Columns")}')
        hint = "; give the dimension of its lists" if isinstance(field.dtype, pl.List) else ""
        raise InputError(f"{table.name}.{column} is no column of vectors{hint}")
    if dimension is not None and dimension != found.dimension:
        raise InputError(f"the vectors of {table.name}.{column} have {found.dimension} dimensions, not {dimension}")
    if any(i.column == column and i.metric == metric for i in table.vector_indexes):
        raise InputError(f"{table.name}.{column} has an index for {metric} already")
    if not 2 <= m <= 512 or not 1 <= ef_construction <= 10_000:
        raise InputError(f"m is from 2 to 512 and ef_construction from 1 to 10,000, not {m} and {ef_construction}")
    index = VectorIndex(f"{table.name}_{column}_{metric}", column, metric, found.dimension, m, ef_construction)
    return replace(table, vector_indexes=(*table.vector_indexes, index)), index


def _quoted(name: str) -> str:
    if not isinstance(name, str):
        raise InputError(f"a column is named by a text, not {name!r}")
    return '"' + name.replace('"', '""') + '"'


def _checked(metric: str) -> str:
    if metric not in _METRICS:
        raise InputError(f"metric is 'cosine', 'inner_product' or 'l2', not {metric!r}")
    return metric


def _count(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k is a whole number of at least 1, not {k!r}")
    return k
