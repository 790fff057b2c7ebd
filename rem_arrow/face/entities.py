"""The verbs on rows, once for the database (each call commits) and for a transaction (all or none at its end)."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, overload

import polars as pl
from pydantic import BaseModel

from rem_arrow import checks
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
        """Return one entity by id: a dict, or with `as_model` the validated model; None when there is none.

        Args:
            include_deleted: also find an entity that was deleted and not purged.
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
        """Change fields of one entity; the whole row is validated again. Raises InputError if there is none."""

        def compute(version: Version) -> tuple[Changes, None]:
            tv = find_table(version, table)
            records = self._shared.records(tv.table)
            return self._shared.writer.update(tv, records, id_text(id, tv.table.name), dict(values)), None

        self._write(compute)

    def delete(self, table: str, ids: str | Iterable[str]) -> int:
        """Mark entities as deleted; they leave every query, and `include_deleted` still shows them. Returns how
        many."""
        return self._write(lambda version: self._shared.writer.delete(self._entities(version, table), _listed(ids)))

    def purge(self, table: str, ids: str | Iterable[str]) -> int:
        """Remove entities for good, and the edges at them. Returns how many entities."""

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
        """Add a directed edge between two entities, by id or 'table:id'; the same source, type and target is
        replaced."""

        def compute(version: Version) -> tuple[Changes, None]:
            row = edges.edge_row(
                src, dst, edge_type, resolve=self._shared.resolver(version), properties=properties, weight=weight
            )
            return self._shared.writer.put_keyed(find_table(version, edges.NAME), [row]), None

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
            checks.text(value, f"{name} of an edge")
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
        """Run one statement, or several parted by semicolons, and return what the last one gives.

        A query gives its rows. INSERT, UPDATE, DELETE, TRUNCATE, COPY and CREATE TABLE AS give one row, `count`, or
        with RETURNING the rows. CREATE, DROP, ALTER, BEGIN, COMMIT and ROLLBACK give one row, `status`. EXPLAIN gives
        the column `plan`. Each statement is atomic; between BEGIN and COMMIT they become visible together, for the
        thread that began.

        Args:
            parameters: values of $name by name, or of $1, $2 by position; they never become part of the text.
            frames: Polars, pandas or Arrow tables that the text reads by these names.
            timeout_s: seconds after which a query, or the reading part of another statement, is stopped.
            include_deleted: see deleted entities too.

        Raises:
            ParseError, BindError, UnsupportedError: the text; with the place.
            ExecuteError: overflow, time out, memory.
            InputError: a value does not fit its column or its model, or the connection is for reading only; nothing
                was stored.
            ConflictError: COMMIT, when another writer changed the same rows first; nothing was stored.
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
