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
    """Open the database in a folder, and create it if it does not exist.

    Args:
        path: the folder; without one, a temporary database that is deleted when it is closed.
        tenant: a separate database in a folder of that name under `path`; nothing is shared between tenants.
        memory_limit: in bytes, or a text such as "512MB", at least 64 MB; half of it bounds the caches, and half the
            growth of the process while a large statement runs.
        threads: threads for reading, writing and queries; default is one for each core, at most 8. Polars makes its own
            threads when it is imported; for fewer than it runs, set POLARS_MAX_THREADS before.
        durability: "wal" keeps every commit if the process is killed, "sync" also if the power fails.
        read_only: read beside a writer in another process; `refresh` shows its newer commits.
        tail_rows_max: the number of rows in a tail at which it is sealed into a segment, at least 1.
        background: seal, compact and index on a thread; without it only `compact` does.
        embedder: computes the embeddings of tables whose model names none: "hash" (built in, lexical), "openai:MODEL",
            "model2vec:NAME", "sentence-transformers:NAME", "fastembed:NAME", or a function from a list of texts to
            vectors. A table keeps the embedder with which it began; `reembed` changes it.
        embed: "write" computes embeddings before an insert returns, "background" on a thread; `wait` waits for it.

    Returns:
        A `Database`.

    Raises:
        InputError: the path is a file, cannot be written or holds no database, or another argument does not fit.
        ConflictError: another process has the database open for writing.

    Example:
        >>> with rem.connect("memory.rem") as memory:
        ...     memory.insert("entities", {"id": "dhl", "name": "DHL"})
        'dhl'
        >>> with rem.connect("memory.rem", read_only=True) as memory:
        ...     memory.get("entities", "dhl")["name"]
        'DHL'
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
        Store(folder, read_only=read_only, settings=settings), temporary=temporary, embedder=embedder, embed=embed
    )


class Database(Exchange):
    """An open database, made by `connect`; many threads may use it, and as a context manager it closes itself.

    Every verb raises InputError once the database is closed, and a verb that writes raises it where the connection is
    read-only. A verb that writes commits once: other readers see all of it or nothing.
    """

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
        """Make a Pydantic model a table, or change the table that it has to the model's new fields.

        A new field needs a default or may be NULL, and a type may widen; a change that would lose or break rows is
        refused.

        Args:
            model: the model; what `json_schema_extra` in its config may hold is in the guide to tables.
            name: the table's name; default is the model's name in snake case with an s.

        Returns:
            The table's name.

        Raises:
            InputError: a field cannot be a column, the change is not compatible, or the name belongs to another kind of
                table.

        Example:
            >>> class Note(BaseModel):
            ...     text: str
            ...     stars: int = 0
            >>> db.register(Note)
            'notes'
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
        """Return a row for each table and view, ordered by name.

        Returns:
            `name` String, `kind` String (entity, plain, system or view), `category` String, `rows` Int64 (NULL for a
            view), `columns` Int64, `description` String (its first line).

        Example:
            >>> db.tables().filter(pl.col("category") == "user").select("name", "kind", "rows").rows()
            [('issues', 'entity', 3), ('sales', 'plain', 3)]
        """
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
        """Return a row for each column of a table, in the order of the table.

        Args:
            table: a table or view, without regard to case.

        Returns:
            `column` String, `type` String (in SQL), `nullable` Boolean, `key` Boolean, `indexed` Boolean, `description`
            String.

        Raises:
            InputError: there is no such table.

        Example:
            >>> db.schema("sales").select("column", "type").rows()
            [('region', 'VARCHAR'), ('amount', 'BIGINT')]
        """
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
        """Load many rows from a table in memory or from a file, all of them or none.

        A table that does not exist is created as a plain table with the columns of the data. Into an entity table the
        rows are validated by its model, missing columns take their defaults, and a row whose id exists replaces the
        stored one.

        Args:
            table: the table to load into, created if it does not exist.
            data: a Polars, pandas or Arrow table, an Arrow stream, a list of dicts, a dict of columns, or the path of a
                Parquet, CSV, TSV, NDJSON or Arrow file.
            progress: show a progress bar; default is when loading takes more than a second, in a terminal or notebook.

        Returns:
            The number of rows loaded.

        Raises:
            InputError: the data cannot be read or does not fit, the table is a view, or a transaction is open in this
                thread.

        Example:
            >>> db.load("sales", [{"region": "east", "amount": 7}])
            1
            >>> db.sql("SELECT SUM(amount) FROM sales").item()
            19
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
        """Return the plan of a query: one step a line, the inputs of a step indented below it.

        Args:
            text: a query in SQL.
            parameters: values of $name by name, or of $1, $2 by position.
            analyze: run the query, and add to each step its rows and its own time, and to a scan what it skipped.
            frames: Polars, pandas or Arrow tables that the text reads by these names.

        Returns:
            A `Plan`: a str that folds as a tree in a notebook, with `steps`, `to_frame()`, `show()` and `profile()`.

        Raises:
            ParseError, BindError, UnsupportedError: the text is wrong; the error shows the place.
            ExecuteError: with `analyze`, what the query raises when it runs.

        Example:
            >>> print(db.explain("SELECT SUM(amount) AS total FROM sales"))
            Project sum() AS total
              Aggregate sum(sales.amount)
                Scan sales (amount)  [about 3 rows]
        """
        return self._shared.engine.explain(text, self._snapshot(frames), parameters, analyze=analyze)

    # --- transactions and upkeep

    def transaction(self) -> Transaction:
        """Begin a transaction: its writes become visible together when it commits, or not at all.

        As a context manager it commits at the end of the block, and rolls back when the block raises an error. It reads
        the version with which it began, and its own writes; the first transaction to commit a row wins.

        Returns:
            A `Transaction`, for one thread at a time.

        Raises:
            InputError: the database is open for reading only.

        Example:
            >>> with db.transaction() as tx:
            ...     tx.update("issues", "login", {"status": "closed"})
            ...     tx.add_edge("bob", "login", "closed")
            >>> db.get("issues", "login")["status"]
            'closed'
        """
        self._writable()
        return Transaction(self._shared, self._follow)

    def wait(self, timeout_s: float | None = None, *, progress: bool | None = None) -> None:
        """Wait until background work is done: sealing, compaction, embedding and indexing.

        Args:
            timeout_s: the longest wait in seconds; None waits as long as it takes.
            progress: show a progress bar, as in `load`.

        Raises:
            ExecuteError: background work failed, with its error, or did not end in `timeout_s` seconds.

        Example:
            >>> db.wait(timeout_s=30)
        """
        self._store.check_open()
        if self._store.background is not None:
            maintenance.wait(self._store.background, self._shared.vectors, timeout_s, progress)

    def refresh(self) -> None:
        """Make a read-only connection see the writer's newer commits; running queries keep the version they began with.

        A connection that writes sees its commits at once, and needs no refresh.

        Example:
            >>> writer = rem.connect("memory.rem")
            >>> reader = rem.connect("memory.rem", read_only=True)
            >>> writer.insert("entities", {"id": "dhl", "name": "DHL"})
            'dhl'
            >>> reader.refresh()
            >>> reader.get("entities", "dhl")["name"]
            'DHL'
            >>> reader.close()
            >>> writer.close()
        """
        self._store.refresh()

    def compact(self, *, progress: bool | None = None) -> None:
        """Seal tails into segments, merge small segments, and free the space of dead rows.

        This also happens in the background; call it after many deletes, or with `background=False`.

        Args:
            progress: show a progress bar, as in `load`.

        Raises:
            InputError: the database is open for reading only.

        Example:
            >>> db.compact()
            >>> db.stats()["tables"]["sales"]["tail_rows"]
            0
        """
        self._writable()
        maintenance.compact(self._store, progress)

    def verify(self, *, progress: bool | None = None) -> pl.DataFrame:
        """Read everything stored, check its checksums, and return a row for each damaged value.

        Args:
            progress: show a progress bar, as in `load`.

        Returns:
            `table` String, `segment` Int64, `column` String, `page` Int64, `problem` String; no rows when all is sound.

        Example:
            >>> db.verify().height
            0
        """
        return maintenance.verify(self._store, self._version(), progress)

    def backup(self, path: str | Path, *, progress: bool | None = None) -> None:
        """Write a consistent copy of the open database to a new folder, without stopping readers or writers.

        Args:
            path: a folder that does not exist; `rem.restore` turns it into a database again.
            progress: show a progress bar, as in `load`.

        Raises:
            InputError: the folder exists, or the database is open for reading only.

        Example:
            >>> db.backup("backup")
            >>> rem.restore("backup", "restored.rem")
            >>> with rem.connect("restored.rem") as copy:
            ...     copy.get("issues", "login")["code"]
            'TAP-1'
        """
        self._writable()
        maintenance.backup(self._store, Path(path), progress)

    def stats(self) -> dict[str, Any]:
        """Return figures about the database: size, commits, caches, background failures, tables and indexes.

        Returns:
            A dict: `path`, `bytes_on_disk`, `commit`, `pinned_versions`, `cache_bytes`, `cache_bytes_max`,
            `background_failure`, `embedding_failure`, `tables` (rows, segments, tail_rows, dead_rows and bytes of
            each), `vector_indexes`, `text_indexes`, `graph`, `trigram_index`.

        Example:
            >>> db.stats()["tables"]["issues"]["rows"]
            3
        """
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
        """The folder of the database.

        Example:
            >>> db.path.is_dir()
            True
        """
        return self._store.path

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish the running commit, stop background work, and close the files; a second call does nothing.

        Work that is stopped continues when the database is opened again. A temporary database is deleted.

        Args:
            timeout_s: the longest wait for background work, in seconds.

        Example:
            >>> db.close()
            >>> db.closed
            True
        """
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
    """Copy a backup to a new folder, as a database that can be opened.

    Args:
        backup: a folder that `Database.backup` wrote.
        path: a folder that does not exist, or is empty.
        progress: show a progress bar, as in `Database.load`.

    Raises:
        InputError: the backup holds no database, or the folder is not empty.

    Example:
        >>> db.backup("backup")
        >>> rem.restore("backup", "restored.rem")
    """
    maintenance.restore(Path(backup), Path(path), progress)


_OPEN = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        if database._store.process == os.getpid():
            database.close()


atexit.register(_close_all)
