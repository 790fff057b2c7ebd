"""The public interface: `connect` and `Database`. Each method is one call into the layers below."""

from __future__ import annotations

import atexit
import copy
import datetime as dt
import inspect
import math
import os
import shutil
import tempfile
import threading
import warnings
import weakref
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar, cast

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.telemetry import logger
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.face.conversations import ConversationVerbs
from rem_arrow.face.documents import DocumentVerbs
from rem_arrow.face.entities import EntityVerbs
from rem_arrow.face.entity_names import NameVerbs
from rem_arrow.face.find import FindVerbs
from rem_arrow.face.folders import check_folder, database_folder, telling_server
from rem_arrow.face.graph import GraphVerbs
from rem_arrow.face.graph_measures import MeasureVerbs
from rem_arrow.face.graph_paths import PathVerbs
from rem_arrow.face.import_export import ImportExportVerbs
from rem_arrow.face.interchange import InterchangeVerbs
from rem_arrow.face.loads import LoadVerbs
from rem_arrow.face.natural_language import QuestionVerbs
from rem_arrow.face.options import is_address, remote, thread_count
from rem_arrow.face.publication_verbs import PublicationVerbs
from rem_arrow.face.representation import Representation
from rem_arrow.face.search import SearchVerbs
from rem_arrow.face.tables import TableVerbs
from rem_arrow.face.timeline import TimelineVerbs
from rem_arrow.face.transaction import Transaction
from rem_arrow.face.upkeep import MaintenanceVerbs
from rem_arrow.model.builtin import BUILTIN, builtin_table
from rem_arrow.running.file_access import FileAccess, Files, file_access
from rem_arrow.running.memory_size import memory_bytes
from rem_arrow.statements.environment import Side
from rem_arrow.statements.session_settings import initial
from rem_arrow.storage import compaction, forks
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.settings import Durability, Settings
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write import edges
from rem_arrow.write.known_embedders import Provider
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
    embedder: Provider | None = None,
    embed: Literal["write", "background"] = "write",
    files: Files | None = None,
    slow_statement_s: float | None = None,
    token: str | None = None,
    certificate: str | Path | None = None,
) -> Database:
    """Open the database in a folder, and create it if it does not exist, or one that a server serves.

    Args:
        path: the folder; without one, a temporary database that is deleted when it is closed. Or a server's address,
            "rem://host:port", with TLS "rems://host:port", beside which only `token` and `certificate` are given.
        tenant: a separate database in a folder of its own under `path`/tenants; nothing is shared between tenants.
        memory_limit: in bytes, or a text such as "512MB", at least 64 MB; half of it bounds the caches, and half the
            growth of the process while a statement runs; what does not fit is run in parts, from files.
        threads: threads for reading, writing and queries; default is one for each core, at most 8. Polars makes its own
            threads when it is imported; for fewer than it runs, set POLARS_MAX_THREADS before.
        durability: "wal" keeps every commit if the process is killed, "sync" also if the power fails.
        read_only: read beside a writer in another process; `refresh` shows its newer commits.
        tail_rows_max: the number of rows in a tail at which it is sealed into a segment, at least 1.
        background: seal, compact and index on a thread; without it only `compact` does.
        embedder: computes the embeddings of tables whose model names none: "wordllama" (the meaning of words),
            "minilm" (of sentences), "hash" (spelling), "openai:MODEL", "model2vec:NAME", "sentence-transformers:NAME",
            "fastembed:NAME", or a function from a list of texts to vectors. Default is that with which the database
            began, at first "wordllama". A table keeps its embedder; `reembed` changes it.
        embed: "write" computes embeddings before an insert returns, "background" on a thread; `wait` waits for it.
        files: which files SQL text may read, by COPY and in FROM, and write: "any", "none", a folder or a list of
            folders with what is below them, links resolved; never files of a database. Default is "any", with
            `read_only` "none".
        slow_statement_s: a statement that takes so many seconds is logged as a warning of `rem_arrow.statements`,
            without the values in its text and parameters. Default is none.
        token: tells a server who calls.
        certificate: a file, as PEM, that a server's certificate is checked against; default are those of the system.

    Returns:
        A `Database`.

    Raises:
        InputError: the path is a file, cannot be written or holds no database, another argument does not fit, or this
            process was forked from one that has used a database.
        ConflictError: another process has the database open for writing.
        CorruptionError: a log or the catalog is damaged, or a commit that was acknowledged is not there. Where a data
            file is damaged, the database opens with a RuntimeWarning, and only what reads from that file raises; see
            `repair`.
        ExecuteError: the disk is full, or fails.

    Example:
        >>> with rem.connect("memory.rem") as memory:
        ...     memory.insert("entities", {"id": "dhl", "name": "DHL"})
        'dhl'
        >>> with rem.connect("memory.rem", read_only=True) as memory:
        ...     memory.get("entities", "dhl")["name"]
        'DHL'
    """
    if is_address(path):
        return cast("Database", remote(dict(locals()), inspect.signature(connect)))
    if token is not None or certificate is not None:
        raise InputError("token and certificate are for a server")
    forks.check_opening()
    temporary = Path(tempfile.mkdtemp(prefix="rem-")) if path is None else None
    folder = database_folder(path or temporary or "", tenant)
    checks.one_of(durability, "durability", ("wal", "sync"))
    checks.whole(tail_rows_max, "tail_rows_max")
    settings = Settings(memory_bytes(memory_limit), thread_count(threads), durability, tail_rows_max, background)
    check_folder(folder, read_only=read_only)
    if embed not in ("write", "background") or (embed == "background" and not background):
        raise InputError(f"embed is 'write', or with background=True 'background', not {embed!r}")
    allowed = file_access(files, read_only=read_only)
    if slow_statement_s is not None:
        checks.number(slow_statement_s, "slow_statement_s", within=(0, math.inf))
    with telling_server(folder):
        store = Store(folder, read_only=read_only, settings=settings, tidy=compaction.tidy)
    for damage in store.version.damage():
        warnings.warn(damage, RuntimeWarning, stacklevel=2)
    with ExitStack() as stack:
        stack.callback(store.close)
        database = Database(
            store,
            allowed,
            temporary=temporary,
            embedder=embedder,
            embed=embed,
            slow_statement_s=slow_statement_s,
        )
        if embedder is None:
            database._instance.embeddings.advise()
        stack.pop_all()
    logger("database").info("opened %s, commit %d%s", folder, store.version.commit, ", to read" if read_only else "")
    return database


