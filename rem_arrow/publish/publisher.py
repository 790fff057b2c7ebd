"""Writes a publication: the files that are new, the logs of the tables, and the manifest at last.

A part of a table, a segment say, is one Parquet file, whose name follows from what the part holds. So a file that is
there need not be written again: whether the last publication put it there, or one that was killed. Rows of a part that
died since its file was written are named by a deletion vector; when they are many, the file is written anew.
"""

from __future__ import annotations

import hashlib
import io
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import UUID

import numpy as np
import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Table
from rem_arrow.publish.delta_log import LOG, commit_text, commits_after, delta_log_name
from rem_arrow.publish.publication import Publication, PublishedFile, PublishedTable, published_schema, read_publication
from rem_arrow.publish.published_types import check_publishable, delta_schema, encoded, published_name
from rem_arrow.publish.target import Target
from rem_arrow.running.threads import worked_ahead

if TYPE_CHECKING:
    import numpy.typing as npt

_DEAD_SHARE_MAX = 0.05
_PARTS_AHEAD = 2
_NAME_MAX = 120
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a table that is published as one file.

    Attributes:
        identity: a digest that no other part has; "" for one that still grows: its rows are its identity.
        length: how many rows it has, those that are not visible too.
        visible: returns the places of the rows that a query sees, ascending.
        rows: returns these rows: the columns of `published_schema`.
    """

    identity: str
    length: int
    visible: Callable[[], npt.NDArray[np.intp]]
    rows: Callable[[], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class TableParts:
    """A table to publish; `distinct` is as the manifest has it."""

    table: Table
    parts: Sequence[Part]
    distinct: Mapping[str, tuple[int, int]]


@dataclass(slots=True)
class _Written:
    """What was written of a table."""

    files: list[PublishedFile] = field(default_factory=list)
    count: int = 0
    bytes: int = 0


def publish(
    target: Target,
    publication: Publication,
    tables: Sequence[TableParts],
    executor: Executor,
    advance: Callable[[int], None],
    *,
    keep_days: float,
) -> pl.DataFrame:
    """Publish tables: `publication` says all but its tables. Returns table, rows, files, files_written, bytes_written.

    Raises InputError where something else lies at the target, ConflictError if another program publishes there.
    """
    target.check_writable()
    for one in tables:
        check_publishable(one.table.name, published_schema(one.table))
    before = read_publication(target)
    if before is not None and before.database != publication.database:
        raise InputError(
            f"{target.address} holds a publication of another database; name another folder, or remove what is there"
        )
    made, report = [], []
    for one in tables:
        old = None if before is None else before.find(one.table.name)
        table, written = _published(target, one, old, executor, advance, publication.created_at_ms)
        made.append(table)
        report.append((table.table.name, table.rows, len(table.files), written.count, written.bytes))
    removed, expired = _removed(target, before, made, publication.created_at_ms, keep_days)
    replace(publication, tables=tuple(made), removed=removed).write(target)
    for path in expired:
        target.remove(path)
    names = {"table": pl.String, "rows": pl.Int64, "files": pl.Int64, "files_written": pl.Int64}
    return pl.DataFrame(report, schema={**names, "bytes_written": pl.Int64}, orient="row")


def _published(
    target: Target,
    one: TableParts,
    old: PublishedTable | None,
    executor: Executor,
    advance: Callable[[int], None],
    at_ms: int,
) -> tuple[PublishedTable, _Written]:
    folder = _folder(one.table.name)
    there, written = target.sizes(folder), _Written()
    known = {} if old is None or _schema(old.table) != _schema(one.table) else {_identity(f.path): f for f in old.files}

    def made(part: Part) -> tuple[PublishedFile | None, bool]:
        return _file(target, folder, one.table, part, known.get(part.identity), there)

    for part, (file, is_new) in zip(one.parts, worked_ahead(executor, made, one.parts, _PARTS_AHEAD), strict=True):
        if file is not None:
            written.files.append(file)
            written.count += is_new
            written.bytes += file.bytes if is_new else 0
        advance(part.length)
    version = _logged(target, folder, old, one.table, written.files, at_ms)
    return PublishedTable(one.table, folder, version, tuple(written.files), one.distinct), written


def _file(
    target: Target, folder: str, table: Table, part: Part, known: PublishedFile | None, there: Mapping[str, int]
) -> tuple[PublishedFile | None, bool]:
    """Return the file of a part, and whether it was written; None if none of its rows is visible."""
    visible = part.visible()
    if not len(visible):
        return None, False
    kept = None if known is None else _with_dead(known, part.length, visible)
    if kept is not None and there.get(kept.path) == kept.bytes:
        return kept, False
    left_out = _others(part.length, visible)
    name, data = f"part-{part.identity}-{_digest(left_out.tobytes())}.parquet", None
    if not part.identity:
        data = _parquet(part.rows(), table)
        name, left_out = f"part-{_digest(data)}.parquet", left_out[:0]
    is_new = name not in there
    if is_new:
        data = data or _parquet(part.rows(), table)
        target.write(f"{folder}/{name}", data)
    else:
        data = data or target.read(f"{folder}/{name}") or b""
    return PublishedFile(name, len(visible), len(data), zlib.crc32(data), (), tuple(left_out.tolist())), is_new


def _with_dead(file: PublishedFile, length: int, visible: npt.NDArray[np.intp]) -> PublishedFile | None:
    """Return a file with those of its rows marked as dead that are not visible any more; None if it does not serve."""
    held = _others(length, np.array(file.left_out, dtype=np.intp))
    if np.isin(visible, held, assume_unique=True, invert=True).any():
        return None
    dead = np.flatnonzero(np.isin(held, visible, assume_unique=True, invert=True))
    if len(dead) > _DEAD_SHARE_MAX * file.rows:
        return None
    return replace(file, dead=tuple(dead.tolist()))


def _others(length: int, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the places below `length` that are not among these."""
    mask = np.ones(length, dtype=np.bool_)
    mask[places] = False
    return np.flatnonzero(mask)


