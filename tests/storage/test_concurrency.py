"""Readers see whole commits, transactions are isolated, and a paused seal or compaction brings nothing back to life."""

from __future__ import annotations

import threading

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.storage import compaction
from tests.effort import examples
from tests.patience import join, started


class Row(BaseModel):
    """A row."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["n"]})

    name: str = "x"
    n: int = 0


@pytest.fixture
def db(tmp_path):
    with rem.connect(tmp_path / "db", tail_rows_max=50) as database:
        database.register(Row, name="a")
        database.register(Row, name="b")
        yield database


def test_eight_readers_see_only_whole_transactions(db):
    """While a writer moves rows between two tables, the sum over both never changes."""
    db.insert("a", [{"id": f"r{i}", "n": 1} for i in range(100)])
    db.insert("b", [{"id": f"r{i}", "n": 0} for i in range(100)])
    stop, failures = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                whole = db.sql("SELECT SUM(n) FROM (SELECT n FROM a UNION ALL SELECT n FROM b) AS both_tables").item()
                joined = db.sql("SELECT COUNT(*) FROM a JOIN b ON a.id = b.id WHERE a.n + b.n = 1").item()
                if (whole, joined) != (100, 100):
                    failures.append((whole, joined))
            except rem.RemError as error:
                failures.append(error)

    readers = started(*[read] * 8)
    try:
        for i in range(150):
            with db.transaction() as tx:
                for table in ("a", "b"):
                    tx.update(table, f"r{i % 100}", {"n": 1 - tx.get(table, f"r{i % 100}")["n"]})
    finally:
        stop.set()
    join(readers)
    db.wait()
    assert not failures
    assert db.stats()["tables"]["a"]["segments"] > 0, "the writer sealed while they read"


def test_the_first_committer_wins_by_row(db):
    """Two transactions on one row: the second fails and stores nothing, also of its other rows."""
    db.insert("a", [{"id": "x"}, {"id": "y"}])
    first, second, third = db.transaction(), db.transaction(), db.transaction()
    first.update("a", "x", {"n": 1})
    second.update("a", "x", {"n": 2})
    second.insert("b", {"id": "new"})
    third.update("a", "y", {"n": 3})
    first.commit()
    with pytest.raises(rem.ConflictError, match="run it again"):
        second.commit()
    third.commit()
    assert db.sql("SELECT id, n FROM a ORDER BY id").rows() == [("x", 1), ("y", 3)]
    assert db.get("b", "new") is None


def test_a_conflict_is_seen_through_a_seal(db):
    """That the row has moved to a segment meanwhile hides no conflict, and makes none."""
    db.insert("a", [{"id": "x"}, {"id": "y"}])
    first, second = db.transaction(), db.transaction()
    first.update("a", "x", {"n": 1})
    second.update("a", "y", {"n": 2})
    db.update("a", "x", {"n": 9})
    db.compact()
    with pytest.raises(rem.ConflictError):
        first.commit()
    second.commit()
    assert db.sql("SELECT id, n FROM a ORDER BY id").rows() == [("x", 9), ("y", 2)]


def test_two_inserts_of_one_id_conflict(db):
    """The id goes to the one that commits first."""
    first, second = db.transaction(), db.transaction()
    first.insert("a", {"id": "x", "n": 1})
    second.insert("a", {"id": "x", "n": 2})
    first.commit()
    with pytest.raises(rem.ConflictError, match="id"):
        second.commit()
    assert db.get("a", "x")["n"] == 1


def test_a_transaction_reads_its_own_writes_and_no_later_commits(db):
    """Its view is the version that it began with, plus what it wrote; by scan, by id and by index."""
    db.insert("a", [{"id": "x", "n": 1}, {"id": "y", "n": 1}])
    with db.transaction() as tx:
        db.insert("a", {"id": "late", "n": 1})
        db.update("a", "y", {"n": 5})
        tx.update("a", "x", {"n": 7})
        tx.insert("a", {"id": "own", "n": 1})
        tx.add_edge("own", "x", "knows")
        assert tx.sql("SELECT id FROM a WHERE n = 1 ORDER BY id")["id"].to_list() == ["own", "y"]
        assert tx.sql("SELECT n FROM a WHERE id = 'x'").item() == 7
        assert tx.get("a", "late") is None
        assert tx.sql("SELECT src_table FROM edges").item() == "a"
    assert db.sql("SELECT id FROM a WHERE n = 1 ORDER BY id")["id"].to_list() == ["late", "own"]


def test_an_error_in_a_transaction_stores_nothing(db):
    """The block's error comes out, and its writes are forgotten."""
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        tx.insert("a", {"id": "x"})
        raise ZeroDivisionError
    assert db.get("a", "x") is None
    with pytest.raises(rem.InputError, match="has ended"):
        tx.insert("a", {"id": "y"})


