"""The parts of a table at one version, as a publication takes them."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pydantic_core import to_json

from rem_arrow.access.access import Access
from rem_arrow.base import datatypes
from rem_arrow.base.source import ROWID
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.publish.publication import published_schema
from rem_arrow.publish.publisher import Part, TableParts
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion

if TYPE_CHECKING:
    import numpy.typing as npt


def table_parts(access: Access, tv: TableVersion, database: str) -> TableParts:
    """Return a table as it is published; softly deleted rows are left out, as a query leaves them out."""
    source, columns = StoredTable(access, tv), list(published_schema(tv.table))
    parts = [
        Part(
            _identity(access, tv, view, database),
            view.length,
            partial(_visible, source, view),
            partial(source.part, view, columns),
        )
        for view in tv.parts
    ]
    known = {name: source.statistics(name) for name in tv.table.names}
    distinct = {name: (c.distinct, c.null_count) for name, c in known.items() if c is not None}
    return TableParts(tv.table, parts, distinct)


def _visible(source: StoredTable, view: PartView) -> npt.NDArray[np.intp]:
    rowids = source.part(view, [ROWID])[ROWID].to_numpy()
    if len(rowids) == view.length:
        return np.arange(view.length)
    if isinstance(view.part, Segment):
        return view.part.offsets(rowids)
    # A run may hold several versions of a row: the live one is the last.
    mask = view.live_mask()
    live = np.arange(view.length) if mask is None else np.flatnonzero(mask)
    return live[np.isin(view.part.rowid_array(view.length)[live], rowids)]


def _identity(access: Access, tv: TableVersion, view: PartView, database: str) -> str:
    """Return a digest of a segment, of how its table describes its columns, and of the vectors beside its rows; "" for
    a run, which grows."""
    part = view.part
    if not isinstance(part, Segment):
        return ""
    columns = [[f.name, datatypes.to_json(f.dtype), f.number, f.default] for f in tv.table.fields]
    vectors = [
        [
            e.to_json(),
            *([v.part.number, v.length, v.kills] for v in access.version.tables[e.table].parts if _meet(v, part)),
        ]
        for e in tv.table.embeddings
    ]
    page = [database, tv.table.number, part.number, part.fingerprint, columns, vectors]
    return hashlib.sha256(to_json(page)).hexdigest()[:32]


def _meet(view: PartView, part: Segment) -> bool:
    return view.part.rowid_low <= part.rowid_high and part.rowid_low <= view.part.rowid_high
