"""What a question asks for, as data: rows of a table that meet conditions, and what is shown of them.

A selection is rows of one table; a condition may reach, along relations, a selection of another. Everything that is
answered is first such a record, and `query_text` writes its SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from rem_arrow.ask.column_words import Column
from rem_arrow.ask.table_relations import Relation
from rem_arrow.ask.vocabulary import TableWords

Comparator: TypeAlias = Literal["<", "<=", ">", ">=", "=", "<>"]
Function: TypeAlias = Literal["count", "sum", "avg", "min", "max", "median"]
TimeUnit: TypeAlias = Literal["day", "week", "month", "quarter", "year", "hour", "weekday"]
Path: TypeAlias = tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """A column holds one of these values; a column of lists holds one of them as an item."""

    column: Column
    values: tuple[object, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """A number of a row beside a number, beside the average over the rows of a selection, or beside another column."""

    column: Column
    comparator: Comparator
    value: float | None
    average_of: Selection | None = None
    beside: Column | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """A time from `low` on and before `high`; in a column of times, dates, or years."""

    column: Column
    low: datetime | None
    high: datetime | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Containing:
    """One of some texts holds words."""

    columns: tuple[Column, ...]
    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A column is NULL, or with `negated` is not."""

    column: Column
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A column of booleans is true, or false."""

    column: Column
    value: bool


# What may be said of a property of edges.
Along: TypeAlias = Among | Compared | Within | Flag


@dataclass(frozen=True, slots=True)
class Reaching:
    """A path leads to rows of a selection: to any, to none, or to as many as `count` says, by last edges whose
    properties are as `along` says."""

    path: Path
    selection: Selection
    negated: bool = False
    count: tuple[Comparator, float] | None = None
    along: tuple[Along, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = Among | Compared | Within | Containing | Missing | Flag | Reaching | Either


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a table.

    Attributes:
        topic: a text that they are near to in meaning; empty for none.
    """

    table: TableWords
    conditions: tuple[Condition, ...] = ()
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of the rows, or of those that a path leads to; of times, in whole units."""

    column: Column
    path: Path = ()
    unit: TimeUnit | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of each row, or of each group: a function of an attribute, or the number of rows.

    Attributes:
        of: what it is computed of; None counts rows.
        path: with a selection: it is computed over the rows that a path leads to from each row.
    """

    function: Function
    of: Attribute | None = None
    path: Path = ()
    selection: Selection | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the rows, or of the groups by their measure where `by` is None."""

    by: Attribute | Measure | None
    descending: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A question.

    Attributes:
        shape: "rows"; "values", those of `columns`; "measure", that of all rows or of each group; "truth", whether
            there are rows; "groups", those of the order without their measure.
        having: a bound of the measure of groups.
        names: of a lookup in all tables.
        is_named: whether all conditions are names of rows.
        all_ordered: whether the order is for all rows, and not for the first.
    """

    selection: Selection
    shape: Literal["rows", "values", "measure", "truth", "lookup"] = "rows"
    columns: tuple[Attribute, ...] = ()
    distinct: bool = False
    measure: Measure | None = None
    groups: tuple[Attribute, ...] = ()
    order: Order | None = None
    limit: int | None = None
    having: tuple[Comparator, float] | None = None
    all_ordered: bool = False
    names: tuple[str, ...] = ()
    is_named: bool = False

    @property
    def is_lookup(self) -> bool:
        """Whether rows are asked for by their names alone."""
        return self.shape == "lookup" or self.is_named
