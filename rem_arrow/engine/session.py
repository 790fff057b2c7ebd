"""What a database, its transactions and its statements share: the store, the engine, the writer, the registered
models."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from pydantic import BaseModel

from rem_arrow.engine.engine import Engine, Limits
from rem_arrow.errors import InputError
from rem_arrow.model.records import Records
from rem_arrow.model.registry import model_of
from rem_arrow.schema import Table
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write.embeddings import Embeddings, Provider
from rem_arrow.write.writer import Writer


class Shared:
    """What the database and its transactions share."""

    def __init__(self, store: Store, embedder: Provider) -> None:
        self.store = store
        self.embeddings = Embeddings(store, embedder)
        self.engine = Engine(self.embeddings.vector)
        self.writer = Writer(store)
        self.vectors, self.texts = self.writer.hints.vectors, self.writer.hints.texts
        self.models: dict[int, type[BaseModel]] = {}
        self.limits = Limits()
        # What open transactions have written.
        self.open: weakref.WeakSet[Overlay] = weakref.WeakSet()
        self._records: dict[int, tuple[Table, type[BaseModel] | None, Records]] = {}

    def records(self, table: Table) -> Records:
        """Return the codec of an entity table, for its registered model, else for its columns."""
        if table.kind != "entity":
            raise InputError(
                f"{table.name} is a {table.kind} table, and this works on entities; use load, or add_edge for edges"
            )
        model = self.models.get(table.number)
        known = self._records.get(table.number)
        if known is None or known[0] is not table or known[1] is not model:
            known = self._records[table.number] = (table, model, Records(table, model or model_of(table)))
        return known[2]

    def resolver(self, version: Version) -> Callable[[str], str | None]:
        """Return the function from an id to the one table that has it; 'table' NUL 'id' asks that table only."""
        tables = [tv for tv in version if tv.table.kind == "entity" and tv.parts]

        def resolve(end: str) -> str | None:
            head, nul, rest = end.partition("\0")
            asked = [tv for tv in tables if tv.table.name == head] if nul else tables
            id_ = rest if nul else end
            owners = [tv.table.name for tv in asked if self.writer.find(tv, id_) is not None]
            if len(owners) > 1:
                raise InputError(
                    f"the id {id_!r} is in {', '.join(owners)}; write it as table:id, for example {owners[0]}:{id_}"
                )
            return owners[0] if owners else None

        return resolve
