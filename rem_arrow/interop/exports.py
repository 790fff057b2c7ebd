"""Tables to a folder of files and a manifest: all of them, or nothing.

Everything is written to a folder beside the target, whose name ends in `.writing`; the manifest is written last, then
the folder is synced and renamed. A process that is killed, or a power cut, leaves only a folder `.writing`, which no
import accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.real_files import check_outside_databases
from rem_arrow.base.schema import Table
from rem_arrow.interop.manifest import Entry, Manifest
from rem_arrow.interop.sinks import ENDINGS, PARTITIONED, SINKS, Source
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import folder_written_beside

_NAME_MAX = 180


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table or view to export, or a schema or macro; only a table has a source."""

    table: Table
    source: Source | None


def check_export(format_: str, partition_by: Sequence[str], tables: Sequence[Table]) -> None:
    """Raise InputError for a format, or a partitioning, that does not exist."""
    if format_ not in SINKS:
        raise InputError(f"no format {format_!r}. {suggest(str(format_), SINKS, 'Formats')}")
    if partition_by and format_ not in PARTITIONED:
        raise InputError(f"{format_} has no partitions; leave out partition_by, or use one of {', '.join(PARTITIONED)}")
    for table in tables if partition_by else ():
        for name in partition_by:
            if table.kind != "view" and table.field(name).dtype.is_nested():
                raise InputError(
                    f"{table.name}.{name} is nested, and cannot partition a table; name a column of plain values"
                )


def export_tables(
    target: Path,
    format_: str,
    exports: Sequence[ExportTable],
    partition_by: Sequence[str],
    advance: Callable[[int], None],
) -> pl.DataFrame:
    """Write tables to the new folder `target`. Returns table, kind, rows, path and bytes of each. Raises InputError,
    and then leaves no folder."""
    # Polars takes a name such as ~ or file:x for an address; an absolute path is none.
    target = target.absolute()
    with _written(target) as folder:
        entries = []
        for place, export in enumerate(exports):
            entries.append(_write(folder, format_, export, place, partition_by, advance))
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
    folder: Path, format_: str, export: ExportTable, place: int, keys: Sequence[str], advance: Callable[[int], None]
) -> Entry:
    if export.source is None:
        return Entry(export.table, 0, "")
    counter = _RowCounter(export.source, advance)
    path = _file_name(export.table.name, place) + ("" if keys else ENDINGS[format_])
    try:
        SINKS[format_](counter.source, folder / path, keys)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError) as error:
        raise disk_error(error, f"writing {folder / path}") or InputError(
            f"{export.table.name} cannot be written as {format_}: {str(error).splitlines()[0]}"
        ) from error
    return Entry(export.table, counter.rows, path)


class _RowCounter:
    """A source that counts the rows read from it."""

    def __init__(self, source: Source, advance: Callable[[int], None]) -> None:
        self.rows, self._read, self._advance = 0, source.read, advance
        self.source = replace(source, read=self._read_counted)

    def _read_counted(self) -> Iterator[pl.DataFrame]:
        for piece in self._read():
            self.rows += piece.height
            self._advance(piece.height)
            yield piece


def _file_name(table: str, place: int) -> str:
    """Return a file name for a table that every file system accepts, and that no other table of the export has."""
    name = quote(table, safe=" ()+,;=@")
    name = name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}~{place}"
    return f"%2E{name[1:]}" if name.startswith(".") else name


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """Yield a folder to write to, which becomes `target` at the end, or is removed on an error."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} exists; name a new folder for the export")
    check_outside_databases(target, "the export")
    try:
        with folder_written_beside(target) as folder:
            yield folder
    except OSError as error:
        raise disk_error(error, f"writing {target}") or InputError(
            f"{target} cannot be written: {error.strerror or error}"
        ) from error


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
