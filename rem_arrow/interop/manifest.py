"""The file that makes a folder an export: `manifest.json`, written last.

    {"rem_arrow": 1, "format": "parquet", "created_at": "2026-01-31T12:00:00+00:00",
     "tables": [{"name": "issues", "kind": "entity", "rows": 3, "path": "issues.parquet", "table": {...}}, ...]}

`path` is a file in the folder, or a folder where a table is partitioned or the format needs one; a view, a schema and
a macro have neither path nor rows. `table` is the description that the catalog stores: columns, types, keys, embeddings
and indexes, or the query of a view.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic_core import from_json, to_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.schema import Table

NAME = "manifest.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One table or view of an export."""

    table: Table
    rows: int
    path: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The format and the tables of an export."""

    format: str
    entries: tuple[Entry, ...]

    def write(self, folder: Path) -> None:
        """Write the manifest to a folder. REQUIRES: all files of the export are written."""
        tables = [
            {"name": e.table.name, "kind": e.table.kind, "rows": e.rows, "path": e.path, "table": e.table.to_json()}
            for e in self.entries
        ]
        created = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
        page = {"rem_arrow": _VERSION, "format": self.format, "created_at": created, "tables": tables}
        (folder / NAME).write_bytes(to_json(page, indent=1) + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder. Raises InputError if no export of rem_arrow wrote it."""
    where = folder / NAME
    try:
        page = cast("dict[str, Json]", from_json(where.read_bytes()))
        version = page["rem_arrow"]
        if version != _VERSION:
            raise InputError(f"{where} was written by a newer version of rem_arrow (form {version}); install that one")
        tables = cast("list[dict[str, Json]]", page["tables"])
        entries = tuple(
            Entry(Table.from_json(cast("dict[str, Json]", t["table"])), cast(int, t["rows"]), _inside(str(t["path"])))
            for t in tables
        )
        return Manifest(str(page["format"]), entries)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AssertionError, RemError) as error:
        raise InputError(f"{where} is not a manifest of rem_arrow, or is damaged: {error}") from error


def _inside(path: str) -> str:
    """Return the path of a table if it lies in the folder. Raises InputError."""
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise InputError(f"the manifest names {path!r}, which lies outside of its folder")
    return path
