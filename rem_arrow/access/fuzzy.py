"""Entities of any table by names that are spelled much like a text: by trigram similarity, best first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rem_arrow.access import lookup
from rem_arrow.access.access import Access
from rem_arrow.access.trigram_indexes import TrigramIndexes, named_fields
from rem_arrow.base import checks
from rem_arrow.base.schema import Field
from rem_arrow.index.trigrams import trigrams
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion

if TYPE_CHECKING:
    import numpy.typing as npt

    # Which of them: the place of the table, the rowid, the place of the field; and how similar.
    Rows = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

SCHEMA = {
    "table": pl.String,
    "id": pl.String,
    "name": pl.String,
    "matched_on": pl.String,
    "score": pl.Float64,
    "entity": pl.String,
}
THRESHOLD, K = 0.3, 10


def fuzzy(
    access: Access,
    texts: Iterable[str],
    *,
    k: int | None = K,
    threshold: float = THRESHOLD,
    entity: bool = True,
) -> pl.DataFrame:
    """Return the `k` entities with the names most similar to any of `texts`, best first, ties in the order of tables
    and rows; all if k is None.

    Columns: table, id, name, matched_on (the field), score (at least `threshold`, at most 1), entity (all fields, as
    JSON).
    """
    tables = [tv for tv in access.version.tables.values() if tv.table.soft_delete and tv.parts]
    best = _Best(k, threshold)
    for text in texts:
        query = trigrams(text)
        if query:
            for place, tv in enumerate(tables):
                _search(access.indexes.trigrams, tv, place, query, best)
    rows = []
    for (place, rowid, field), score in zip(best.rows.tolist(), best.scores.tolist(), strict=True):
        tv = tables[place]
        row = lookup.read(tv, rowid, entity=entity)
        assert row is not None, "only live rows are kept"
        table, id_, name, matched_on, json = lookup.shown(
            tv.table, row, named_fields(tv.table)[field].name, entity=entity
        )
        rows.append((table, id_, name, matched_on, score, json))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def check_arguments(text: object, k: object, threshold: object) -> None:
    """Raise InputError for arguments that do not fit."""
    checks.text(text, "the name to compare with", blank=False)
    checks.whole(k, "k")
    checks.number(threshold, "threshold", within=(0, 1))


class _Best:
    """The best rows so far, each once, by its most similar field. `threshold` rises as better ones come."""

    def __init__(self, k: int | None, threshold: float) -> None:
        self.k, self.threshold = k, threshold
        self.rows: Rows = np.empty((0, 3), dtype=np.int64)
        self.scores: Scores = np.empty(0)

    def add(self, rows: Rows, scores: Scores) -> None:
        rows, scores = np.concatenate([self.rows, rows]), np.concatenate([self.scores, scores])
        order = np.lexsort((rows[:, 2], -scores, rows[:, 1], rows[:, 0]))
        rows, scores = rows[order], scores[order]
        first = np.ones(len(rows), dtype=np.bool_)
        first[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
        rows, scores = rows[first], scores[first]
        order = np.lexsort((rows[:, 1], rows[:, 0], -scores))[: self.k]
        self.rows, self.scores = rows[order], scores[order]
        if self.k is not None and len(self.scores) == self.k and self.k:
            self.threshold = max(self.threshold, float(self.scores[-1]))


def _search(indexes: TrigramIndexes, tv: TableVersion, place: int, query: frozenset[str], best: _Best) -> None:
    marker, fields = tv.table.field(tv.table.soft_delete), named_fields(tv.table)
    for view in tv.parts:
        if not view.live_rows:
            continue
        live: npt.NDArray[np.bool_] | None = None
        for number, field in enumerate(fields):
            offsets, scores = indexes.similar(view, field, query, best.threshold)
            if not len(offsets):
                continue
            live = _live(view, marker) if live is None else live
            alive = live[offsets]
            offsets, scores = offsets[alive], scores[alive]
            rowids = view.part.rowid_array(view.length)[offsets]
            if isinstance(field.dtype, pl.String) and best.k is not None and 0 < best.k < len(rowids):
                chosen = _first(rowids, scores, best.k)
                rowids, scores = rowids[chosen], scores[chosen]
            best.add(np.stack([np.full(len(rowids), place), rowids, np.full(len(rowids), number)], axis=1), scores)


def _first(rowids: npt.NDArray[np.int64], scores: Scores, k: int) -> npt.NDArray[np.int64]:
    """Return the places of the k best, of equal ones those with the least rowids; a name that half of the rows bear is
    not sorted whole."""
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    better, equal = np.flatnonzero(scores > last), np.flatnonzero(scores == last)
    missing = k - len(better)
    if len(equal) > missing:
        equal = equal[np.argpartition(rowids[equal], missing - 1)[:missing]]
    return np.concatenate([better, equal])


def _live(view: PartView, marker: Field) -> npt.NDArray[np.bool_]:
    """Return which rows of a part are alive and not deleted."""
    mask = view.live_mask()
    alive = np.ones(view.length, dtype=np.bool_) if mask is None else mask
    zone = view.part.zone(marker) if isinstance(view.part, Segment) else None
    if zone is not None and zone.null_count == view.length:
        return alive
    undeleted: npt.NDArray[np.bool_] = alive & view.part.frame([marker], view.length).to_series().is_null().to_numpy()
    return undeleted
