"""Scores of texts as numbers: all that a query finds in a column is a parameter, made when the statement runs."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from rem_arrow.plan.nodes import Parameter, Relation
from rem_arrow.plan.walk import every_expr

_MARK = "\x00bm25\x00"
# The name of the table that a statement changes begins with another sign than this.
_BETWEEN = "\x01"
FUNCTION = "text_score"


class TextScores(NamedTuple):
    """The parameter `name` is (rowids, scores) of `column` of `source` for a text: `text`, or the value of
    `parameter`."""

    name: str
    source: str
    column: str
    text: str | None
    parameter: str | None


def parameter(source: str, column: str, *, text: str | None = None, parameter: str | None = None) -> Parameter:
    """Return what the query finds. The names of tables and columns hold no control characters."""
    query = f"t{text}" if text is not None else f"p{parameter}"
    return Parameter(f"{_MARK}{source}{_BETWEEN}{column}{_BETWEEN}{query}", pl.List(pl.Float64()))


def scored_in(plan: Relation) -> tuple[TextScores, ...]:
    """Return all of them in a plan, each once."""
    scores = {e.name: meant(e) for e in every_expr(plan) if isinstance(e, Parameter) and e.name.startswith(_MARK)}
    return tuple(scores.values())


def meant(query: Parameter) -> TextScores:
    """Return what a parameter of this kind stands for."""
    source, column, rest = query.name[len(_MARK) :].split(_BETWEEN, 2)
    is_text = rest[:1] == "t"
    return TextScores(query.name, source, column, rest[1:] if is_text else None, None if is_text else rest[1:])
