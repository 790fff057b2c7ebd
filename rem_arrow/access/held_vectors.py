"""An HNSW index in memory, and the rows that it holds."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.access.search_effort import UNMEASURED, Effort

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.access.kept_index import HeldRows
    from rem_arrow.access.vector_columns import VectorColumn
    from rem_arrow.index.vector import VectorIndex
    from rem_arrow.storage.segment import Segment
    from rem_arrow.storage.tail import Run
    from rem_arrow.storage.version import PartView

    Offsets = npt.NDArray[np.intp]


@dataclass(slots=True)
class HeldVectors:
    """An index, and the rows that it holds; `saved` is how many its file holds, `effort` how far a search goes."""

    index: VectorIndex
    rows: HeldRows
    saved: int = 0
    effort: Effort = UNMEASURED
    # By part: its length and the column, and the offsets of the rows that the index lacks.
    _lacking: weakref.WeakKeyDictionary[Segment | Run, tuple[object, Offsets]] = field(
        default_factory=weakref.WeakKeyDictionary
    )

    def lacks(self, column: VectorColumn, view: PartView) -> Offsets:
        """Return the offsets of a part's rows that the index does not hold as they are; dead ones may be among them."""
        key = (view.length, column.field.number)
        lacking = self._lacking.get(view.part)
        if lacking is None or lacking[0] != key:
            rowids = view.part.rowid_array(view.length)
            offsets = np.flatnonzero(~self.rows.holds(rowids, column.fingerprints(view)))
            lacking = self._lacking[view.part] = (key, offsets)
        return lacking[1]
