"""A database folder read into memory: descriptions, manifests, tails, tombstones. What no manifest names is swept."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from pydantic_core import from_json, to_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import CorruptionError, ExecuteError, InputError, RemError
from rem_arrow.base.schema import Table
from rem_arrow.storage import copies, keys, last_commit, reader_turns, tail
from rem_arrow.storage.cache import ColumnCache
from rem_arrow.storage.kv import KV, Mode, Op
from rem_arrow.storage.last_commit import Known, LastCommit
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView, TableVersion, UnreadableParts, Version, names_of

_PATIENCE_S = 30


class _Changed(NamedTuple):
    """An attempt beside which files changed, and what failed for that."""

    failure: RemError | None


def begin_format(kv: KV) -> None:
    """Make an empty store a database."""
    if kv.get(keys.CATALOG, b"format") is None and next(kv.scan(keys.CATALOG, b""), None) is None:
        kv.write([(keys.CATALOG, b"format", keys.FORMAT), (keys.CATALOG, b"database", os.urandom(16))], sync=True)


def check_format(kv: KV) -> None:
    """Refuse a folder that is not a database of this format."""
    check_format_of(kv.path, kv.get(keys.CATALOG, b"format"))


def check_format_of(path: Path, stored: bytes | None, *, lost: bool = False) -> None:
    """Refuse what the catalog says of the format, unless it is this one, or `lost`. Raises InputError."""
    if stored is None and not lost:
        raise InputError(f"{path} holds a RocksDB store that is not a rem_arrow database; choose another folder")
    if stored is None or stored == keys.FORMAT:
        return
    name, _, number = stored.decode(errors="replace").partition(" ")
    newer = number.isdigit() and int(number) > keys.FORMAT_NUMBER
    raise InputError(
        f"{path} was written in the format {name} {number}; this version reads {keys.FORMAT.decode()}. "
        + (
            "It is newer: install the version of rem_arrow that wrote it, or export the tables with that one"
            if newer
            else "Open it with the version of rem_arrow that wrote it, export the tables, and load them into a new one"
        )
    )


def open_reader(path: Path, memory_bytes: int) -> tuple[KV, ColumnCache, Version]:
    """Open a folder for reading, at the newest commit.

    RocksDB reads the list of data files, and then the logs. A writer that flushes in between deletes logs whose data
    are in files that the list lacks, and rows of two moments, or none, would come together. Each flush and compaction
    is written to the manifest first: where that is the same before and behind, what was read is one moment; else it is
    read again, and the writer is asked to rest meanwhile.

    Raises:
        CorruptionError: files are damaged or missing.
        ExecuteError: the writer changed its files at every attempt.
    """
    end = time.monotonic() + _PATIENCE_S
    opened = _opened_at_rest(path, memory_bytes)
    if not isinstance(opened, _Changed):
        return opened
    with reader_turns.asked(path):
        while isinstance(opened, _Changed):
            if time.monotonic() > end:
                raise ExecuteError(
                    f"{path}: another process changed the files at every attempt for {_PATIENCE_S} seconds; try again"
                ) from opened.failure
            opened = _opened_at_rest(path, memory_bytes)
    return opened


def _opened_at_rest(path: Path, memory_bytes: int) -> tuple[KV, ColumnCache, Version] | _Changed:
    """Open a folder for reading, unless its files change meanwhile."""
    before = _layout(path)
    kv: KV | None = None
    failure: RemError | None = None
    try:
        known = last_commit.read(path)
        kv = open_kv(path, "read", memory_bytes, known)
        if _layout(path) == before:
            cache = ColumnCache(memory_bytes // 2)
            return kv, cache, checked_version(kv, cache, known)
    except RemError as error:
        failure = error
    if kv is not None:
        kv.close()
    # Files that are gone because the writer has replaced them are no damage.
    if failure is not None and _layout(path) == before:
        raise failure
    return _Changed(failure)


def open_writer(path: Path, memory_bytes: int, known: Known | None) -> tuple[KV, ColumnCache, Version, LastCommit]:
    """Open a folder for writing, at the newest commit, and sweep it; an empty one becomes a database."""
    kv, cache = open_kv(path, "write", memory_bytes, known), ColumnCache(memory_bytes // 2)
    try:
        begin_format(kv)
        version = checked_version(kv, cache, known)
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


def checked_version(kv: KV, cache: ColumnCache, known: Known | None) -> Version:
    """Return the newest committed state of a database of this format.

    Raises:
        InputError: it is of another format, or no database.
        CorruptionError: the catalog is damaged, or lacks a commit that is known.
    """
    try:
        check_format(kv)
        return load_version(kv, cache, known)
    except CorruptionError as error:
        raise CorruptionError(kv.damage or f"cannot open {kv.path}: {error}") from error


def load_version(kv: KV, cache: ColumnCache, known: Known | None = None) -> Version:
    """Return the newest committed state. Raises CorruptionError if it lacks a commit that is known."""
    commit = stored_commit(kv)
    if known is not None:
        known.check(kv.path, commit)
    tables = _tables(kv)
    versions = {number: table_version(kv, cache, table) for number, table in tables.items()}
    return Version(kv, commit, versions, names_of(versions))


def table_version(kv: KV, cache: ColumnCache, table: Table) -> TableVersion:
    """Return the newest committed state of one table."""
    return TableVersion(table, _parts(kv, cache, table))


def _parts(kv: KV, cache: ColumnCache, table: Table) -> tuple[PartView, ...]:
    """Return the parts of a table; where a manifest, a tail or a tombstone is damaged, parts that nobody can read."""
    try:
        return _views(parts_of(kv, cache, table, keys.table_prefix(table.number)))
    except CorruptionError as error:
        return UnreadableParts(f"the table {table.name} is damaged: {error}")


def parts_of(kv: KV, cache: ColumnCache, table: Table, prefix: bytes) -> dict[int, Segment | Run]:
    """Return the parts of a table whose keys begin with `prefix`, by number. Raises CorruptionError."""
    parts: dict[int, Segment | Run] = {}
    for key, value in kv.scan("manifest", prefix):
        part = keys.split_part(key)[1]
        parts[part] = Segment(kv, cache, table.number, part, value, table_name=table.name)
    for key, value in kv.scan("tail", prefix):
        _, part, base = keys.split_tail(key)
        run = parts.setdefault(part, Run(part, table.fields))
        if not isinstance(run, Run):
            raise CorruptionError(f"part {part} is a segment and has a tail")
        _extend(run, base, value, table)
    for key, value in kv.scan("dead", prefix):
        dead = parts.get(keys.split_part(key)[1])
        if dead is not None:
            dead.kills.add(_offsets(value, dead))
    return parts


def retained(kv: KV, family: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a family that belong to parts which only older states have."""
    return kv.scan_between(family, keys.RETAINED_LOW, keys.RETAINED_HIGH)


