"""Tables to a folder of files and a manifest: all of them, or nothing.

Everything is written into a folder beside the target, whose name ends in `.writing`; the manifest comes last, then the
folder gets its name. A process that is killed leaves a folder `.writing` without a name that anything would take for an
export.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa

from rem_arrow.errors import InputError, suggest
from rem_arrow.interop.manifest import Entry, Manifest
from rem_arrow.interop.sinks import ENDINGS, PARTITIONED, SINKS, Source
from rem_arrow.schema import Table

WRITING = ".writing"
_NAME_MAX = 180


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table to write; a view has no source."""

    table: Table
    source: Source | None


def check_export(format_: str, partition_by: Sequence[str], tables: Sequence[Table]) -> None:
    """Refuse a format, or a partitioning, that does not exist. Raises InputError."""
    if format_ not in SINKS:
        raise InputError(f"no format {format_!r}. {suggest(str(format_), SINKS, 'Formats')}")
    if partition_by and format_ not in PARTITIONED:
        raise InputError(f"{format_} has no partitions; leave out partition_by, or use one of {', '.join(PARTITIONED)}")
    for table in tables if partition_by else ():
        for name in partition_by:
            if table.kind != "view" and table.field(name).dtype.is_nested():
                raise InputError(
                    f"{table.name}.{name} is nested, and cannot part a table; name a column of plain values"
                )


def export_tables(
    target: Path,
    format_: str,
    given: Sequence[ExportTable],
    partition_by: Sequence[str],
    advance: Callable[[int], None],
) -> pl.DataFrame:
    """Write tables to the new folder `target`. Returns table, kind, rows, path and bytes of each. Raises InputError;
    then nothing is there."""
    with _written_beside(target) as folder:
        entries = []
        for place, one in enumerate(given):
            entries.append(_write(folder, format_, one, place, partition_by, advance))
        Manifest(format_, tuple(entries)).write(folder)
    rows = [
        (e.table.name, e.table.kind, e.rows, e.path or None, _bytes(target / e.path) if e.path else None)
        for e in entries
    ]
    return pl.DataFrame(
        rows,
        schema={"table": pl.String, "kind": pl.String, "rows": pl.Int64, "path": pl.String, "bytes": pl.Int64},
        orient="row",
    )


def _write(
    folder: Path, format_: str, given: ExportTable, place: int, keys: Sequence[str], advance: Callable[[int], None]
) -> Entry:
    if given.source is None:
        return Entry(given.table, 0, "")
    counted = _Counted(given.source, advance)
    path = _file_name(given.table.name, place) + ("" if keys else ENDINGS[format_])
    try:
        SINKS[format_](counted.source, folder / path, keys)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
        raise InputError(f"{given.table.name} cannot be written as {format_}: {str(error).splitlines()[0]}") from error
    return Entry(given.table, counted.rows, path)


class _Counted:
    """A source that counts the rows that are read of it."""

    def __init__(self, source: Source, advance: Callable[[int], None]) -> None:
        self.rows, self._read, self._advance = 0, source.read, advance
        self.source = replace(source, read=self._counted)

    def _counted(self) -> Iterator[pl.DataFrame]:
        for piece in self._read():
            self.rows += piece.height
            self._advance(piece.height)
            yield piece


def _file_name(table: str, place: int) -> str:
    """Return a name for a table's file that every file system takes, and that differs from those of the others."""
    name = quote(table, safe=" ()+,;=@")
    name = name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}~{place}"
    return f"%2E{name[1:]}" if name.startswith(".") else name


@contextmanager
def _written_beside(target: Path) -> Iterator[Path]:
    """Give a folder to write, which becomes `target` when all went well, and goes away when not."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} exists; name a new folder for the export")
    _sweep(target)
    folder = target.with_name(f"{target.name}.{os.getpid()}{WRITING}")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {folder}: {error.strerror or error}") from error
    try:
        yield folder
        if target.exists():
            target.rmdir()
        folder.rename(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Remove what killed processes left behind of exports to this folder."""
    for left in target.parent.glob(f"{glob.escape(target.name)}.*{WRITING}"):
        process = left.name.removesuffix(WRITING).rpartition(".")[2]
        if process.isdecimal() and not Path("/proc", process).exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
