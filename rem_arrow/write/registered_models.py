"""The models registered with an open database, and the codecs of their tables."""

from __future__ import annotations

from pydantic import BaseModel

from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.model.records import Records
from rem_arrow.model.registry import model_of


class Models:
    """Models by table number; for a table without one, a model is made from its columns."""

    def __init__(self) -> None:
        self._models: dict[int, type[BaseModel]] = {}
        self._records: dict[int, tuple[Table, type[BaseModel] | None, Records]] = {}

    def register(self, table: int, model: type[BaseModel]) -> None:
        """Validate the rows of a table by a model from now on."""
        self._models[table] = model

    def forget(self, table: int) -> None:
        """Remove a table that was dropped."""
        self._models.pop(table, None)
        self._records.pop(table, None)

    def records(self, table: Table) -> Records:
        """Return the codec of an entity table, by its registered model, else by its columns. Raises InputError for a
        table of another kind."""
        if table.kind != "entity":
            raise InputError(
                f"{table.name} is a {table.kind} table, and this works on entities; use load, or add_edge for edges"
            )
        model = self._models.get(table.number)
        cached = self._records.get(table.number)
        if cached is None or cached[0] is not table or cached[1] is not model:
            cached = self._records[table.number] = (table, model, Records(table, model or model_of(table)))
        return cached[2]
