"""The files that one statement reads, within what the connection allows; each is opened once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.source import FileRequest
from rem_arrow.catalog.frame_table import FrameTable
from rem_arrow.files.file_set import OpenFile, file_rows
from rem_arrow.files.whole_files import whole_files
from rem_arrow.running.file_access import FileAccess

# Files that are open at a time; a process may have some thousand.
FILES_MAX = 500


class StatementFiles:
    """Opens the files of a statement.

    Args:
        access: what may be read; None: nothing.
    """

    def __init__(self, access: FileAccess | None) -> None:
        self._access = access
        self._opened: list[tuple[FileRequest, str, FrameTable]] = []

    @property
    def are_read(self) -> bool:
        """Whether any file was opened."""
        return bool(self._opened)

    def source(self, request: FileRequest) -> tuple[str, FrameTable]:
        """Return the rows of files, and a name that no table can have. Raises InputError."""
        for known, name, source in self._opened:
            if known == request:
                return name, source
        if self._access is None:
            raise InputError(f"{request.names[0]}: no files are read here")
        source = _source(self._access, request)
        # No table of a user can have this name; plans show it up to the first character that is none.
        name = f"{request.names[0].casefold()}\x00{len(self._opened)}"
        self._opened.append((request, name, source))
        return name, source


def _source(access: FileAccess, request: FileRequest) -> FrameTable:
    if request.format == "glob":
        found = sorted({match for name in request.names for match in access.matching(name) if access.is_file(match)})
        return FrameTable(pl.DataFrame({"file": found}, schema={"file": pl.String}))
    opened = opened_files(access, request.names)
    if request.format in ("text", "blob"):
        return FrameTable(whole_files(opened, as_text=request.format == "text"))
    rows = file_rows(opened, request.format, request.options)
    return FrameTable(rows.lazy, rows.count, rows.schema)


def opened_files(access: FileAccess, names: Sequence[str]) -> list[OpenFile]:
    """Return the open files of names and patterns. Raises InputError for one that no file matches, and for too
    many."""
    matched: list[str] = []
    for name in names:
        found = access.matching(name)
        if not found:
            raise InputError(f"no file matches {name}")
        matched += found
    if len(matched) > FILES_MAX:
        raise InputError(
            f"{len(matched):,} files match {names[0]}, and a statement reads {FILES_MAX}; load them in parts by db.load"
        )
    return [OpenFile(name, access.opened(name)) for name in matched]
