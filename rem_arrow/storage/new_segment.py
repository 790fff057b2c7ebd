"""New segments: their pages are written under a number that no manifest names yet; the operation that is returned makes
the segment exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic_core import to_json

from rem_arrow.base.datatypes import Json
from rem_arrow.base.schema import ROWID_COLUMN, Field
from rem_arrow.storage import codec, copies, keys, statistics
from rem_arrow.storage.cache import WHOLE_COLUMN
from rem_arrow.storage.column_pages import ColumnPages
from rem_arrow.storage.kv import KV, Op
from rem_arrow.storage.segment import PAGE_BYTES_MAX, PAGE_ROWS_MAX, SEGMENT_ROWS_MAX, Segment

if TYPE_CHECKING:
    import numpy.typing as npt


def build(
    kv: KV,
    table: int,
    number: int,
    fields: Sequence[Field],
    rowids: npt.NDArray[np.int64],
    column_of: Callable[[Field], pl.Series],
    executor: Executor,
) -> Op:
    """Write the pages of a new segment and return the operation that makes it exist: its manifest.

    Args:
        rowids: ascending, distinct; at most SEGMENT_ROWS_MAX.
        column_of: gives each column, one value for each rowid; called once a column, in several threads.
    """
    rows = len(rowids)
    assert 0 < rows <= SEGMENT_ROWS_MAX and bool(np.all(rowids[1:] > rowids[:-1])), "rowids ascend"
    low, high = int(rowids[0]), int(rowids[-1])
    dense = high - low + 1 == rows
    columns: dict[str, Json] = {}

    def write(field: Field) -> list[Json]:
        return _write_column(kv, table, number, field.number, column_of(field))

    # Texts take longest: begun first, they do not leave one thread at work alone at the end.
    ordered = sorted(fields, key=lambda f: not isinstance(f.dtype, pl.String))
    for field, entry in zip(ordered, executor.map(write, ordered), strict=True):
        columns[str(field.number)] = entry
    if not dense:
        columns[str(ROWID_COLUMN)] = _write_column(kv, table, number, ROWID_COLUMN, pl.Series("", rowids))
    manifest = {"rows": rows, "low": low, "high": high, "dense": dense, "columns": columns}
    return copies.manifest_op(kv, table, number, to_json(manifest))


def build_changed(
    old: Segment, number: int, fields: Sequence[Field], changed: Mapping[str, pl.Series], executor: Executor
) -> Op:
    """Write a segment with the rows of another one, of which some columns are others. The pages of those that stay are
    copied as they are, and so is what is known of them; what the cache holds of them is of the new segment then.

    Args:
        changed: the columns that are others, by name, one value for each row.
    """
    table, columns = old.table, dict[str, Json]()
    stay, others = [f for f in fields if f.name not in changed], [f for f in fields if f.name in changed]
    entries: list[tuple[bytes, bytes]] = []
    for column in (ROWID_COLUMN, *(f.number for f in stay)):
        pages = old.columns.get(column)
        if pages is not None:
            entries += [(keys.page_key(table, number, column, p), old.raw_page(column, p)) for p in range(pages.pages)]
            columns[str(column)] = pages.to_json()
    for field, (pages, encoded) in zip(others, executor.map(_encoded, (changed[f.name] for f in others)), strict=True):
        entries += [(keys.page_key(table, number, field.number, p), data) for p, data in enumerate(encoded)]
        columns[str(field.number)] = pages.to_json()
        old.cache.put((table, number, field.number, WHOLE_COLUMN), changed[field.name])
    old.cache.carry(table, old.number, number, [f.number for f in stay])
    stored = {"rows": old.rows, "low": old.rowid_low, "high": old.rowid_high, "dense": old.dense, "columns": columns}
    manifest = to_json(stored)
    old.kv.write_fresh("pages", [*entries, copies.of_manifest(table, number, manifest)])
    return ("manifest", keys.part_key(table, number), manifest)


def _write_column(kv: KV, table: int, number: int, column: int, values: pl.Series) -> list[Json]:
    pages, encoded = _encoded(values)
    kv.write_bulk("pages", ((keys.page_key(table, number, column, p), data) for p, data in enumerate(encoded)))
    return pages.to_json()


def _encoded(values: pl.Series) -> tuple[ColumnPages, list[bytes]]:
    """Return the pages of a column, and what the manifest says of it."""
    rows = len(values)
    page_rows = max(1, min(PAGE_ROWS_MAX, PAGE_BYTES_MAX * rows // max(1, int(values.estimated_size()))))
    pages = [codec.encode(values.slice(start, page_rows)) for start in range(0, rows, page_rows)]
    distinct = [page.distinct for page in pages if page.distinct is not None]
    zone = statistics.zone_map(values, pl.concat(distinct) if len(distinct) == len(pages) else values)
    encoded = [page.data for page in pages]
    return ColumnPages(values.dtype, page_rows, len(pages), sum(map(len, encoded)), zone), encoded
