"""Maintenance of a store: backups, compaction, statistics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rem_arrow.access.vector_indexes import VectorIndexes
from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.base.real_files import check_outside_databases, check_real_files
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import WRITING, folder_written_beside
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage import compaction
from rem_arrow.storage.background import Background
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.store import Store

_TABLE_FIGURES = ("rows", "segments", "tail_rows", "dead_rows", "bytes")


def backup(store: Store, path: Path, *, progress: bool | None = False) -> None:
    """Write a consistent copy of the open store to the new folder `path`. Raises InputError if it exists, and
    ExecuteError if it cannot be written."""
    if path.exists():
        raise InputError(f"{path} exists; name a new folder for the backup")
    check_outside_databases(path, "the backup")
    with _copied(path, "the backup") as folder, progress_bar("backing up", None, progress):
        # RocksDB makes the folder itself.
        folder.rmdir()
        with store.lock:
            store.sync()
            store.kv.checkpoint(folder)


def restore(source: Path, target: Path, *, progress: bool | None = False) -> None:
    """Copy a backup to `target`, a new folder, and check that it is a database. Raises InputError if it is none, and
    ExecuteError if it cannot be copied."""
    if source.name.endswith(WRITING):
        raise InputError(f"{source} is a backup that did not come to its end; make another")
    if not (source / "CURRENT").is_file():
        raise InputError(f"{source} is not a backup: it holds no database")
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} exists and is not empty; restore into a new folder")
    check_outside_databases(target, "the database")
    check_real_files(source)
    files = sum(1 for f in source.rglob("*") if f.is_file())
    with _copied(target, source) as folder, progress_bar("restoring, files", files, progress) as advance:

        def copy(old: str, new: str) -> str:
            advance(1)
            return str(shutil.copy2(old, new))

        shutil.copytree(source, folder, copy_function=copy, dirs_exist_ok=True)


@contextmanager
def _copied(target: Path, what: object) -> Iterator[Path]:
    """Yield a folder to copy files to, which becomes `target` at the end."""
    try:
        with folder_written_beside(target) as folder:
            yield folder
    except OSError as error:
        doing = f"copying {what} to {target}"
        raise disk_error(error, doing) or ExecuteError(f"{doing}: {error}") from error


def compact(store: Store, *, progress: bool | None = False) -> None:
    """Seal every tail, merge small and partly dead segments, and have RocksDB drop deleted keys."""
    rows = {number: tv.rows for number, tv in store.version.tables.items() if tv.damage is None}
    with progress_bar("compacting, rows", sum(rows.values()), progress) as advance:
        for number, count in rows.items():
            with store.lock:
                store.freeze(number)
            compaction.seal(store, number)
            while compaction.compact(store, number, everything=True):
                advance(0)
            advance(count)
        store.collect_garbage()
        store.kv.compact()


def wait(background: Background, vectors: VectorIndexes, timeout_s: float | None, *, progress: bool | None) -> None:
    """Return when background work is done; the bar counts queued tasks and the rows that vector indexes lack."""
    remaining = most = background.queued + vectors.lacking()
    with progress_bar("background work, rows", most, progress) as advance:

        def tick() -> None:
            nonlocal remaining
            queued = min(remaining, background.queued + vectors.lacking())
            advance(remaining - queued)
            remaining = queued

        background.wait(timeout_s, tick)


def stats(store: Store) -> dict[str, Any]:
    """Return figures about the store: bytes, commits, pinned versions, cache, tables, and the failure of background
    work."""
    version = store.version
    tables: dict[str, dict[str, int | None]] = {}
    for tv in version:
        if tv.damage is not None:
            tables[tv.table.name] = dict.fromkeys(_TABLE_FIGURES)
            continue
        segments = [v for v in tv.parts if isinstance(v.part, Segment)]
        figures = (
            tv.rows,
            len(segments),
            sum(v.length for v in tv.parts if v not in segments),
            sum(v.length - v.live_rows for v in tv.parts),
            sum(v.part.bytes for v in segments),
        )
        tables[tv.table.name] = dict(zip(_TABLE_FIGURES, figures, strict=True))
    background = store.background
    return {
        "path": str(store.path),
        "bytes_on_disk": folder_bytes(store.path),
        "commit": version.commit,
        "pinned_versions": len(store.pins.all()),
        "history_bytes": store.history.kept_bytes,
        "cache_bytes": store.cache.size,
        "cache_bytes_max": store.cache.bytes_max,
        "background_failure": str(background.failure) if background is not None and background.failure else None,
        "damage": store.version.damage(),
        "tables": tables,
    }


def folder_bytes(path: Path) -> int:
    """Return the size of all files below a folder."""
    total = 0
    for file in path.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return total
