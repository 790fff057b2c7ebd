"""What the rows of a table must meet, as plain data that the catalog stores.

NOT NULL is a property of a column. Conditions are SQL texts: who checks them binds them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

from rem_arrow.base.datatypes import Json
from rem_arrow.base.quoting import readable

ConstraintKind: TypeAlias = Literal["PRIMARY KEY", "UNIQUE", "CHECK"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A key, or a condition that is not false for any row.

    Attributes:
        columns: of a key, in its order; of a CHECK those that it reads.
        number: of a key, the number of its index entries, which no column of the table has.
        condition: the SQL of a CHECK.
        index: the key is that of a CREATE UNIQUE INDEX.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    number: int = 0
    condition: str = ""
    index: bool = False

    @property
    def is_key(self) -> bool:
        """Whether no two rows may have the same values in its columns."""
        return self.kind != "CHECK"

    @property
    def text(self) -> str:
        """The constraint in SQL."""
        return f"{self.kind} ({self.condition if not self.is_key else ', '.join(map(readable, self.columns))})"

    def renamed(self, old: str, new: str) -> Constraint:
        """Return the constraint with a column under another name; the condition is the caller's."""
        return replace(self, columns=tuple(new if c == old else c for c in self.columns))

    def to_json(self) -> Json:
        return [self.name, self.kind, list(self.columns), self.number, self.condition, self.index]

    @staticmethod
    def from_json(value: Json) -> Constraint:
        name, kind, columns, number, condition, index = cast("list[Json]", value)
        return Constraint(
            str(name),
            cast(ConstraintKind, kind),
            tuple(str(c) for c in cast("list[Json]", columns)),
            cast(int, number),
            str(condition),
            bool(index),
        )


def fresh_name(wanted: str, taken: set[str]) -> str:
    """Return the name that a constraint without one gets: the wanted one, or with the first number that is free."""
    name, n = wanted, 0
    while name.casefold() in taken:
        n += 1
        name = f"{wanted}{n}"
    return name
