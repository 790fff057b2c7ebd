"""Rows of two versions of a table side by side, and the changes that make the newest version equal to an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.base.source import ROWID
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write import loader
from rem_arrow.write.evolution import sealed
from rem_arrow.write.row_versions import gathered

if TYPE_CHECKING:
    import numpy.typing as npt

    Rowids = npt.NDArray[np.int64]

CHANGE = "_change"
_NONE = np.empty(0, dtype=np.int64)


class Differing(NamedTuple):
    """Rows that differ between two versions of a table, by their rowids, ascending."""

    only_before: Rowids
    only_after: Rowids
    changed: Rowids


def differing(before: TableVersion, after: TableVersion) -> Differing:
    """Return the rows that differ. A row that compaction moved to another part does not, unless its values do."""
    old, new = _moved(before, after), _moved(after, before)
    both = np.intersect1d(old, new, assume_unique=True)
    if len(both) and before.table.fields == after.table.fields:
        fields = before.table.fields
        one, other = gathered(before, both, fields), gathered(after, both, fields)
        unlike = np.zeros(len(both), dtype=np.bool_)
        for field in fields:
            unlike |= _unlike(one[field.name], other[field.name])
        both = both[unlike]
    return Differing(np.setdiff1d(old, new, assume_unique=True), np.setdiff1d(new, old, assume_unique=True), both)


def _moved(tv: TableVersion, other: TableVersion) -> Rowids:
    """Return the live rows of a table, by rowid, that are not alive in the same part of another version of it."""
    elsewhere = {view.part.number: view for view in other.parts}
    found = [_NONE]
    for view in tv.parts:
        rowids, alive = view.part.rowid_array(view.length), view.live_mask()
        same = elsewhere.get(view.part.number)
        mask = np.ones(view.length, dtype=np.bool_) if alive is None else alive.copy()
        if same is not None:
            length, there = min(view.length, same.length), same.live_mask()
            mask[:length] &= np.zeros(length, dtype=np.bool_) if there is None else ~there[:length]
        found.append(rowids[mask])
    return np.sort(np.concatenate(found))


def _unlike(one: pl.Series, other: pl.Series) -> npt.NDArray[np.bool_]:
    try:
        return one.ne_missing(other).to_numpy()
    except pl.exceptions.PolarsError:
        return np.array([a != b for a, b in zip(one.to_list(), other.to_list(), strict=True)], dtype=np.bool_)


def changes_between(before: TableVersion | None, after: TableVersion | None) -> pl.DataFrame:
    """Return the rows that differ between two versions of a table, in their order: `_change` is "insert", "delete", or
    "update_before" and behind it "update_after". Soft deletion counts as deletion."""
    pieces: list[pl.DataFrame] = []
    present = [tv for tv in (before, after) if tv is not None]
    old = before if before is not None else present[0]._replace(parts=())
    new = after if after is not None else present[0]._replace(parts=())
    found = differing(old, new)
    for tv, ids, kind in (
        (old, found.only_before, "delete"),
        (old, found.changed, "update_before"),
        (new, found.changed, "update_after"),
        (new, found.only_after, "insert"),
    ):
        frame = gathered(tv, ids, tv.table.fields).with_columns(pl.Series(ROWID, ids))
        if tv.table.soft_delete:
            frame = frame.filter(pl.col(tv.table.soft_delete).is_null())
        pieces.append(frame.select(pl.lit(kind).alias(CHANGE), pl.all()))
    whole = pl.concat(pieces, how="diagonal_relaxed").sort(ROWID, maintain_order=True)
    # Where one side of an update is softly deleted, the other is an insertion or a deletion.
    alone = pl.len().over(ROWID) == 1
    corrected = (
        pl.when(alone & (pl.col(CHANGE) == "update_before"))
        .then(pl.lit("delete"))
        .when(alone & (pl.col(CHANGE) == "update_after"))
        .then(pl.lit("insert"))
        .otherwise(pl.col(CHANGE))
    )
    return whole.with_columns(corrected.alias(CHANGE)).drop(ROWID)


def restored(store: Store, access: Access, old: Version) -> Changes:
    """Return the changes that make every table what it was in an older version: rows, columns, and which there are.
    REQUIRES: `rewriting` and the lock."""
    changes = Changes()
    for number in access.version.tables.keys() - old.tables.keys():
        changes.tables[number] = None
    for number, before in old.tables.items():
        now = access.version.tables.get(number)
        if now is None or now.table != before.table:
            changes.tables[number] = before.table
        if not before.table.is_relation:
            continue
        if now is not None and now.table.fields != before.table.fields:
            now = sealed(store, now.table)
        _add(store, changes, before, now)
    return changes


def _add(store: Store, changes: Changes, before: TableVersion, now: TableVersion | None) -> None:
    """Add what makes the rows of a table what they were."""
    number = before.table.number
    found = differing(before, before._replace(parts=()) if now is None else now)
    if len(found.only_after) or len(found.changed):
        changes.kill(number, np.concatenate([found.only_after, found.changed]).tolist())
    back = np.sort(np.concatenate([found.only_before, found.changed]))
    if len(back):
        changes.manifests += loader.write_versions(
            store, before.table, gathered(before, back, before.table.fields), back
        )
