"""Which live rows have the keys of given rows: by the index where these are few, else by a join with the table.

A FOREIGN KEY counts as a key here, which many rows may have. Both ways cost no more than in proportion to the rows that
are given. Rows with a NULL in a key have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.key_indexes import physical
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import ROWID, ColumnRange
from rem_arrow.index import entries
from rem_arrow.storage import statistics
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion, columns_at

# A look-up in the index takes as long as to read and join so many rows.
_ROWS_OF_A_LOOKUP = 200
_LOOKUPS_MIN = 16
PLACE = "\x00place"
HOLDERS = {PLACE: pl.Int64, ROWID: pl.Int64}


def holders(access: Access, tv: TableVersion, key: Constraint, rows: pl.DataFrame, gone: Numbers = ()) -> pl.DataFrame:
    """Return the live rows of a table that have the key of a row of a frame: its place there, and their rowid. Of a
    FOREIGN KEY these are some of the rows, at least one for each place.

    Args:
        rows: has the columns of the key, in the types of the table.
        gone: rowids that do not count.
    """
    if not rows.height or not tv.parts:
        return pl.DataFrame(schema=HOLDERS)
    if rows.height > max(_LOOKUPS_MIN, tv.rows // _ROWS_OF_A_LOOKUP):
        held = _joined(tv, key, rows)
        return held.filter(~held[ROWID].is_in(pl.Series(gone, dtype=pl.Int64).implode())) if len(gone) else held
    pairs, leaving = [], frozenset(gone)
    for place, prefix in enumerate(_prefixes(access, tv.table, key, rows)):
        live = () if prefix is None else with_prefix(access, tv, key, prefix)
        first = next((rowid for rowid in live if rowid not in leaving), None)
        if first is not None:
            pairs.append((place, first))
    return pl.DataFrame(pairs, schema=HOLDERS, orient="row")


def with_key(access: Access, tv: TableVersion, key: Constraint, values: dict[str, object]) -> list[int]:
    """Return the live rows with these values of a key, by its columns."""
    table = tv.table
    row = pl.DataFrame([pl.Series(c, [values[c]], dtype=table.field(c).dtype) for c in key.columns])
    (prefix,) = _prefixes(access, table, key, row)
    return [] if prefix is None else list(with_prefix(access, tv, key, prefix))


def with_prefix(access: Access, tv: TableVersion, key: Constraint, prefix: bytes) -> Iterator[int]:
    """Yield the live rows whose entries of a key have a prefix."""
    index = access.indexes.keys.row_index(tv.table)
    of_runs = (access.indexes.keys.of_run(run).with_prefixes(run, index).get(prefix, ()) for run in tv.runs)
    of_segments = (entries.rowid_of(entry) for entry, _ in access.kv.scan("index", prefix))
    fields, seen = _fields(tv.table, key), set[int]()
    for rowid in chain(chain.from_iterable(of_runs), of_segments):
        place = None if rowid in seen else tv.place(rowid)
        seen.add(rowid)
        if place is None:
            continue
        row = pl.DataFrame(columns_at([place], fields))
        if _prefixes(access, tv.table, key, row) == [prefix]:
            yield rowid


def _prefixes(access: Access, table: Table, key: Constraint, rows: pl.DataFrame) -> list[bytes | None]:
    index = access.indexes.keys.row_index(table)
    return index.prefixes(key, [physical(rows[c]).to_list() for c in key.columns])


def _joined(tv: TableVersion, key: Constraint, rows: pl.DataFrame) -> pl.DataFrame:
    given = rows.select(pl.int_range(pl.len(), dtype=pl.Int64).alias(PLACE), *key.columns)
    stored = [keys_of(tv.table, key, view) for view in tv.parts if _may_have(tv.table, key, view, rows)]
    if not stored:
        return pl.DataFrame(schema=HOLDERS)
    # NaN is NaN, and 0.0 is -0.0, in keys and in joins; a NULL is nothing's equal.
    return given.join(pl.concat(stored), on=list(key.columns), how="inner").select(PLACE, ROWID)


def keys_of(table: Table, key: Constraint, view: PartView) -> pl.DataFrame:
    """Return the columns of a key of the live rows of a part, and their rowids."""
    frame, mask = view.part.frame(_fields(table, key), view.length), view.live_mask()
    frame = frame.with_columns(pl.Series(ROWID, view.part.rowid_array(view.length)))
    return frame if mask is None else frame.filter(pl.Series(mask))


def _may_have(table: Table, key: Constraint, view: PartView, rows: pl.DataFrame) -> bool:
    """Say whether a part may have a row with one of the keys."""
    if not view.live_rows:
        return False
    segment = view.part
    if not isinstance(segment, Segment):
        return True
    for field in _fields(table, key):
        zone, column = segment.zone(field), rows[field.name]
        if zone is None or isinstance(field.dtype, (pl.Categorical, pl.Enum)):
            continue
        if field.dtype.is_float() and column.is_nan().any():
            continue
        bounds = statistics.bounds(ColumnRange(field.name, column.min(), column.max()), field.dtype)
        if not statistics.may_match(zone, bounds, view.length):
            return False
    return True


def _fields(table: Table, key: Constraint) -> list[Field]:
    return [table.field(c) for c in key.columns]
