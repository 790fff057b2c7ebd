"""Rows that are few and in memory: what a node makes of them at once, column by column, in tens of microseconds.

A query of Polars costs some hundred microseconds, however few its rows are, and more while other threads have the
cores. So a frame that is lowered is a DataFrame for as long as the nodes above it ask for no more than is done here,
and a LazyFrame from the first one on that does: each function returns None for what is left to Polars, and what it
returns is what Polars would have returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import polars as pl

from rem_arrow.plan.nodes import Call, Column, Expr, Literal, Parameter, SortKey
from rem_arrow.plan.walk import conjuncts

Frame: TypeAlias = "pl.DataFrame | pl.LazyFrame"
Parameters: TypeAlias = "Mapping[str, object]"

# What a point read and the hits of a search give at most; a scan of more rows is a query anyway.
_ROWS_MAX = 2_000
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_COMPARED = (pl.String, *_INTEGERS)
_PLAIN = (pl.Boolean, pl.Float32, pl.Float64, *_COMPARED)
_TURNED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def held(rows: pl.DataFrame) -> Frame:
    """Return rows that are in memory as a frame that is held, if they are few."""
    return rows if rows.height <= _ROWS_MAX and rows.width else rows.lazy()


def filtered(rows: pl.DataFrame, condition: Expr, parameters: Parameters) -> pl.DataFrame | None:
    """Return the rows for which a condition is true."""
    for term in conjuncts(condition):
        mask = _mask(rows, term, parameters)
        if mask is None:
            return None
        if not mask.all():
            rows = kept(rows, mask)
    return rows


def kept(rows: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Return the rows for which a mask without NULLs is true."""
    return pl.DataFrame([column.filter(mask) for column in rows.get_columns()])


def projected(rows: pl.DataFrame, outputs: Sequence[tuple[str, Expr]]) -> pl.DataFrame | None:
    """Return columns of the rows under other names."""
    sources = [expr.name for _, expr in outputs if isinstance(expr, Column)]
    if not sources or len(sources) < len(outputs):
        return None
    names = [name for name, _ in outputs]
    if sources != rows.columns:
        return pl.DataFrame([rows.get_column(s) for s in sources], names)
    columns = rows.clone()
    columns.columns = names
    return columns


def constants(
    columns: Sequence[tuple[str, pl.DataType]], rows: Sequence[Sequence[Expr]], parameters: Parameters
) -> pl.DataFrame | None:
    """Return rows of constants."""
    if not all(_is_plain(t) for _, t in columns):
        return None
    values: list[list[object]] = [[] for _ in columns]
    for row in rows:
        for column, expr in zip(values, row, strict=True):
            if not isinstance(expr, (Literal, Parameter)):
                return None
            column.append(expr.value if isinstance(expr, Literal) else parameters[expr.name])
    return pl.DataFrame([pl.Series(n, v, dtype=t) for (n, t), v in zip(columns, values, strict=True)])


def selected(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return some columns of the rows, at least one."""
    return pl.DataFrame([rows.get_column(name) for name in names])


def ordered(rows: pl.DataFrame, keys: Sequence[SortKey]) -> pl.DataFrame | None:
    """Return the rows in order; rows that are equal stay in theirs."""
    order = list(range(rows.height))
    for key in reversed(keys):
        if not isinstance(key.expr, Column) or not _is_plain(key.expr.dtype):
            return None
        values = rows.get_column(key.expr.name).to_list()
        if key.expr.dtype.is_float() and any(value != value for value in values):
            return None
        nulls = [i for i in order if values[i] is None]
        rest = [i for i in order if values[i] is not None] if nulls else order
        # What is equal stays in its order in reverse too.
        rest = sorted(rest, key=values.__getitem__, reverse=key.descending)
        order = rest + nulls if key.nulls_last else nulls + rest
    return gathered(rows, order)


def gathered(rows: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """Return the rows at some places, in their order."""
    if places == list(range(rows.height)):
        return rows
    index = pl.Series("", places, dtype=pl.UInt32)
    return pl.DataFrame([column[index] for column in rows.get_columns()])


def with_scores(rows: pl.DataFrame, hits: pl.DataFrame, rowid: str, score: str) -> pl.DataFrame:
    """Return the rows of the hits of a search, whose rowids differ, with their scores and in their order."""
    of_rowid: dict[object, list[int]] = {}
    for place, row in enumerate(rows.get_column(rowid).to_list()):
        of_rowid.setdefault(row, []).append(place)
    hit_places = [of_rowid.get(row, ()) for row in hits.get_column(rowid).to_list()]
    places = [place for some in hit_places for place in some]
    values = hits.get_column(score).to_list()
    scores = pl.Series(score, [v for v, some in zip(values, hit_places, strict=True) for _ in some], dtype=pl.Float64)
    return pl.DataFrame([*gathered(rows, places).get_columns(), scores])


def _mask(rows: pl.DataFrame, term: Expr, parameters: Parameters) -> pl.Series | None:
    """Return for which rows a term is true: a column beside a constant of its type."""
    if not isinstance(term, Call) or len(term.args) != 2 or term.function not in _TURNED:
        return None
    operator, (left, right) = term.function, term.args
    if isinstance(right, Column):
        operator, left, right = _TURNED[operator], right, left
    if not isinstance(left, Column) or not isinstance(right, (Literal, Parameter)):
        return None
    column = rows.get_column(left.name)
    if left.dtype != right.dtype or column.dtype != left.dtype or not isinstance(left.dtype, _COMPARED):
        return None
    value = right.value if isinstance(right, Literal) else parameters[right.name]
    if value is None:
        return pl.Series([False]).new_from_index(0, rows.height)
    mask = _compared(operator, column, value)
    return mask.fill_null(value=False) if mask.null_count() else mask


def _compared(operator: str, column: pl.Series, value: object) -> pl.Series:
    match operator:
        case "=":
            return column == value
        case "<>":
            return column != value
        case "<":
            return column < value
        case "<=":
            return column <= value
        case ">":
            return column > value
        case _:
            return column >= value


def _is_plain(dtype: pl.DataType) -> bool:
    """Say whether values are ordered in Python as in Polars, and are exact there."""
    return isinstance(dtype, _PLAIN)
