"""The manifest of a publication, `rem_arrow.json`: which version it shows, and what every table of it is made of.

    {"rem_arrow_publication": 1, "database": "62d557d9-...", "commit": 12, "created_at_ms": 1767225600000,
     "tables": [{"folder": "tables/sales", "delta_version": 3, "table": {...},
                 "files": [{"path": "part-a.parquet", "rows": 3, "bytes": 812, "crc32": 1234, "dead": "...",
                            "left_out": "..."}, ...],
                 "distinct": {"region": [3, 0], ...}}, ...],
     "entries": [{...}, ...],
     "removed": [["tables/sales/part-0.parquet", 1767225600000], ...]}

It is written last, in one step, so that a reader sees the snapshot before or the one after. `table` is the description
that the catalog stores: columns with their exact types, keys, embedders. `distinct` are, for each column, how many
values differ, about, and how many rows have none. `entries` are views, schemas, macros and types. `removed` are files
that no table needs, with the time since when; they are deleted later, for there may be readers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, RemError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.publish.delta_log import LoggedFile, base85, bitmap, bitmap_values, from_base85
from rem_arrow.publish.target import Target

if TYPE_CHECKING:
    import numpy.typing as npt

MANIFEST = "rem_arrow.json"
_FORM = 1


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A Parquet file.

    Attributes:
        rows: in it, the `dead` ones among them: places in the file.
        left_out: places in the part of the table that the file is made of, of rows that are not in it.
    """

    path: str
    rows: int
    bytes: int
    crc32: int
    dead: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()

    @property
    def logged(self) -> LoggedFile:
        return LoggedFile(self.path, self.bytes, self.rows, self.dead)

    def to_json(self) -> Json:
        return {
            "path": self.path,
            "rows": self.rows,
            "bytes": self.bytes,
            "crc32": self.crc32,
            "dead": _text(self.dead),
            "left_out": _text(self.left_out),
        }

    @staticmethod
    def from_json(value: Json) -> PublishedFile:
        page = cast("dict[str, int]", value)
        rows, size, crc32 = (int(page[name]) for name in ("rows", "bytes", "crc32"))
        dead, left_out = _places(page["dead"]), _places(page["left_out"])
        return PublishedFile(_inside(str(page["path"])), rows, size, crc32, dead, left_out)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table: its description, the folder of its Delta table, and the version of that which the manifest means."""

    table: Table
    folder: str
    delta_version: int
    files: tuple[PublishedFile, ...]
    distinct: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(f.rows - len(f.dead) for f in self.files)

    @property
    def schema(self) -> pl.Schema:
        """The columns in the published files, by our names: the fields, the vectors beside them, and the rowid."""
        return published_schema(self.table)

    def to_json(self) -> Json:
        return {
            "folder": self.folder,
            "delta_version": self.delta_version,
            "table": self.table.to_json(),
            "files": [f.to_json() for f in self.files],
            "distinct": {n: list(d) for n, d in self.distinct.items()},
        }

    @staticmethod
    def from_json(value: Json) -> PublishedTable:
        page = cast("dict[str, Json]", value)
        return PublishedTable(
            Table.from_json(cast("dict[str, Json]", page["table"])),
            _inside(str(page["folder"])),
            cast(int, page["delta_version"]),
            tuple(PublishedFile.from_json(f) for f in cast("list[Json]", page["files"])),
            {n: (d[0], d[1]) for n, d in cast("dict[str, list[int]]", page["distinct"]).items()},
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """What a manifest says.

    Attributes:
        database: the identity of the database; copies of it have the same.
        commit: the version of the database that is shown.
        entries: views, schemas, macros and types.
        removed: files that are not needed any more, with the time since when, in milliseconds since 1970.
    """

    database: str
    commit: int
    created_at_ms: int
    tables: tuple[PublishedTable, ...]
    entries: tuple[Table, ...] = ()
    removed: tuple[tuple[str, int], ...] = ()

    def find(self, name: str) -> PublishedTable | None:
        """Return the table of that name, compared without case."""
        return next((t for t in self.tables if t.table.name.casefold() == name.casefold()), None)

    def write(self, target: Target) -> None:
        """Make this the snapshot that readers see. REQUIRES: its files and the logs of its tables are written."""
        page = {
            "rem_arrow_publication": _FORM,
            "database": self.database,
            "commit": self.commit,
            "created_at_ms": self.created_at_ms,
            "tables": [t.to_json() for t in self.tables],
            "entries": [e.to_json() for e in self.entries],
            "removed": [list(r) for r in self.removed],
        }
        target.write(MANIFEST, json.dumps(page, separators=(",", ":")).encode() + b"\n")


def published_schema(table: Table) -> pl.Schema:
    """Return the columns of a table that are published, by our names and in our types."""
    embeddings = {e.column: e.dtype for e in table.embeddings}
    return pl.Schema({**table.polars_schema(), **embeddings, ROWID: pl.Int64()})


def read_publication(target: Target) -> Publication | None:
    """Return the publication at an address; None if there is none. Raises InputError for a damaged manifest."""
    data, where = target.read(MANIFEST), target.url(MANIFEST)
    if data is None:
        return None
    try:
        page = cast("dict[str, Json]", json.loads(data))
        form = page["rem_arrow_publication"]
        if form != _FORM:
            raise InputError(f"{where} was written by a newer version of rem_arrow (form {form}); install that one")
        return Publication(
            str(page["database"]),
            cast(int, page["commit"]),
            cast(int, page["created_at_ms"]),
            tuple(PublishedTable.from_json(t) for t in cast("list[Json]", page["tables"])),
            tuple(Table.from_json(cast("dict[str, Json]", e)) for e in cast("list[Json]", page["entries"])),
            tuple((_inside(str(path)), cast(int, at)) for path, at in cast("list[list[Json]]", page["removed"])),
        )
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, RemError) as error:
        raise InputError(f"{where} is not the manifest of a publication, or is damaged: {error}") from error


def _text(places: tuple[int, ...]) -> str:
    return base85(bitmap(np.array(places, dtype=np.uint32))) if places else ""


def _places(text: object) -> tuple[int, ...]:
    places: npt.NDArray[np.uint32] = bitmap_values(from_base85(str(text))) if text else np.empty(0, dtype=np.uint32)
    return tuple(places.tolist())


def _inside(path: str) -> str:
    """Return a path if it lies in the publication. Raises InputError."""
    if path.startswith("/") or ".." in path.split("/"):
        raise InputError(f"the manifest names {path!r}, which lies outside of the publication")
    return path
