"""The vector index finds what brute force finds, and never what was removed."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rem_arrow.index import vector
from rem_arrow.index.metrics import METRICS
from rem_arrow.index.vector import VectorIndex
from tests.effort import examples, some
from tests.index.vectors import clustered, nearest
from tests.patience import PATIENCE_S, await_event, join, started

TOP = (1 << 47) - 1


def recall(index: VectorIndex, rows: dict[int, np.ndarray], queries: np.ndarray, ef: int, k: int = 10) -> float:
    rowids, matrix = np.array(sorted(rows)), np.array([rows[r] for r in sorted(rows)])
    hits = [
        len(set(index.search(q, k, ef=ef)[0].tolist()) & set(nearest(rowids, matrix, q, k, index.metric))) / k
        for q in queries
    ]
    return float(np.mean(hits))


@pytest.mark.parametrize("metric", some(METRICS))
def test_recall_on_clustered_vectors(metric):
    """At least 0.99 of the ten nearest, before and after half of the rows were replaced or removed."""
    matrix = clustered(4_000, 32, 1)
    rows = {int(r) * 1_000_003: v for r, v in enumerate(matrix)}
    queries = clustered(60, 32, 2)
    index = VectorIndex(32, metric, capacity=10)
    assert index.add(np.array(list(rows)), matrix).tolist() == list(rows)
    assert recall(index, rows, queries, ef=300) >= 0.99
    changed = np.array(list(rows))[::4]
    moved = clustered(len(changed), 32, 3)
    index.add(changed, moved)
    rows |= zip(changed.tolist(), moved, strict=True)
    gone = np.array(list(rows))[1::4]
    index.remove(gone)
    for rowid in gone.tolist():
        del rows[rowid]
    assert recall(index, rows, queries, ef=300) >= 0.99
    assert (index.live, index.deleted) == (3_000, 2_000)


def test_distances_are_those_of_hnswlib():
    """1 - cosine, 1 - product, and the square of the distance; nearest first."""
    rows = np.array([[3, 4], [4, 3], [0, 1]], dtype=np.float32)
    query = np.array([2, 0], dtype=np.float32)
    expected = {
        "cosine": ([1, 0, 2], [0.2, 0.4, 1]),
        "inner_product": ([1, 0, 2], [-7, -5, 1]),
        "l2": ([2, 0, 1], [5, 17, 13]),
    }
    expected["l2"] = ([2, 1, 0], [5, 13, 17])
    for metric in METRICS:
        index = VectorIndex(2, metric)
        index.add(np.arange(3), rows)
        rowids, distances = index.search(query, 3, ef=10)
        assert rowids.tolist() == expected[metric][0] and rowids.dtype == np.int64 and distances.dtype == np.float32
        np.testing.assert_allclose(distances, expected[metric][1], rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_index_finds_nothing(metric):
    """New, and when all was removed; it can be filled again."""
    index = VectorIndex(4, metric, capacity=0)
    query = np.ones(4, dtype=np.float32)
    for _ in range(3):
        assert index.search(query, 5, ef=10)[0].tolist() == [] == index.held().tolist()
        assert index.search(query, 0, ef=10)[0].tolist() == []
        assert (index.live, index.deleted) == (0, 0)
        index.remove(np.array([1, 2, 3]))
        assert index.add(np.array([TOP, 0, 7]), clustered(3, 4, 1)).tolist() == [TOP, 0, 7]
        assert sorted(index.search(query, 50, ef=1)[0].tolist()) == [0, 7, TOP] == index.held().tolist()
        index.remove(np.array([TOP, 0, 7, 7, 8]))


def test_the_last_vector_of_a_rowid_counts():
    """Of a rowid that comes twice in one call, and of one that comes again."""
    index = VectorIndex(2, "l2")
    assert index.add(np.array([5, 3, 5]), np.array([[9, 9], [1, 1], [2, 2]], dtype=np.float32)).tolist() == [3, 5]
    assert index.search(np.array([2, 2], dtype=np.float32), 2, ef=5)[1].tolist() == [0, 2]
    index.add(np.array([3]), np.array([[2, 2]], dtype=np.float32))
    assert index.search(np.array([2, 2], dtype=np.float32), 2, ef=5)[1].tolist() == [0, 0]
    assert index.held().tolist() == [3, 5] and index.deleted == 1


def test_zero_vectors_have_no_place_under_cosine():
    """They are not taken, and a rowid that gets one is removed; a zero query finds nothing. Other metrics take them."""
    rows = np.array([[1, 0], [0, 0], [0, 1]], dtype=np.float32)
    index = VectorIndex(2, "cosine")
    assert index.add(np.arange(3), rows).tolist() == [0, 2]
    assert index.search(np.zeros(2, dtype=np.float32), 3, ef=10)[0].tolist() == []
    assert index.add(np.array([2]), rows[1:2]).tolist() == []
    assert index.held().tolist() == [0]
    for metric in ("inner_product", "l2"):
        other = VectorIndex(2, metric)
        assert other.add(np.arange(3), rows).tolist() == [0, 1, 2]
        assert len(other.search(np.zeros(2, dtype=np.float32), 3, ef=10)[0]) == 3


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_cosine_of_tiny_and_huge_vectors(factor):
    """Their direction counts, which hnswlib's own norm would lose."""
    matrix = clustered(200, 8, 1)
    index = VectorIndex(8, "cosine")
    index.add(np.arange(200), (matrix * np.float32(factor)).astype(np.float32))
    query = matrix[17] * np.float32(factor)
    assert index.search(query, 5, ef=50)[0].tolist() == nearest(np.arange(200), matrix, matrix[17], 5, "cosine")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad):
    """Before anything is taken."""
    index = VectorIndex(2, "l2")
    rows = np.ones((5_000, 2), dtype=np.float32)
    rows[-1, 1] = bad
    with pytest.raises(AssertionError, match="NaN or an infinity"):
        index.add(np.arange(5_000), rows)
    with pytest.raises(AssertionError, match="outside of its range"):
        index.add(np.array([1 << 47]), rows[:1])
    assert index.live == 0


