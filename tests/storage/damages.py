"""Damages to the protocol of versions that a search over interleavings must find; `monkeypatch` undoes them."""

from __future__ import annotations

import numpy as np
import pytest

from rem_arrow.storage import compaction
from rem_arrow.storage.conflicts import RecentCommits
from rem_arrow.storage.garbage import Garbage
from rem_arrow.storage.kv import KV
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version
from rem_arrow.write.writer import Writer


def pin_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version may lose its pages between the reading of it and its pin."""

    def pin(self: Store) -> Version:
        version = self.version
        self.pins.hold(version)
        return version

    monkeypatch.setattr(Store, "pin", pin)


def pins_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Garbage goes although a version needs it."""
    delete = Garbage.delete
    monkeypatch.setattr(Garbage, "delete", lambda self, kv, _, wanted: delete(self, kv, 1 << 60, wanted))


def the_dead_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    """What dies while a segment is written lives in it."""
    monkeypatch.setattr(compaction, "_died_meanwhile", lambda *_: np.empty(0, dtype=np.int64))


def conflicts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last committer wins."""
    monkeypatch.setattr(RecentCommits, "check", lambda *_: None)


def commits_are_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process loses what it has acknowledged."""

    def write(self: KV, ops, *, sync: bool = False, drop=()) -> None:
        for family, prefix in drop:
            self.delete_prefix(family, prefix)
        for family, key, value in ops:
            if value is not None:
                self.write_bulk(family, [(key, value)])

    monkeypatch.setattr(KV, "write", write)


def refreshes_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two refreshes at a time the older one stays."""

    def refresh(self: Store) -> None:
        opened = self._opened()
        self.kv, self.cache, self.version, self.history = opened

    monkeypatch.setattr(Store, "refresh", refresh)


def ids_change_their_rowid(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that comes again gets another rowid, and older versions do not find theirs."""
    existing = Writer._existing

    def living(self: Writer, *args):
        return {i: known for i, known in existing(self, *args).items() if known[1] is not None}

    monkeypatch.setattr(Writer, "_existing", living)


ALL = (
    pin_too_late,
    pins_do_not_count,
    the_dead_rise,
    conflicts_are_forgotten,
    commits_are_not_logged,
    refreshes_cross,
    ids_change_their_rowid,
)
