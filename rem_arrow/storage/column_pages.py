"""Where the pages of one column of a segment lie, as its manifest says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import polars as pl

from rem_arrow.base import datatypes
from rem_arrow.base.datatypes import Json
from rem_arrow.storage.statistics import ZoneMap


@dataclass(frozen=True, slots=True)
class ColumnPages:
    """The pages of a column: their type, the rows of each but the last, their number and bytes, and the zone map."""

    dtype: pl.DataType
    page_rows: int
    pages: int
    bytes: int
    zone: ZoneMap

    def to_json(self) -> list[Json]:
        """Return what stands in the manifest."""
        return [datatypes.to_json(self.dtype), self.page_rows, self.pages, self.bytes, cast(Json, self.zone.to_json())]

    @staticmethod
    def from_json(data: list[Json]) -> ColumnPages:
        """Return what `to_json` gave."""
        dtype, page_rows, pages, size, zone = data
        return ColumnPages(
            datatypes.from_json(dtype),
            cast(int, page_rows),
            cast(int, pages),
            cast(int, size),
            ZoneMap.from_json(cast("list[Json]", zone)),
        )
