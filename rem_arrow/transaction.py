"""Several writes as one."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

from rem_arrow.errors import InputError
from rem_arrow.operations import Compute, Operations, Shared
from rem_arrow.storage.overlay import Overlay
from rem_arrow.storage.version import Version

T = TypeVar("T")


class Transaction(Operations):
    """Writes over several tables that become visible together, or not at all. Reads see the version that it began with and its own writes."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._overlay: Overlay | None = Overlay(shared.store.pin())

    def commit(self) -> None:
        """Store everything. Raises ConflictError if another writer changed the same rows first; then nothing is stored."""
        overlay = self._open()
        self._overlay = None
        changes = overlay.changes()
        if changes:
            with self._shared.store.lock:
                self._shared.store.check_open()
                self._shared.store.commit(changes, base=overlay.base)

    def rollback(self) -> None:
        """Forget everything."""
        self._overlay = None

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._overlay is None:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _open(self) -> Overlay:
        self._shared.store.check_open()
        if self._overlay is None:
            raise InputError("this transaction has ended; begin a new one with db.transaction()")
        return self._overlay

    def _version(self) -> Version:
        return self._open().version

    def _write(self, compute: Compute[T]) -> T:
        overlay = self._open()
        with self._shared.store.lock:
            changes, result = compute(overlay.version)
        overlay.apply(changes)
        return result
