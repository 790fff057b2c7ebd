"""An index that is kept beside the rows: what it holds, its file, and the catalog entry that makes the file count.

The rows are the truth. An index is derived from them, may lag behind, and is never trusted for which rows exist. It
holds rowids, and of each a 32-bit fingerprint of the value that was indexed: where a row's fingerprint is another, the
index does not hold the row as it is. Collisions are possible: a row that is updated to a value of the same fingerprint
stays in the index as it was, until its next change.

A file or a folder counts only when a catalog entry that was written after it names it; what no entry names is swept.
Whatever does not fit its entry is made anew from the rows:

    default     prefix table:u16 name           what the kind of index writes; it names the file
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.base.errors import CorruptionError, ExecuteError
from rem_arrow.index.arrays import among
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import make_folder
from rem_arrow.storage import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from rem_arrow.base.schema import Table
    from rem_arrow.storage.store import Store

    Rowids = npt.NDArray[np.int64]
    Fingerprints = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The rows that an index holds, ascending by rowid, and the fingerprint of each; the arrays never change."""

    rowids: Rowids
    fingerprints: Fingerprints

    @classmethod
    def none(cls) -> HeldRows:
        """Return no rows."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32))

    def __len__(self) -> int:
        return len(self.rowids)

    def holds(self, rowids: Rowids, fingerprints: Fingerprints) -> npt.NDArray[np.bool_]:
        """Return which rows are held with these fingerprints."""
        if not len(self.rowids):
            return np.zeros(len(rowids), dtype=np.bool_)
        places = np.searchsorted(self.rowids, rowids)
        places[places == len(self.rowids)] = 0
        same: npt.NDArray[np.bool_] = (self.rowids[places] == rowids) & (self.fingerprints[places] == fingerprints)
        return same

    def without(self, rowids: Rowids) -> HeldRows:
        """Return the rows but for these, which ascend."""
        rest = ~among(self.rowids, rowids)
        return HeldRows(self.rowids[rest], self.fingerprints[rest])

    def replaced(self, rowids: Rowids, fingerprints: Fingerprints) -> HeldRows:
        """Return the rows with these added, each in place of the one with its rowid."""
        rest = self.without(np.sort(rowids))
        joined = np.concatenate([rest.rowids, rowids])
        order = np.argsort(joined, kind="stable")
        return HeldRows(joined[order], np.concatenate([rest.fingerprints, fingerprints])[order])


class IndexFiles:
    """The files of one kind of index, each a file or a folder, and the catalog entries that name them.

    Args:
        folder: the name of the folder beside RocksDB.
        prefix: of the keys of the entries.
        named_by: the name of the file that an entry names.
    """

    def __init__(self, store: Store, *, folder: str, prefix: bytes, named_by: Callable[[bytes], str]) -> None:
        self._store, self._prefix, self._named_by = store, prefix, named_by
        self.folder = store.path / folder

    def path(self, file: str) -> Path:
        """Return the path of a file by its name."""
        return self.folder / file

    def new_path(self, number: int, suffix: str = "") -> Path:
        """Return the path of a new file for a table; it counts when an entry is stored that names it. Raises
        ExecuteError if there is no folder for it, and none can be made."""
        try:
            make_folder(self.folder)
        except OSError as error:
            what = f"making the folder {self.folder}"
            raise disk_error(error, what) or ExecuteError(f"{what}: {error}") from error
        return self.folder / f"{number}-{os.urandom(16).hex()}{suffix}"

    def entry(self, number: int, name: str) -> bytes | None:
        """Return the entry of an index; None when none was stored."""
        return self._store.kv.get(keys.CATALOG, self._key(number, name))

    def damages(
        self, number: int, names: Iterable[str], check: Callable[[Path, bytes], object]
    ) -> Iterator[tuple[str, str]]:
        """Yield the indexes of a table whose files are damaged, as `check` says of the folder and an entry, and what is
        wrong with each."""
        for name in names:
            entry = self.entry(number, name)
            try:
                if entry is not None:
                    check(self.folder, entry)
            except CorruptionError as error:
                yield name, str(error)

    def store_entry(
        self, number: int, name: str, entry: bytes, *, exists: Callable[[Table], bool], sync: bool = False
    ) -> bool:
        """Make the file of an index count, in place of the one before. REQUIRES: the file is on disk.

        Returns:
            Whether the entry was stored: not when the index was dropped meanwhile, as `exists` says of its table.
        """
        with self._store.lock:
            self._store.check_open()
            tv = self._store.version.tables.get(number)
            if tv is None or not exists(tv.table):
                return False
            self._store.kv.write([(keys.CATALOG, self._key(number, name), entry)], sync=sync)
        return True

    def drop_entry(self, number: int, name: str) -> None:
        """Let the file of an index not count any more, so that it may change."""
        with self._store.lock:
            self._store.check_open()
            self._drop([self._key(number, name)])

    def _drop(self, entry_keys: Iterable[bytes]) -> None:
        # No entry may come back behind a power cut when its file has changed or is gone.
        self._store.kv.write([(keys.CATALOG, key, None) for key in entry_keys], sync=True)

    def remove(self, file: str) -> None:
        """Delete a file. One that somebody holds (Windows) is left to `sweep`."""
        path = self.path(file)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            return
        try:
            path.unlink()
        except OSError:
            return

    def forget(self, number: int) -> None:
        """Delete the entries of a table, and their files."""
        entries = dict(self._store.kv.scan(keys.CATALOG, keys.table_key(self._prefix, number)))
        if entries:
            self._drop(entries)
        for entry in entries.values():
            self.remove(self._named_by(entry))

    def sweep(self) -> None:
        """Delete files that no entry names: the traces of a killed process, of dropped tables, of earlier files.
        REQUIRES: no index is open."""
        if not self.folder.is_dir():
            return
        named = {self._named_by(entry) for _, entry in self._store.kv.scan(keys.CATALOG, self._prefix)}
        for path in self.folder.iterdir():
            if path.name not in named:
                self.remove(path.name)

    def _key(self, number: int, name: str) -> bytes:
        return keys.table_key(self._prefix, number) + name.encode()
