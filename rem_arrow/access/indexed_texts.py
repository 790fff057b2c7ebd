"""The rows of a version that a full-text index holds: rowids, texts, and fingerprints of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access.vector_columns import softly_deleted
from rem_arrow.storage.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rem_arrow.access.kept_index import Fingerprints, Rowids
    from rem_arrow.base.schema import Field
    from rem_arrow.storage.version import PartView, TableVersion


def rows_in(tv: TableVersion, column: Field) -> Iterator[tuple[Rowids, pl.Series]]:
    """Yield the rows of a version that have a text, part by part."""
    for view in tv.parts:
        if view.live_rows:
            yield rows_of(view, tv, column)


def rows_of(view: PartView, tv: TableVersion, column: Field) -> tuple[Rowids, pl.Series]:
    """Return the live rows of a part that have a text, and their texts."""
    texts = (
        view.part.column(column)
        if isinstance(view.part, Segment)
        else view.part.frame([column], view.length).to_series()
    )
    mask, live, deleted = texts.is_not_null().to_numpy(), view.live_mask(), softly_deleted(tv.table, view)
    if live is not None:
        mask = mask & live
    if deleted is not None:
        mask = mask & ~deleted
    return view.part.rowid_array(view.length)[mask], texts.filter(pl.Series(mask)).cast(pl.String)


def fingerprints_of(texts: pl.Series) -> Fingerprints:
    """Return 32 bits of a hash of each text."""
    return texts.hash(1).to_numpy().astype(np.uint32)
