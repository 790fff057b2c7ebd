"""All rows of a table anew, in one commit with another description of it. REQUIRES: the lock, and outside of a
transaction `rewriting` and no tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from rem_arrow.base.schema import Field, Table
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader


def rewritten(
    store: Store,
    tv: TableVersion,
    table: Table,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    bulk: bool = True,
) -> Changes:
    """Return the changes that give each live row a new version.

    Args:
        change: from rows in the present columns to rows as `table` stores them, in the same order.
        bulk: they go to segments at once; else, in a transaction, they are in memory until it commits.
    """
    changes = Changes()
    changes.tables[table.number] = table
    for view in tv.parts:
        mask = view.live_mask()
        frame, rowids = view.part.frame(tv.table.fields, view.length), view.part.rowid_array(view.length)
        if mask is not None:
            frame, rowids = frame.filter(pl.Series(mask)), rowids[mask]
        if frame.height:
            if bulk:
                changes.manifests += loader.write_versions(store, table, change(frame), rowids)
            else:
                changes.append(table.number, Append(rowids.tolist(), None, change(frame)))
            changes.kill(table.number, rowids.tolist())
    return changes


def live_rows(tv: TableVersion, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
    """Yield these columns of the live rows, part by part."""
    for view in tv.parts:
        frame, mask = view.part.frame(fields, view.length), view.live_mask()
        yield frame if mask is None else frame.filter(pl.Series(mask))
