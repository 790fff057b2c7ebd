"""What a question of the ask benchmark is, and when an answer to it is right.

A question carries an oracle: a REM SQL text that gives the expected ids or values from what the generator put into the
columns and edges, by joins and filters, never by a search. An answer is a frame of any columns; it is compared by the
columns in which the expected values stand, whatever they are called.
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
    """One question and what a right answer to it is.

    Args:
        text: as a user types it.
        query_type: entity_lookup = LOOKUP of identifiers; sql = filters over columns; aggregate = counts,
            groupings, extremes; temporal = mainly a
            range of time; vector = search by meaning alone; hybrid = search by meaning with filters on columns or
            times; graph = a lookup or search and a walk along edges; staged = three stages or more.
        oracle: REM SQL of one column (ids or values), or two (groups and values).
        compare: "equal": the same set of rows; "top": at least `n` of the expected ids are among the first `k`
            rows; "contains": every
            expected row is among the first `k`.
        also: other types that a fair reader would accept too.
        reference: for questions by meaning, a REM SQL text written by hand whose answer is right: it shows that a
            right answer exists.
        database: which database is asked.
        may_be_empty: the oracle may give no rows.
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
    """Return what the oracle gives."""
    return db.sql(question.oracle)


def is_right(question: Question, oracle: pl.DataFrame, answer: pl.DataFrame) -> bool:
    """Say whether an answer's rows are right, given what the oracle gave."""
    wanted = _rows(oracle)
    if question.compare == "equal" and answer.is_empty():
        return not wanted
    # Only the first rows count where the order is the answer; for `equal` all do.
    seen = answer if question.compare == "equal" else answer.head(question.k)
    for names in permutations(answer.columns[:_COLUMNS_MAX], oracle.width):
        found = _rows(seen.select(names))
        if question.compare == "equal" and found == wanted:
            return True
        if question.compare == "contains" and wanted <= found:
            return True
        if question.compare == "top" and len(wanted & found) >= question.n:
            return True
    return False


def has_right_type(question: Question, query_type: str) -> bool:
    """Say whether a type is the expected one, or as good."""
    return query_type == question.query_type or query_type in question.also


def _rows(frame: pl.DataFrame) -> set[tuple[object, ...]]:
    return {tuple(_comparable(row)) for row in frame.iter_rows()}


def _comparable(row: Iterable[object]) -> Iterable[object]:
    """Values of different widths and zones become equal; lists and structs become texts."""
    for value in row:
        if isinstance(value, float):
            yield None if math.isnan(value) else float(f"{value:.9g}")
        elif isinstance(value, datetime):
            yield value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
        elif isinstance(value, (list, dict, pl.Series)):
            yield str(value)
        else:
            yield value