def test_equal_vectors_beyond_the_links_of_a_row():
    """Rows that no link reaches make a search return fewer rows, not fail."""
    index = VectorIndex(4, "l2", m=2, ef_construction=4)
    rows = np.zeros((300, 4), dtype=np.float32)
    rows[150:] = clustered(150, 4, 1)
    index.add(np.arange(300), rows)
    found, distances = index.search(rows[200], 300, ef=300)
    assert 0 < len(found) <= 300 and len(set(found.tolist())) == len(found)
    assert (np.diff(distances) >= 0).all()


def test_equal_vectors_strand_no_others():
    """Thousands of a few vectors, also of other lengths under the cosine, beside some that are like no other."""
    stock, lone = clustered(3, 16, 1, clusters=3), clustered(200, 16, 2)
    matrix = np.concatenate([np.repeat(stock, 2_000, axis=0) * np.linspace(0.5, 2, 6_000)[:, None], lone])
    order = np.random.default_rng(3).permutation(len(matrix))
    rows = matrix[order].astype(np.float32)
    index = VectorIndex(16, "cosine")
    index.add(np.arange(len(rows)), rows)
    assert index._groups.places < 400 and index.live == len(rows)
    for place in np.flatnonzero(order >= 6_000):
        assert index.search(rows[place], 1, ef=50)[0].tolist() == [place]
    allowed = np.flatnonzero(order < 2_000)[::100]
    assert index.search(stock[0], 100, ef=50, allowed=allowed)[0].tolist() == allowed.tolist()
    index.remove(np.flatnonzero(order < 6_000))
    assert (index.live, index._groups.live) == (200, 200)


def test_the_capacity_grows():
    """From one place to thousands, with a bounded number of copies and bounded room to spare."""
    index = VectorIndex(4, "l2", capacity=1)
    sizes = set()
    for start in range(0, 3_000, 100):
        index.add(np.arange(start, start + 100), clustered(100, 4, start))
        sizes.add(index._graph.get_max_elements())
    assert index.live == 3_000 and len(sizes) < 12 and max(sizes) <= 4_500


