"""What `search` and `similar` of the database mean: SQL texts with their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import polars as pl

from rem_arrow.access.index_descriptions import checked_metric
from rem_arrow.errors import InputError
from rem_arrow.model.registry import id_text
from rem_arrow.schema import Table
from rem_arrow.source import Metric
from rem_arrow.sql.text.parser import is_condition

Mode: TypeAlias = Literal["vector", "text", "hybrid"]
# How many of the best of each ranking a hybrid search looks at.
CANDIDATES_MIN, CANDIDATES_PER_ROW = 50, 4
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
) -> Text:
    """Return the SELECT for a search by text or vector."""
    condition = "" if where is None else f" AND ({where}\n)"
    score = f"r.{_quoted(column)}.{checked_metric(metric)}($query, k => $k)"
    text = f"SELECT * FROM {_quoted(table)} AS r WHERE {score}{condition}"
    return text, {**(parameters or {}), "query": query, "k": _count(k)}


def check_search(mode: str, query: object, k: int, where: str | None, parameters: Mapping[str, Any] | None) -> None:
    """Refuse what no search takes. Raises InputError, and what is wrong in the SQL of `where`."""
    if mode not in _MODES:
        raise InputError(f"mode is 'vector', 'text' or 'hybrid', not {mode!r}")
    if mode != "vector" and not isinstance(query, str):
        raise InputError(f"a search by words takes a text, not {type(query).__name__}")
    _count(k)
    if "query" in (parameters or {}) or "k" in (parameters or {}):
        raise InputError("the parameters $query and $k are taken by the search itself; name yours otherwise")
    if where is None:
        return
    if not isinstance(where, str) or not is_condition(where):
        raise InputError(f"where is one condition in SQL, such as \"category = 'x'\", not {where!r}")


def word_columns(table: Table, column: str | None) -> list[str]:
    """Return the columns whose words are searched: the one that is named, else those that are embedded. Raises
    InputError."""
    embedding = next(iter(table.embeddings), None)
    names = [column] if column is not None else list(embedding.fields) if embedding is not None else []
    texts = [n for n in names if isinstance(table.field(n).dtype, (pl.String, pl.Enum, pl.Categorical))]
    if not texts:
        what = (
            f"{table.name}.{column} is no text"
            if column is not None
            else f"{table.name} has no column of texts that is embedded"
        )
        raise InputError(f"{what}; name a column of texts: search({table.name!r}, ..., mode='text', column='...')")
    return texts


def rowids_query(table: str, where: str) -> str:
    """Return the SELECT for the rowids of the rows that meet a condition."""
    return f"SELECT rowid FROM {_quoted(table)} WHERE ({where}\n)"


def summed(found: Sequence[pl.DataFrame], k: int) -> pl.DataFrame:
    """Return the k best rows by the sum of their scores in several columns."""
    if len(found) == 1:
        return found[0].head(k)
    return (
        pl.concat(found)
        .group_by("rowid")
        .agg(pl.col("score").sum())
        .sort(["score", "rowid"], descending=[True, False])
        .head(k)
    )


def fused(ranked: Sequence[pl.DataFrame], k: int) -> pl.DataFrame:
    """Return the k best rows of several rankings, best first each, by the sum of 1 / (60 + rank)."""
    shares = [
        r.select("rowid", (1.0 / (60 + pl.col("score").rank("min", descending=True))).alias("score")) for r in ranked
    ]
    return summed([*shares, shares[0].head(0)], k)


def similar_query(table: str, column: str, metric: Metric, id: object, k: int) -> Text:
    """Return the SELECT for the rows near to another one."""
    vector = f"(SELECT {_quoted(column)} FROM {_quoted(table)} WHERE id = $id)"
    score = f"r.{_quoted(column)}.{checked_metric(metric)}({vector}, k => $k)"
    text = f"SELECT * FROM {_quoted(table)} AS r WHERE {score} AND r.id <> $id"
    return text, {"id": id_text(id, table), "k": _count(k)}


def _quoted(name: str) -> str:
    if not isinstance(name, str):
        raise InputError(f"a column is named by a text, not {name!r}")
    return '"' + name.replace('"', '""') + '"'


def _count(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k is a whole number of at least 1, not {k!r}")
    return k
