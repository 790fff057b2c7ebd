"""Where a publication lies: a folder, or the address of an object store, by the file systems of Arrow and of fsspec.

A file appears whole or not at all: in a folder it is written beside its place, synced and renamed, and an object store
shows an object when it is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from rem_arrow.base.errors import ConflictError, InputError
from rem_arrow.base.real_files import check_outside_databases
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import file_written_beside, file_written_once, make_folder


class Target:
    """The files below an address. Every method raises InputError, or ExecuteError for a disk, where one fails."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        if "://" in self.address:
            self._folder = None
            self._files, self._root = _file_system(self.address)
        else:
            self._folder = Path(self.address).absolute()
            self._files, self._root = fs.LocalFileSystem(), str(self._folder)
        self._root = self._root.rstrip("/")

    def check_writable(self) -> None:
        """Raise InputError where a database, or something else than a publication, is in the way."""
        if self._folder is None:
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise InputError(f"{self._folder} is a file; name a folder for the publication")
        if (self._folder / "CURRENT").is_file():
            raise InputError(f"{self._folder} is a database; name another folder for the publication")
        check_outside_databases(self._folder, "the publication")

    def url(self, path: str) -> str:
        """Return the address of a path as an engine takes it."""
        return f"{self._folder}/{path}" if self._folder is not None else f"{self.address.rstrip('/')}/{path}"

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file; None if there is none."""
        with self._errors(path):
            try:
                with self._files.open_input_file(f"{self._root}/{path}") as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes) -> None:
        """Write a file, in the place of another one if there is one."""
        with self._errors(path):
            if self._folder is not None:
                make_folder((self._folder / path).parent)
                with file_written_beside(self._folder / path) as beside:
                    beside.write_bytes(data)
                return
            self._files.create_dir(f"{self._root}/{path}".rpartition("/")[0], recursive=True)
            with self._files.open_output_stream(f"{self._root}/{path}") as stream:
                stream.write(data)

    def write_once(self, path: str, data: bytes) -> None:
        """Write a file that does not exist. Raises ConflictError if another writer was first."""
        if self._folder is None:
            folder, _, name = path.rpartition("/")
            if name in self.sizes(folder):
                raise ConflictError(_taken(path, self.address))
            self.write(path, data)
            return
        with self._errors(path):
            make_folder((self._folder / path).parent)
            try:
                with file_written_once(self._folder / path) as beside:
                    beside.write_bytes(data)
            except FileExistsError as error:
                raise ConflictError(_taken(path, self.address)) from error

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the files directly in a folder, and their sizes."""
        with self._errors(folder):
            selector = fs.FileSelector(f"{self._root}/{folder}", allow_not_found=True)
            infos = self._files.get_file_info(selector)
            return {i.base_name: int(i.size or 0) for i in infos if i.type == fs.FileType.File}

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone is none."""
        with self._errors(path), suppress(FileNotFoundError):
            self._files.delete_file(f"{self._root}/{path}")

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            what = f"publishing to {self.url(path)}"
            raise disk_error(error, what) or InputError(f"{what} failed: {str(error).splitlines()[0]}") from error


def _taken(path: str, address: str) -> str:
    return f"another program publishes to {address}: it wrote {path} first. Publish again when it is done"


def _file_system(address: str) -> tuple[fs.FileSystem, str]:
    try:
        files, root = fs.FileSystem.from_uri(address)
        return files, str(root)
    except pa.ArrowException as error:
        if find_spec("fsspec") is None:
            raise InputError(f"{address}: {error}. Other file systems need fsspec: pip install fsspec") from error
    except OSError as error:
        raise InputError(f"{address} cannot be reached: {error}") from error
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError, OSError) as error:
        raise InputError(f"{address} cannot be reached: {error}") from error
    return fs.PyFileSystem(fs.FSSpecHandler(files)), str(root)
