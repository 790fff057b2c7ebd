"""What is written of a record, while its SQL is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from rem_arrow.ask.record import (
    Path,
)
from rem_arrow.ask.staged_plan import Stage
from rem_arrow.ask.vocabulary import Vocabulary


@dataclass
class Writer:
    """Writes one record.

    Attributes:
        taken: names of tables and of stages.
        base: the alias of the rows that are asked for; empty where no others stand beside them.
    """

    vocabulary: Vocabulary
    stages: list[Stage] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    base: str = ""
    joins: dict[Path, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def free(self, name: str) -> str:
        """Return a name that nothing has yet."""
        names = (name, *(f"{name}_{n}" for n in range(2, 99)))
        chosen = next(n for n in names if n.casefold() not in self.taken)
        self.taken.add(chosen.casefold())
        return chosen