class AgainstADict(RuleBasedStateMachine):
    """An index of few small rows does what a dict does. Vectors repeat, so that ties and links that reach nothing are
    met."""

    rowids = st.lists(st.integers(0, 12) | st.integers(TOP - 3, TOP), max_size=8)

    @initialize(metric=st.sampled_from(METRICS), capacity=st.integers(0, 20))
    def new(self, metric, capacity):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "index")
        self.rows: dict[int, tuple[float, ...]] = {}
        self.index = VectorIndex(2, metric, m=4, ef_construction=20, capacity=capacity)

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(rowids=rowids, data=st.data())
    def add(self, rowids, data):
        values = data.draw(
            st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=len(rowids), max_size=len(rowids))
        )
        taken = self.index.add(np.array(rowids, dtype=np.int64), np.array(values, dtype=np.float32).reshape(-1, 2))
        new = dict(zip(rowids, values, strict=True))
        left_out = {r for r, v in new.items() if v == (0, 0)} if self.index.metric == "cosine" else set()
        assert set(taken.tolist()) == set(new) - left_out
        self.rows = {r: v for r, v in (self.rows | new).items() if r not in left_out}

    @rule(rowids=rowids)
    def remove(self, rowids):
        self.index.remove(np.array(rowids, dtype=np.int64))
        self.rows = {r: v for r, v in self.rows.items() if r not in rowids}

    @rule(stamp=st.binary(max_size=10))
    def save_and_load(self, stamp):
        assert self.index.save(self.path, stamp) == self.path.stat().st_size
        deleted, before = self.index.deleted, self.index._groups.written()
        self.index = VectorIndex.load(self.path, expected_stamp=stamp)
        assert (self.index.deleted, self.index._groups.written()) == (deleted, before) or not self.rows

    @rule(query=st.tuples(st.integers(-3, 3), st.integers(-3, 3)), k=st.integers(0, 20), ef=st.sampled_from([1, 20]))
    def search(self, query, k, ef):
        rowids, distances = self.index.search(np.array(query, dtype=np.float32), k, ef=ef)
        assert len(rowids) == len(distances) <= k
        assert set(rowids.tolist()) <= set(self.rows) and len(set(rowids.tolist())) == len(rowids)
        assert (np.diff(distances) >= 0).all()
        if self.index.metric == "cosine" and query == (0, 0):
            assert not len(rowids)
            return
        for rowid, distance in zip(rowids.tolist(), distances.tolist(), strict=True):
            v, q = np.array(self.rows[rowid], dtype=float), np.array(query, dtype=float)
            length = np.sqrt((v @ v) * (q @ q)) if self.index.metric == "cosine" else 1.0
            expected = (v - q) @ (v - q) if self.index.metric == "l2" else 1 - v @ q / length
            assert distance == pytest.approx(expected, abs=1e-5)

    @invariant()
    def holds_what_the_dict_holds(self):
        if hasattr(self, "rows"):
            assert self.index.held().tolist() == sorted(self.rows)
            assert self.index.live == len(self.rows) and self.index.deleted >= 0 and self.index.bytes > 0


TestAgainstADict = AgainstADict.TestCase
TestAgainstADict.settings = settings(max_examples=examples(60), stateful_step_count=25)


@pytest.mark.long
class TestAgainstADictForLong(AgainstADict.TestCase):
    """The same, many times over."""

    settings = settings(max_examples=300, stateful_step_count=60)