class Database(
    EntityVerbs,
    NameVerbs,
    FindVerbs,
    GraphVerbs,
    PathVerbs,
    MeasureVerbs,
    SearchVerbs,
    DocumentVerbs,
    TimelineVerbs,
    ConversationVerbs,
    QuestionVerbs,
    ImportExportVerbs,
    PublicationVerbs,
    InterchangeVerbs,
    TableVerbs,
    LoadVerbs,
    MaintenanceVerbs,
    Representation,
):
    """An open database, made by `connect`; many threads may use it, and as a context manager it closes itself.

    Every verb raises InputError once the database is closed, and a verb that writes raises it where the connection is
    read-only. A verb that writes commits once: other readers see all of it or nothing.
    """

    def __init__(
        self,
        store: Store,
        files: FileAccess,
        *,
        temporary: Path | None = None,
        embedder: Provider | None = None,
        embed: str = "write",
        slow_statement_s: float | None = None,
    ) -> None:
        self._instance = Instance(
            store, embedder, files, embeds_later=embed == "background", slow_statement_s=slow_statement_s
        )
        self._deleted_at_close = temporary
        self._instance.session = initial(self._instance, "memory" if temporary is not None else store.path.stem)
        self._thread = threading.local()
        if not store.read_only:
            self._instance.indexes.sweep()
            self._create_system_tables()
        for name, model in BUILTIN.items():
            tv = store.version.find(name)
            if tv is not None:
                self._instance.models.register(tv.table.number, model)
        compaction.seal_left(store)
        self._instance.follow_up.resume()
        _OPEN.add(self)

    # --- transactions

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
        self._instance.writable()
        return Transaction(self._instance)

    @property
    def path(self) -> Path:
        """The folder of the database.

        Example:
            >>> db.path.is_dir()
            True
        """
        return self._instance.store.path

    def close(self, timeout_s: float = 30.0) -> None:
        """Finish the running commit, stop background work, and close the files; a second call does nothing.

        Background work that is stopped continues when the database is opened again. What runs in other threads ends,
        or raises an InputError that says why. A temporary database is deleted.

        Args:
            timeout_s: the longest wait for writes and background work, in seconds.

        Raises:
            InputError: this process was forked from the one that opened the database.

        Example:
            >>> db.close()
            >>> db.closed
            True
        """
        self._instance.close(timeout_s)
        _OPEN.discard(self)
        if self._deleted_at_close is not None:
            shutil.rmtree(self._deleted_at_close, ignore_errors=True)

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A forked process leaves the block too; the database is its parent's.
        if self._instance.store.process == os.getpid():
            self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.Database {self.path}{' (closed)' if self.closed else ''}>"

    # --- inside

    def _apart(self, limits: Limits, *, reads_only: bool) -> Database:
        """Return a handle with settings, temporary tables and limits of its own; `Instance.end_apart` ends it."""
        other = copy.copy(self)
        other._instance, other._thread = self._instance.apart(limits, reads_only=reads_only), threading.local()
        return other

    def _version(self) -> Version:
        transaction = self._thread_transaction()
        return self._instance.store.pin() if transaction is None else transaction._version()

    def _now(self) -> dt.datetime:
        transaction = self._thread_transaction()
        return dt.datetime.now(dt.timezone.utc) if transaction is None else transaction._now()

    def _write(self, compute: Compute[T]) -> T:
        self._instance.writable()
        transaction = self._thread_transaction()
        return self._instance.writes.run(compute) if transaction is None else transaction._write(compute)

    def _define(self, compute: Compute[T]) -> T:
        self._instance.writable()
        transaction = self._thread_transaction()
        return (
            self._instance.writes.run(compute, rewriting=True) if transaction is None else transaction._define(compute)
        )

    def _temporary(self, create: bool) -> Side | None:
        transaction = self._thread_transaction()
        if transaction is not None:
            return transaction._temporary(create)
        own = self._instance.temporary(create)
        if own is None:
            return None
        return Side(own, own.store.pin, own.writes.run, partial(own.writes.run, rewriting=True))

    def _control(self, kind: str) -> None:
        transaction = self._thread_transaction()
        if transaction is not None:
            if kind != "BEGIN":
                self._thread.transaction = None
            transaction._control(kind)
        elif kind == "BEGIN":
            # A reader may have one too: over its temporary tables.
            self._thread.transaction = Transaction(self._instance)
        else:
            raise InputError(f"{kind}: no transaction is open in this thread; BEGIN one")

    def _thread_transaction(self) -> Transaction | None:
        """Return the transaction that this thread opened with BEGIN, if any."""
        return getattr(self._thread, "transaction", None)

    def _writes_segments(self) -> bool:
        return self._thread_transaction() is None

    def _create_system_tables(self) -> None:
        store, embeddings = self._instance.store, self._instance.embeddings

        def compute(access: Access) -> tuple[Changes, None]:
            changes = Changes()
            missing = [name for name in (edges.NAME, *BUILTIN) if access.version.find(name) is None]
            # A table may have those of two embeddings beside it.
            numbers = iter(store.reserve_tables(3 * len(missing)) if missing else ())
            for name in missing:
                number = next(numbers)
                if name == edges.NAME:
                    changes.tables[number] = edges.edges_table(number)
                else:
                    table = replace(builtin_table(name), number=number)
                    changes.tables.update(embeddings.tables_of(table, numbers.__next__))
            return changes, None

        self._instance.writes.run(compute)


_OPEN = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        if database._instance.store.process == os.getpid():
            database.close()


atexit.register(_close_all)
