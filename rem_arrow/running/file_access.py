"""The files that SQL text may read and write: untrusted text can name any path, and COPY would use it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rem_arrow.base.errors import InputError

# "any", "none", a folder or several.
Files: TypeAlias = "str | Path | Sequence[str | Path]"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """The files that COPY may read and write.

    Attributes:
        folders: only files below these, with links resolved; None allows any file.
    """

    folders: tuple[Path, ...] | None

    def checked(self, name: str) -> Path:
        """Return the path of a file name in SQL; below `folders` with links resolved. Raises InputError if it is not
        allowed."""
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
    """Return the access that the argument `files` of `connect` allows. Default is any file, or none if `read_only`.

    Raises:
        InputError: it is neither a folder nor "any" or "none".
    """
    if files is None:
        files = "none" if read_only else "any"
    if files == "any":
        return FileAccess(None)
    if files == "none":
        return FileAccess(())
    names = [files] if isinstance(files, (str, os.PathLike)) else files
    if not isinstance(names, Sequence) or not all(isinstance(f, (str, os.PathLike)) for f in names):
        raise InputError(f"files is 'any', 'none', a folder or a list of folders, not {files!r}")
    folders = tuple(Path(os.path.realpath(f)) for f in names)
    for name, folder in zip(names, folders, strict=True):
        if not folder.is_dir():
            raise InputError(f"files={str(name)!r} is no folder; files is 'any', 'none', a folder or a list of folders")
    return FileAccess(folders)
