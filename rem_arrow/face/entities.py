"""The verbs on rows, once for the database (each call commits) and for a transaction (all or none at its end)."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, overload

import polars as pl
from pydantic import BaseModel

from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.engine import Limits
from rem_arrow.engine.session import Shared
from rem_arrow.errors import InputError
from rem_arrow.model.registry import id_text
from rem_arrow.parameters import Parameters, typed_parameters
from rem_arrow.running.cancellation import check_stopped
from rem_arrow.statements.dispatch import run
from rem_arrow.statements.environment import Context
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import edge_frames, edges
from rem_arrow.write.embeddings import add_vectors, given_vectors
from rem_arrow.write.writer import find_table

T = TypeVar("T")
Compute = Callable[[Version], "tuple[Changes, T]"]


class Operations(ABC):
    """Reads and writes of one version; subclasses say which version, and what becomes of changes."""

    _shared: Shared

    @abstractmethod
    def _version(self) -> Version:
        """Return the version to read."""

    @abstractmethod
    def _write(self, compute: Compute[T]) -> T:
        """Compute changes from the version that is current for writing, and take them over."""

    @abstractmethod
    def _define(self, compute: Callable[[Store], pl.DataFrame]) -> pl.DataFrame:
        """Run a computation that changes what tables there are, and commits by itself, under `rewriting` and the
        lock."""

    @abstractmethod
    def _control(self, kind: str) -> None:
        """BEGIN, COMMIT or ROLLBACK."""

    @abstractmethod
    def _writes_segments(self) -> bool:
        """Say whether a write may bring many rows into segments at once."""

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
            edges: dicts with `edge_type`, `dst` and/or `src` (the other end is the inserted row), and optionally
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
        edge_list = list(edges) if edges else []

        def compute(version: Version) -> tuple[Changes, list[str]]:
            tv = find_table(version, table)
            records = self._shared.records(tv.table)
            left, given = (
                given_vectors(tv.table, rows if many else [rows])
                if tv.table.embeddings
                else (rows if many else [rows], {})
            )
            new = records.new_rows(left) if many else records.new_row(left[0])
            changes, ids = self._shared.writer.insert(tv, records, new)
            add_vectors(changes, tv.table, given)
            if edge_list:
                self._add_edges(version, changes, edge_list, tv.table.name, ids)
            return changes, ids

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
        version = self._version()
        tv = find_table(version, table)
        records = self._shared.records(tv.table)
        found = self._shared.writer.find(tv, id_text(id, tv.table.name))
        if found is None:
            return None
        place = found[1]
        row = records.to_dict(tv.table.names, place.view.part.row(place.offset, tv.table.fields))
        if row[tv.table.soft_delete] is not None and not include_deleted:
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

        def compute(version: Version) -> tuple[Changes, None]:
            tv = find_table(version, table)
            records = self._shared.records(tv.table)
            return self._shared.writer.update(tv, records, id_text(id, tv.table.name), dict(values)), None

        self._write(compute)

    def delete(self, table: str, ids: str | Iterable[str]) -> int:
        """Mark entities as deleted: no query, search or traversal sees them, until their id is inserted again.

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
        return self._write(lambda version: self._shared.writer.delete(self._entities(version, table), _listed(ids)))

    def purge(self, table: str, ids: str | Iterable[str]) -> int:
        """Remove entities for good, with the edges that begin or end at them.

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

        def compute(version: Version) -> tuple[Changes, int]:
            tv = self._entities(version, table)
            listed = _listed(ids)
            changes, count = self._shared.writer.purge(tv, listed)
            self._purge_edges(version, changes, tv.table.name, listed)
            return changes, count

        return self._write(compute)

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

        def compute(version: Version) -> tuple[Changes, None]:
            row = edges.edge_row(
                src, dst, edge_type, resolve=self._shared.resolver(version), properties=properties, weight=weight
            )
            return self._shared.writer.put_keyed(find_table(version, edges.NAME), [row]), None

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

        store, writer = self._shared.store, self._shared.writer

        def compute(version: Version) -> tuple[Changes, int]:
            tv, resolve = find_table(version, edges.NAME), self._shared.resolver(version)
            if frame.height >= edge_frames.ROWS_MIN:
                conflicts = not self._writes_segments() or bool(self._shared.open)
                return edge_frames.added(
                    store, writer, version, tv, frame, resolve=resolve, conflicts=conflicts
                ), frame.height
            return writer.put_keyed(tv, edges.frame_rows(frame, resolve)), frame.height

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
        given = {"src": src, "dst": dst, "edge_type": edge_type}
        if all(value is None for value in given.values()):
            raise InputError("remove_edges needs a source, a target or a type; DELETE FROM edges removes all")
        conditions, values = [], dict[str, str]()
        for name, value in given.items():
            if value is None:
                continue
            if not isinstance(value, str) or not value:
                raise InputError(f"{name} of an edge is a text that is not empty, not {value!r}")
            table, id_ = (
                (None, value) if name == "edge_type" else edges.split_end(value, self._shared.resolver(self._version()))
            )
            conditions.append(f"{name} = ${name}")
            values[name] = id_
            if table is not None:
                conditions.append(f"{name}_table = ${name}_table")
                values[f"{name}_table"] = table
        return int(self.sql(f"DELETE FROM edges WHERE {' AND '.join(conditions)}", values, include_deleted=True).item())

    # --- queries

    def sql(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        frames: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        include_deleted: bool = False,
    ) -> pl.DataFrame:
        """Run one statement, or several separated by semicolons, and return the result of the last one.

        Each statement is atomic. Between BEGIN and COMMIT they become visible together; BEGIN holds for the thread that
        ran it.

        Args:
            text: SQL in DuckDB's dialect, with searches and graph queries; see the guide to SQL.
            parameters: values of $name by name, or of $1, $2 by position; they never become part of the text.
            frames: Polars, pandas or Arrow tables that the text reads by these names.
            timeout_s: seconds after which a query, or the reading part of another statement, is stopped.
            include_deleted: see deleted entities too.

        Returns:
            The rows of a query, or of a RETURNING. INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY and CREATE TABLE AS
            give one row, `count` Int64; other statements one row, `status` String; EXPLAIN the column `plan`.

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.
            ExecuteError: an overflow, a failed cast, the time or memory limit.
            InputError: a value does not fit its column or model, or the connection is read-only; nothing was stored.
            ConflictError: at COMMIT, another writer changed the same rows first; nothing was stored.

        Example:
            >>> db.sql("SELECT title FROM issues WHERE priority > $least", {"least": 2}).rows()
            [('Login fails with a wrong password',)]
            >>> db.sql("UPDATE issues SET status = 'closed' WHERE id = 'docs'").item()
            1
        """
        engine = self._shared.engine
        given = {name: _as_frame(name, frame) for name, frame in (frames or {}).items()}
        limits = Limits(
            timeout_s if timeout_s is not None else self._shared.limits.timeout_s, self._shared.limits.memory_bytes
        )
        self._version()
        values, dtypes = typed_parameters(parameters)
        found = pl.DataFrame()
        for place, statement in enumerate(engine.statements(text)):
            check_stopped()
            bulk = self._writes_segments()
            context = Context(
                self._shared,
                text,
                place,
                values,
                dtypes,
                given,
                limits,
                include_deleted,
                self._version,
                self._write,
                self._define,
                self._control,
                bulk,
            )
            found = run(context, statement)
        return found

    def _snapshot(self, frames: Mapping[str, Any] | None = None, include_deleted: bool = False) -> Snapshot:
        given = {name: _as_frame(name, frame) for name, frame in (frames or {}).items()}
        return Snapshot(
            self._shared.store.kv, self._shared.writer.hints, self._version(), given, include_deleted=include_deleted
        )

    # --- inside

    def _entities(self, version: Version, table: str) -> TableVersion:
        tv = find_table(version, table)
        self._shared.records(tv.table)
        return tv

    def _add_edges(
        self, version: Version, changes: Changes, given: list[Mapping[str, Any]], table: str, ids: list[str]
    ) -> None:
        known, resolve = set(ids), self._shared.resolver(version)
        rows = []
        for place, edge in enumerate(given):
            unknown = set(edge) - {"src", "dst", "edge_type", "properties", "weight"}
            if unknown or "edge_type" not in edge or not ("dst" in edge or "src" in edge):
                raise InputError(
                    f"edge {place}: an edge is a dict of dst and edge_type, and src, properties, weight if wanted; "
                    f"got {sorted(edge)}"
                )
            if len(ids) > 1 and not ("src" in edge and "dst" in edge):
                raise InputError(f"edge {place}: with several rows an edge names both src and dst")
            row = edges.edge_row(
                edge.get("src", ids[0]),
                edge.get("dst", ids[0]),
                edge["edge_type"],
                resolve=lambda e: table if e in known else resolve(e),
                properties=edge.get("properties"),
                weight=edge.get("weight"),
                place=f"edge {place}: ",
            )
            rows.append(row)
        changes.merge(self._shared.writer.put_keyed(find_table(version, edges.NAME), rows))

    def _purge_edges(self, version: Version, changes: Changes, table: str, ids: list[str]) -> None:
        """Kill the edges that begin or end at purged entities."""
        tv = find_table(version, edges.NAME)
        writer = self._shared.writer
        rowids: set[int] = set()
        for name in ("src", "dst"):
            for id_ in ids:
                rowids.update(
                    writer.hints.by_value(self._shared.store.kv, tv, tv.table.field(name), id_, limit=sys.maxsize - 1)
                    or ()
                )
        wanted = {(table, id_) for id_ in ids}
        for rowid in sorted(rowids):
            place = tv.place(rowid)
            if place is None:
                continue
            row = writer.plain_row(tv.table, place)
            if (row[0], row[1]) in wanted or (row[2], row[3]) in wanted:
                writer.retire_row(changes, tv.table, rowid, row)


def _listed(ids: str | Iterable[str]) -> list[str]:
    given = [ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
    return [id_text(i, "the table") for i in given]


def _as_frame(name: str, frame: Any) -> pl.DataFrame | pl.LazyFrame:
    if isinstance(frame, (pl.DataFrame, pl.LazyFrame)):
        return frame
    try:
        if type(frame).__module__.split(".")[0] == "pandas":
            return pl.from_pandas(frame)
        if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
            return pl.DataFrame(frame)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"the frame {name!r} cannot be read as a table: {error}") from error
    raise InputError(f"the frame {name!r} is a {type(frame).__name__}; frames are Polars, pandas or Arrow tables")
