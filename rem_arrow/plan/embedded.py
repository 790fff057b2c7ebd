"""Texts that a statement searches for, as parameters of the plan: their values, vectors, are made when it runs."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from rem_arrow.plan.nodes import Parameter, Relation
from rem_arrow.plan.walk import every_expr

_MARK = "\x00embed\x00"
VECTOR = pl.List(pl.Float32())


class Embedded(NamedTuple):
    """The parameter `name` is the vector that `provider` makes of a text: of `text`, or of the value of `parameter`."""

    name: str
    provider: str
    text: str | None
    parameter: str | None


def of_text(provider: str, text: str) -> Parameter:
    """Return the vector of a text."""
    return Parameter(f"{_MARK}{provider}\x00t{text}", VECTOR)


def of_parameter(provider: str, parameter: str) -> Parameter:
    """Return the vector of the text that a parameter holds."""
    return Parameter(f"{_MARK}{provider}\x00p{parameter}", VECTOR)


def embedded_in(plan: Relation) -> tuple[Embedded, ...]:
    """Return all of them in a plan, each once."""
    embedded: dict[str, Embedded] = {}
    for expr in every_expr(plan):
        if isinstance(expr, Parameter) and expr.name.startswith(_MARK):
            provider, _, rest = expr.name[len(_MARK) :].partition("\x00")
            text, parameter = (rest[1:], None) if rest[:1] == "t" else (None, rest[1:])
            embedded[expr.name] = Embedded(expr.name, provider, text, parameter)
    return tuple(embedded.values())
