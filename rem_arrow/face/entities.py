"""The verbs on entities and edges: each write is one commit, or in a transaction a part of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import polars as pl
from pydantic import BaseModel

from rem_arrow.access.access import Access
from rem_arrow.errors import InputError
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.registry import id_text
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import edge_frames, edges


class EntityVerbs(Verbs):
    """Insert, read, change and remove entities, and the edges between them."""

    # --- entities

    @overload
    def insert(
        self, table: str, rows: Mapping[str, Any] | BaseModel, *, edges: Iterable[Mapping[str, Any]] = ()
    ) -> str: ...
    @overload
    def insert(
        self, table: str, rows: Sequence[Mapping[str, Any] | BaseModel], *, edges: Iterable[Mapping[str, Any]] = ()
    ) -> list[str]: ...
    def insert(self, table: str, rows: Any, *, edges: Iterable[Mapping[str, Any]] = ()) -> str | list[str]:
        """Add one entity or many, validated, in one atomic commit with their edges; an id that exists is replaced.

        Args:
            table: an entity table.
            rows: a dict or model, or a list of these. Without an id each gets a time-ordered UUID. A dict may bring
                its own vector
                as `embedding`; it is taken as it is.
            edges: dicts of dst and edge_type, and if wanted src (else the id of the one row), properties and weight.

        Returns:
            The id, or for a list the list of ids.

        Raises:
            InputError: a row does not fit; it names the row, the field and the reason. Nothing is stored.
        """
        many = not isinstance(rows, (dict, BaseModel, Mapping))
        if many and not isinstance(rows, Sequence):
            raise InputError(f"insert takes a dict, a model or a list of these, not {type(rows).__name__}")
        attached = list(edges) if edges else []

        def compute(access: Access) -> tuple[Changes, list[str]]:
            listed = rows if many else [rows]
            return self._instance.writer.put(access, access.table(table), listed, many=many, attached=attached)

        ids = self._write(compute)
        return ids if many else ids[0]

    def get(self, table: str, id: object, *, as_model: bool = False, include_deleted: bool = False) -> Any:
        """Return one entity by id: a dict, or with `as_model` the validated model; None when there is none.

        Args:
            include_deleted: also find an entity that was deleted and not purged.
        """
        access = self._access()
        tv = access.table(table)
        records = self._instance.models.records(tv.table)
        row = self._instance.writer.read(access, tv, id_text(id, tv.table.name))
        if row is None or (row[tv.table.soft_delete] is not None and not include_deleted):
            return None
        return records.to_model(row) if as_model else row

    def update(self, table: str, id: object, values: Mapping[str, Any]) -> None:
        """Change fields of one entity; the whole row is validated again. Raises InputError if there is none."""

        def compute(access: Access) -> tuple[Changes, None]:
            tv = self._entities(access, table)
            return self._instance.writer.update(access, tv, id_text(id, tv.table.name), values), None

        self._write(compute)

    def delete(self, table: str, ids: str | Iterable[str]) -> int:
        """Mark entities as deleted; they leave every query, and `include_deleted` still shows them. Returns how
        many."""
        writer = self._instance.writer
        return self._write(lambda access: writer.delete(access, self._entities(access, table), _listed(ids)))

    def purge(self, table: str, ids: str | Iterable[str]) -> int:
        """Remove entities for good, and the edges at them. Returns how many entities."""

        writer = self._instance.writer
        return self._write(lambda access: writer.purge(access, self._entities(access, table), _listed(ids)))

    # --- edges

    def add_edge(
        self, src: str, dst: str, edge_type: str, *, properties: Any = None, weight: float | None = None
    ) -> None:
        """Add a directed edge between two entities, by id or 'table:id'; the same source, type and target is
        replaced."""

        def compute(access: Access) -> tuple[Changes, None]:
            resolve = access.resolver()
            row = edges.edge_row(src, dst, edge_type, resolve=resolve, properties=properties, weight=weight)
            return self._instance.writer.put_edges(access, [row]), None

        self._write(compute)

    def add_edges(self, frame: pl.DataFrame) -> int:
        """Add edges from a frame with the columns src, dst, edge_type, and if wanted src_table, dst_table, properties,
        weight.

        Returns the number of edges that were given. An end that no entity has (yet) is kept, and dangles.
        """
        if not isinstance(frame, pl.DataFrame):
            raise InputError(
                f"add_edges takes a Polars DataFrame, not {type(frame).__name__}; for one edge there is add_edge"
            )

        instance = self._instance

        def compute(access: Access) -> tuple[Changes, int]:
            conflicts = not self._writes_segments() or bool(instance.transactions)
            changes = edge_frames.added(instance.store, instance.writer, access, frame, conflicts=conflicts)
            return changes, frame.height

        return self._write(compute)

    def remove_edges(self, src: str | None = None, dst: str | None = None, edge_type: str | None = None) -> int:
        """Remove the edges from `src`, to `dst` and of `edge_type`, by those that are given, at deleted entities too.
        Returns how many.

        Raises:
            InputError: none is given; an id is written as table:id where it is in several tables.
        """
        given = {"src": src, "dst": dst, "edge_type": edge_type}
        if all(value is None for value in given.values()):
            raise InputError("remove_edges needs a source, a target or a type; DELETE FROM edges removes all")
        conditions, values = [], dict[str, str]()
        for name, value in given.items():
            if value is None:
                continue
            if not isinstance(value, str) or not value:
                raise InputError(f"{name} of an edge is a text that is not empty, not {value!r}")
            table, id_ = (None, value) if name == "edge_type" else edges.split_end(value, self._access().resolver())
            conditions.append(f"{name} = ${name}")
            values[name] = id_
            if table is not None:
                conditions.append(f"{name}_table = ${name}_table")
                values[f"{name}_table"] = table
        return int(self.sql(f"DELETE FROM edges WHERE {' AND '.join(conditions)}", values, include_deleted=True).item())

    # --- inside

    def _entities(self, access: Access, table: str) -> TableVersion:
        tv = access.table(table)
        self._instance.models.records(tv.table)
        return tv


def _listed(ids: str | Iterable[str]) -> list[str]:
    listed = [ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
    return [id_text(i, "the table") for i in listed]
