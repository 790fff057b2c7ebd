"""The verbs on entities and edges. Each write is one commit, or part of one in a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import polars as pl
from pydantic import BaseModel

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
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
        """Insert one entity or many, validated, in one commit; a row whose id exists replaces the stored one.

        Args:
            table: an entity table.
            rows: a dict or model, or a list of these; without an id a row gets a time-ordered UUID. A dict may bring
                its own vector as `embedding`, a list of as many numbers as the column has dimensions.
            edges: dicts with `edge_type`, `dst` or `src` or both (the inserted row is the other end), and optionally
                `properties` and `weight`.

        Returns:
            The id, or for a list of rows the list of ids.

        Raises:
            InputError: a row does not fit; the text names the row, the field and the reason. Nothing is stored.

        Example:
            >>> about = [{"dst": "login", "edge_type": "about"}]
            >>> db.insert("issues", {"id": "sso", "code": "TAP-4", "title": "Add single sign-on"}, edges=about)
            'sso'
        """
        many = not isinstance(rows, (dict, BaseModel, Mapping))
        if many and not isinstance(rows, Sequence):
            raise InputError(f"insert takes a dict, a model or a list of these, not {type(rows).__name__}")
        attached = list(edges) if edges else []

        def compute(access: Access) -> tuple[Changes, list[str]]:
            batch = rows if many else [rows]
            return self._instance.writer.put(access, access.table(table), batch, many=many, attached=attached)

        ids = self._write(compute)
        return ids if many else ids[0]

    def get(self, table: str, id: object, *, as_model: bool = False, include_deleted: bool = False) -> Any:
        """Return one entity by its id.

        Args:
            table: an entity table.
            id: compared exactly.
            as_model: return the validated model instead of a dict.
            include_deleted: also return an entity that was deleted and not purged.

        Returns:
            A dict of all columns, or the model; None when there is no such entity.

        Raises:
            InputError: there is no such table, or it is not an entity table.

        Example:
            >>> db.get("issues", "login")["title"]
            'Login fails with a wrong password'
            >>> db.get("issues", "docs", as_model=True).priority
            2
        """
        access = self._access()
        tv = access.table(table)
        records = self._instance.models.records(tv.table)
        row = self._instance.writer.read(access, tv, id_text(id, tv.table.name))
        if row is None or (row[tv.table.soft_delete] is not None and not include_deleted):
            return None
        return records.to_model(row) if as_model else row

    def update(self, table: str, id: object, values: Mapping[str, Any]) -> None:
        """Change fields of one entity; the whole row is validated again.

        Args:
            table: an entity table.
            id: the entity's id.
            values: the new values by field; other fields stay.

        Raises:
            InputError: there is no such entity, or the row would not fit; nothing is stored.

        Example:
            >>> db.update("issues", "docs", {"priority": 3})
            >>> db.get("issues", "docs")["priority"]
            3
        """

        def compute(access: Access) -> tuple[Changes, None]:
            tv = self._entities(access, table)
            return self._instance.writer.update(access, tv, id_text(id, tv.table.name), values), None

        self._write(compute)

    def delete(self, table: str, ids: str | Iterable[str]) -> int:
        """Mark entities as deleted: no query, search or traversal sees them, until their id is inserted again.

        With a session go its messages and the moments derived from them, with a document its chunks.

        Args:
            table: an entity table.
            ids: an id, or several; ids that do not exist are passed over.

        Returns:
            The number of entities that were deleted.

        Raises:
            InputError: there is no such table, or it is not an entity table.

        Example:
            >>> db.delete("issues", ["cache", "unknown"])
            1
            >>> db.get("issues", "cache", include_deleted=True)["title"]
            'Cache is too small'
        """
        writer = self._instance.writer
        return self._write(lambda access: writer.delete(access, self._entities(access, table), _id_list(ids)))

    def purge(self, table: str, ids: str | Iterable[str]) -> int:
        """Remove entities for good, with the edges that begin or end at them.

        With a session go its messages and the moments derived from them, with a document its chunks.

        Args:
            table: an entity table.
            ids: an id, or several; ids that do not exist are passed over.

        Returns:
            The number of entities that were removed.

        Raises:
            InputError: there is no such table, or it is not an entity table.

        Example:
            >>> db.purge("issues", "docs")
            1
            >>> db.sql("SELECT COUNT(*) FROM edges").item()
            1
        """

        writer = self._instance.writer
        return self._write(lambda access: writer.purge(access, self._entities(access, table), _id_list(ids)))

    # --- edges

    def add_edge(
        self, src: str, dst: str, edge_type: str, *, properties: Any = None, weight: float | None = None
    ) -> None:
        """Add a directed edge between two entities; an edge with the same source, type and target is replaced.

        An end that no entity has yet is stored too, and dangles until an entity with that id is inserted.

        Args:
            src: the id where the edge begins, or 'table:id' where several tables have the id.
            dst: the id where it ends, in the same form.
            edge_type: a text that is not empty.
            properties: anything that JSON can hold; stored as JSON.
            weight: a number; NULL counts 1 where weights are added.

        Raises:
            InputError: an argument does not fit, or a bare id is in several tables.

        Example:
            >>> db.add_edge("bob", "cache", "reported", weight=0.5)
            >>> db.neighbors("bob")["id"].to_list()
            ['cache']
        """

        def compute(access: Access) -> tuple[Changes, None]:
            resolve = access.resolver()
            row = edges.edge_row(src, dst, edge_type, resolve=resolve, properties=properties, weight=weight)
            return self._instance.writer.put_edges(access, [row]), None

        self._write(compute)

    def add_edges(self, frame: pl.DataFrame) -> int:
        """Add many edges from a frame, as `add_edge` does, in one commit.

        Args:
            frame: columns `src`, `dst` and `edge_type` of texts, and optionally `src_table`, `dst_table`, `properties`
                and `weight`. With the tables given, ids are not looked up, which is faster.

        Returns:
            The number of rows in the frame.

        Raises:
            InputError: a column is missing, unknown or of another type, or a value is NULL or empty; the text names the
                row.

        Example:
            >>> edges = pl.DataFrame({"src": ["ada", "bob"], "dst": ["bob", "ada"], "edge_type": ["knows", "knows"]})
            >>> db.add_edges(edges)
            2
        """
        if not isinstance(frame, pl.DataFrame):
            raise InputError(
                f"add_edges takes a Polars DataFrame, not {type(frame).__name__}; for one edge there is add_edge"
            )

        instance = self._instance

        def compute(access: Access) -> tuple[Changes, int]:
            conflicts = not self._writes_segments() or bool(instance.transactions)
            changes = edge_frames.put_edges(instance.store, instance.writer, access, frame, conflicts=conflicts)
            return changes, frame.height

        return self._write(compute)

    def remove_edges(self, src: str | None = None, dst: str | None = None, edge_type: str | None = None) -> int:
        """Remove the edges that have the given source, target and type, at deleted entities too.

        Args:
            src: edges that begin at this id or 'table:id'; None for any.
            dst: edges that end at this id or 'table:id'; None for any.
            edge_type: edges of this type; None for any.

        Returns:
            The number of edges that were removed.

        Raises:
            InputError: all three are None, or a bare id is in several tables.

        Example:
            >>> db.remove_edges(src="ada")
            2
        """
        filters = {"src": src, "dst": dst, "edge_type": edge_type}
        if all(value is None for value in filters.values()):
            raise InputError("remove_edges needs a source, a target or a type; DELETE FROM edges removes all")
        conditions, values = [], dict[str, str]()
        for name, value in filters.items():
            if value is None:
                continue
            checks.text(value, f"{name} of an edge")
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


def _id_list(ids: str | Iterable[str]) -> list[str]:
    items = [ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
    return [id_text(i, "the table") for i in items]
