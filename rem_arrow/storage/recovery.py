"""A database folder read into memory: descriptions, manifests, tails, tombstones. What no manifest names is swept."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import numpy as np
from pydantic_core import from_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import CorruptionError, ExecuteError, InputError, RemError
from rem_arrow.base.schema import Table
from rem_arrow.storage import keys, last_commit, tail
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.kv import KV, Mode
from rem_arrow.storage.last_commit import Known, LastCommit
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView, TableVersion, Version

_PATIENCE_S = 30


def begin_format(kv: KV) -> None:
    """Make an empty store a database."""
    if kv.get(keys.CATALOG, b"format") is None and next(kv.scan(keys.CATALOG, b""), None) is None:
        kv.write([(keys.CATALOG, b"format", keys.FORMAT), (keys.CATALOG, b"database", os.urandom(16))], sync=True)


def check_format(kv: KV) -> None:
    """Refuse a folder that is not a database of this format."""
    stored = kv.get(keys.CATALOG, b"format")
    if stored is None:
        raise InputError(f"{kv.path} holds a RocksDB store that is not a rem_arrow database; choose another folder")
    if stored != keys.FORMAT:
        raise InputError(
            f"{kv.path} was written in the format {stored.decode(errors='replace')!r}; this version reads "
            f"{keys.FORMAT.decode()!r}. "
            "Open it with the version of rem_arrow that wrote it, and export"
        )


def open_reader(path: Path, memory_bytes: int) -> tuple[KV, ColumnCache, Version]:
    """Open a folder for reading, at the newest commit.

    RocksDB reads the list of data files, and then the logs. A writer that flushes in between deletes logs whose data
    are in files that the list lacks, and rows of two moments, or none, would come together. Each flush and compaction
    is written to the manifest first: where that is the same before and behind, what was read is one moment; else it is
    read again.

    Raises:
        CorruptionError: files are damaged or missing.
        ExecuteError: the writer changed its files at every attempt.
    """
    end = time.monotonic() + _PATIENCE_S
    while True:
        before = _layout(path)
        kv: KV | None = None
        failure: RemError | None = None
        try:
            known = last_commit.read(path)
            kv = open_kv(path, "read", memory_bytes, known)
            if _layout(path) == before:
                check_format(kv)
                cache = ColumnCache(memory_bytes // 2)
                return kv, cache, load_version(kv, cache, known)
        except RemError as error:
            failure = error
        if kv is not None:
            kv.close()
        # Files that are gone because the writer has replaced them are no damage.
        if failure is not None and _layout(path) == before:
            raise failure
        if time.monotonic() > end:
            raise ExecuteError(
                f"{path}: another process changed the files at every attempt for {_PATIENCE_S} seconds; try again"
            ) from failure


def open_writer(path: Path, memory_bytes: int, known: Known | None) -> tuple[KV, ColumnCache, Version, LastCommit]:
    """Open a folder for writing, at the newest commit, and sweep it; an empty one becomes a database."""
    kv, cache = open_kv(path, "write", memory_bytes, known), ColumnCache(memory_bytes // 2)
    try:
        begin_format(kv)
        check_format(kv)
        version = load_version(kv, cache, known)
        sweep(kv, [version])
        return kv, cache, version, LastCommit(path, version.commit)
    except RemError:
        kv.close()
        raise


def open_kv(path: Path, mode: Mode, memory_bytes: int, known: Known | None) -> KV:
    """Open RocksDB, with the care that the last shutdown asks for."""
    return KV(path, mode, memory_bytes=memory_bytes, after_cut=known is not None and known.after_cut)


def _layout(path: Path) -> tuple[str, int, int] | None:
    """Return what changes whenever RocksDB's set of files does: the name of the manifest, its size and its time."""
    try:
        name = (path / "CURRENT").read_text(encoding="ascii").strip()
        manifest = (path / name).stat()
    except (OSError, ValueError):
        return None
    return name, manifest.st_size, manifest.st_mtime_ns


