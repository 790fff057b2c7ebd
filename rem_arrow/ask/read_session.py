"""What answering a question needs of a database: to read one version of it, and nothing that writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from rem_arrow.schema import Table


@dataclass(frozen=True, slots=True)
class Known:
    """A table as it is now: its description, how many rows, and a token that is another one when its rows are
    others."""

    table: Table
    rows: int
    stamp: object


class Session(Protocol):
    """One pinned version of a database, for reading."""

    def tables(self) -> Sequence[Known]:
        """Return the tables and views."""

    def sample(self, table: str, columns: Sequence[str], rows_max: int) -> pl.DataFrame:
        """Return columns of some rows of a table; all of them where they are few."""

    def query(self, sql: str, frames: Mapping[str, pl.DataFrame], timeout_s: float | None) -> pl.DataFrame:
        """Return the rows of one query. Raises RemError, also for a statement that is no query."""

    def explain(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> str:
        """Return the plan of one query, which is not run. Raises RemError."""

    def columns(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Return the columns of one query, as a frame without rows; the query is planned and not run. Raises
        RemError."""

    def lookup(self, texts: Sequence[str]) -> pl.DataFrame:
        """Return table, id, name, matched_on of the entities that one of the texts names."""

    def searchable(self, table: str) -> Sequence[str]:
        """Return the columns of a table that a text can be searched in by meaning."""
