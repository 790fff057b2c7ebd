"""A segment: some ten thousand row versions, sorted by rowid, each column a list of pages; never changed once written.

The manifest is JSON: {"rows", "low", "high", "dense", "columns": {column number: [type, rows a page, pages, bytes, zone
map]}}. `dense` says that the rowids are all of low..high, so that none is stored; else they are column 65,535. Every
page of a column holds the same number of rows, but the last. A column that a segment lacks reads as its field's
default.

A copy of the manifest lies beside the pages, see copies.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
import polars as pl
from pydantic_core import from_json, to_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import CorruptionError
from rem_arrow.base.schema import ROWID_COLUMN, Field
from rem_arrow.storage import codec, copies, keys, values
from rem_arrow.storage.cache import CODED_COLUMN, FIXED_COLUMN, WHOLE_COLUMN, ColumnCache
from rem_arrow.storage.column_pages import ColumnPages
from rem_arrow.storage.kills import Kills
from rem_arrow.storage.kv import KV
from rem_arrow.storage.statistics import ZoneMap

if TYPE_CHECKING:
    import numpy.typing as npt

# A page as it is stored. Within the class `bytes` is its size.
Encoded: TypeAlias = bytes

SEGMENT_ROWS_MAX = 122_880
PAGE_ROWS_MAX = 32_768
PAGE_BYTES_MAX = 2 << 20
# The place of the manifest's copy among the pages of the rowids.
MANIFEST_COPY = 0xFFFF
_CODED_SHARE_MAX = 1 / 16


class Segment:
    """A part of a table on disk; columns are read when they are asked for, and kept in the cache."""

    __slots__ = (
        "__weakref__",
        "_rowids",
        "cache",
        "columns",
        "dense",
        "kills",
        "kv",
        "number",
        "rowid_high",
        "rowid_low",
        "rows",
        "table",
        "table_name",
    )

    def __init__(
        self, kv: KV, cache: ColumnCache, table: int, number: int, manifest: bytes, *, table_name: str = ""
    ) -> None:
        self.kv, self.cache, self.table, self.number, self.table_name = kv, cache, table, number, table_name
        self.kills = Kills()
        try:
            data = cast("dict[str, Json]", from_json(manifest))
            self.rows = cast(int, data["rows"])
            self.rowid_low, self.rowid_high = cast(int, data["low"]), cast(int, data["high"])
            self.dense = bool(data["dense"])
            self.columns = {
                int(n): ColumnPages.from_json(cast("list[Json]", c))
                for n, c in cast("dict[str, Json]", data["columns"]).items()
            }
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptionError(
                f"the manifest of segment {number} of table {table_name or table} is damaged: {error}"
            ) from error
        self._rowids: npt.NDArray[np.int64] | None = None

    @property
    def bytes(self) -> int:
        return sum(c.bytes for c in self.columns.values())

    @property
    def fingerprint(self) -> str:
        """A digest of what is known of its rows: bounds, sizes and sketches of the values of every column."""
        columns = {str(n): [c.bytes, c.pages, cast(Json, c.zone.to_json())] for n, c in self.columns.items()}
        return hashlib.sha256(to_json([self.rows, self.rowid_low, self.rowid_high, columns])).hexdigest()

    def locate(self, rowid: int, length: int, kills: int) -> int | None:
        """Return the offset of the row if it is here and alive after `kills` deaths."""
        assert length == self.rows, "a segment does not grow"
        if self.dense:
            offset = rowid - self.rowid_low
        else:
            rowids = self.rowid_array(length)
            offset = int(np.searchsorted(rowids, rowid))
            if offset >= self.rows or rowids[offset] != rowid:
                return None
        return None if self.kills.is_dead(offset, kills) else offset

    def rowid_array(self, length: int) -> npt.NDArray[np.int64]:
        """Return the rowid of each row, ascending."""
        assert length == self.rows, "a segment does not grow"
        if self._rowids is None:
            if self.dense:
                return np.arange(self.rowid_low, self.rowid_high + 1, dtype=np.int64)
            column = self.columns[ROWID_COLUMN]
            self._rowids = pl.concat([self._page(ROWID_COLUMN, p, column) for p in range(column.pages)]).to_numpy()
        return self._rowids

    def offsets(self, rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """Return where the rows of these rowids stand, ascending as they do; those that are not here are left out."""
        if self.dense:
            first, stop = np.searchsorted(rowids, (self.rowid_low, self.rowid_high + 1))
            return (rowids[first:stop] - self.rowid_low).astype(np.intp)
        own = self.rowid_array(self.rows)
        places: npt.NDArray[np.intp] = np.minimum(np.searchsorted(own, rowids), self.rows - 1)
        here: npt.NDArray[np.intp] = places[own[places] == rowids]
        return here

    def column(self, field: Field, *, keep: bool = True) -> pl.Series:
        """Return the whole column, dead rows included, as the field's type; in the cache if it is to `keep`."""
        pages = self.columns.get(field.number)
        if pages is None:
            return _default(field, self.rows)
        whole = self._whole(field, WHOLE_COLUMN, pages, None, keep=keep)
        return whole if pages.dtype == field.dtype else whole.cast(field.dtype)

    def has_few_texts(self, field: Field) -> bool:
        """Say whether `coded` is worth while: a text column whose values repeat a lot."""
        pages = self.columns.get(field.number)
        return pages is None or (
            pages.dtype == pl.String() == field.dtype and pages.zone.distinct <= self.rows * _CODED_SHARE_MAX
        )

    def coded(self, field: Field, *, keep: bool = True) -> pl.Series:
        """Return a whole text column as categories of `codec.CODED`."""
        pages = self.columns.get(field.number)
        if pages is None:
            return _default(field, self.rows).cast(codec.CODED)
        return self._whole(field, CODED_COLUMN, pages, codec.CODED, keep=keep)

    def fixed(self, field: Field, *, keep: bool = True) -> pl.Series:
        """Return a whole decimal column whose unscaled values fit into 64 bits as these."""
        pages = self.columns.get(field.number)
        if pages is None or pages.dtype != field.dtype:
            return codec.unscaled(self.column(field, keep=keep))
        return self._whole(field, FIXED_COLUMN, pages, pl.Int64(), keep=keep)

    def frame(
        self,
        fields: Sequence[Field],
        length: int,
        coded: frozenset[str] = frozenset(),
        fixed: frozenset[str] = frozenset(),
        *,
        keep: bool = True,
    ) -> pl.DataFrame:
        """Return the columns; those whose names are in `coded` as categories, in `fixed` as unscaled integers. What is
        not to `keep` is not put into the cache."""
        assert length == self.rows, "a segment does not grow"
        return pl.DataFrame(
            [
                self.coded(f, keep=keep)
                if f.name in coded
                else self.fixed(f, keep=keep)
                if f.name in fixed
                else self.column(f, keep=keep)
                for f in fields
            ]
        )

    def row(self, offset: int, fields: Sequence[Field]) -> list[object]:
        """Return one row as Python values; reads one page of each column that is not in the cache."""
        return [self._value(field, offset) for field in fields]

    def cells(self, field: Field, offsets: values.Offsets) -> pl.Series:
        """Return some values of a column, exact also where Python has no such value; reads their pages, or all where
        half are theirs. REQUIRES: there are some."""
        pages = self.columns.get(field.number)
        if pages is None:
            return _default(field, len(offsets.numbers))
        picked = self._picked(field, offsets, pages)
        cells = picked if pages.dtype == field.dtype else picked.cast(field.dtype)
        return cells if cells.name == field.name else cells.alias(field.name)

    def _picked(self, field: Field, offsets: values.Offsets, pages: ColumnPages) -> pl.Series:
        if len(offsets.numbers) == 1:
            column, place = self._around(field, offsets.numbers[0], pages)
            return column.new_from_index(place, 1)
        whole = self.cache.get((self.table, self.number, field.number, WHOLE_COLUMN))
        if whole is not None:
            return values.picked(whole, offsets)
        by_page = offsets.by_page(pages.page_rows)
        if 1 < len(by_page) >= pages.pages / 2:
            return values.picked(self._whole(field, WHOLE_COLUMN, pages, None, keep=True), offsets)
        return values.joined([values.picked(self._kept_page(field, page, pages), some) for page, some in by_page])

    def zone(self, field: Field) -> ZoneMap | None:
        pages = self.columns.get(field.number)
        return pages.zone if pages is not None and pages.dtype == field.dtype else None

    def _whole(
        self, field: Field, kind: int, pages: ColumnPages, dtype: pl.DataType | None, *, keep: bool
    ) -> pl.Series:
        """Return a whole column in the form that `kind` names."""
        key = (self.table, self.number, field.number, kind)
        values_ = self.cache.get(key)
        if values_ is None:
            parts = [self._page(field.number, p, pages, dtype) for p in range(pages.pages)]
            values_ = parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True)
            if keep:
                self.cache.put(key, values_)
        return values_.alias(field.name)

    def _value(self, field: Field, offset: int) -> object:
        pages = self.columns.get(field.number)
        if pages is None:
            return values.item(_default(field, 1), 0)
        whole, offset = self._around(field, offset, pages)
        if pages.dtype != field.dtype:
            return values.item(whole.slice(offset, 1).cast(field.dtype), 0)
        return values.item(whole, offset)

    def _around(self, field: Field, offset: int, pages: ColumnPages) -> tuple[pl.Series, int]:
        """Return the column, or one page of it, that holds a value, and the place of the value there."""
        whole = self.cache.get((self.table, self.number, field.number, WHOLE_COLUMN))
        if whole is not None:
            return whole, offset
        page, offset = divmod(offset, pages.page_rows)
        return self._kept_page(field, page, pages), offset

    def _kept_page(self, field: Field, page: int, pages: ColumnPages) -> pl.Series:
        """Return a page, and keep it in the cache."""
        key = (self.table, self.number, field.number, page)
        column = self.cache.get(key)
        if column is None:
            column = self._page(field.number, page, pages).alias(field.name)
            self.cache.put(key, column)
        return column

    def _page(self, column: int, page: int, pages: ColumnPages, dtype: pl.DataType | None = None) -> pl.Series:
        try:
            values = codec.decode(self._stored(column, page), dtype or pages.dtype)
        except CorruptionError as error:
            raise CorruptionError(f"{self._where(column, page)}: {error}") from error
        rows = min(pages.page_rows, self.rows - page * pages.page_rows)
        if len(values) != rows:
            raise CorruptionError(f"{self._where(column, page)}: {len(values)} values where {rows} belong")
        return values

    def raw_page(self, column: int, page: int) -> Encoded:
        """Return a page as it is stored. Raises CorruptionError."""
        try:
            data = self._stored(column, page)
            codec.check(data)
        except CorruptionError as error:
            raise CorruptionError(f"{self._where(column, page)}: {error}") from error
        return data

    def _stored(self, column: int, page: int) -> Encoded:
        data = self.kv.get("pages", keys.page_key(self.table, self.number, column, page))
        if data is None:
            raise CorruptionError("the page is missing")
        return data

    def _where(self, column: int, page: int) -> str:
        return f"table {self.table_name or self.table}, segment {self.number}, column {column}, page {page}"

    def readable(self, column: int, dtype: pl.DataType) -> tuple[pl.Series, npt.NDArray[np.bool_]]:
        """Return a stored column with NULLs in place of the pages that are damaged, and which rows are sound."""
        pages, values_ = self.columns[column], []
        sound = np.ones(self.rows, dtype=np.bool_)
        for page in range(pages.pages):
            start = page * pages.page_rows
            try:
                values_.append(self._page(column, page, pages))
            except CorruptionError:
                rows = min(pages.page_rows, self.rows - start)
                values_.append(pl.Series("", [None] * rows, dtype=pages.dtype))
                sound[start : start + rows] = False
        whole = pl.concat(values_)
        return whole if pages.dtype == dtype else whole.cast(dtype), sound

    def damages(self) -> Iterator[tuple[int, int, str]]:
        """Read every page; yield (column, page, what is wrong) for each that is damaged."""
        try:
            copies.manifest(self.kv, self.table, self.number)
        except CorruptionError as error:
            yield ROWID_COLUMN, MANIFEST_COPY, f"the copy of the manifest: {error}"
        for number, pages in self.columns.items():
            for page in range(pages.pages):
                try:
                    self._page(number, page, pages)
                except CorruptionError as error:
                    yield number, page, str(error)


def _default(field: Field, rows: int) -> pl.Series:
    return values.column(field.name, [field.default], field.dtype).new_from_index(0, rows)