def _parquet(rows: pl.DataFrame, table: Table) -> bytes:
    sink = io.BytesIO()
    # As db.export has it.
    encoded(rows, published_schema(table), table.name).write_parquet(sink, compression="zstd", compression_level=1)
    return sink.getvalue()


def _logged(
    target: Target,
    folder: str,
    old: PublishedTable | None,
    table: Table,
    files: Sequence[PublishedFile],
    at_ms: int,
) -> int:
    """Add a version with these files to the log of a table where its last one has others. Returns the version."""
    log = target.sizes(f"{folder}/{LOG}")
    version = -1
    while delta_log_name(version + 1) in log:
        version += 1
    start = -1 if old is None else old.delta_version
    texts = [
        (target.read(f"{folder}/{LOG}/{delta_log_name(v)}") or b"").decode() for v in range(start + 1, version + 1)
    ]
    last = commits_after(texts, {f.path: f.logged for f in old.files} if old is not None else {})
    new = [f.logged for f in files]
    # What a publication that was killed has logged may have another schema.
    same_schema = old is not None and start == version and _schema(old.table) == _schema(table)
    if same_schema and {f.key for f in last.values()} == {f.key for f in new}:
        return version
    text = commit_text(
        last.values(), new, None if same_schema else _schema(table), table=_table_id(target, folder), at_ms=at_ms
    )
    target.write_once(f"{folder}/{LOG}/{delta_log_name(version + 1)}", text.encode())
    return version + 1


def _schema(table: Table) -> Json:
    return delta_schema([(published_name(n), t) for n, t in published_schema(table).items()])


def _removed(
    target: Target, before: Publication | None, made: Sequence[PublishedTable], at_ms: int, keep_days: float
) -> tuple[tuple[tuple[str, int], ...], list[str]]:
    """Return the files that no table needs, with the time since when, and those whose time is over."""
    needed = {f"{t.folder}/{f.path}" for t in made for f in t.files}
    since = {} if before is None else dict(before.removed)
    for folder in {t.folder for t in (*(() if before is None else before.tables), *made)}:
        for name in target.sizes(folder):
            since.setdefault(f"{folder}/{name}", at_ms)
    removed = [(path, at) for path, at in since.items() if path not in needed]
    last_ms = at_ms - keep_days * _DAY_MS
    return tuple(r for r in removed if r[1] > last_ms), [path for path, at in removed if at <= last_ms]


def _folder(table: str) -> str:
    name = quote(table, safe=" ()+,;=@")
    # A long name is cut: what is cut tells it from others.
    name = name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}~{_digest(name.encode())}"
    return f"tables/{'%2E' + name[1:] if name.startswith('.') else name}"


def _identity(path: str) -> str:
    return path.removeprefix("part-").partition("-")[0]


def _table_id(target: Target, folder: str) -> str:
    return str(UUID(_digest(f"{target.address}/{folder}".encode())))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def now_ms() -> int:
    return time.time_ns() // 1_000_000
