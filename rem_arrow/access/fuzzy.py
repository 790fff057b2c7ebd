"""Entities of any table by names that are spelled much like given texts: by trigram similarity, best first.

All texts are asked about together, part by part. The least score that is asked for falls from level to level: the
higher it is the fewer lists are read, and a text whose k best are found at one level is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.shown_entities import Key, frame_of, read_rows, shown
from rem_arrow.access.trigram_indexes import TrigramIndexes, named_fields
from rem_arrow.base import checks
from rem_arrow.base.schema import Field
from rem_arrow.index.trigrams import Queries
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.version import PartView, TableVersion

if TYPE_CHECKING:
    import numpy.typing as npt

    from rem_arrow.index.arrays import Ints, Mask

    Scores = npt.NDArray[np.float64]

SCHEMA = {
    "table": pl.String(),
    "id": pl.String(),
    "name": pl.String(),
    "matched_on": pl.String(),
    "score": pl.Float64(),
    "entity": pl.String(),
    "asked": pl.String(),
}
THRESHOLD, K = 0.3, 10
_LEVELS = (0.6, 0.4)
# So many parts are searched at once; numpy leaves the interpreter to others while it sorts.
_THREADS, _QUERIES_MANY = 2, 64
# Scores are fractions of small numbers: in so many bits different ones differ.
_SCORE_BITS = 30


def fuzzy(
    access: Access,
    texts: Sequence[str],
    *,
    k: int | None = K,
    threshold: float = THRESHOLD,
    entity: bool = True,
    check_time: Callable[[], None] = lambda: None,
) -> pl.DataFrame:
    """Return, for each of some different texts, the `k` entities with the most similar names, best first, ties in the
    order of tables and rows; all if k is None.

    Columns: table, id, name, matched_on (the field), score (at least `threshold`, at most 1), entity (all fields, as
    JSON), asked (the text).
    """
    tables = [tv for tv in access.version.tables.values() if tv.table.soft_delete and tv.parts]
    search = _Search(access.indexes.trigrams, tables, Queries.of(pl.Series(texts, dtype=pl.String)), k, check_time)
    hits = search.best(threshold)
    keys = [(tables[t].table.number, r) for t, r in zip(hits.table.tolist(), hits.rowid.tolist(), strict=True)]
    rows = read_rows(access.version.tables, keys, entity=entity)
    cells: dict[tuple[Key, str], tuple[object, ...]] = {}
    found: list[tuple[object, ...]] = []
    places = zip(hits.query.tolist(), keys, hits.table.tolist(), hits.field.tolist(), hits.score.tolist(), strict=True)
    for query, key, place, number, score in places:
        table = tables[place].table
        field = named_fields(table)[number].name
        if (key, field) not in cells:
            cells[key, field] = shown(table, rows[key], field, entity=entity)
        *named, json = cells[key, field]
        found.append((*named, score, json, texts[query]))
    return frame_of(found, SCHEMA)


def check_arguments(k: object, threshold: object) -> None:
    """Raise InputError for arguments that do not fit."""
    checks.whole(k, "k")
    checks.number(threshold, "threshold", within=(0, 1))


class _Hits(NamedTuple):
    """Rows that are similar to a query: its number; the place of the table, the rowid, the place of the field; how
    similar."""

    query: Ints
    table: Ints
    rowid: Ints
    field: Ints
    score: Scores

    @staticmethod
    def of(parts: Sequence[_Hits]) -> _Hits:
        if not parts:
            none = np.empty(0, dtype=np.int64)
            return _Hits(none, none, none, none, np.empty(0))
        return parts[0] if len(parts) == 1 else _Hits(*map(np.concatenate, zip(*parts, strict=True)))

    def at(self, places: Ints | Mask) -> _Hits:
        return _Hits(self.query[places], self.table[places], self.rowid[places], self.field[places], self.score[places])


class _Search:
    """The best rows of many queries so far; of each at most k."""

    def __init__(
        self,
        indexes: TrigramIndexes,
        tables: Sequence[TableVersion],
        queries: Queries,
        k: int | None,
        check_time: Callable[[], None],
    ) -> None:
        self._indexes, self._tables, self._queries, self._k = indexes, tables, queries, k
        self._check_time = check_time
        self._live: dict[int, Mask] = {}
        self._parts: list[_Hits] = []
        self._bounds = np.empty(0)
        self._lock = threading.Lock()

    def best(self, threshold: float) -> _Hits:
        """Return the best rows of all queries, in order: of each the best first."""
        left = np.flatnonzero(self._queries.sizes > 0) if self._k != 0 else np.empty(0, dtype=np.int64)
        done: list[_Hits] = []
        for level in (*(x for x in _LEVELS if x > threshold and self._k is not None), threshold):
            self._parts = []
            if len(left):
                self._at_level(left, level)
            hits = self._dropped()
            if level == threshold:
                done.append(hits)
                break
            full = np.bincount(hits.query, minlength=len(self._queries.sizes)) == self._k
            done.append(hits.at(full[hits.query]))
            left = left[~full[left]]
        every = _Hits.of(done)
        return every.at(np.argsort(every.query, kind="stable"))

    def _at_level(self, left: Ints, level: float) -> None:
        """Gather what is at least so similar to the queries that are left."""
        queries, self._bounds = self._queries.some(left), np.full(len(left), level)

        def search(part: tuple[int, TableVersion, PartView]) -> None:
            hits = self._in_part(*part, left, queries)
            with self._lock:
                self._parts += hits
                if hits and self._k is not None:
                    self._bounds = np.maximum(level, self._least(self._dropped())[left])

        parts = [(place, tv, view) for place, tv in enumerate(self._tables) for view in tv.parts if view.live_rows]
        if len(left) < _QUERIES_MANY or len(parts) < _THREADS:
            for part in parts:
                search(part)
        else:
            with ThreadPoolExecutor(_THREADS, thread_name_prefix="rem-fuzzy") as pool:
                list(pool.map(search, parts))

    def _in_part(self, place: int, tv: TableVersion, view: PartView, left: Ints, queries: Queries) -> list[_Hits]:
        """Return the live rows of a part that are similar to one of the queries that are left."""
        parts: list[_Hits] = []
        for number, field in enumerate(named_fields(tv.table)):
            self._check_time()
            found = self._indexes.similar(view, field, queries, self._bounds)
            if not len(found.query):
                continue
            rowids = view.part.rowid_array(view.length)[found.place]
            same = np.full(len(rowids), place), np.full(len(rowids), number)
            hits = _Hits(left[found.query], same[0], rowids, same[1], found.score)
            hits = hits.at(self._alive(view, tv.table.field(tv.table.soft_delete))[found.place])
            parts.append(hits if isinstance(field.dtype, pl.List) else self._first_of_each(hits))
        return parts

    def _alive(self, view: PartView, marker: Field) -> Mask:
        alive = self._live.get(id(view))
        if alive is None:
            alive = self._live[id(view)] = _live(view, marker)
        return alive

    def _first_of_each(self, hits: _Hits) -> _Hits:
        """Leave out what is not among the k best of a query in one part, in which rows ascend."""
        k = self._k
        if k is None or len(hits.query) <= k:
            return hits
        order = np.argsort(_ranked(hits), kind="stable")
        return hits.at(order[_within(hits.query[order], k)])

    def _dropped(self) -> _Hits:
        """Return, and keep, the k best rows of each query, each row once by its most similar field."""
        hits = _Hits.of(self._parts)
        order = np.lexsort((hits.field, -hits.score, hits.rowid, hits.table, hits.query))
        hits = hits.at(order)
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (
            (hits.query[1:] != hits.query[:-1])
            | (hits.table[1:] != hits.table[:-1])
            | (hits.rowid[1:] != hits.rowid[:-1])
        )
        hits = hits.at(first)
        order = np.argsort(_ranked(hits), kind="stable")
        hits = hits.at(order if self._k is None else order[_within(hits.query[order], self._k)])
        self._parts = [hits]
        return hits

    def _least(self, hits: _Hits) -> Scores:
        """Return the score that a row must have to be among the k best of each query."""
        least = np.zeros(len(self._queries.sizes))
        counts = np.bincount(hits.query, minlength=len(least))
        ends = np.cumsum(counts)
        full = counts == self._k
        least[full] = hits.score[ends[full] - 1]
        return least


def _ranked(hits: _Hits) -> Ints:
    """Return numbers in the order of the queries and, of each, of falling scores."""
    ranks: Ints = (hits.query << (_SCORE_BITS + 1)) + np.rint((1 - hits.score) * (1 << _SCORE_BITS)).astype(np.int64)
    return ranks


def _within(queries: Ints, k: int) -> Mask:
    """Say of rows, ordered by query, whether they are among the first k of theirs."""
    begins = np.searchsorted(queries, queries)
    within: Mask = np.arange(len(queries)) - begins < k
    return within


def _live(view: PartView, marker: Field) -> Mask:
    """Return which rows of a part are alive and not deleted."""
    mask = view.live_mask()
    alive = np.ones(view.length, dtype=np.bool_) if mask is None else mask
    zone = view.part.zone(marker) if isinstance(view.part, Segment) else None
    if zone is not None and zone.null_count == view.length:
        return alive
    undeleted: Mask = alive & view.part.frame([marker], view.length).to_series().is_null().to_numpy()
    return undeleted
