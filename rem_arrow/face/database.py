"""The public face: `connect` and `Database`. Each method is one call into the layers below."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import polars as pl
from pydantic import BaseModel

from rem_arrow.datatypes import sql_name
from rem_arrow.engine.engine import Limits
from rem_arrow.engine.session import Shared
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.errors import InputError
from rem_arrow.face.entities import Compute
from rem_arrow.face.interchange import Exchange
from rem_arrow.face.options import check_folder, memory_bytes, tenant_folder, thread_count
from rem_arrow.face.transaction import Transaction
from rem_arrow.interop.readers import open_input
from rem_arrow.model import registry
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.parameters import Parameters
from rem_arrow.running.progress import progress_bar
from rem_arrow.schema import Table, check_name
from rem_arrow.storage import compaction, keys
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Durability, Settings, Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import edges, loader, maintenance
from rem_arrow.write.dangling import bind_ends
from rem_arrow.write.embeddings import Provider
from rem_arrow.write.entity_load import EntityLoad
from rem_arrow.write.writer import find_table

T = TypeVar("T")

_OPEN: weakref.WeakSet[Database]


def connect(
    path: str | Path | None = None,
    *,
    tenant: str | None = None,
    memory_limit: str | int = "4GB",
    threads: int | None = None,
    durability: Durability = "wal",
    read_only: bool = False,
    tail_rows_max: int = 65_536,
    background: bool = True,
    embedder: Provider = "hash",
    embed: Literal["write", "background"] = "write",
) -> Database:
    """Open the database in the folder `path`, made if it does not exist.

    Args:
        path: the folder; without one a temporary database that goes away when it is closed.
        tenant: a separate database in a folder of that name under `path`; nothing crosses it.
        memory_limit: bytes, or a text such as "512MB": bounds the caches, and the process while a large statement runs.
        threads: threads for reading, writing and queries; default is one for each core. Polars reads
            POLARS_MAX_THREADS when it
            is imported: fewer threads than it runs are refused.
        durability: "wal" survives a killed process, "sync" a power cut too.
        read_only: read beside a writer of another process; `refresh` shows its newer commits.
        tail_rows_max: rows of the tail that are sealed into a segment.
        background: seal and compact on a thread; without, only `compact` does.
        embedder: computes the embeddings of tables whose model names no provider: "hash" (built in, lexical,
            nothing leaves the
            machine), "openai:MODEL", "model2vec:NAME", "sentence-transformers:NAME", "fastembed:NAME", or a function
            from a list of texts to vectors. A table keeps the provider that it began with; `reembed` moves it.
        embed: "write" computes embeddings before an insert returns, "background" on a thread, for which `wait` waits.

    Raises:
        InputError: the path is a file, cannot be written, or is no database.
        ConflictError: another process has it open for writing.
    """
    temporary = path is None
    folder = Path(tempfile.mkdtemp(prefix="rem-")) if path is None else Path(path)
    if tenant is not None:
        folder = folder / tenant_folder(tenant)
    if durability not in ("wal", "sync"):
        raise InputError(f"durability is 'wal' or 'sync', not {durability!r}")
    if tail_rows_max < 1:
        raise InputError(f"tail_rows_max is at least 1, not {tail_rows_max}")
    settings = Settings(memory_bytes(memory_limit), thread_count(threads), durability, tail_rows_max, background)
    check_folder(folder, read_only=read_only)
    if embed not in ("write", "background") or (embed == "background" and not background):
        raise InputError(f"embed is 'write', or with background=True 'background', not {embed!r}")
    return Database(
        Store(folder, read_only=read_only, settings=settings, tidy=compaction.tidy),
        temporary=temporary,
        embedder=embedder,
        embed=embed,
    )


class Database(Exchange):
    """An open database. Safe to use from many threads; a context manager that closes itself."""

    def __init__(
        self, store: Store, *, temporary: bool = False, embedder: Provider = "hash", embed: str = "write"
    ) -> None:
        self._store = store
        self._shared = Shared(store, embedder)
        self._embeds_later = embed == "background"
        self._shared.limits = Limits(None, store.settings.memory_bytes)
        self._temporary = temporary
        self._thread = threading.local()
        if not store.read_only:
            self._shared.vectors.sweep()
            self._shared.texts.sweep()
            self._create_system_tables()
        for name, model in BUILTIN:
            tv = store.version.find(name)
            if tv is not None:
                self._shared.models[tv.table.number] = model
        _OPEN.add(self)

    # --- tables

    def register(self, model: type[BaseModel], *, name: str | None = None) -> str:
        """Make a Pydantic model a table, or evolve the table that it has. Returns the table's name.

        A new field needs a default or may be NULL; a type may widen; anything else that would lose or break rows is
        refused.

        Args:
            name: the table's name; default is the model's in snake case with an s.

        Raises:
            InputError: a field cannot be a column, or the change is not compatible.
        """
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise InputError(f"register takes a Pydantic model class, not {model!r}")
        table_name = check_name(name if name is not None else registry.table_name(model), "table")
        store = self._writable()
        with store.rewriting, store.lock:
            existing = store.version.find(table_name)
            if existing is None:
                table = registry.describe(model, table_name, self._next_table())
                self._store_descriptions(self._shared.embeddings.described(table, self._next_table))
            else:
                table = self._evolve(existing, model)
            self._shared.models[table.number] = model
        return table.name

    def tables(self) -> pl.DataFrame:
        """Return every table and view: name, kind, category, rows (NULL for a view), columns, description."""
        rows = [
            (
                t.table.name,
                t.table.kind,
                t.table.category,
                None if t.table.kind == "view" else t.rows,
                len(t.table.fields),
                t.table.description.split("\n")[0],
            )
            for t in self._version()
        ]
        names = {
            "name": pl.String,
            "kind": pl.String,
            "category": pl.String,
            "rows": pl.Int64,
            "columns": pl.Int64,
            "description": pl.String,
        }
        return pl.DataFrame(rows, schema=names, orient="row").sort("name")

    def schema(self, table: str) -> pl.DataFrame:
        """Return the columns of a table: column, type, nullable, key, indexed, description."""
        t = find_table(self._version(), table).table
        rows = [
            (
                f.name,
                "JSON" if f.encoding == "json" else sql_name(f.dtype),
                f.nullable,
                f.name in t.key,
                f.name in t.indexed,
                f.description,
            )
            for f in t.fields
        ]
        names = {
            "column": pl.String,
            "type": pl.String,
            "nullable": pl.Boolean,
            "key": pl.Boolean,
            "indexed": pl.Boolean,
            "description": pl.String,
        }
        return pl.DataFrame(rows, schema=names, orient="row")

    def load(self, table: str, data: Any, *, progress: bool | None = None) -> int:
        """Load many rows: a Polars, pandas or Arrow table, a list of dicts, or a path of Parquet, CSV, NDJSON or Arrow.

        A table that does not exist becomes a plain table of the data's columns. Into an entity table rows are validated
        by the registered model, columns that are missing take their defaults, and an id that exists is replaced. All or
        none.

        Args:
            progress: show a bar; default is when it takes more than a second, in a terminal or notebook.

        Returns:
            The number of rows.

        Raises:
            InputError: the data does not fit; nothing is stored.
        """
        self._writable()
        check_name(table, "table")
        if self._begun() is not None:
            raise InputError(
                "load commits by itself; COMMIT or ROLLBACK the transaction of this thread first, or use INSERT"
            )
        given = open_input(data)
        with progress_bar(f"loading {table}", given.rows, progress) as advance:
            tv = self._store.version.find(table)
            if tv is not None and tv.table.kind == "view":
                raise InputError(f"{tv.table.name} is a view, and holds no rows; load into a table")
            if tv is not None and tv.table.kind == "system":
                return self.add_edges(
                    pl.concat(list(given.pieces)) if given.rows else pl.DataFrame(schema=given.schema)
                )
            if tv is not None and tv.table.kind == "entity":
                count = self._load_entities(tv, given.pieces, advance)
            else:
                count = self._load_plain(table, given.schema, given.pieces, given.rows, advance)
        after = find_table(self._store.version, table).table
        self._vectorize(after.number, None if after.kind == "entity" else [], progress=progress)
        return count

    # --- queries

    def explain(
        self,
        text: str,
        parameters: Parameters = None,
        *,
        analyze: bool = False,
        frames: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Return the plan of a query, a text that can be drawn; with `analyze` it is run, and rows, time and segments
        read are added."""
        return self._shared.engine.explain(text, self._snapshot(frames), parameters, analyze=analyze)

    # --- transactions and upkeep

    def transaction(self) -> Transaction:
        """Begin a transaction; as a context manager it commits at its end, or on an error stores nothing."""
        self._writable()
        return Transaction(self._shared, self._follow)

    def wait(self, timeout_s: float | None = None, *, progress: bool | None = None) -> None:
        """Return when background work is done. Raises ExecuteError with its failure, if it failed; `progress` as of
        `load`."""
        self._store.check_open()
        if self._store.background is not None:
            maintenance.wait(self._store.background, self._shared.vectors, timeout_s, progress)

    def refresh(self) -> None:
        """In a read-only connection: see what the writer has committed since. Queries that run keep what they began
        with."""
        self._store.refresh()

    def compact(self, *, progress: bool | None = None) -> None:
        """Seal tails, merge segments and give up the space of what is dead; `progress` as of `load`."""
        self._writable()
        maintenance.compact(self._store, progress)

    def verify(self, *, progress: bool | None = None) -> pl.DataFrame:
        """Read and check everything; returns a row for each damaged value (table, segment, column, page, problem), none
        when sound."""
        return maintenance.verify(self._store, self._version(), progress)

    def backup(self, path: str | Path, *, progress: bool | None = None) -> None:
        """Write a consistent copy of the open database to a new folder; `progress` as of `load`."""
        self._writable()
        maintenance.backup(self._store, Path(path), progress)

    def stats(self) -> dict[str, Any]:
        """Return numbers about the database: bytes on disk, commit, pinned versions, cache, and rows and segments by
        table."""
        self._store.check_open()
        found = maintenance.stats(self._store)
        failure = self._shared.embeddings.failure
        return {
            **found,
            "embedding_failure": None if failure is None else str(failure),
            "vector_indexes": self._shared.vectors.stats(),
            "text_indexes": self._shared.texts.stats(),
            "graph": self._shared.writer.hints.graphs.stats(),
            "trigram_index": self._shared.writer.hints.trigrams.stats(),
        }

    @property
    def path(self) -> Path:
        """The folder."""
        return self._store.path

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish the running commit, stop background work and close the files; safe to call twice."""
        self._store.close(timeout_s)
        self._shared.texts.close()
        _OPEN.discard(self)
        if self._temporary:
            shutil.rmtree(self._store.path, ignore_errors=True)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.Database {self._store.path}{' (closed)' if self._store.closed else ''}>"

    # --- inside

    def _version(self) -> Version:
        begun = self._begun()
        return self._store.pin() if begun is None else begun._version()

    def _write(self, compute: Compute[T]) -> T:
        store, begun = self._writable(), self._begun()
        if begun is not None:
            return begun._write(compute)
        with store.lock:
            changes, result = compute(store.version)
            bind_ends(store.kv, self._shared.writer, store.version, changes)
            if changes:
                store.commit(changes)
        self._follow(changes)
        return result

    def _define(self, compute: Callable[[Store], pl.DataFrame]) -> pl.DataFrame:
        store, begun = self._writable(), self._begun()
        if begun is not None:
            return begun._define(compute)
        with store.rewriting, store.lock:
            found = compute(store)
        for tv in store.version:
            self._vectorize(tv.table.number, [])
        return found

    def _control(self, kind: str) -> None:
        begun = self._begun()
        if begun is not None:
            if kind != "BEGIN":
                self._thread.transaction = None
            begun._control(kind)
        elif kind == "BEGIN":
            self._thread.transaction = self.transaction()
        else:
            raise InputError(f"{kind}: no transaction is open in this thread; BEGIN one")

    def _begun(self) -> Transaction | None:
        """Return the transaction that this thread began by BEGIN, if it is open."""
        return getattr(self._thread, "transaction", None)

    def _writes_segments(self) -> bool:
        return self._begun() is None

    def _writable(self) -> Store:
        self._store.check_open()
        if self._store.read_only:
            raise InputError(f"{self._store.path} is open for reading only; connect without read_only=True to write")
        return self._store

    def _next_table(self) -> int:
        number = self._store.reserve_table()
        if number > keys.TABLE_MAX:
            raise InputError(f"a database has had {keys.TABLE_MAX} tables; no more numbers are left")
        return number

    def _store_descriptions(self, tables: Mapping[int, Table]) -> None:
        changes = Changes()
        changes.tables.update(tables)
        self._store.commit(changes)

    def _create_system_tables(self) -> None:
        with self._store.lock:
            changes = Changes()
            if self._store.version.find(edges.NAME) is None:
                number = self._next_table()
                changes.tables[number] = edges.edges_table(number)
            for name, model in BUILTIN:
                if self._store.version.find(name) is None:
                    number = self._next_table()
                    changes.tables.update(
                        self._shared.embeddings.described(registry.describe(model, name, number), self._next_table)
                    )
            if changes:
                self._store.commit(changes)

    def _evolve(self, tv: TableVersion, model: type[BaseModel]) -> Table:
        if tv.table.kind != "entity":
            raise InputError(
                f"there is a {tv.table.kind} {'' if tv.table.kind == 'view' else 'table '}{tv.table.name}; register "
                "the model under another name"
            )
        described = self._shared.embeddings.described(registry.evolve(tv.table, model), self._next_table)
        evolved = described[tv.table.number]
        if evolved == tv.table:
            return tv.table
        # Rows in the tail are written in the columns of their time: seal them before the columns change.
        self._store.freeze(tv.table.number)
        compaction.seal(self._store, tv.table.number)
        if set(evolved.indexed) - set(tv.table.indexed) or set(evolved.name_fields) - set(tv.table.name_fields):
            loader.write_index(self._store, self._store.version.tables[tv.table.number], evolved)
        self._store_descriptions(described)
        return evolved

    def _load_plain(
        self,
        name: str,
        schema: pl.Schema,
        pieces: Iterable[pl.DataFrame],
        rows: int | None,
        advance: Callable[[int], None],
    ) -> int:
        store = self._store
        with store.lock:
            tv = store.version.find(name)
            table = tv.table if tv is not None else loader.plain_table(name, self._next_table(), schema)
            fitted = (loader.fitted(piece, table) for piece in pieces)
            changes = Changes()
            if tv is None:
                changes.tables[table.number] = table
            if rows is not None and rows < loader.DIRECT_ROWS_MIN:
                frame = pl.concat(list(fitted)) if rows else loader.fitted(pl.DataFrame(schema=schema), table)
                if frame.height:
                    changes.append(
                        table.number, loader.frame_append(frame, store.reserve_rowids(table.number, frame.height))
                    )
                store.commit(changes)
                advance(frame.height)
                return frame.height
            manifests, count = loader.write_segments(
                store, table, fitted, first_rowid=lambda n: store.reserve_rowids(table.number, n), progress=advance
            )
            store.commit(changes, manifests=manifests)
            return count

    def _load_entities(self, tv: TableVersion, pieces: Iterable[pl.DataFrame], advance: Callable[[int], None]) -> int:
        with self._store.lock:
            store, writer = self._store, self._shared.writer

            def bind(changes: Changes, loaded: Mapping[str, str]) -> None:
                bind_ends(store.kv, writer, store.version, changes, loaded)

            return EntityLoad(store, writer, tv.table.number, self._shared.records(tv.table), bind).run(pieces, advance)


def restore(backup: str | Path, path: str | Path, *, progress: bool | None = None) -> None:
    """Put a backup back as a database in the new folder `path`; `progress` as of `Database.load`."""
    maintenance.restore(Path(backup), Path(path), progress)


_OPEN = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        if database._store.process == os.getpid():
            database.close()


atexit.register(_close_all)
