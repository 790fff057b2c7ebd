"""DESCRIBE and SUMMARIZE, as statements and as queries: rows about the columns of a table or query."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name, type_name
from rem_arrow.base.quoting import literal
from rem_arrow.base.schema import Field, Table
from rem_arrow.plan import types
from rem_arrow.plan.nodes import Literal, Query, Relation, Values
from rem_arrow.plan.origin import stored_column
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.trees import literal_text
from rem_arrow.storage import values


def _has_order(dtype: pl.DataType) -> bool:
    """Say whether values of a type have a mean and quantiles."""
    return types.is_number(dtype) or types.is_temporal(dtype)


_TEXT = pl.String()
_DESCRIBED = ("column_name", "column_type", "null", "key", "default", "extra")
# No user's CTE has a name with a line break.
SOURCE = "summarize\nsource"
# What SUMMARIZE says of a column x: the name of the result, its type, what it is, and which columns have it.
_SAID: tuple[tuple[str, str, str, Callable[[pl.DataType], bool]], ...] = (
    ("min", "VARCHAR", "min(x)", lambda _: True),
    ("max", "VARCHAR", "max(x)", lambda _: True),
    ("approx_unique", "BIGINT", "approx_count_distinct(x)", lambda _: True),
    ("avg", "VARCHAR", "avg(x)", _has_order),
    ("std", "VARCHAR", "stddev(x::DOUBLE)", types.is_number),
    ("q25", "VARCHAR", "approx_quantile(x, 0.25)", _has_order),
    ("q50", "VARCHAR", "approx_quantile(x, 0.5)", _has_order),
    ("q75", "VARCHAR", "approx_quantile(x, 0.75)", _has_order),
    ("count", "BIGINT", "count(*)", lambda _: True),
    ("null_percentage", "DECIMAL(9, 2)", "100.0 * (count(*) - count(x)) / nullif(count(*), 0)", lambda _: True),
)


def relation(tree: exp.Expression) -> exp.Expression:
    """Return what DESCRIBE and SUMMARIZE read; a text in quotes is the name of a file, as in FROM."""
    name = literal_text(tree)
    return tree if name is None else exp.Table(this=exp.to_identifier(name, quoted=True))


def described(context: StatementContext, query: Query) -> Query:
    """Return column_name, column_type, null, key, default and extra of each column of a query."""
    rows = []
    for name, (unique, dtype) in zip(query.names, query.plan.schema.items(), strict=True):
        table, field = _stored(context, query.plan, unique)
        row = (
            name,
            type_name(dtype) if field is None else _type_name(field),
            "YES" if field is None or field.nullable else "NO",
            None if table is None or field is None else _key(table, field.name),
            None if field is None else _default(field),
            None,
        )
        rows.append(tuple(Literal(value, _TEXT) for value in row))
    columns = tuple((context.names.fresh(name), _TEXT) for name in _DESCRIBED)
    return Query(Values(columns, tuple(rows)), _DESCRIBED)


def _stored(context: StatementContext, plan: Relation, column: str) -> tuple[Table | None, Field | None]:
    """Return the table and the field that a column is, with its key and DEFAULT."""
    source, name = stored_column(plan, column) or ("", "")
    table = context.catalog.table(source) if source else None
    return table, None if table is None else next((f for f in table.fields if f.name == name), None)


def summary(query: Query) -> exp.Expression:
    """Return the SELECT that says of each column of SOURCE, whose columns are c0, c1 and so on, its name, type, min,
    max, approx_unique, avg, std, quartiles, count and null_percentage."""
    dtypes = list(query.plan.schema.values())
    shown = {
        "column_name": [literal(name) for name in query.names],
        "column_type": [literal(type_name(dtype)) for dtype in dtypes],
    }
    for name, kind, sql, has in _SAID:
        own = (sql.replace("(x", f"(c{i}").replace("x)", f"c{i})") if has(t) else "NULL" for i, t in enumerate(dtypes))
        shown[name] = [f"CAST({value} AS {kind})" for value in own]
    items = ", ".join(f"unnest([{', '.join(cells)}]) AS {name}" for name, cells in shown.items())
    return parse(f'SELECT {items} FROM "{SOURCE}"')


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
    value = pl.Series([field.default if convert is None else convert(field.default)], dtype=field.dtype)[0]
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(field: Field) -> str:
    return "JSON" if field.encoding == "json" else sql_name(field.dtype)
