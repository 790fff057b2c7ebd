"""From names to sources at one pinned version: stored tables, views and a user's frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import polars as pl

from rem_arrow.access import table_functions
from rem_arrow.access.access import Access
from rem_arrow.base import datatypes
from rem_arrow.base.errors import InputError
from rem_arrow.base.macro import MacroKind, Overload, overloads_from_json
from rem_arrow.base.schema import TEMPORARY, Table
from rem_arrow.base.session_state import SessionState
from rem_arrow.base.source import FileRequest, IndexCall, Reranker, Rowids, TableSource
from rem_arrow.catalog import system_tables, system_views
from rem_arrow.catalog.frame_table import FrameTable
from rem_arrow.catalog.search_path import found, schema_of
from rem_arrow.catalog.statement_files import StatementFiles
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.running.file_access import FileAccess
from rem_arrow.storage.history import Kept
from rem_arrow.storage.sequences import KIND, Sequences
from rem_arrow.storage.version import TableVersion, Version

# The name by which a statement that writes reads the table that it changes. No table of a user can have this name.
TARGET = "\x00target"
# Between the name of a table and the number of the version of which it is.
_AT = "\x00at\x00"


class Snapshot:
    """The catalog of one statement: one pinned version, and the frames passed in, which hide tables of the same name.

    Args:
        now: the time of the statement; without it that of this call.
        files: the files that the statement may read; None: none.
        session: what the handle has set.
        temporary: reads the temporary tables of the handle.
        target: the table that the name TARGET stands for, with its rowids; a temporary one where `is_temporary`.
    """

    def __init__(
        self,
        access: Access,
        frames: Mapping[str, pl.DataFrame | pl.LazyFrame | FrameTable] | None = None,
        *,
        include_deleted: bool = False,
        target: TableVersion | None = None,
        session: SessionState | None = None,
        temporary: Access | None = None,
        is_temporary: bool = False,
        now: dt.datetime | None = None,
        files: FileAccess | None = None,
    ) -> None:
        self.now = dt.datetime.now(dt.timezone.utc) if now is None else now
        self.session, self._temporary = session or SessionState(), temporary
        self.access, self._include_deleted, self._target = access, include_deleted, target
        self._target_access = temporary if is_temporary and temporary is not None else access
        self._frames = {
            n.casefold(): f if isinstance(f, FrameTable) else FrameTable(f) for n, f in (frames or {}).items()
        }
        self._frame_names = list(frames or {})
        self.has_frames = bool(frames)
        # The tables that were asked for: planning asks for each many times.
        self._stored: dict[str, StoredTable] = {}
        # The files that the statement has named, each opened once.
        self._files = StatementFiles(files)
        self._reads_past = False

    @property
    def version(self) -> Version:
        return self.access.version

    @property
    def time_zone(self) -> str:
        """The time zone of the session."""
        return self.session.setting("timezone") or "UTC"

    def names(self) -> tuple[object, ...]:
        """Return what the names of tables mean; it is the same objects as long as nothing is defined."""
        return (self.version.names, None if self._temporary is None else self._temporary.version.names)

    def key(self) -> tuple[object, ...]:
        """Return what a plan depends on beside `names`: what the handle has set, and names, columns and the magnitude
        of the row counts of frames."""
        frames = tuple((name, tuple(f.schema.items()), f.row_count().bit_length()) for name, f in self._frames.items())
        return (self.session, frames)

    def resolve(self, parts: Sequence[str], within: str | None = None) -> str | None:
        *qualifiers, name = parts
        if not qualifiers and (name == TARGET or name.casefold() in self._frames):
            return name
        temporary = None if self._temporary is None else self._temporary.version
        if qualifiers and qualifiers[-1].casefold() in system_views.SCHEMAS:
            return system_views.system_name(qualifiers, name)
        full = found(self.version, temporary, self.session, parts, within)
        if full is None and not qualifiers:
            return name if name.casefold() in system_views.NAMES else system_views.system_name((), name)
        return full

    def info(self, parts: Sequence[str]) -> str | None:
        full = self.resolve(parts)
        return None if full is None else system_views.described(full)

    def table(self, name: str) -> Table | None:
        """Return the description of a table or view by its full name; None if it is none of the database's."""
        hit = None if name == TARGET or name.casefold() in self._frames else self._found(name)
        return None if hit is None else hit[1].table

    def _found(self, name: str) -> tuple[Access, TableVersion] | None:
        """Return the table or view of a full name, and what reads it."""
        schema, _, own = name.partition(".")
        if self._temporary is not None and schema == TEMPORARY:
            tv = self._temporary.version.find(own)
            if tv is not None:
                return self._temporary, tv
        tv = self.version.find(name)
        return None if tv is None else (self.access, tv)

    def reranker(self, name: str) -> Reranker:
        return self.access.indexes.rerankers.of(name)

    def filtered(self, source: str, key: object, compute: Callable[[], Rowids]) -> Rowids:
        hit = None if source == TARGET or source.casefold() in self._frames else self._found(source)
        # What is left of edges depends on their ends too.
        if hit is None or hit[1].table.kind not in ("entity", "plain"):
            return compute()
        access, tv = hit
        return access.indexes.filters.rowids((source, self._include_deleted, key), tv.parts, compute)

    def source(self, name: str) -> TableSource | None:
        frame = self._frames.get(name.casefold())
        if frame is not None:
            return frame
        if name == TARGET and self._target is not None:
            hidden_too = self._include_deleted and self._target.table.kind == "system"
            return StoredTable(self._target_access, self._target, include_deleted=hidden_too, rowids=True)
        if name in self._stored:
            return self._stored[name]
        full, at, commit = name.partition(_AT)
        if at:
            return self._past(full, self.access.indexes.past(int(commit)))
        hit = self._found(name)
        if hit is None and name.startswith("system."):
            return FrameTable(self._system_table(name.removeprefix("system.")))
        if hit is None or hit[1].table.kind == "view":
            return None
        source = self._stored[name] = StoredTable(*hit, include_deleted=self._include_deleted)
        return source

    def _system_table(self, name: str) -> pl.DataFrame:
        temporary = None if self._temporary is None else self._temporary.version
        return system_tables.system_table(name, self.version, temporary, self.session)

    def open_files(self, request: FileRequest) -> tuple[str, TableSource]:
        name, source = self._files.source(request)
        self._frames[name] = source
        self.has_frames = True
        return name, source

    def open_past(self, parts: Sequence[str], which: Kept, *, always: bool) -> tuple[str, TableSource] | None:
        version = self.access.indexes.past(which)
        self._reads_past = self._reads_past or not always
        full = found(version, None, self.session, parts)
        source = None if full is None else self._past(full, version)
        return None if source is None else (f"{full}{_AT}{version.commit}", source)

    def _past(self, full: str, version: Version) -> StoredTable | None:
        """Return a table of an older version by its full name."""
        tv = version.find(full)
        if tv is None:
            return None
        if tv.table.kind == "view":
            raise InputError(f"{tv.table.name} is a view; AT reads a table, and db.at(...) views too")
        source = StoredTable(self.access.at(version), tv, include_deleted=self._include_deleted)
        self._stored[f"{full}{_AT}{version.commit}"] = source
        return source

    @property
    def is_of_this_run(self) -> bool:
        """Whether the statement reads files, or older versions, which are others when it runs again."""
        return self._files.are_read or self._reads_past

    def index(self, function: str, call: IndexCall) -> pl.DataFrame:
        return table_functions.run(self.access, function, call)

    @cached_property
    def has_macros(self) -> bool:
        temporary = self._temporary is not None and self._temporary.version.names.has_macros
        return temporary or self.version.names.has_macros

    def macro(self, kind: MacroKind, parts: Sequence[str]) -> tuple[Overload, ...]:
        temporary = None if self._temporary is None else self._temporary.version
        full = found(self.version, temporary, self.session, parts, kind=kind)
        if full is None:
            return ()
        schema, _, own = full.partition(".")
        entry = temporary.entry(kind, own) if temporary is not None and schema == TEMPORARY else None
        entry = entry or self.version.entry(kind, full)
        return () if entry is None else overloads_from_json(entry.model)

    def sequence(self, parts: Sequence[str]) -> int | None:
        full = found(self.version, None, self.session, parts, kind=KIND)
        entry = None if full is None else self.version.entry(KIND, full)
        return None if entry is None else entry.number

    @property
    def sequences(self) -> Sequences:
        """What gives the numbers of the sequences."""
        return self.access.indexes.sequences

    def schema_of(self, name: str) -> str:
        return schema_of(self.version, name)

    def entity_table(self, name: str) -> str | None:
        tv = self.version.find(name)
        return None if tv is None or tv.table.kind != "entity" else tv.table.name

    def view(self, name: str) -> str | None:
        if name.casefold() in self._frames:
            return None
        hit = self._found(name)
        if hit is None:
            return system_views.system_view(self.version, name)
        return str(hit[1].table.model) if hit[1].table.kind == "view" else None

    def named_type(self, name: str) -> pl.DataType | None:
        described = self.version.entry("type", name)
        return None if described is None else datatypes.from_json(described.model)

    def parts(self, names: Sequence[str]) -> list[object]:
        """Return the parts of stored tables; the rows are the same as long as these are the same objects."""
        hits = [self._found(name) for name in names]
        return [None if hit is None else hit[1].parts for hit in hits]

    def rows(self, name: str) -> int:
        """Return how many rows a stored table has; 0 of what is none."""
        hit = self._found(name)
        return 0 if hit is None or hit[1].damage is not None else hit[1].rows

    def table_names(self) -> list[str]:
        temporary = () if self._temporary is None else self._temporary.version
        return [
            *self._frame_names,
            *(tv.table.name for tv in temporary),
            *(tv.table.name for tv in self.version),
            *system_views.NAMES,
        ]
