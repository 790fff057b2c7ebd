"""A folder opened: its store, the version to read, and what is known of older ones."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rem_arrow.base.errors import RemError
from rem_arrow.storage import recovery
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.history import History, Kept
from rem_arrow.storage.kv import KV
from rem_arrow.storage.last_commit import Known, LastCommit
from rem_arrow.storage.version import Version


class Opened(NamedTuple):
    kv: KV
    cache: ColumnCache
    version: Version
    history: History


def opened_to_read(path: Path, memory_bytes: int, kept: Kept | None) -> Opened:
    """Open a folder for reading, at the newest commit, or at an older version that is kept."""
    kv, cache, newest = recovery.open_reader(path, memory_bytes)
    try:
        history = History(kv, cache, newest)
        version = newest if kept is None else history.version(history.resolve(kept, newest.commit), newest)
    except RemError:
        kv.close()
        raise
    return Opened(kv, cache, version, history)


def opened_to_write(path: Path, memory_bytes: int, known: Known | None) -> tuple[Opened, LastCommit]:
    """Open a folder for writing, at the newest commit; an empty one becomes a database."""
    kv, cache, version, last_commit = recovery.open_writer(path, memory_bytes, known)
    try:
        return Opened(kv, cache, version, history_of_writer(kv, cache, version)), last_commit
    except RemError:
        kv.close()
        last_commit.close(None)
        raise


def history_of_writer(kv: KV, cache: ColumnCache, version: Version) -> History:
    """Return what is known of older versions, with the newest one noted if all are."""
    history = History(kv, cache)
    history.resume(version)
    return history
