"""Which few rows an index gives for what a scan may skip. Entries are hints: the scan's filter still decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rem_arrow.access.access import Access
from rem_arrow.source import ROWID, ColumnRange, KeySet, Skips, TextKeys
from rem_arrow.storage.version import TableVersion

# More rows than these, or a larger share of the table, are read sooner by a scan.
_ROWS_MIN, ROWS_MAX = 16, 2_000
_SHARE_MAX = 0.01
# A table of fewer rows is read sooner than an index is asked for many texts.
_LOOKUP_ROWS_MIN = 5_000


def point_rowids(access: Access, tv: TableVersion, skips: Skips) -> tuple[str, list[int]] | None:
    """Return the index that answers, and its rowids; None where none does or they are many."""
    return (
        _few_rowids(skips.keys)
        or index_rowids(access, tv, skips.ranges)
        or (None if skips.texts is None else _text_rowids(access, tv, skips.texts))
    )


def index_rowids(access: Access, tv: TableVersion, ranges: Sequence[ColumnRange]) -> tuple[str, list[int]] | None:
    """Return the rows that an index gives for an equality, if there is one and they are few."""
    table = tv.table
    for wanted in ranges:
        if not wanted.is_point or wanted.column not in table.names:
            continue
        field = table.field(wanted.column)
        if table.key == (field.name,):
            return field.name, [r for r in access.rowids(tv, [str(wanted.low)]) if r is not None]
        if field.name in table.indexed:
            limit = max(_ROWS_MIN, min(ROWS_MAX, int(tv.rows * _SHARE_MAX)))
            rowids = access.by_value(tv, field, wanted.low, limit=limit)
            if rowids is not None:
                return field.name, rowids
    return None


def _few_rowids(keys: Sequence[KeySet]) -> tuple[str, list[int]] | None:
    """Return the rows that are wanted, where these are named by their rowids and few."""
    wanted = next((key for key in keys if key.column == ROWID), None)
    if wanted is None:
        return None
    rowids = np.flatnonzero(wanted.present) + wanted.low
    return ("rowid", rowids.tolist()) if len(rowids) <= ROWS_MAX else None


def _text_rowids(access: Access, tv: TableVersion, texts: TextKeys) -> tuple[str, list[int]] | None:
    """Return the rows with one of these texts, if an index gives them and they are few."""
    if tv.rows < _LOOKUP_ROWS_MIN:
        return None
    field = tv.table.field(texts.column)
    if tv.table.key == (field.name,):
        return field.name, [r for r in access.rowids(tv, texts.values) if r is not None]
    rowids: list[int] = []
    for text in texts.values:
        more = access.by_value(tv, field, text, limit=ROWS_MAX - len(rowids))
        if more is None:
            return None
        rowids += more
    return field.name, rowids
