"""From names to sources at one pinned version: stored tables, views and a user's frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from rem_arrow.access import table_functions
from rem_arrow.access.access import Access
from rem_arrow.base.source import IndexCall, TableSource
from rem_arrow.catalog import system_views
from rem_arrow.catalog.frame_table import FrameTable
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.storage.version import TableVersion, Version

# The name by which a statement that writes reads the table that it changes. No table of a user can have this name.
TARGET = "\x00target"


class Snapshot:
    """The catalog of one statement: one pinned version, and the frames passed in, which hide tables of the same name.

    Args:
        target: the table that the name TARGET stands for, with its rowids.
    """

    def __init__(
        self,
        access: Access,
        frames: Mapping[str, pl.DataFrame | pl.LazyFrame] | None = None,
        *,
        include_deleted: bool = False,
        target: TableVersion | None = None,
    ) -> None:
        self.access, self._include_deleted, self._target = access, include_deleted, target
        self._frames = {name.casefold(): FrameTable(frame) for name, frame in (frames or {}).items()}
        self._frame_names = list(frames or {})
        self.has_frames = bool(frames)

    @property
    def version(self) -> Version:
        return self.access.version

    def frame_key(self) -> tuple[object, ...]:
        """Return the properties of the frames that a plan depends on: names, columns, and the magnitude of row
        counts."""
        return tuple((name, tuple(f.schema.items()), f.row_count().bit_length()) for name, f in self._frames.items())

    def source(self, name: str) -> TableSource | None:
        frame = self._frames.get(name.casefold())
        if frame is not None:
            return frame
        if name == TARGET and self._target is not None:
            hidden_too = self._include_deleted and self._target.table.kind == "system"
            return StoredTable(self.access, self._target, include_deleted=hidden_too, rowids=True)
        tv = self.version.find(name)
        return (
            None
            if tv is None or tv.table.kind == "view"
            else StoredTable(self.access, tv, include_deleted=self._include_deleted)
        )

    def index(self, function: str, call: IndexCall) -> pl.DataFrame:
        return table_functions.run(self.access, function, call)

    def entity_table(self, name: str) -> str | None:
        tv = self.version.find(name)
        return None if tv is None or tv.table.kind != "entity" else tv.table.name

    def view(self, name: str) -> str | None:
        if name.casefold() in self._frames:
            return None
        tv = self.version.find(name)
        if tv is None:
            return system_views.system_view(self.version, name)
        return str(tv.table.model) if tv.table.kind == "view" else None

    def parts(self, names: Sequence[str]) -> list[object]:
        """Return the parts of stored tables; the rows are the same as long as these are the same objects."""
        versions = [self.version.find(name) for name in names]
        return [None if tv is None else tv.parts for tv in versions]

    def table_names(self) -> list[str]:
        return self._frame_names + [tv.table.name for tv in self.version] + list(system_views.NAMES)
