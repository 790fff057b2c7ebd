"""What the rows of a table must meet, as plain data that the catalog stores.

NOT NULL is a property of a column. Conditions are SQL texts: who checks them binds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

from rem_arrow.base.datatypes import Json
from rem_arrow.base.quoting import readable

ConstraintKind: TypeAlias = Literal["PRIMARY KEY", "UNIQUE", "CHECK", "FOREIGN KEY"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A key, a condition that is not false for any row, or columns that have the key of a row of some table.

    Attributes:
        columns: of a key, in its order; of a CHECK those that it reads; of a FOREIGN KEY in the order of the key.
        number: that of its index entries, which no column of the table has; a CHECK has none.
        condition: the SQL of a CHECK.
        index: the key is that of a CREATE UNIQUE INDEX.
        references: of a FOREIGN KEY, the number of the table that it refers to, and that of the key there.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...]
    number: int = 0
    condition: str = ""
    index: bool = False
    references: tuple[int, int] | None = None

    @property
    def is_key(self) -> bool:
        """Whether no two rows may have the same values in its columns."""
        return self.kind in ("PRIMARY KEY", "UNIQUE")

    @property
    def has_entries(self) -> bool:
        """Whether rows are found by their values in its columns."""
        return self.kind != "CHECK"

    @property
    def text(self) -> str:
        """The constraint in SQL; of a FOREIGN KEY without what it refers to, see `referring`."""
        return f"{self.kind} ({self.condition or ', '.join(map(readable, self.columns))})"

    def referring(self, table: str, columns: Sequence[str]) -> str:
        """Return a FOREIGN KEY in SQL, given the table and the columns that it refers to."""
        return f"{self.text} REFERENCES {readable(table)} ({', '.join(map(readable, columns))})"

    def renamed(self, old: str, new: str) -> Constraint:
        """Return the constraint with a column under another name; the condition is the caller's."""
        return replace(self, columns=tuple(new if c == old else c for c in self.columns))

    def to_json(self) -> Json:
        plain: list[Json] = [self.name, self.kind, list(self.columns), self.number, self.condition, self.index]
        return plain if self.references is None else [*plain, *self.references]

    @staticmethod
    def from_json(value: Json) -> Constraint:
        name, kind, columns, number, condition, index, *references = cast("list[Json]", value)
        return Constraint(
            str(name),
            cast(ConstraintKind, kind),
            tuple(str(c) for c in cast("list[Json]", columns)),
            cast(int, number),
            str(condition),
            bool(index),
            cast("tuple[int, int]", tuple(references)) if references else None,
        )


def fresh_name(wanted: str, taken: set[str]) -> str:
    """Return the name that a constraint without one gets: the wanted one, or with the first number that is free."""
    name, n = wanted, 0
    while name.casefold() in taken:
        n += 1
        name = f"{wanted}{n}"
    return name
