"""What a database, its transactions and its statements share: the store, its indexes, the write path, the engine."""

from __future__ import annotations

import copy
import datetime as dt
import threading
import weakref
from collections.abc import Mapping

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.indexes import Indexes
from rem_arrow.base.errors import InputError
from rem_arrow.base.session_state import SessionState
from rem_arrow.base.telemetry import logger
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.engine.engine import Engine
from rem_arrow.engine.row_rules import RowRules
from rem_arrow.engine.run import Limits
from rem_arrow.engine.statement_log import StatementLog
from rem_arrow.running.file_access import FileAccess
from rem_arrow.running.scratch import Scratch
from rem_arrow.sql.statement.statement import Prepare
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write.embeddings import Embeddings
from rem_arrow.write.follow_up import FollowUp
from rem_arrow.write.known_embedders import Provider, beginning_embedder
from rem_arrow.write.path import WritePath
from rem_arrow.write.registered_models import Models
from rem_arrow.write.writer import Writer

# Of the memory limit: what the caches of temporary tables may take, and at least so many bytes.
_TEMPORARY_SHARE, _TEMPORARY_BYTES_MIN = 1 / 8, 32 << 20


class Instance:
    """One open database.

    Args:
        embedder: embeds the tables whose model names no provider; None is the one with which the database began.
        files: what COPY may touch.
        embeds_later: embeddings are computed on the background thread, not before a write returns.
        slow_statement_s: a statement that takes so many seconds is logged; None is none.

    Attributes:
        limits: of a statement that names none.
        reads_only: nothing is written through this handle, whatever the store allows.
        session: what the handle has set.
        prepared: statements of PREPARE, by name: the text, the place in it and the statement.
        transactions: what open transactions have written.
    """

    def __init__(
        self,
        store: Store,
        embedder: Provider | None,
        files: FileAccess,
        *,
        embeds_later: bool = False,
        slow_statement_s: float | None = None,
    ) -> None:
        self.store, self.files = store, files
        self.embedder = beginning_embedder(store) if embedder is None else embedder
        self._temporary: Instance | None = None
        self._making = threading.Lock()
        self.indexes = Indexes(store)
        self.models = Models()
        self.embeddings = Embeddings(store, self.embedder)
        self.writer = Writer(store, self.indexes.keys, self.models)
        self.follow_up = FollowUp(store, self.indexes, self.models, self.embeddings, later=embeds_later)
        self.scratch = Scratch(None if store.read_only else store.path / "scratch")
        self.engine = Engine(
            self.embeddings.vector, self.embeddings.vectors, self.scratch, lambda: store.cache.size, store.activity
        )
        self.rules = RowRules(store, self.indexes, self.engine)
        self.writes = WritePath(store, self.indexes, self.writer, self.follow_up, self.rules)
        self.log = StatementLog(store.activity, slow_statement_s)
        self.limits = Limits(None, store.settings.memory_bytes)
        self.reads_only = store.read_only
        self.session = SessionState()
        self.prepared: dict[str, tuple[str, int, Prepare]] = {}
        self.transactions: weakref.WeakSet[Overlay] = weakref.WeakSet()

    def apart(self, limits: Limits, *, reads_only: bool) -> Instance:
        """Return the same open database with settings, prepared statements, temporary tables and limits of its own."""
        other = copy.copy(self)
        other._temporary, other._making, other.prepared = None, threading.Lock(), {}
        other.limits, other.reads_only = limits, reads_only or self.reads_only
        if other.reads_only:
            other.indexes = self.indexes.for_reading()
        return other

    def differs(self, other: Instance) -> bool:
        """Say whether this one has settings, prepared statements or temporary tables that the other lacks."""
        return self.session is not other.session or bool(self.prepared) or self._temporary is not None

    def end_apart(self) -> None:
        """Let go of the temporary tables of an instance of `apart`."""
        own, self._temporary = self._temporary, None
        if own is not None:
            own.close(0)

    def temporary(self, create: bool = False) -> Instance | None:
        """Return the instance of the temporary tables of this handle: a store in the scratch folder, which goes with
        it. None where there is none, unless it is to be made."""
        if self._temporary is None and create:
            with self._making:
                if self._temporary is None:
                    self._temporary = self._made()
        return self._temporary

    def _made(self) -> Instance:
        self.store.check_open()
        memory = max(_TEMPORARY_BYTES_MIN, int(self.store.settings.memory_bytes * _TEMPORARY_SHARE))
        settings = self.store.settings._replace(memory_bytes=memory, durability="wal")
        store = Store(self.scratch.folder(), read_only=False, settings=settings, tidy=self.store.tidy)
        made = Instance(store, self.embedder, self.files)
        made.rules.read_from(lambda: self.access(self.store.version))
        return made

    def access(self, version: Version) -> Access:
        """Return the reader of a version."""
        return Access(self.indexes, version)

    def snapshot(
        self,
        version: Version,
        frames: Mapping[str, pl.DataFrame | pl.LazyFrame] | None = None,
        *,
        include_deleted: bool = False,
        temporary: Access | None = None,
        now: dt.datetime | None = None,
    ) -> Snapshot:
        """Return the catalog at a version; see `Snapshot`."""
        return Snapshot(
            self.access(version),
            frames,
            include_deleted=include_deleted,
            session=self.session,
            temporary=temporary,
            now=now,
            files=self.files,
        )

    def writable(self) -> Store:
        """Return the store to write to. Raises InputError where it may not be."""
        self.store.check_open()
        if self.store.read_only:
            raise InputError(f"{self.store.path} is open for reading only; connect without read_only=True to write")
        if self.reads_only:
            raise InputError("this connection may only read; ask who serves the database for a token that may write")
        return self.store

    def close(self, timeout_s: float) -> None:
        """Finish the running commit, stop background work and close the files; temporary tables are gone."""
        if self._temporary is not None:
            self._temporary.close(timeout_s)
        path, was_open = self.store.path, not self.store.closed
        self.store.close(timeout_s)
        self.indexes.close()
        self.scratch.close()
        if was_open:
            logger("database").info("closed %s", path)
