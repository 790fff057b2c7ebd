"""A transaction: several writes as one."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import TypeVar

from rem_arrow.base.errors import InputError
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.row_rules import reading
from rem_arrow.face.entities import EntityVerbs
from rem_arrow.face.entity_names import NameVerbs
from rem_arrow.face.find import FindVerbs
from rem_arrow.face.graph import GraphVerbs
from rem_arrow.face.graph_measures import MeasureVerbs
from rem_arrow.face.graph_paths import PathVerbs
from rem_arrow.statements.environment import Side
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.sequences import KIND
from rem_arrow.storage.version import Version
from rem_arrow.write.path import Compute

T = TypeVar("T")


class Transaction(EntityVerbs, NameVerbs, FindVerbs, GraphVerbs, PathVerbs, MeasureVerbs):
    """Writes over several tables that become visible together, or not at all; made by `Database.transaction`.

    Reads see the version with which it began, and its own writes, tables that it creates, changes or drops too. It is
    for one thread at a time.
    """

    def __init__(self, instance: Instance, main: Transaction | None = None) -> None:
        self._instance = instance
        # That of the database, which the temporary tables of this one belong to.
        self._main = main or self
        self._began = dt.datetime.now(dt.timezone.utc)
        # Of the temporary tables, once they are read or written in it.
        self._beside: Transaction | None = None
        # Under the lock: a concurrent write either knows that this transaction is open, or is part of its version.
        with instance.store.lock:
            self._overlay: Overlay | None = Overlay(instance.store.pin())
            instance.transactions.add(self._overlay)

    def commit(self) -> None:
        """Store everything that the transaction wrote, in one commit.

        Raises:
            ConflictError: another writer changed the same rows first; nothing was stored, and the work can be run
                again.
            InputError: the transaction has ended.

        Example:
            >>> tx = db.transaction()
            >>> tx.update("issues", "docs", {"priority": 1})
            >>> tx.commit()
            >>> db.get("issues", "docs")["priority"]
            1
        """
        overlay, beside = self._open(), self._beside
        self._overlay = None
        if beside is None or beside._overlay is None:
            self._instance.writes.commit(overlay.changes(), overlay.base)
            return
        own, store = beside._overlay, beside._instance.store
        with store.rewriting, store.lock:
            store.recent.check(own.changes(), own.base, store.version)
            self._instance.writes.commit(overlay.changes(), overlay.base)
            beside.commit()

    def rollback(self) -> None:
        """End the transaction, and store nothing of what it wrote.

        Example:
            >>> tx = db.transaction()
            >>> tx.delete("issues", ["login", "docs"])
            2
            >>> tx.rollback()
            >>> db.sql("SELECT COUNT(*) FROM issues").item()
            3
        """
        self._overlay = None

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._overlay is None:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _open(self) -> Overlay:
        self._instance.store.check_open()
        if self._overlay is None:
            raise InputError("this transaction has ended; begin a new one with db.transaction()")
        return self._overlay

    def _version(self) -> Version:
        return self._open().version

    def _now(self) -> dt.datetime:
        return self._began

    def _define(self, compute: Compute[T]) -> T:
        result = self._write(compute)
        self._instance.indexes.sequences.stage(self._version().entries(KIND))
        return result

    def _control(self, kind: str) -> None:
        if kind == "BEGIN":
            raise InputError("a transaction is open already; COMMIT or ROLLBACK it first")
        if kind == "COMMIT":
            self._open()
            self.commit()
        else:
            self.rollback()

    def _temporary(self, create: bool) -> Side | None:
        own = self._instance.temporary(create)
        if own is None:
            return None
        if self._beside is None:
            self._beside = Transaction(own, self)
        return Side(own, self._beside._version, self._beside._write, self._beside._define)

    def _writes_segments(self) -> bool:
        return False

    def _write(self, compute: Compute[T]) -> T:
        self._instance.writable()
        with reading(self._main._access):
            return self._instance.writes.stage(compute, self._open())
