"""The public class: each method is one call into the layers below."""

from __future__ import annotations

import atexit
import copy
import datetime as dt
import os
import shutil
import threading
import weakref
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from rem_arrow.base.errors import InputError
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.run import Limits
from rem_arrow.face.conversations import ConversationVerbs
from rem_arrow.face.documents import DocumentVerbs
from rem_arrow.face.entities import EntityVerbs
from rem_arrow.face.entity_names import NameVerbs
from rem_arrow.face.find import FindVerbs
from rem_arrow.face.graph import GraphVerbs
from rem_arrow.face.graph_measures import MeasureVerbs
from rem_arrow.face.graph_paths import PathVerbs
from rem_arrow.face.import_export import ImportExportVerbs
from rem_arrow.face.interchange import InterchangeVerbs
from rem_arrow.face.loads import LoadVerbs
from rem_arrow.face.natural_language import Asking, QuestionVerbs
from rem_arrow.face.publication_verbs import PublicationVerbs
from rem_arrow.face.representation import Representation
from rem_arrow.face.search import SearchVerbs
from rem_arrow.face.statement_completions import CompletionVerbs
from rem_arrow.face.tables import TableVerbs
from rem_arrow.face.timeline import TimelineVerbs
from rem_arrow.face.transaction import Transaction
from rem_arrow.face.upkeep import MaintenanceVerbs
from rem_arrow.face.versions import VersionVerbs, which
from rem_arrow.model.builtin import BUILTIN
from rem_arrow.running.file_access import FileAccess, file_access
from rem_arrow.statements.environment import Side
from rem_arrow.statements.session_settings import initial
from rem_arrow.storage import compaction
from rem_arrow.storage.history import Kept
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write.builtin_tables import missing_tables
from rem_arrow.write.known_embedders import Provider
from rem_arrow.write.path import Compute

T = TypeVar("T")

_OPEN: weakref.WeakSet[Database]


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
    CompletionVerbs,
    LoadVerbs,
    MaintenanceVerbs,
    VersionVerbs,
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
        self._asking = Asking()
        self._instance.session = initial(self._instance, "memory" if temporary is not None else store.path.stem)
        self._thread = threading.local()
        if not store.read_only:
            self._instance.indexes.sweep()
            self._instance.writes.run(partial(missing_tables, store, self._instance.embeddings))
        for name, model in BUILTIN.items():
            tv = store.version.find(name)
            if tv is not None:
                self._instance.models.register(tv.table.number, model)
        compaction.seal_left(store)
        self._instance.follow_up.resume()
        _OPEN.add(self)

    # --- older versions

    def at(self, version: Kept) -> Database:
        """Open an older version of the database, for reading only: every verb and statement answers as of it.

        Args:
            version: by number, tag, or a time at which it was the newest (without a zone: in UTC).

        Returns:
            A `Database` of its own; close it when it is no longer needed.

        Raises:
            InputError: the version is not kept.

        Example:
            >>> db.tag("before")
            >>> db.delete("issues", "login")
            1
            >>> with db.at("before") as old:
            ...     old.get("issues", "login")["id"]
            'login'
        """
        settings = self._instance.store.settings
        store = Store(self.path, read_only=True, settings=settings, tidy=compaction.tidy, kept=which(version))
        return Database(store, file_access(None, read_only=True))

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

    def _apart(self, limits: Limits, *, reads_only: bool, asks_as: str = "") -> Database:
        """Return a handle with settings, temporary tables and limits of its own; `Instance.end_apart` ends it."""
        other = copy.copy(self)
        other._asks_as = asks_as
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


_OPEN = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        if database._instance.store.process == os.getpid():
            database.close()


atexit.register(_close_all)
