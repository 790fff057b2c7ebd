"""Names in statements, with their places; and what is made of names and trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and for that of a table what stands before it: a schema, the database."""

    text: str
    start: int | None = None
    end: int | None = None
    qualifiers: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name as it stands in the text."""
        return ".".join((*self.qualifiers, self.text))


Tree: TypeAlias = exp.Expression
Assignments: TypeAlias = "tuple[tuple[Name, exp.Expression], ...]"
# Names in small letters, and values of Python.
Options: TypeAlias = "tuple[tuple[str, object], ...]"
