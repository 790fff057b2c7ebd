"""New versions of rows that exist, column by column: an update kills the live versions and appends new ones under the
same rowids. REQUIRES of every function: the store's lock.

Only what changes is touched: index entries of columns that are not assigned, or whose values stay, are left as they
are, and so are the vectors of texts that stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.key_indexes import KeyIndexes, physical
from rem_arrow.base.schema import Field, Table
from rem_arrow.base.source import ROWID
from rem_arrow.index import entries
from rem_arrow.storage import values
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader

if TYPE_CHECKING:
    import numpy.typing as npt

# Beyond this, old index entries stay until their rows are merged: they are hints, and the live row decides.
_STALE_ROWS_MAX = 10_000
# A write of so few rows is encoded faster as rows than as columns.
_FEW_ROWS = 64


def each_once(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows with a rowid in its order; of several with the same rowid the first one counts."""
    rowids = frame[ROWID].to_numpy()
    if (rowids[1:] > rowids[:-1]).all():
        return frame
    return frame.unique(ROWID, keep="first", maintain_order=True).sort(ROWID)


def replaced(
    store: Store,
    keys: KeyIndexes,
    tv: TableVersion,
    rowids: npt.NDArray[np.int64],
    new: pl.DataFrame,
    assigned: Collection[str],
    *,
    bulk: bool,
) -> Changes:
    """Return the changes that give rows new versions.

    Args:
        rowids: of live rows, ascending.
        new: the new values in the same order, as the table stores them: at least the columns `assigned`.
        assigned: the columns that may have new values.
        bulk: many rows may go to segments at once.
    """
    table, changes = tv.table, Changes()
    if not len(rowids):
        return changes
    changes.kill(table.number, rowids)
    indexed = [n for n in _indexed(keys, table) if n in assigned]
    embedded = {n for e in table.embeddings for n in e.fields if n in assigned}
    old = gathered(tv, rowids, [f for f in table.fields if f.name in embedded or f.name in indexed])
    for embedding in table.embeddings:
        # A vector is removed in the commit that changes its text, so no search finds a row by its old text.
        other = _differing(old, new, [n for n in embedding.fields if n in assigned])
        changes.kill(embedding.table, rowids[other])
    moved = _differing(old, new, indexed)
    _note_stale(keys, changes, tv, rowids[moved], new.filter(pl.Series(moved)))
    if not (bulk and new.height >= loader.DIRECT_ROWS_MIN):
        changes.append(table.number, appended(rowids.tolist(), _completed(tv, rowids, new, table.fields), table))
        return changes
    alike = np.zeros(len(rowids), dtype=np.bool_)
    for segment, inside in _whole_segments(tv, rowids):
        changed = {n: new[n][inside] for n in table.names if n in assigned}
        changes.manifests.append(loader.write_changed(store, table, segment, changed))
        alike[inside] = True
    _append_rest(store, changes, tv, rowids[~alike], new.filter(pl.Series(~alike)))
    if table.has_entries:
        unlisted = moved.copy()
        unlisted[~alike] = False if changes.appends else moved[~alike] | ~_in_segments(tv, rowids[~alike])
        fields = [table.fields[p] for p in keys.row_index(table).columns]
        listed = _completed(tv, rowids[unlisted], new.filter(pl.Series(unlisted)), fields)
        loader.write_entries(store, table, listed, rowids[unlisted])
    return changes


def _append_rest(
    store: Store, changes: Changes, tv: TableVersion, rowids: npt.NDArray[np.int64], new: pl.DataFrame
) -> None:
    """Add the new versions of rows of which no segment dies as a whole, without their index entries: where they are
    many, in segments."""
    table = tv.table
    if not len(rowids):
        return
    rows = _completed(tv, rowids, new, table.fields)
    if rows.height < loader.DIRECT_ROWS_MIN:
        changes.append(table.number, appended(rowids.tolist(), rows, table))
    else:
        changes.manifests += loader.write_versions(store, table, rows, rowids, has_entries=True)


def removed(keys: KeyIndexes, tv: TableVersion, rowids: npt.NDArray[np.int64]) -> Changes:
    """Return the changes that remove rows, of a table without ids and vectors, for good."""
    changes = Changes()
    if len(rowids):
        changes.kill(tv.table.number, rowids)
        _note_stale(keys, changes, tv, rowids, None)
    return changes