def churn(searches: int) -> None:
    """Search so often on each of three threads while two write and one saves: every search sees whole rows, and no row
    that is gone for good; nearly all find the row itself that they ask for."""
    dimension, rows = 16, 2_000
    matrix = clustered(rows, dimension, 1)
    index = VectorIndex(dimension, "l2")
    index.add(np.arange(rows), matrix)
    # The first hundred rowids are removed for good, the next hundred always held.
    index.remove(np.arange(100))
    together, searched = threading.Barrier(6, timeout=PATIENCE_S), threading.Event()
    wrong, itself = [], []

    def guarded(work, times):
        def run():
            rng = np.random.default_rng(threading.get_ident() % 1_000)
            together.wait()
            try:
                for _ in times:
                    work(rng)
            except BaseException as error:  # noqa: BLE001
                wrong.append(error)

        return run

    def search(rng):
        k = int(rng.integers(1, 60))
        query = matrix[rng.integers(100, 200)]
        rowids, distances = index.search(query, k, ef=int(rng.integers(1, 100)))
        assert len(rowids) == k == len(set(rowids.tolist())) and rowids.min() >= 100
        steady = rowids < 200
        expected = ((matrix[rowids[steady]] - query) ** 2).sum(axis=1)
        assert distances[steady] == pytest.approx(expected, rel=1e-4, abs=1e-4)
        itself.append(distances[0] == 0)
        held = index.held()
        assert (np.diff(held) > 0).all() and held[0] >= 100

    def write(rng):
        some = rng.choice(np.arange(200, rows + 3_000), 50, replace=False)
        index.remove(some[:25])
        index.add(some, rng.standard_normal((50, dimension), dtype=np.float32))

    with tempfile.TemporaryDirectory() as folder:

        def save(rng):
            index.save(Path(folder, "index"), b"")
            loaded = VectorIndex.load(Path(folder, "index"), expected_stamp=b"")
            assert {*range(100, 200)} <= set(loaded.held().tolist())

        searchers = started(*[guarded(search, range(searches))] * 3)
        others = started(*(guarded(work, iter(searched.is_set, True)) for work in (write, write, save)))
        join(searchers)
        searched.set()
        join(others)
    assert not wrong, wrong
    assert len(itself) == 3 * searches and sum(itself) > 0.95 * len(itself)
    assert index.held()[0] >= 100


def test_searches_beside_writes_and_saves():
    """For about a second."""
    churn(examples(100))


@pytest.mark.long
def test_searches_beside_writes_and_saves_for_long():
    """For about half a minute."""
    churn(3_000)


def test_a_search_does_not_wait_for_a_long_add(monkeypatch):
    """It is let through between the pieces of an add: this one goes on when the search has come back."""
    index = VectorIndex(128, "l2")
    rows = clustered(4_000, 128, 1)
    index.add(np.arange(500), rows[:500])
    between, searched = threading.Event(), threading.Event()

    def add_piece(rowids, vectors, add_piece=index._add_piece):
        seconds = add_piece(rowids, vectors)
        between.set()
        await_event(searched, "a search between two pieces")
        return seconds

    monkeypatch.setattr(index, "_add_piece", add_piece)
    adders = started(lambda: index.add(np.arange(500, 4_000), rows[500:]))
    await_event(between, "the first piece")
    rowids, _ = index.search(rows[0], 10, ef=20)
    assert len(rowids) == 10 and 500 < index.live < 4_000
    searched.set()
    join(adders)
    assert index.live == 4_000


def test_pieces_are_short_while_searches_come(monkeypatch):
    """For a while after one that waited; else they are longer, for each costs. Never more than twice the last, nor less
    than a fourth."""
    clock = SimpleNamespace(perf_counter=lambda: 100.0)
    monkeypatch.setattr(vector, "time", clock)
    index = VectorIndex(8, "l2")
    index._threads = 1
    assert index._next_rows(1_000, 2 * vector._ALONE_S, contended=False) == 500
    assert index._next_rows(1_000, 2 * vector._PIECE_S, contended=True) == 500
    assert index._next_rows(1_000, 2 * vector._PIECE_S, contended=False) == 500, "a search may come again soon"
    assert index._next_rows(1_000, 8 * vector._PIECE_S, contended=False) == 250
    assert index._next_rows(1_000, vector._PIECE_S / 8, contended=False) == 2_000
    clock.perf_counter = lambda: 100.0 + 2 * vector._SEARCHED_S
    assert index._next_rows(1_000, 2 * vector._ALONE_S, contended=False) == 500
