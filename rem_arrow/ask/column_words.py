"""A column, as questions name it."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.known_values import NO_VALUES, ColumnValues

SYSTEM_COLUMNS = ("id", "created_at", "modified_at", "deleted_at")
_KINDS = ("type", "category", "kind", "class")


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        stems: of the words of its name.
        values: its values by their normal forms, where they are few.
        known: what is known of its values, however many there are.
    """

    table: str
    name: str
    dtype: pl.DataType
    description: str
    nullable: bool
    stems: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)
    known: ColumnValues = NO_VALUES

    @property
    def parts(self) -> list[str]:
        return self.name.casefold().split("_")

    @property
    def is_kind(self) -> bool:
        """Whether its values say what kind of thing a row is."""
        return self.parts[-1] in _KINDS

    @property
    def is_list(self) -> bool:
        return isinstance(self.dtype, pl.List)

    @property
    def is_text(self) -> bool:
        return isinstance(self.dtype, (pl.String, pl.Enum, pl.Categorical))

    @property
    def is_number(self) -> bool:
        return self.dtype.is_numeric()

    @property
    def is_time(self) -> bool:
        return isinstance(self.dtype, (pl.Datetime, pl.Date))

    @property
    def is_flag(self) -> bool:
        return isinstance(self.dtype, pl.Boolean)

    @property
    def is_system(self) -> bool:
        return self.name in SYSTEM_COLUMNS

    @property
    def is_year(self) -> bool:
        """Whether it holds years as numbers."""
        said = "year" in self.description.casefold() or self.parts[-1] in ("founded", "built", "established", "opened")
        if self.dtype.is_integer() and said and self.known.low is not None and self.known.high is not None:
            return self.known.low >= 500 and self.known.high <= 2200
        return (
            self.dtype.is_integer()
            and (
                "year" in self.parts
                or ("born" in self.parts)
                or (self.known.low or 0) >= 1800 > (self.known.high or 0) - 300
            )
            and (self.known.low is None or (self.known.low >= 1000 and (self.known.high or 0) <= 2200))
        )

    @property
    def is_ordinal(self) -> bool:
        """Whether its numbers say which, rather than how much: "Line of the statement"."""
        is_place = self.name in ("line", "row", "position", "rank", "page", "ordinal", "index", "step")
        return self.is_number and is_place and self.description.casefold().startswith(self.name + " of ")

    @property
    def has_unit(self) -> bool:
        """Whether its numbers are amounts, rather than numbers of things."""
        return (
            self.is_number
            and not self.is_ordinal
            and self.parts[-1] not in ("id", "no", "number", "code", "zip", "phone")
        )


def stems_of(name: str) -> tuple[str, ...]:
    """Return the stems of the words of a name, at least one: "assigned_to" is ("assign", "to")."""
    return tuple(english.stem(p) for p in english.parts(name))