def load_version(kv: KV, cache: ColumnCache, known: Known | None = None) -> Version:
    """Return the newest committed state. Raises CorruptionError if it lacks a commit that is known."""
    commit = stored_commit(kv)
    if known is not None:
        known.check(kv.path, commit)
    tables = _tables(kv)
    parts: dict[int, dict[int, Segment | Run]] = {number: {} for number in tables}
    for key, value in kv.scan("manifest", b""):
        number, part = keys.split_part(key)
        if number in tables:
            parts[number][part] = Segment(kv, cache, number, part, value, table_name=tables[number].name)
    for key, value in kv.scan("tail", b""):
        number, part, base = keys.split_tail(key)
        if number in tables:
            run = parts[number].setdefault(part, Run(part, tables[number].fields))
            if not isinstance(run, Run):
                raise CorruptionError(f"table {tables[number].name}: part {part} is a segment and has a tail")
            _extend(run, base, value, tables[number])
    for key, value in kv.scan("dead", b""):
        number, part = keys.split_part(key)
        if number in tables and part in parts[number]:
            parts[number][part].kills.add(np.frombuffer(value, dtype="<u4").tolist())
    versions = {number: TableVersion(table, _views(parts[number])) for number, table in tables.items()}
    names = {table.name.casefold(): number for number, table in tables.items() if table.kind != "vectors"}
    return Version(kv, commit, versions, names)


def stored_commit(kv: KV) -> int:
    """Return the number of the newest commit."""
    commit = kv.get(keys.CATALOG, b"commit")
    return int(keys.U64.unpack(commit)[0]) if commit else 0


def sweep(kv: KV, versions: Iterable[Version]) -> int:
    """Delete what no manifest and no description names: the traces of work that was begun and not committed. Returns
    how many parts.

    Args:
        versions: the newest, and those that somebody reads.
    """
    for path in kv.path.glob("OPTIONS-*.dbtmp"):
        # RocksDB deletes its temporary files but for these.
        with contextlib.suppress(OSError):
            path.unlink()
    named = {
        (number, view.part.number)
        for version in versions
        for number, tv in version.tables.items()
        for view in tv.parts
        if isinstance(view.part, Segment)
    }
    swept, low = 0, b""
    while True:
        first = next(kv.scan_between("pages", low, None), None)
        if first is None:
            return swept
        part = keys.split_part(first[0])
        prefix = first[0][:6]
        if part not in named:
            kv.delete_prefix("pages", prefix)
            swept += 1
        after = keys.after(prefix)
        if after is None:
            return swept
        low = after


def _tables(kv: KV) -> dict[int, Table]:
    tables: dict[int, Table] = {}
    for key, value in kv.scan(keys.CATALOG, b"table"):
        if len(key) != len(keys.table_key(b"table", 0)) or key == b"tables":
            continue
        try:
            table = Table.from_json(cast("dict[str, Json]", from_json(value)))
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise CorruptionError(f"the description of a table in {kv.path} is damaged: {error}") from error
        tables[table.number] = table
    return tables


def _extend(run: Run, base: int, value: bytes, table: Table) -> None:
    try:
        append = tail.decode(value, table.fields)
    except CorruptionError as error:
        raise CorruptionError(f"table {table.name}, tail {run.number}, row {base}: {error}") from error
    if base != len(run.rowids):
        raise CorruptionError(f"table {table.name}, tail {run.number}: a write is missing before row {base}")
    run.append(append, len(value))


def _views(parts: dict[int, Segment | Run]) -> tuple[PartView, ...]:
    """Order the parts: segments by number, then runs by number; numbers rise in the order of creation."""
    ordered = sorted(parts.values(), key=lambda p: (isinstance(p, Run), p.number))
    return tuple(PartView(p, len(p.rowids) if isinstance(p, Run) else p.rows, len(p.kills.offsets)) for p in ordered)
