"""The SQL of `search` and `similar`, with its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import polars as pl

from rem_arrow.access.index_descriptions import checked_metric
from rem_arrow.base import checks, utf8
from rem_arrow.base.errors import InputError
from rem_arrow.base.quoting import identifier
from rem_arrow.base.schema import Table
from rem_arrow.base.source import Metric
from rem_arrow.model.registry import id_text
from rem_arrow.sql.text.parser import is_condition

Mode: TypeAlias = Literal["vector", "text", "hybrid"]
_MODES = ("vector", "text", "hybrid")
Text = tuple[str, dict[str, Any]]


def search_query(
    table: str,
    column: str,
    metric: Metric,
    query: str | Sequence[float],
    k: int,
    where: str | None,
    parameters: Mapping[str, Any] | None,
    min_score: float | None = None,
) -> Text:
    """Return the SELECT for a search by text or vector."""
    condition = "" if where is None else f" AND ({where}\n)"
    checks.text(column, "the name of a column")
    least = "" if min_score is None else ", min_score => $min_score"
    score = f"r.{identifier(column)}.{checked_metric(metric)}($query, k => $k{least})"
    text = f"SELECT * FROM {identifier(table)} AS r WHERE {score}{condition}"
    values = {**(parameters or {}), "query": query, "k": checks.whole(k, "k")}
    return text, values if min_score is None else {**values, "min_score": min_score}


def check_search(
    mode: str | None, query: object, k: int, where: str | None, parameters: Mapping[str, Any] | None
) -> None:
    """Raise InputError for arguments that no search takes, and ParseError for a `where` that does not parse."""
    if mode is not None:
        checks.one_of(mode, "mode", _MODES)
    if mode in ("text", "hybrid") and not isinstance(query, str):
        raise InputError(f"a search by words takes a text, not {type(query).__name__}")
    if isinstance(query, str):
        utf8.encoded(query, "the text of a search")
    checks.whole(k, "k")
    if not {"query", "k", "min_score"}.isdisjoint(checks.mapping(parameters, "parameters")):
        raise InputError("the parameters $query, $k and $min_score are taken by the search itself; use other names")
    if where is None:
        return
    if not isinstance(where, str) or not is_condition(where):
        raise InputError(f"where is one condition in SQL, such as \"category = 'x'\", not {where!r}")


def word_columns(table: Table, column: str | None) -> list[str]:
    """Return the columns whose words are searched: `column`, or without it the embedded ones. Raises InputError."""
    embedding = next(iter(table.embeddings), None)
    names = [column] if column is not None else list(embedding.fields) if embedding is not None else []
    texts = [n for n in names if isinstance(table.field(n).dtype, (pl.String, pl.Enum, pl.Categorical))]
    if not texts:
        problem = (
            f"{table.name}.{column} is no text"
            if column is not None
            else f"{table.name} has no column of texts that is embedded"
        )
        raise InputError(f"{problem}; name a column of texts: search({table.name!r}, ..., mode='text', column='...')")
    return texts


def rowids_query(table: str, where: str) -> str:
    """Return the SELECT for the rowids of the rows that meet a condition."""
    return f"SELECT rowid FROM {identifier(table)} WHERE ({where}\n)"


def similar_query(table: str, column: str, metric: Metric, id: object, k: int) -> Text:
    """Return the SELECT for the rows nearest to another one."""
    checks.text(column, "the name of a column")
    vector = f"(SELECT {identifier(column)} FROM {identifier(table)} WHERE id = $id)"
    score = f"r.{identifier(column)}.{checked_metric(metric)}({vector}, k => $k)"
    text = f"SELECT * FROM {identifier(table)} AS r WHERE {score} AND r.id <> $id"
    return text, {"id": id_text(id, table), "k": checks.whole(k, "k")}