WRITES = st.lists(
    st.tuples(st.sampled_from(["delete", "purge", "update", "revive", "new"]), st.integers(0, 29)), max_size=12
)


@settings(max_examples=examples(30))
@given(before=WRITES, during=WRITES, between=WRITES, merging=WRITES)
def test_writes_during_a_paused_seal_and_compaction(before, during, between, merging):
    """What died while a seal or a merge was running stays dead, and what was written stays."""
    with rem.connect(background=False, tail_rows_max=10**9) as db:
        db.register(Row, name="a")
        state: dict[str, tuple[int, bool]] = {}

        def write(steps) -> None:
            for step, (what, i) in enumerate(steps):
                id_ = f"r{i}"
                if what == "delete" and id_ in state:
                    db.delete("a", id_)
                    state[id_] = (state[id_][0], False)
                elif what == "purge":
                    db.purge("a", id_)
                    state.pop(id_, None)
                elif what in ("revive", "new") or (what == "update" and id_ in state):
                    db.insert("a", {"id": id_, "n": step})
                    state[id_] = (step, True)

        def rewrite_paused(run, steps) -> None:
            """Run `run`, and write `steps` after it has read the parts and before it commits."""
            original = db._instance.store.kv.flush

            def flush(family: str) -> None:
                if family == "pages":
                    write(steps)
                original(family)

            db._instance.store.kv.flush = flush
            try:
                run()
            finally:
                db._instance.store.kv.flush = original
            check()

        def check() -> None:
            live = {i: n for i, (n, alive) in state.items() if alive}
            assert dict(db.sql("SELECT id, n FROM a").rows()) == live
            assert db.sql("SELECT COUNT(*) FROM a", include_deleted=True).item() == len(state)
            for id_, (n, _) in state.items():
                assert db.get("a", id_, include_deleted=True)["n"] == n

        number = db._instance.store.version.names["a"]
        db.insert("a", [{"id": f"r{i}", "n": i} for i in range(20)])
        state.update({f"r{i}": (i, True) for i in range(20)})
        write(before)
        db._instance.store.freeze(number)
        rewrite_paused(lambda: compaction.seal(db._instance.store, number), during)
        write(between)
        db._instance.store.freeze(number)
        compaction.seal(db._instance.store, number)
        check()
        rewrite_paused(lambda: compaction.compact(db._instance.store, number, everything=True), merging)
        assert db.verify().height == 0


def test_a_lazy_frame_keeps_its_rows_through_compaction(db):
    """A frame made before deletes, compaction and garbage collection still reads what it saw."""
    db.insert("a", [{"id": f"r{i}", "n": i} for i in range(200)])
    db.compact()
    scan, query = db.scan("a"), db.lazy("SELECT SUM(n) AS s FROM a")
    db.purge("a", [f"r{i}" for i in range(150)])
    db.compact()
    assert scan.select(pl.len()).collect().item() == 200
    assert query.collect().item() == sum(range(200))
    del scan, query
    db.compact()
    assert db.sql("SELECT COUNT(*) FROM a").item() == 50


