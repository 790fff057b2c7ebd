"""How a scalar function is lowered: from the expressions and types of its arguments, and the type of its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from rem_arrow.lower.distinct import over_distinct

ScalarFunction: TypeAlias = Callable[[list[pl.Expr], list[pl.DataType], pl.DataType], pl.Expr]


def of_arguments(function: Callable[..., pl.Expr]) -> ScalarFunction:
    """A function of its arguments alone."""
    return lambda args, _types, _result: function(*args)


def of_values(function: Callable[..., object]) -> ScalarFunction:
    """A function in Python, computed once for each distinct value."""
    return lambda args, _types, result: over_distinct(function, result)(*args)