def gathered(tv: TableVersion, rowids: npt.NDArray[np.int64], fields: Sequence[Field]) -> pl.DataFrame:
    """Return columns of live rows, in the order of their rowids, which ascend; a row that does not live is left out."""
    if not fields:
        return pl.DataFrame(height=len(rowids))
    by_part = tv.offsets(rowids)
    pieces = []
    for view in tv.parts:
        offsets = by_part.get(view.part.number)
        if offsets is not None:
            own = view.part.rowid_array(view.length)[offsets]
            frame = view.part.frame(fields, view.length)
            pieces.append((frame if len(own) == frame.height else frame[offsets]).with_columns(pl.Series(ROWID, own)))
    if not pieces:
        return pl.DataFrame(schema={f.name: f.dtype for f in fields})
    return each_once(pl.concat(pieces)).drop(ROWID)


def appended(rowids: Sequence[int], frame: pl.DataFrame, table: Table) -> Append:
    """Return the append of rows to the tail, in the form that costs less."""
    if frame.height > _FEW_ROWS or not all(_is_exact(f.dtype) for f in table.fields):
        return Append(rowids, None, frame)
    columns = []
    for field in table.fields:
        convert, column = values.to_plain(field.dtype), frame[field.name].to_list()
        columns.append(column if convert is None else [None if v is None else convert(v) for v in column])
    return Append(rowids, list(zip(*columns, strict=True)))


def _is_exact(dtype: pl.DataType) -> bool:
    """Say whether Python's values of a type are all that the column holds."""
    match dtype:
        case pl.String() | pl.Boolean() | pl.Float64() | pl.Date():
            return True
        case pl.Datetime():
            return dtype.time_unit != "ns" and dtype.time_zone in (None, "UTC")
        case _:
            return dtype.is_integer()


def _differing(old: pl.DataFrame, new: pl.DataFrame, names: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Return for which rows one of these columns has another value."""
    other = np.zeros(new.height, dtype=np.bool_)
    for name in names:
        other |= old[name].ne_missing(new[name]).to_numpy()
    return other


def _note_stale(
    keys: KeyIndexes, changes: Changes, tv: TableVersion, rowids: npt.NDArray[np.int64], new: pl.DataFrame | None
) -> None:
    """Note the index entries that rows have, and have no more in their new versions, where there are such."""
    table, index = tv.table, keys.row_index(tv.table)
    if not index.columns or not len(rowids) or len(rowids) > _STALE_ROWS_MAX:
        return
    ids = [entries.rowid_value(rowid) for rowid in rowids.tolist()]

    def listed(frame: pl.DataFrame) -> list[entries.Entry]:
        return index.many(ids, {p: physical(frame[table.fields[p].name]).to_list() for p in index.columns})

    fields = [table.fields[p] for p in index.columns]
    kept = set() if new is None else set(listed(_completed(tv, rowids, new, fields)))
    old = gathered(tv, rowids, fields)
    changes.stale += [
        (family, key, table.number, entries.rowid_of(key))
        for family, key, _ in (entry for entry in listed(old) if entry not in kept)
    ]


def _in_segments(tv: TableVersion, rowids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which live rows have entries on disk: those of runs are in memory only."""
    held = np.zeros(len(rowids), dtype=np.bool_)
    by_part = tv.offsets(rowids)
    for view in tv.parts:
        if isinstance(view.part, Segment) and view.part.number in by_part:
            own = view.part.rowid_array(view.length)[by_part[view.part.number]]
            held[np.searchsorted(rowids, own)] = True
    return held


def _whole_segments(tv: TableVersion, rowids: npt.NDArray[np.int64]) -> Iterator[tuple[Segment, slice]]:
    """Yield the larger segments of which every row is among these and alive, and where their rows stand, if these stand
    together."""
    for view in tv.parts:
        segment = view.part
        if not isinstance(segment, Segment) or view.live_rows < max(view.length, loader.DIRECT_ROWS_MIN):
            continue
        start = int(np.searchsorted(rowids, segment.rowid_low))
        inside = slice(start, start + segment.rows)
        if np.array_equal(rowids[inside], segment.rowid_array(segment.rows)):
            yield segment, inside


def _completed(
    tv: TableVersion, rowids: npt.NDArray[np.int64], new: pl.DataFrame, fields: Sequence[Field]
) -> pl.DataFrame:
    """Return columns of the new versions of rows: those that `new` lacks are as in the live versions."""
    old = gathered(tv, rowids, [f for f in fields if f.name not in new.columns])
    return pl.DataFrame([(new if f.name in new.columns else old)[f.name] for f in fields])


def _indexed(keys: KeyIndexes, table: Table) -> list[str]:
    """Return the columns whose values are in index entries, without those of the identity, which stay."""
    return [table.fields[p].name for p in keys.row_index(table).columns if table.fields[p].name not in table.key]