@pytest.mark.parametrize("again", ["insert", pytest.param("load", marks=pytest.mark.long)])
def test_a_snapshot_finds_a_row_whose_id_was_purged_and_came_again(db, again):
    """The one index entry of an id serves the versions before the purge and behind it."""
    db.insert("a", [{"id": f"r{i}", "n": i} for i in range(30)])
    db.compact()
    tx = db.transaction()
    db.purge("a", "r5")
    if again == "insert":
        db.insert("a", {"id": "r5", "n": 500})
    else:
        fresh = pl.DataFrame({"id": ["r5", *(f"f{i}" for i in range(20_000))]})
        db.load("a", fresh.with_columns(n=pl.lit(500, pl.Int64)))
    db.compact()
    assert tx.get("a", "r5")["n"] == 5
    assert tx.sql("SELECT n FROM a WHERE id = 'r5'").item() == 5
    assert tx.sql("SELECT id FROM a WHERE n = 5")["id"].to_list() == ["r5"]
    tx.insert("a", {"id": "r5", "n": 7})
    assert tx.sql("SELECT n FROM a WHERE id || '' = 'r5'")["n"].to_list() == [7]
    with pytest.raises(rem.ConflictError):
        tx.commit()
    assert db.sql("SELECT n FROM a WHERE id || '' = 'r5'")["n"].to_list() == [500]
    assert db.get("a", "r5")["n"] == 500


def test_a_snapshot_finds_an_edge_that_was_removed_and_came_again(db):
    """By rows and by a frame of many."""
    many = pl.DataFrame({"src": ["x"] * 25_000, "dst": [f"y{i}" for i in range(25_000)]}).with_columns(
        edge_type=pl.lit("to")
    )
    for frame in (many.head(3), many):
        db.add_edges(many.head(3))
        db.compact()
        tx = db.transaction()
        db.remove_edges("x")
        db.add_edges(frame)
        db.compact()
        tx.add_edge("x", "y0", "to", weight=2.0)
        assert tx.sql("SELECT weight FROM edges WHERE dst || '' = 'y0'")["weight"].to_list() == [2.0]
        with pytest.raises(rem.ConflictError):
            tx.commit()
        assert db.sql("SELECT count(*) FROM edges WHERE dst = 'y0'").item() == 1


def test_an_id_that_a_load_brought_first_conflicts(db):
    """A large load is a writer like any other."""
    tx = db.transaction()
    tx.insert("a", {"id": "i5", "n": -1})
    db.load("a", pl.DataFrame({"id": [f"i{i}" for i in range(25_000)], "n": range(25_000)}))
    with pytest.raises(rem.ConflictError, match="id"):
        tx.commit()
    assert db.sql("SELECT n FROM a WHERE id || '' = 'i5'")["n"].to_list() == [5]


def test_a_vector_that_follows_its_row_dies_with_the_rows_text(tmp_path):
    """A vector that is stored between a transaction's beginning and its commit is of the text that it replaces."""

    class Document(BaseModel):
        content: str

    with rem.connect(tmp_path / "db", embed="background") as db:
        db.register(Document, name="documents")
        db._instance.store.background.pause()
        db.insert("documents", [{"id": "d", "content": "old words"}, {"id": "e", "content": "other words"}])
        tx = db.transaction()
        tx.update("documents", "d", {"content": "an entirely new text"})
        tx.insert("documents", {"id": "e", "content": "more", "embedding": [1.0] + [0.0] * 511})
        db._instance.store.background.resume()
        db.wait()
        tx.commit()
        db.wait()
        assert db.search("documents", "an entirely new text", k=1, mode="vector")["_score"].item() == pytest.approx(1)
        assert db.search("documents", "old words", k=1, mode="vector")["_score"].item() < 0.9
        db.compact()
        assert db.sql("SELECT count(*) FROM documents").item() == 2
        assert db.verify().height == 0
