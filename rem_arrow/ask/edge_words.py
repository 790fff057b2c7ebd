"""The properties of edges as columns, by a sample of the edges of each kind."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TypeAlias

import polars as pl

from rem_arrow.ask.column_words import Column, stems_of
from rem_arrow.ask.known_values import SAMPLE_ROWS, values_of
from rem_arrow.ask.session import Session
from rem_arrow.model.fields import parsed_json

# The columns of edges that tell them apart; a property of such a name is not asked for.
ENDS = ("edge_type", "src_table", "src", "dst_table", "dst")
# A type of edges between two tables.
Ends: TypeAlias = "tuple[str, str | None, str | None]"

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def edge_columns(session: Session) -> dict[Ends, tuple[Column, ...]]:
    """Return the properties that edges of each kind have, those with values of one simple type."""
    text = (
        "SELECT edge_type, src_table, dst_table, properties FROM edges "
        f"WHERE properties IS NOT NULL AND properties <> '{{}}' LIMIT {SAMPLE_ROWS}"
    )
    found: dict[Ends, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
    for edge_type, source, target, properties in session.query(text, {}, None).iter_rows():
        held = parsed_json(properties)
        for name, value in held.items() if isinstance(held, dict) else ():
            if value is not None and not name.startswith(("$", "/")) and name.casefold() not in ENDS:
                found[edge_type, source, target][name].append(value)
    return {
        ends: tuple(c for name, values in named.items() if (c := _column(name, values)) is not None)
        for ends, named in found.items()
    }


def _column(name: str, values: list[object]) -> Column | None:
    series = _series(values)
    if series is None:
        return None
    known = values_of(series, is_key=False)
    return Column("edges", name, series.dtype, "", True, stems_of(name), known.kinds, known)


def _series(values: list[object]) -> pl.Series | None:
    kinds = {type(v) for v in values}
    if kinds == {bool}:
        return pl.Series(values, dtype=pl.Boolean)
    if kinds == {int} and all(isinstance(v, int) and -(2**63) <= v < 2**63 for v in values):
        return pl.Series(values, dtype=pl.Int64)
    if kinds <= {int, float}:
        return pl.Series([float(str(v)) for v in values], dtype=pl.Float64)
    if kinds != {str}:
        return None
    texts = pl.Series(values, dtype=pl.String)
    if all(_ISO_DATE.match(str(v)) for v in values):
        dates = texts.str.to_date("%Y-%m-%d", strict=False)
        return dates if dates.null_count() == 0 else _times(texts)
    return texts


def _times(texts: pl.Series) -> pl.Series:
    times = texts.str.to_datetime(time_unit="us", strict=False, ambiguous="null")
    return times if times.null_count() == 0 else texts
