"""The catalog entry of a full-text index that is kept in a folder: the folder's name, and the checksum of each file.

default     "fts" table:u16 name            JSON {"folder": name, "files": {name: crc32}, "layout": number}
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, cast

from pydantic_core import from_json, to_json

from rem_arrow.base.errors import CorruptionError
from rem_arrow.index.folder_checksums import folder_checksums


class TextEntry(NamedTuple):
    """What makes a folder count."""

    folder: str
    files: dict[str, int]
    layout: int

    def written(self) -> bytes:
        """Return the entry as it is stored."""
        return to_json({"folder": self.folder, "files": self.files, "layout": self.layout})


def read_entry(stored: bytes) -> TextEntry:
    """Return a stored entry. Raises CorruptionError."""
    try:
        value = from_json(stored)
        return TextEntry(str(value["folder"]), cast("dict[str, int]", value["files"]), int(value.get("layout", 1)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptionError(f"the entry of a text index is damaged: {error}") from error


def folder_of(stored: bytes) -> str:
    """Return the name of the folder that an entry names."""
    return read_entry(stored).folder


def checked_folder(folder: Path, stored: bytes) -> Path:
    """Return the folder below `folder` that an entry names. Raises CorruptionError unless the files in it are as they
    were written, every byte of them."""
    entry = read_entry(stored)
    path = folder / entry.folder
    try:
        wrong = folder_checksums(path).items() ^ entry.files.items()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptionError(f"the text index {path} is damaged: {error}") from error
    if wrong:
        names = sorted({name for name, _ in wrong})
        raise CorruptionError(f"the text index {path} is damaged: {', '.join(names)}")
    return path
