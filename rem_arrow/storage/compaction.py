"""Sealing runs into segments, and merging segments: the same step, `rewrite`, on different parts.

    1. under the lock: take the parts and their views
    2. without it: live rows, sorted by rowid, to new segments under fresh part numbers; flush
    3. under the lock: rows that died meanwhile become tombstones of the new segments; one batch makes the new manifests
       exist and the old parts not; publish

A killed process leaves pages that no manifest names; opening sweeps them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.schema import Field
from rem_arrow.base.telemetry import logger
from rem_arrow.storage import kept_states, keys, new_segment
from rem_arrow.storage.segment import SEGMENT_ROWS_MAX, Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.storage.kv import Op
    from rem_arrow.storage.store import Store

# A smaller tail is read as fast as a segment, and not worth one.
_LEFT_ROWS_MIN = 1_024
_SMALL_ROWS = SEGMENT_ROWS_MAX // 2
_SMALL_SEGMENTS_MAX = 8
_DEAD_SHARE_MAX = 0.3
_REWRITE_BYTES_MAX = 256 << 20
_REWRITE_ROWS_MAX = 4 * SEGMENT_ROWS_MAX
_SEGMENT_BYTES_MAX = 256 << 20


def seal(store: Store, table: int) -> bool:
    """Turn the waiting runs of a table into segments. Returns whether there was one."""
    with store.rewriting:
        with store.lock:
            store.recover()
            views = store.waiting(table)
        if views:
            rewrite(store, table, views)
        return bool(views)


def tidy(store: Store, table: int, stopping: Callable[[], bool]) -> None:
    """Seal the waiting runs of a table, then compact it for as long as that is due; stop between two steps."""
    seal(store, table)
    while not stopping() and compact(store, table):
        pass


def seal_left(store: Store) -> None:
    """Ask for the runs to be sealed that earlier processes left, killed or closed before their tails were full."""
    if store.background is None:
        return
    with store.lock:
        for number, tv in store.version.tables.items():
            rows = sum(view.length for view in store.waiting(number)) if tv.damage is None else 0
            if rows >= _LEFT_ROWS_MIN:
                store.background.run(partial(tidy, store, number))


def make_room(store: Store, table: int, stopping: Callable[[], bool]) -> None:
    """After a commit of the background thread, which nobody else makes room for: seal the runs of a table, if too many
    wait. REQUIRES: no lock is held."""
    if store.background is not None and store.background.is_here():
        with store.lock:
            full = store.is_full(table)
        if full:
            tidy(store, table, stopping)


def _write_entries(store: Store, table: int, views: list[PartView]) -> None:
    """Give the live rows of runs their index entries, before the segment that holds them exists."""
    described = store.version.tables[table].table
    for view in views:
        frame, mask = view.part.frame(described.fields, view.length), view.live_mask()
        rowids = view.part.rowid_array(view.length)
        store.indexer.write(
            store.kv,
            described,
            frame if mask is None else frame.filter(pl.Series(mask)),
            (rowids if mask is None else rowids[mask]).tolist(),
        )
    for family in store.indexer.families:
        store.kv.flush(family)


def compact(store: Store, table: int, *, everything: bool = False) -> bool:
    """Merge segments that are small or mostly dead. Returns whether there was work."""
    with store.rewriting:
        with store.lock:
            store.check_open()
            tv = store.version.tables.get(table)
            views = [] if tv is None else [v for v in tv.parts if isinstance(v.part, Segment)]
        chosen = _choose(views, everything=everything)
        if chosen:
            rewrite(store, table, chosen)
        return bool(chosen)


def _choose(views: list[PartView], *, everything: bool) -> list[PartView]:
    """Return segments worth rewriting together, bounded in rows and bytes; empty when there are none."""
    dead_share = 0.0 if everything else _DEAD_SHARE_MAX
    # Two small ones make one segment, by rows and by bytes, so that merging comes to an end.
    small = [v for v in views if v.live_rows < _SMALL_ROWS and _bytes(v.part) < _SEGMENT_BYTES_MAX // 2]
    chosen = [v for v in views if v.length - v.live_rows > dead_share * v.length]
    if len(small) >= (2 if everything else _SMALL_SEGMENTS_MAX):
        chosen += [v for v in small if v not in chosen]
    rows = size = 0
    for i, view in enumerate(chosen):
        rows, size = rows + view.live_rows, size + _bytes(view.part)
        if i and (rows > _REWRITE_ROWS_MAX or size > _REWRITE_BYTES_MAX):
            return chosen[:i]
    return chosen


def _bytes(part: Segment | Run) -> int:
    return part.bytes


def rewrite(store: Store, table: int, views: list[PartView]) -> None:
    """Replace the parts by segments that hold their live rows. REQUIRES: `store.rewriting`."""
    started = time.perf_counter()
    reopened = store.kv.reopened
    fields = store.version.tables[table].table.fields
    rowids, order = _live_rows(views)
    pieces = _pieces(len(rowids), sum(_bytes(v.part) for v in views))
    with store.lock:
        numbers = [store.reserve_part(table) for _ in pieces]

    manifests: list[Op] = []
    for number, (start, stop) in zip(numbers, pieces, strict=True):
        chosen = order[start:stop]

        def column_of(field: Field, chosen: npt.NDArray[np.int64] = chosen) -> pl.Series:
            columns = [v.part.frame([field], v.length).to_series() for v in views]
            whole = columns[0] if len(columns) == 1 else pl.concat(columns)
            return whole.gather(chosen).alias(field.name)

        manifests.append(
            new_segment.build(store.kv, table, number, fields, rowids[start:stop], column_of, store.executor)
        )
    store.kv.flush("pages")
    if any(isinstance(v.part, Run) for v in views):
        _write_entries(store, table, views)
    with store.lock:
        if store.kv.reopened != reopened:
            raise ExecuteError(f"sealing or merging parts of table {table}: a write failed meanwhile; try again")
        _commit(store, table, views, manifests, numbers)
    took_s, name = time.perf_counter() - started, store.version.tables[table].table.name
    logger("storage").debug(
        "table %s: %d rows of %d parts in %d segments, %.3f s", name, len(rowids), len(views), len(pieces), took_s
    )


def _live_rows(views: list[PartView]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the live rowids in ascending order, and where each stands in the parts laid end to end."""
    rowid_arrays, places, base = [], [], 0
    for view in views:
        ids, mask = view.part.rowid_array(view.length), view.live_mask()
        offsets = np.arange(view.length, dtype=np.int64) if mask is None else np.flatnonzero(mask)
        rowid_arrays.append(ids[offsets])
        places.append(offsets + base)
        base += view.length
    rowids, order = np.concatenate(rowid_arrays), np.concatenate(places)
    by_rowid = np.argsort(rowids, kind="stable")
    rowids, order = rowids[by_rowid], order[by_rowid]
    assert bool(np.all(rowids[1:] > rowids[:-1])), "two live versions of one row"
    return rowids, order


