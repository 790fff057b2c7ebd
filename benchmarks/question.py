"""Questions of the ask benchmark, and the check of an answer.

A question has an oracle: a REM SQL text that computes the expected ids or values from the generated columns and edges,
by joins and filters, never by a search. An answer is a frame of any columns; it is compared by the columns that hold
the expected values, whatever their names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import permutations
from typing import Literal

import polars as pl

import rem_arrow as rem

QueryType = Literal["entity_lookup", "sql", "vector", "hybrid", "graph", "aggregate", "temporal", "staged"]
_COLUMNS_MAX = 40


@dataclass(frozen=True, slots=True)
class Question:
    """One question and its right answer.

    Args:
        text: as a user types it.
        query_type: entity_lookup = LOOKUP of identifiers; sql = filters on columns; aggregate = counts, groupings,
            extremes; temporal = mainly a range of time; vector = search by meaning alone; hybrid = search by meaning
            with filters on columns or times; graph = a lookup or search and a walk along edges; staged = three stages
            or more.
        oracle: REM SQL of one column (ids or values), or two (groups and values).
        compare: "equal": the same set of rows; "top": at least `n` of the expected ids are among the first `k` rows;
            "contains": every expected row is among the first `k`.
        also: other types that are acceptable too.
        reference: for questions by meaning, a handwritten REM SQL text with a right answer: it shows that one exists.
        database: the database that is queried.
        may_be_empty: the oracle may return no rows.
    """

    text: str
    query_type: QueryType
    oracle: str
    compare: Literal["equal", "top", "contains"] = "equal"
    n: int = 1
    k: int = 10
    also: tuple[QueryType, ...] = ()
    reference: str | None = None
    database: Literal["company", "demo"] = "company"
    may_be_empty: bool = False


def expected(question: Question, db: rem.Database) -> pl.DataFrame:
    """Return the result of the oracle."""
    return db.sql(question.oracle)


def is_right(question: Question, oracle: pl.DataFrame, answer: pl.DataFrame) -> bool:
    """Return whether an answer's rows are right by the result of the oracle."""
    right_rows = _rows(oracle)
    if question.compare == "equal" and answer.is_empty():
        return not right_rows
    # For `equal` all rows count; otherwise the order matters, and only the first rows count.
    first_rows = answer if question.compare == "equal" else answer.head(question.k)
    for names in permutations(answer.columns[:_COLUMNS_MAX], oracle.width):
        rows = _rows(first_rows.select(names))
        if question.compare == "equal" and rows == right_rows:
            return True
        if question.compare == "contains" and right_rows <= rows:
            return True
        if question.compare == "top" and len(right_rows & rows) >= question.n:
            return True
    return False


def has_right_type(question: Question, query_type: str) -> bool:
    """Return whether a type is the expected one, or as good."""
    return query_type == question.query_type or query_type in question.also


def _rows(frame: pl.DataFrame) -> set[tuple[object, ...]]:
    return {tuple(_comparable(row)) for row in frame.iter_rows()}


def _comparable(row: Iterable[object]) -> Iterable[object]:
    """Return values in a form in which widths and zones do not matter; lists and structs become texts."""
    for value in row:
        if isinstance(value, float):
            yield None if math.isnan(value) else float(f"{value:.9g}")
        elif isinstance(value, datetime):
            yield value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
        elif isinstance(value, (list, dict, pl.Series)):
            yield str(value)
        else:
            yield value
