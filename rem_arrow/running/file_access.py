"""The files that SQL text may read and write: untrusted text can name any path, and COPY would use it.

A name is resolved once. The file is then opened folder by folder from the root, and no link is followed on the way: who
puts a link there meanwhile gets an error. What is handed out is the open file, never its name, which Polars would take
for a pattern (`[a].arrow`) or an address (`file:/etc/passwd`).
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_patterns import fixed_part, is_pattern, matches

# "any", "none", a folder or several.
Files: TypeAlias = "str | Path | Sequence[str | Path]"

# Not to wait for the other end of a pipe; a terminal does not become that of this process.
_NO_WAIT = os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY
# The file that makes a folder a database.
_DATABASE = "CURRENT"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """The files that COPY may read and write.

    Attributes:
        folders: only files below these, with links resolved; None allows any file.
    """

    folders: tuple[Path, ...] | None

    def opened(self, name: str) -> FileIO:
        """Return the open file of a name in SQL, without a buffer. Raises InputError if it is not allowed or no
        file."""
        with _opened_folder(self._resolved(name), name, "read") as (folder, last):
            descriptor = _opened(last, os.O_RDONLY | _NO_WAIT, folder, name, "read")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _no_file(name)
        return os.fdopen(descriptor, "rb", buffering=0)

    def matching(self, name: str) -> list[str]:
        """Return the file of exactly this name, or else those that match it as a pattern. Raises InputError if there is
        none, or the folder that it begins with is not allowed."""
        if not is_pattern(name):
            return [name]
        self._resolved(fixed_part(name) or ".")
        if "\0" not in name and os.path.lexists(name):
            return [name]
        return [m for m in matches(name) if self._allows(m)]

    def is_file(self, name: str) -> bool:
        """Say whether a name is a file that may be read."""
        return self._allows(name) and os.path.isfile(name)

    def _allows(self, name: str) -> bool:
        try:
            self._resolved(name)
        except InputError:
            return False
        return True

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Yield a new file, which takes the name in SQL when the block ends without an error: a file of that name is
        replaced, or stays as it was, and the bytes are on disk. Raises InputError if it is not allowed or cannot be
        written, and ExecuteError if the disk is full or fails."""
        with _opened_folder(self._resolved(name), name, "written") as (folder, last):
            _check_replaceable(folder, last, name)
            temporary = f"{secrets.token_hex(8)}.writing"
            descriptor = _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder, name, "written")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
                _sync_names(folder)
            except OSError as error:
                raise _failed(name, "written", error) from error
            finally:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)

    def make_folder(self, name: str) -> None:
        """Make a folder, and those around it, where there are none. Raises InputError if it is not allowed, or lies in
        the folder of a database."""
        path = self._resolved(name)
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for part in reversed(missing):
            with _opened_folder(part, name, "written") as (folder, last), suppress(FileExistsError):
                try:
                    os.mkdir(last, dir_fd=folder)
                except PermissionError as error:
                    raise _failed(name, "written", error) from error

    def _resolved(self, name: str) -> Path:
        """Return the path of a name with links resolved, below `folders`. Raises InputError if it is not."""
        if self.folders == ():
            raise InputError(
                f"{name}: SQL reads and writes no files here; connect(..., files=folder) allows those below a folder"
            )
        try:
            is_name = bool(name) and b"\0" not in os.fsencode(name)
        except UnicodeEncodeError:
            is_name = False
        if not is_name:
            raise InputError(f"{name!r} is no name of a file")
        path = Path(os.path.realpath(name))
        if self.folders is not None and not any(path.is_relative_to(folder) for folder in self.folders):
            raise InputError(
                f"{name} lies outside of {', '.join(map(str, self.folders))}, where SQL may read and write files; "
                "connect(..., files=[...]) names the folders"
            )
        return path


@contextmanager
def _opened_folder(path: Path, name: str, what: str) -> Iterator[tuple[int, str]]:
    """Yield the open folder of a resolved path, and the last part of the path. Raises InputError for a path in the
    folder of a database, and one that a link has come into meanwhile."""
    *folders, last = path.parts
    if not folders:
        raise _no_file(name)
    folder = _opened(folders[0], _FOLDER, None, name, what)
    try:
        _check_no_database(folder, folders[:1], name)
        for place, part in enumerate(folders[1:], 2):
            outer, folder = folder, _opened(part, _FOLDER, folder, name, what)
            os.close(outer)
            _check_no_database(folder, folders[:place], name)
        yield folder, last
    finally:
        os.close(folder)


def _opened(name: str, flags: int, folder: int | None, whole_name: str, what: str) -> int:
    """Return the descriptor of a name in an open folder. Raises InputError, also where the name is a link."""
    try:
        return os.open(name, flags | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _no_file(whole_name) if what == "read" else _failed(whole_name, what, error) from error
    except OSError as error:
        raise _failed(whole_name, what, error) from error


def _check_no_database(folder: int, parts: Sequence[str], name: str) -> None:
    """Raise InputError for the open folder of a database."""
    try:
        is_database = stat.S_ISREG(os.stat(_DATABASE, dir_fd=folder).st_mode)
    except OSError:
        return
    if is_database:
        raise InputError(f"{name} lies inside the database {Path(*parts)}; SQL reads and writes no files there")


def _check_replaceable(folder: int, last: str, name: str) -> None:
    """Raise InputError for a name that is a folder, a device or a pipe: a file would take its place."""
    if last == _DATABASE:
        raise InputError(f"{name} would make its folder look like a database; choose another name")
    try:
        kept = os.stat(last, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _failed(name, "written", error) from error
    if not stat.S_ISREG(kept.st_mode):
        raise InputError(f"{name} cannot be written: it is a folder, a device, a pipe or a link; name a file")


def _no_file(name: str) -> InputError:
    return InputError(f"there is no file {name}")


def _sync_names(folder: int) -> None:
    """Make the names in an open folder survive a power cut. One that this user may not list is left to the system."""
    with suppress(PermissionError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(name: str, what: str, error: OSError) -> RemError:
    failure = InputError(f"{name} cannot be {what}: {error.strerror or error}")
    # A folder of somebody else is no fault of the disk.
    return failure if isinstance(error, PermissionError) else disk_error(error, f"{name} cannot be {what}") or failure


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