def _offsets(value: bytes, part: Segment | Run) -> list[int]:
    """Return the offsets of a tombstone. Raises CorruptionError for one of a row that is dead or none."""
    offsets: list[int] = np.frombuffer(value[: len(value) // 4 * 4], dtype="<u4").tolist()
    rows = part.rows if isinstance(part, Segment) else len(part.rowids)
    if any(o >= rows or o in part.kills.order for o in offsets):
        raise CorruptionError(f"segment {part.number}: a tombstone names a row that is dead or none")
    return offsets


def reopened(kv: KV, cache: ColumnCache, version: Version) -> Version:
    """Open a store again of which a write has failed, and return its newest version: `version`, unless what failed was
    stored. Raises CorruptionError where commits are gone."""
    kv.reopen()
    stored = stored_commit(kv)
    if stored < version.commit:
        kv.failed = True
        raise last_commit.lost(kv.path, stored, version.commit)
    # The error came behind the write: what was stored is shown.
    return load_version(kv, cache) if stored > version.commit else version


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
    tables = [(number, tv) for version in versions for number, tv in version.tables.items()]
    damaged = {number for number, tv in tables if tv.damage is not None}
    named = {
        (number, view.part.number)
        for version in versions
        for number, tv in version.tables.items()
        if number not in damaged
        for view in tv.parts
        if isinstance(view.part, Segment)
    }
    try:
        for key, _ in retained(kv, "manifest"):
            table, number = keys.split_part(key)
            named.add((keys.living(table), number))
    except CorruptionError:
        # Nobody can say what older states need.
        return 0
    swept, low = 0, b""
    while True:
        try:
            first = next(kv.scan_between("pages", low, None), None)
        except CorruptionError:
            # What is left takes space, and no more.
            return swept
        if first is None:
            return swept
        part = keys.split_part(first[0])
        prefix = first[0][:6]
        if part not in named and part[0] not in damaged:
            kv.delete_prefix("pages", prefix)
            swept += 1
        after = keys.after(prefix)
        if after is None:
            return swept
        low = after


def description_ops(number: int, table: Table | None) -> list[Op]:
    """Return the operations that store the description of a table, and a copy of it; of None that delete both."""
    described = None if table is None else to_json(table.to_json())
    key = keys.table_key(b"table", number)
    return [(keys.CATALOG, key, described), copies.of_description(number, described)]


def is_description_key(key: bytes) -> bool:
    """Say whether an entry of the catalog describes a table."""
    return key.startswith(b"table") and len(key) == len(keys.table_key(b"table", 0))


def _tables(kv: KV) -> dict[int, Table]:
    tables: dict[int, Table] = {}
    for key, value in kv.scan(keys.CATALOG, b"table"):
        if not is_description_key(key):
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
        raise CorruptionError(f"tail {run.number}, row {base}: {error}") from error
    if base != len(run.rowids):
        raise CorruptionError(f"tail {run.number}: a write is missing before row {base}")
    run.append(append, len(value))


def _views(parts: dict[int, Segment | Run]) -> tuple[PartView, ...]:
    """Order the parts: segments by number, then runs by number; numbers rise in the order of creation."""
    ordered = sorted(parts.values(), key=lambda p: (isinstance(p, Run), p.number))
    return tuple(PartView(p, len(p.rowids) if isinstance(p, Run) else p.rows, len(p.kills.offsets)) for p in ordered)
