"""What a handle has set: plans follow from it, and no other handle sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Setting(NamedTuple):
    """A setting as SQL names it: `refused` says what to do instead of setting it."""

    name: str
    input_type: str
    description: str
    refused: str = ""


_AT_CONNECT = "it is an argument of rem_arrow.connect()"
# By names in lower case; two may be one.
SETTINGS: dict[str, Setting] = {
    "timezone": Setting("TimeZone", "VARCHAR", "The time zone of the session"),
    "schema": Setting("schema", "VARCHAR", "The schema in which a table is made whose name says none"),
    "search_path": Setting("search_path", "VARCHAR", "The schemas in which names without one are sought"),
    "memory_limit": Setting("memory_limit", "VARCHAR", "What a statement may hold before it is run in parts"),
    "max_memory": Setting("memory_limit", "VARCHAR", "What a statement may hold before it is run in parts"),
    "statement_timeout": Setting("statement_timeout", "VARCHAR", "How long a statement may run"),
    "threads": Setting("threads", "BIGINT", "Threads for reading, writing and queries", f"{_AT_CONNECT}, threads=n"),
    "worker_threads": Setting("threads", "BIGINT", "Threads for reading, writing and queries", _AT_CONNECT),
    "default_order": Setting("default_order", "VARCHAR", "The order without ASC or DESC", "write DESC in ORDER BY"),
    "default_null_order": Setting(
        "default_null_order", "VARCHAR", "The place of NULLs in an order", "write NULLS FIRST in ORDER BY"
    ),
    "null_order": Setting(
        "default_null_order", "VARCHAR", "The place of NULLs in an order", "write NULLS FIRST in ORDER BY"
    ),
    "access_mode": Setting("access_mode", "VARCHAR", "Whether the connection writes", f"{_AT_CONNECT}, read_only=True"),
    "temp_directory": Setting(
        "temp_directory", "VARCHAR", "Where scratch files lie", "they lie in the database folder"
    ),
}


@dataclass(frozen=True, slots=True)
class SessionState:
    """Settings of a handle.

    Attributes:
        database: the name of the database, which may stand before a schema.
        schemas: where a name without a schema is sought; main always is the last.
        values: of the other settings, by their names in lower case.
        variables: what SET VARIABLE has set: values with their types, by names in lower case; `revision` counts its
            changes.
    """

    database: str = "memory"
    schemas: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict, compare=False)
    revision: int = 0

    @property
    def schema(self) -> str:
        """The schema in which a table is made whose name says none."""
        return self.schemas[0] if self.schemas else "main"

    def setting(self, name: str) -> str | None:
        """Return the value of a setting by any of its names; None if there is none of that name."""
        known = SETTINGS.get(name.casefold())
        if known is None:
            return None
        match known.name:
            case "schema":
                return self.schema
            case "search_path":
                return ",".join(self.schemas)
            case other:
                return dict(self.values).get(other.casefold(), "")

    def listed(self) -> list[tuple[str, str, str, str]]:
        """Return name, value, description and type of each setting."""
        known = {s.name: s for s in SETTINGS.values()}
        return [(s.name, self.setting(s.name) or "", s.description, s.input_type) for s in known.values()]
