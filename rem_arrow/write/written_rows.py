"""The rows that changes bring to a table, wherever they lie already: in the changes, or in segments that no manifest
names yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import ROWID
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append


def written_rows(store: Store, changes: Changes, table: Table, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
    """Yield these columns of the new versions of rows, and their rowids, piece by piece."""
    for append in changes.appends.get(table.number, ()):
        yield _appended(append, table, fields).with_columns(pl.Series(ROWID, append.rowids, dtype=pl.Int64))
    for number, (_, _, manifest), part in changes.manifests:
        if number == table.number:
            assert manifest is not None, "a segment has a manifest"
            segment = Segment(store.kv, store.cache, number, part, manifest, table_name=table.name)
            frame = segment.frame(fields, segment.rows, keep=False)
            yield frame.with_columns(pl.Series(ROWID, segment.rowid_array(segment.rows)))


def _appended(append: Append, table: Table, fields: Sequence[Field]) -> pl.DataFrame:
    if append.frame is not None:
        return append.frame.select([f.name for f in fields])
    assert append.rows is not None, "an append holds rows or a frame"
    places = {f.number: i for i, f in enumerate(table.fields)}
    columns = list(zip(*append.rows, strict=True))
    return pl.DataFrame([values.column(f.name, list(columns[places[f.number]]), f.dtype) for f in fields])
