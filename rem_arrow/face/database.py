"""The public face: `connect` and `Database`. Each method is one call into the layers below."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.engine.instance import Instance
from rem_arrow.errors import InputError
from rem_arrow.face.conversations import ConversationVerbs
from rem_arrow.face.documents import DocumentVerbs
from rem_arrow.face.entities import EntityVerbs
from rem_arrow.face.entity_names import NameVerbs
from rem_arrow.face.find import FindVerbs
from rem_arrow.face.graph import GraphVerbs
from rem_arrow.face.import_export import ImportExportVerbs
from rem_arrow.face.interchange import InterchangeVerbs
from rem_arrow.face.natural_language import QuestionVerbs
from rem_arrow.face.options import check_folder, memory_bytes, tenant_folder, thread_count
from rem_arrow.face.representation import Representation
from rem_arrow.face.search import SearchVerbs
from rem_arrow.face.tables import TableVerbs
from rem_arrow.face.timeline import TimelineVerbs
from rem_arrow.face.transaction import Transaction
from rem_arrow.model import registry
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Durability, Settings, Store
from rem_arrow.storage.version import Version
from rem_arrow.write import edges, maintenance
from rem_arrow.write.embeddings import Provider
from rem_arrow.write.path import Compute

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
        Store(folder, read_only=read_only, settings=settings), temporary=temporary, embedder=embedder, embed=embed
    )


class Database(
    EntityVerbs,
    NameVerbs,
    FindVerbs,
    GraphVerbs,
    SearchVerbs,
    DocumentVerbs,
    TimelineVerbs,
    ConversationVerbs,
    QuestionVerbs,
    ImportExportVerbs,
    InterchangeVerbs,
    TableVerbs,
    Representation,
):
    """An open database. Safe to use from many threads; a context manager that closes itself."""

    def __init__(
        self, store: Store, *, temporary: bool = False, embedder: Provider = "hash", embed: str = "write"
    ) -> None:
        self._instance = Instance(store, embedder, embeds_later=embed == "background")
        self._temporary = temporary
        self._thread = threading.local()
        if not store.read_only:
            self._instance.indexes.sweep()
            self._create_system_tables()
        for name, model in BUILTIN:
            tv = store.version.find(name)
            if tv is not None:
                self._instance.models.register(tv.table.number, model)
        _OPEN.add(self)

    # --- transactions and upkeep

    def transaction(self) -> Transaction:
        """Begin a transaction; as a context manager it commits at its end, or on an error stores nothing."""
        self._instance.writable()
        return Transaction(self._instance)

    def wait(self, timeout_s: float | None = None, *, progress: bool | None = None) -> None:
        """Return when background work is done. Raises ExecuteError with its failure, if it failed; `progress` as of
        `load`."""
        self._instance.store.check_open()
        if self._instance.store.background is not None:
            maintenance.wait(self._instance.store.background, self._instance.indexes.vectors, timeout_s, progress)

    def refresh(self) -> None:
        """In a read-only connection: see what the writer has committed since. Queries that run keep what they began
        with."""
        self._instance.store.refresh()

    def compact(self, *, progress: bool | None = None) -> None:
        """Seal tails, merge segments and give up the space of what is dead; `progress` as of `load`."""
        self._instance.writable()
        maintenance.compact(self._instance.store, progress)

    def verify(self, *, progress: bool | None = None) -> pl.DataFrame:
        """Read and check everything; returns a row for each damaged value (table, segment, column, page, problem), none
        when sound."""
        return maintenance.verify(self._instance.store, self._version(), progress)

    def backup(self, path: str | Path, *, progress: bool | None = None) -> None:
        """Write a consistent copy of the open database to a new folder; `progress` as of `load`."""
        self._instance.writable()
        maintenance.backup(self._instance.store, Path(path), progress)

    def stats(self) -> dict[str, Any]:
        """Return numbers about the database: bytes on disk, commit, pinned versions, cache, and rows and segments by
        table."""
        self._instance.store.check_open()
        found = maintenance.stats(self._instance.store)
        failure, indexes = self._instance.embeddings.failure, self._instance.indexes
        return {
            **found,
            "embedding_failure": None if failure is None else str(failure),
            "vector_indexes": indexes.vectors.stats(),
            "text_indexes": indexes.texts.stats(),
            "graph": indexes.graphs.stats(),
            "trigram_index": indexes.trigrams.stats(),
        }

    @property
    def path(self) -> Path:
        """The folder."""
        return self._instance.store.path

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish the running commit, stop background work and close the files; safe to call twice."""
        self._instance.close(timeout_s)
        _OPEN.discard(self)
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.Database {self.path}{' (closed)' if self.closed else ''}>"

    # --- inside

    def _version(self) -> Version:
        begun = self._begun()
        return self._instance.store.pin() if begun is None else begun._version()

    def _write(self, compute: Compute[T]) -> T:
        self._instance.writable()
        begun = self._begun()
        return self._instance.writes.run(compute) if begun is None else begun._write(compute)

    def _define(self, compute: Compute[T]) -> T:
        self._instance.writable()
        begun = self._begun()
        return self._instance.writes.run(compute, rewriting=True) if begun is None else begun._define(compute)

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

    def _create_system_tables(self) -> None:
        store, embeddings = self._instance.store, self._instance.embeddings

        def compute(access: Access) -> tuple[Changes, None]:
            changes = Changes()
            if access.version.find(edges.NAME) is None:
                number = store.reserve_table()
                changes.tables[number] = edges.edges_table(number)
            for name, model in BUILTIN:
                if access.version.find(name) is None:
                    described = registry.describe(model, name, store.reserve_table())
                    changes.tables.update(embeddings.described(described, store.reserve_table))
            return changes, None

        self._instance.writes.run(compute)


def restore(backup: str | Path, path: str | Path, *, progress: bool | None = None) -> None:
    """Put a backup back as a database in the new folder `path`; `progress` as of `Database.load`."""
    maintenance.restore(Path(backup), Path(path), progress)


_OPEN = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        if database._instance.store.process == os.getpid():
            database.close()


atexit.register(_close_all)
