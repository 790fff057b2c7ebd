"""DESCRIBE and SUMMARIZE, whose results are rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.schema import Field, Table
from rem_arrow.plan.nodes import Column, Project, Query
from rem_arrow.sql.bind.query import Binder
from rem_arrow.sql.statement.statement import Describe, Summarize
from rem_arrow.sql.text.trees import parts_of
from rem_arrow.statements.environment import Context, Result
from rem_arrow.storage import values

_DESCRIBED = dict.fromkeys(("column_name", "column_type", "null", "key", "default", "extra"), pl.String)
_SUMMARY: dict[str, Any] = {
    **dict.fromkeys(("column_name", "column_type", "min", "max"), pl.String),
    "approx_unique": pl.Int64,
    **dict.fromkeys(("avg", "std", "q25", "q50", "q75"), pl.String),
    "count": pl.Int64,
    "null_percentage": pl.Float64,
}


def describe(context: Context, statement: Describe) -> Result:
    """Return column_name, column_type, null, key, default and extra of each column of a table or query."""
    snapshot = context.snapshot()
    query = Binder(context.text, snapshot, context.dtypes, context.evaluate(snapshot)).statement(statement.tree)
    context.parsed.check_read()
    table = snapshot.table(parts_of(statement.tree)) if statement.tree.key == "table" else None
    fields = {} if table is None else {f.name: f for f in table.fields}
    rows = []
    for name, dtype in zip(query.names, query.plan.schema.values(), strict=True):
        field = fields.get(name)
        rows.append(
            (
                name,
                sql_name(dtype) if field is None else _type_name(field),
                "YES" if field is None or field.nullable else "NO",
                None if table is None else _key(table, name),
                None if field is None else _default(field),
                f"GENERATED ALWAYS AS ({field.generated})" if field is not None and field.generated else None,
            )
        )
    return pl.DataFrame(rows, schema=_DESCRIBED, orient="row")


def summarize(context: Context, statement: Summarize) -> Result:
    """Return one row a column: min, max, approx_unique, avg, std, quartiles, count and null_percentage. Reads one
    column at a time."""
    snapshot = context.snapshot()
    query = Binder(context.text, snapshot, context.dtypes, context.evaluate(snapshot)).statement(statement.tree)
    context.parsed.check_read()
    rows = []
    for name, (column, dtype) in zip(query.names, query.plan.schema.items(), strict=True):
        single = Query(Project(query.plan, ((column, Column(column, dtype)),)), (name,))
        rows.append((name, sql_name(dtype), *_summary(context.rows(single, snapshot, to_store=True).to_series())))
    return pl.DataFrame(rows, schema=_SUMMARY, orient="row")


def _summary(column: pl.Series) -> tuple[object, ...]:
    present = column.drop_nulls()
    numeric = column.dtype.is_numeric()
    floats = present.cast(pl.Float64) if numeric else None
    ordered = not column.dtype.is_nested() and len(present) > 0
    text = present.cast(pl.String) if isinstance(column.dtype, (pl.Categorical, pl.Enum)) else present
    average = _shown(floats.mean()) if floats is not None else None
    deviation = _shown(floats.std()) if floats is not None else None
    quartiles = [_quartile(floats, q, column.dtype) if floats is not None else None for q in (0.25, 0.5, 0.75)]
    nulls = round(100 * column.null_count() / len(column), 2) if len(column) else None
    low, high = (_shown(text.min()), _shown(text.max())) if ordered else (None, None)
    return (
        low,
        high,
        present.n_unique() if not column.dtype.is_nested() else None,
        average,
        deviation,
        *quartiles,
        len(column),
        nulls,
    )


def _quartile(floats: pl.Series, share: float, dtype: pl.DataType) -> str | None:
    """Return a quartile as a value of the column: of integers a whole number."""
    value = floats.quantile(share, "linear")
    return _shown(pl.Series([value]).round().cast(pl.Int128)[0] if dtype.is_integer() and value is not None else value)


def _shown(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _key(table: Table, name: str) -> str | None:
    kinds = {key.kind for key in table.keys if name in key.columns}
    return "PRI" if name in table.key or "PRIMARY KEY" in kinds else "UNI" if kinds else None


def _default(field: Field) -> str | None:
    """Return the DEFAULT of new rows in SQL, or as its value."""
    if field.default_sql is not None:
        return None if field.default_sql == "NULL" else field.default_sql
    if field.default is None:
        return None
    convert = values.from_plain(field.dtype)
    value = field.default if convert is None else convert(field.default)
    return _shown(pl.Series([value], dtype=field.dtype)[0])


def _type_name(field: Field) -> str:
    return "JSON" if field.encoding == "json" else sql_name(field.dtype)
