"""What the write path asks of the rules of tables: whoever reads SQL knows what DEFAULT, CHECK and generated columns
mean."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.schema import Table
from rem_arrow.storage.changes import Changes


class Rules(Protocol):
    """The defaults, generated columns and constraints of plain tables."""

    def fitted(self, frame: pl.DataFrame, table: Table, now: dt.datetime | None = None) -> pl.DataFrame:
        """Return rows as the table stores them: in its types, with defaults for the columns that are missing, and with
        the generated ones. `now` is the time of the statement, by default that of the call. Raises InputError."""

    def check(self, access: Access, changes: Changes) -> None:
        """Raise ConstraintError where a row that changes bring breaks a constraint."""

    def check_again(self, access: Access, changes: Changes) -> None:
        """Raise ConflictError where rows that others have written meanwhile have keys of those that a transaction
        brings."""
