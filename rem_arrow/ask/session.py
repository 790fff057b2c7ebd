"""What a planner needs of a database: to read one version of it. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rem_arrow.base.schema import Table


@dataclass(frozen=True, slots=True)
class TableState:
    """A table as it is now.

    Attributes:
        rows: their number.
        stamp: an object that is another one as soon as the rows are others.
    """

    table: Table
    rows: int
    stamp: object


class Session(Protocol):
    """One pinned version of a database, for reading."""

    def tables(self) -> Sequence[TableState]:
        """Return the tables and views."""

    def sample(self, table: str, columns: Sequence[str], rows_max: int) -> pl.DataFrame:
        """Return columns of at most `rows_max` rows of a table."""

    def query(self, sql: str, frames: Mapping[str, pl.DataFrame], timeout_s: float | None) -> pl.DataFrame:
        """Return the rows of a query that may read `frames` by their names. Raises RemError, also for a statement that
        is no query."""

    def explain(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> str:
        """Return the plan of a query, without running it. Raises RemError."""

    def columns(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the columns of a query as a frame without rows, without running it. Raises RemError."""

    def lookup(self, texts: Sequence[str]) -> pl.DataFrame:
        """Return the entities that one of the texts names: table, id, name, matched_on."""

    def searchable(self, table: str) -> Sequence[str]:
        """Return the columns of a table that can be searched by meaning."""
