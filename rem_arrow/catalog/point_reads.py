"""The few rows that an index gives for the predicates of a scan. Entries are hints: the scan's filter still decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rem_arrow.access.access import Access
from rem_arrow.access.key_rows import with_key
from rem_arrow.base.source import ROWID, ColumnRange, KeySet, Skips, TextKeys
from rem_arrow.index.entries import ordered_form
from rem_arrow.storage.version import TableVersion

# Beyond this many rows, or this share of the table, a scan is faster than reading row by row.
_ROWS_MIN, ROWS_MAX = 16, 2_000
_SHARE_MAX = 0.01
# Below this many rows, reading the table is faster than looking up many texts in an index.
_LOOKUP_ROWS_MIN = 5_000


def point_rowids(access: Access, tv: TableVersion, skips: Skips) -> tuple[str, list[int]] | None:
    """Return the column whose index answers, and its rowids; None if no index does, or the rows are many."""
    return (
        _few_rowids(skips.keys)
        or index_rowids(access, tv, skips.ranges)
        or (None if skips.texts is None else _text_rowids(access, tv, skips.texts))
    )


def index_rowids(access: Access, tv: TableVersion, ranges: Sequence[ColumnRange]) -> tuple[str, list[int]] | None:
    """Return the rows that an index gives for equalities, if there is an index and the rows are few."""
    table = tv.table
    points = {r.column: r.low for r in ranges if r.is_point} if table.constraints else {}
    for key in table.keys if points else ():
        # Other types compare with what they are not equal to: a number with a decimal, say.
        if all(c in points and ordered_form(table.field(c).dtype) is not None for c in key.columns):
            return ", ".join(key.columns), with_key(access, tv, key, points)
    for column_range in ranges:
        if not column_range.is_point or column_range.column not in table.names:
            continue
        field = table.field(column_range.column)
        if table.key == (field.name,):
            return field.name, [r for r in access.rowids(tv, [str(column_range.low)]) if r is not None]
        if field.name in table.indexed:
            limit = max(_ROWS_MIN, min(ROWS_MAX, int(tv.rows * _SHARE_MAX)))
            rowids = access.by_value(tv, field, column_range.low, limit=limit)
            if rowids is not None:
                return field.name, rowids
    return None


def _few_rowids(keys: Sequence[KeySet]) -> tuple[str, list[int]] | None:
    """Return the rows of a predicate on rowids, if they are few."""
    rowid_set = next((key for key in keys if key.column == ROWID), None)
    if rowid_set is None:
        return None
    rowids = np.flatnonzero(rowid_set.present) + rowid_set.low
    return ("rowid", rowids.tolist()) if len(rowids) <= ROWS_MAX else None


def _text_rowids(access: Access, tv: TableVersion, texts: TextKeys) -> tuple[str, list[int]] | None:
    """Return the rows with one of these texts, if there is an index and the rows are few."""
    if tv.rows < _LOOKUP_ROWS_MIN:
        return None
    field = tv.table.field(texts.column)
    if tv.table.key == (field.name,):
        return field.name, [r for r in access.rowids(tv, texts.values) if r is not None]
    rowids: list[int] = []
    for text in texts.values:
        hits = access.by_value(tv, field, text, limit=ROWS_MAX - len(rowids))
        if hits is None:
            return None
        rowids += hits
    return field.name, rowids
