"""What a handle has set: plans follow from it, and no other handle sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionState:
    """Settings of a handle.

    Attributes:
        database: the name of the database, which may stand before a schema.
        schemas: where a name without a schema is sought; main always is the last.
    """

    database: str = "memory"
    schemas: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        """The schema in which a table is made whose name says none."""
        return self.schemas[0] if self.schemas else "main"
