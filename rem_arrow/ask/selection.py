"""The rows of a table that a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from rem_arrow.ask import conditions
from rem_arrow.ask.question import Reading
from rem_arrow.ask.subject import Subject
from rem_arrow.ask.vocabulary import Column, TableWords


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of one table.

    Attributes:
        conditions: what the question states on columns.
        time: the question's time as a condition, and the column that it is on.
    """

    table: TableWords
    conditions: tuple[str, ...] = ()
    time: tuple[str, Column] | None = None

    @property
    def condition(self) -> str:
        """All conditions as one; empty for all rows."""
        return " AND ".join([*self.conditions, *([self.time[0]] if self.time is not None else [])])

    @property
    def where(self) -> str:
        """The clause of SQL, with a space before it; empty for all rows."""
        return f" WHERE {self.condition}" if self.condition else ""


def selection_of(reading: Reading, subject: Subject) -> Selection:
    """Return the rows of a subject that a question selects, and account for the words that do."""
    stated = (*conditions.read(reading, subject.table), *subject.conditions)
    return Selection(subject.table, stated, conditions.time_condition(reading, subject.table))
