"""A statement with the tree that it was read from: what nobody reads of that is an error."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from rem_arrow.sql.statement.statement import Statement
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.unread import check_read


@dataclass(frozen=True, slots=True)
class Parsed:
    """A statement and the tree that it was read from, in its text."""

    statement: Statement
    tree: exp.Expression
    text: str

    def check_read(self) -> None:
        """Raise UnsupportedError for a part of the statement that nobody has read by now."""
        check_read(self.tree, self.text)

    def skip(self) -> None:
        """Say that the rest of the statement has no effect, for good reason."""
        take(self.tree)
