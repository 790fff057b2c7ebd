"""An approximate index over vectors: HNSW, on hnswlib.

Rows go in by rowid and come out nearest first, with hnswlib's own distances: an index says which rows may be near, and
its caller scores them again from their vectors. It may miss a row; it never returns one that was removed, nor one
twice.

Distances: cosine 1 - similarity, inner_product 1 - product, l2 the square of the distance; the smallest is the best.

What hnswlib 0.8 does not do itself, and how it is done here:

- Equal vectors have one place, and its label is its number (`vector_groups`): many of them would link to each other
  alone. A place that has no row any more is marked deleted, and not taken again (hnswlib's `replace_deleted` takes ten
  times as long as an insert): whoever owns the index builds a new one when `deleted` has grown too large. An index
  whose last row is removed starts as a new one.
- `ef` belongs to the index, so searches beside each other would set it for each other. It stays 1 here: hnswlib
  searches with max(ef, k), so a search asks for max(ef, k) rows and keeps k.
- A search that reaches fewer rows than it asks for raises an error and loses 12 bytes of memory a row asked for. What
  is asked for is bounded by the live places; what then fails, since links do not reach every row, is asked again for
  fewer, by halving.
- add, resize and mark are not safe beside a search: a `Gate` keeps them apart, and a long add is cut into pieces of
  10 to 30 ms.
- save_index holds the interpreter while it writes, and ignores a full disk: the file's length is compared.
- Vectors are normalised here for the cosine: hnswlib's float32 norm is wrong for very small and very large vectors.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import hnswlib
import numpy as np

from rem_arrow.base.errors import CorruptionError
from rem_arrow.index import vector_file
from rem_arrow.index.gate import Gate
from rem_arrow.index.metrics import METRICS, Metric
from rem_arrow.index.unit_vectors import not_zero, units
from rem_arrow.index.vector_file import Header, Loaded, Written
from rem_arrow.index.vector_groups import VectorGroups, vector_keys

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = "npt.NDArray[np.float32]"
    Rowids: TypeAlias = "npt.NDArray[np.int64]"

_GROWTH = 1.5
# How long an add keeps searches waiting: while they come, and when there were none for a while. A piece costs its
# threads' start and the end at which one of them waits: of 16 rows 12 percent of the time, of 32 to 64 rows 6, of 256
# rows 1.
_PIECE_S = 0.01
_ALONE_S = 0.03
_SEARCHED_S = 1.0
_PIECE_ROWS_MAX = 4096
# Bytes of a row that hnswlib keeps beside its file's: lock 40, level 4, pointer 8, visited 2, and its place in the hash
# table of labels.
_ROOM_BYTES = 54
_LABEL_BYTES = 48
_ROWID_MAX = (1 << 47) - 1


class VectorIndex:
    """Rowids and their vectors, searched by nearness. Safe for threads. One whose add failed, for want of memory, is
    not to be used again.

    Args:
        dimension: of every vector.
        m: links of a row; recall, memory and time rise with it.
        ef_construction: candidates looked at for the links of a new row.
        capacity: rows to make room for; it grows by itself.
    """

    def __init__(
        self, dimension: int, metric: Metric, *, m: int = 16, ef_construction: int = 200, capacity: int = 1024
    ) -> None:
        assert dimension >= 1 and metric in METRICS and 2 <= m <= 1024 and ef_construction >= 1 and capacity >= 0
        self.dimension, self.metric, self.m, self.ef_construction = dimension, metric, m, ef_construction
        self.stamp = b""
        self._gate = Gate()
        self._graph = self._new_graph(max(capacity, 1))
        self._groups = VectorGroups()
        self._folding = threading.Lock()
        self._threads = _cores()
        self._searched_until = 0.0

    @classmethod
    def load(
        cls, path: Path, *, expected_stamp: bytes | None, dimension: int | None = None, metric: Metric | None = None
    ) -> VectorIndex:
        """Return the index that `save` left at `path`; its `stamp` is the one that was saved.

        Args:
            expected_stamp: what the file must have been saved with; None takes any.
            dimension: what the file must hold; None takes any. So too `metric`.

        Raises:
            CorruptionError: the file is missing, damaged, or not the one expected.
        """
        loaded = vector_file.read(path)
        groups, stamp = _groups(path, loaded)
        saved = (stamp, loaded.header.dimension, loaded.header.metric)
        for what, expected, there in zip(
            ("stamp", "dimension", "metric"), (expected_stamp, dimension, metric), saved, strict=True
        ):
            if expected is not None and expected != there:
                raise CorruptionError(
                    f"the vector index {path} is another one: its {what} is {there!r}, not {expected!r}"
                )
        index = cls(saved[1], saved[2], m=loaded.header.m, ef_construction=loaded.header.ef_construction, capacity=1)
        index.stamp = stamp
        if loaded.header.live:
            index._graph, index._groups = loaded.graph, groups
        return index

    def save(self, path: Path, stamp: bytes) -> int:
        """Write the index to `path`, which then holds either all of it or what it held before; return the file's bytes.

        Raises:
            ExecuteError: the file cannot be written.
        """
        return vector_file.write(path, stamp, self._save_graph)

    def add(self, rowids: Rowids, vectors: Floats) -> Rowids:
        """Take in rows; return the rowids that were taken.

        Args:
            rowids: int64, shape (n,), at least 0 and below 2^47. One that is held gets its new vector at once, in
                one step; of one that comes twice the last vector counts.
            vectors: float32, shape (n, dimension), finite. A zero vector has no cosine: under that metric it is
                left out, and its rowid removed.
        """
        assert (
            rowids.dtype == np.int64 and vectors.dtype == np.float32 and vectors.shape == (len(rowids), self.dimension)
        )
        if not len(rowids):
            return rowids
        assert rowids.min() >= 0 and rowids.max() <= _ROWID_MAX, "a rowid lies outside of its range"
        places = _last_places(rowids)
        some = not_zero(vectors)[places]
        if self.metric == "cosine" and not some.all():
            self.remove(rowids[places[~some]])
            places = places[some]
        start, rows = 0, 8 * self._threads
        while start < len(places):
            waited = self._gate.waited
            piece = places[start : start + rows]
            seconds = self._add_piece(rowids[piece], vectors[piece])
            start += len(piece)
            rows = self._next_rows(rows, seconds, contended=self._gate.waited > waited)
        return rowids[places]

    def remove(self, rowids: Rowids) -> None:
        """Leave out rows; a rowid that is not held is passed over."""
        rows = _PIECE_ROWS_MAX
        for start in range(0, len(rowids), rows):
            with self._gate.writing():
                self._remove(rowids[start : start + rows])
                if not len(self._groups) and self._groups.places:
                    self._graph, self._groups = self._new_graph(1024), VectorGroups()

    def search(self, query: Floats, k: int, *, ef: int, allowed: Rowids | None = None) -> tuple[Rowids, Floats]:
        """Return up to `k` rowids, nearest first, and their distances; none under cosine when the query is zero. Equal
        vectors come together, by rowid.

        Args:
            query: float32, shape (dimension,), finite. Need not be normalised.
            ef: different vectors looked at, if more than `k`. Recall and time both rise with it.
            allowed: rowids, ascending: only rows among these are returned, of the vectors looked at.

        Source: Malkov & Yashunin 2016, arXiv:1603.09320, algorithm 5.
        """
        return self.search_each(query[None], k, ef=ef, allowed=allowed)[0]

    def search_each(
        self, queries: Floats, k: int, *, ef: int, allowed: Rowids | None = None
    ) -> list[tuple[Rowids, Floats]]:
        """Return what `search` finds for each of many queries, shape (n, dimension), on all cores."""
        assert queries.shape[1:] == (self.dimension,) and queries.dtype == np.float32 and k >= 0 and ef >= 1
        hits = [_nothing()] * len(queries)
        if self.metric == "cosine":
            queries = units(queries)
        asked = np.flatnonzero(queries.any(axis=1)) if self.metric == "cosine" else np.arange(len(queries))
        with self._gate.reading():
            count = min(max(k, ef), self._groups.live)
            if not (k and count and len(asked)):
                return hits
            nearest = self._nearest_of_each(queries[asked], count)
            with self._folding:
                for i, (places, distances) in zip(asked.tolist(), nearest, strict=True):
                    if len(places):
                        rowids, which = self._groups.expanded(places, allowed, k)
                        hits[i] = rowids, distances[which]
        return hits

    def held(self) -> Rowids:
        """Return the live rowids, ascending. The array never changes: later calls return others."""
        with self._gate.reading(), self._folding:
            return self._groups.rowids()

    @property
    def live(self) -> int:
        """Rows that can be found."""
        return len(self._groups)

    @property
    def deleted(self) -> int:
        """Places in the graph that removed and replaced rows still take."""
        with self._gate.reading():
            return self._groups.places - self._groups.live

    @property
    def bytes(self) -> int:
        """Bytes in memory, reckoned from the counts."""
        with self._gate.reading():
            graph = int(self._graph.index_file_size()) + _ROOM_BYTES * int(self._graph.get_max_elements())
            return graph + _LABEL_BYTES * self._groups.places + self._groups.memory_bytes

    def _new_graph(self, capacity: int) -> Any:
        graph = hnswlib.Index(space=vector_file.SPACES[self.metric], dim=self.dimension)
        graph.init_index(max_elements=capacity, M=self.m, ef_construction=self.ef_construction)
        graph.set_ef(1)
        return graph

    def _save_graph(self, path: Path) -> Written:
        with self._gate.writing():
            self._graph.save_index(str(path))
            count, length = int(self._graph.get_current_count()), int(self._graph.index_file_size())
            groups = self._groups.written()
            header = Header(self.dimension, self.metric, self.m, self.ef_construction, count, self._groups.live)
        written = path.stat().st_size
        if written != length:
            raise OSError(f"{written} of {length} bytes were written; the disk may be full")
        return header, groups

    def _add_piece(self, rowids: Rowids, vectors: Floats) -> float:
        """Take in a few rows, held or not; return the seconds that searches had to wait."""
        ready = units(vectors) if self.metric == "cosine" else vectors
        with self._gate.writing():
            began = time.perf_counter()
            self._remove(rowids)
            first, places = self._groups.add(rowids, vector_keys(ready, self.metric))
            needed = int(self._graph.get_current_count()) + len(places)
            if needed > self._graph.get_max_elements():
                self._graph.resize_index(max(needed, int(self._graph.get_max_elements() * _GROWTH)))
            if len(places):
                self._graph.add_items(ready[first], places, num_threads=self._threads)
            return time.perf_counter() - began

    def _next_rows(self, rows: int, seconds: float, *, contended: bool) -> int:
        """Return the rows of the next piece, from what the last one took: short ones while searches come, else fewer to
        pay for."""
        now = time.perf_counter()
        if contended:
            self._searched_until = now + _SEARCHED_S
        aim = _PIECE_S if now < self._searched_until else _ALONE_S
        fewest = 8 * self._threads
        return int(
            np.clip(
                rows * aim / max(seconds, 1e-6), max(fewest, rows // 4), max(fewest, min(_PIECE_ROWS_MAX, rows * 2))
            )
        )

    def _remove(self, rowids: Rowids) -> None:
        for place in self._groups.remove(rowids).tolist():
            self._graph.mark_deleted(place)

    def _nearest_of_each(self, queries: Floats, count: int) -> list[tuple[Rowids, Floats]]:
        """Return the nearest places for each query, as many as wanted or as the links reach."""
        try:
            labels, distances = self._graph.knn_query(queries, k=count, num_threads=min(len(queries), self._threads))
        except RuntimeError as error:
            _check_unreached(error)
            return [self._reached(query, count) for query in queries]
        return list(zip(labels.view(np.int64), distances, strict=True))

    def _reached(self, query: Floats, count: int) -> tuple[Rowids, Floats]:
        """Return the nearest places that the links reach: whether n rows are reached does not depend on n."""
        nearest, reached, tried = _nothing(), 0, count
        missed = count + 1
        while missed - reached > 1:
            try:
                labels, distances = self._graph.knn_query(query, k=tried, num_threads=1)
            except RuntimeError as error:
                _check_unreached(error)
                missed = tried
            else:
                nearest, reached = (labels[0].view(np.int64), distances[0]), tried
            tried = (reached + missed) // 2
        return nearest


def _check_unreached(error: RuntimeError) -> None:
    """Raise any error but the one that says that fewer rows were reached than asked for."""
    if "Cannot return the results" not in str(error):
        raise error


def _groups(path: Path, loaded: Loaded) -> tuple[VectorGroups, bytes]:
    """Return which rows are at which place of a graph that was read, and the stamp of its file."""
    try:
        groups, stamp = VectorGroups.read(loaded.stamp)
        deleted = np.zeros(groups.places, dtype=np.bool_)
        deleted[loaded.labels] = loaded.deleted
        if groups.places != loaded.header.count or (groups.empty_places() != deleted).any():
            raise ValueError("its places are not those of its graph")
    except (ValueError, IndexError) as error:
        raise CorruptionError(f"the vector index {path} is damaged: {error}") from error
    return groups, stamp


def _nothing() -> tuple[Rowids, Floats]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)


def _last_places(rowids: Rowids) -> npt.NDArray[np.intp]:
    """Return the places of the rowids, in their order; of one that comes twice the last."""
    if (rowids[1:] > rowids[:-1]).all():
        return np.arange(len(rowids))
    _, behind = np.unique(rowids[::-1], return_index=True)
    return np.sort(len(rowids) - 1 - behind)


def _cores() -> int:
    """Return how many cores this process may use; hnswlib itself would count the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
