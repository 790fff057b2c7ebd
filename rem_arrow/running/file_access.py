"""Which files SQL text may read and write: a text from a stranger names any path, and COPY would follow it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rem_arrow.errors import InputError

# "any", "none", a folder or several.
Files: TypeAlias = "str | Path | Sequence[str | Path]"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """What COPY may touch.

    Attributes:
        folders: files below these and no others, links resolved; None is any file.
    """

    folders: tuple[Path, ...] | None

    def checked(self, name: str) -> Path:
        """Return the path that a name in SQL means; within folders with links resolved. Raises InputError where it may
        not be touched."""
        path = Path(os.path.realpath(name))
        if self.folders == ():
            raise InputError(
                f"{name}: SQL reads and writes no files here; connect(..., files=folder) allows those below a folder"
            )
        if self.folders is not None and not any(path.is_relative_to(folder) for folder in self.folders):
            raise InputError(
                f"{name} lies outside of {', '.join(map(str, self.folders))}, where SQL may read and write files; "
                "connect(..., files=[...]) names the folders"
            )
        database = next((p for p in path.parents if (p / "CURRENT").is_file()), None)
        if database is not None:
            raise InputError(f"{name} lies inside the database {database}; SQL reads and writes no files there")
        return Path(name) if self.folders is None else path


def file_access(files: Files | None, *, read_only: bool) -> FileAccess:
    """Return what the argument `files` of `connect` means. Without one: any file, for a read-only connection none.

    Raises:
        InputError: it is no folder, or a word that is neither "any" nor "none".
    """
    if files is None:
        files = "none" if read_only else "any"
    if files == "any":
        return FileAccess(None)
    if files == "none":
        return FileAccess(())
    listed = [files] if isinstance(files, (str, os.PathLike)) else files
    if not isinstance(listed, Sequence) or not all(isinstance(f, (str, os.PathLike)) for f in listed):
        raise InputError(f"files is 'any', 'none', a folder or a list of folders, not {files!r}")
    folders = tuple(Path(os.path.realpath(f)) for f in listed)
    for name, folder in zip(listed, folders, strict=True):
        if not folder.is_dir():
            raise InputError(f"files={str(name)!r} is no folder; files is 'any', 'none', a folder or a list of folders")
    return FileAccess(folders)
