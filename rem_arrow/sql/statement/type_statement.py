"""CREATE TYPE, as the classifier gives it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from rem_arrow.sql.statement.statement_names import Name


@dataclass(frozen=True, slots=True)
class CreateType:
    """A name for a type, or for the ENUM of the values that a query gives."""

    name: Name
    dtype: pl.DataType | None
    source: exp.Expression | None
    replace: bool
    if_not_exists: bool