def _pieces(rows: int, size: int) -> list[tuple[int, int]]:
    limit = min(SEGMENT_ROWS_MAX, max(1, int(rows * _SEGMENT_BYTES_MAX / max(size, 1))))
    return [(start, min(start + limit, rows)) for start in range(0, rows, limit)]


def _commit(store: Store, table: int, views: list[PartView], manifests: list[Op], numbers: list[int]) -> None:
    """Make the new segments count, and the old parts not. REQUIRES: the lock."""
    if table not in store.version.tables:
        return
    name = store.version.tables[table].table.name
    new = [
        Segment(store.kv, store.cache, table, n, m[2] or b"", table_name=name)
        for n, m in zip(numbers, manifests, strict=True)
    ]
    commit = store.version.commit + 1
    ops = list(manifests)
    died = _died_meanwhile(store, table, views)
    for part in new:
        offsets = np.flatnonzero(np.isin(part.rowid_array(part.rows), died))
        if len(offsets):
            part.kills.add(offsets.tolist())
            ops.append(("dead", keys.dead_key(table, part.number, commit), offsets.astype("<u4").tobytes()))
    prefixes = [(keys.part_key(table, v.part.number), "tail" if isinstance(v.part, Run) else "manifest") for v in views]
    drop = [(family, prefix) for prefix, home in prefixes for family in ("dead", home)]
    old = [v.part for v in views]
    kept = kept_states.of_rewriting(store.history, store.version, store.version.tables[table], old, new)
    store.write_commit(commit, ops, drop, kept)
    store.replace(table, old, new)


def _died_meanwhile(store: Store, table: int, views: list[PartView]) -> npt.NDArray[np.int64]:
    """Return the rowids of the rows that were alive in `views` and are not any more."""
    rowids = [np.empty(0, dtype=np.int64)]
    for view in views:
        later = view.part.kills.offsets[view.kills :]
        if later:
            rowids.append(view.part.rowid_array(view.length)[np.array(later, dtype=np.int64)])
    return np.concatenate(rowids)
