"""A database that is closed while other threads use it: each gets its result or an error that says why, none waits for
ever, and what was acknowledged is there when it is opened again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel

import rem_arrow as rem
from tests.patience import await_event, join, started, until


class Row(BaseModel):
    """A row."""

    name: str = "x"
    n: int = 0


def _opened(path) -> rem.Database:
    db = rem.connect(path, tail_rows_max=50)
    db.register(Row, name="a")
    db.load("t", pl.DataFrame({"k": range(20_000), "s": [f"s{i}" for i in range(20_000)]}))
    db.insert("a", [{"id": f"r{i}", "n": i, "name": f"n{i}"} for i in range(100)])
    return db


def _closed_at_work(path, seed: int) -> None:
    """Close while each verb runs again and again in a thread of its own."""
    db, stored, failures = _opened(path), [], []
    frame = db.scan("t")

    def insert(i: int) -> None:
        db.insert("a", {"id": f"i{i}", "n": i})
        stored.append(f"i{i}")

    def transact(i: int) -> None:
        with db.transaction() as tx:
            tx.insert("a", {"id": f"t{i}", "n": i})
            tx.sql("SELECT sum(n) FROM a")
        stored.append(f"t{i}")

    verbs: list[Callable[[int], object]] = [
        insert,
        transact,
        lambda i: db.sql("SELECT max(s) FROM t WHERE k > 5"),
        lambda i: db.sql("SELECT count(*) FROM t x JOIN t y ON x.k = y.k WHERE x.s > 's5'"),
        lambda i: db.sql("SELECT sum(k) FROM t", timeout_s=60),
        lambda i: db.sql(f"UPDATE a SET n = n + 1 WHERE id = 'r{i % 100}'"),
        lambda i: db.get("a", "r5"),
        lambda i: db.lookup_entity("n5"),
        lambda i: db.load(f"t{i}", pl.DataFrame({"q": range(3_000)})),
        lambda i: frame.select(pl.col("k").sum()).collect(),
        lambda i: list(frame.collect_batches(chunk_size=1_000)),
        lambda i: db.compact(),
        lambda i: db.verify(),
        lambda i: db.stats(),
        lambda i: db.wait(),
    ]

    def repeated(verb: Callable[[int], object]) -> Callable[[], None]:
        def run() -> None:
            i = 0
            while True:
                i += 1
                try:
                    verb(i)
                except (rem.RemError, pl.exceptions.ComputeError) as error:
                    if "closed" not in str(error):
                        failures.append(error)
                    return

        return run

    threads = started(*map(repeated, verbs))
    time.sleep(random.Random(seed).random() * 0.5)
    join(started(db.close, db.close))
    assert db.closed
    # Whoever closed has given up the lock.
    with rem.connect(path) as again:
        join(threads)
        assert not failures
        assert again.verify().height == 0
        ids = set(again.sql("SELECT id FROM a")["id"])
        assert ids.issuperset(stored), "what was acknowledged is there"


def test_closed_while_every_verb_runs(tmp_path):
    """Results, or errors that say that the database was closed."""
    for seed in range(2):
        _closed_at_work(tmp_path / str(seed), seed)


@pytest.mark.long
def test_closed_at_many_moments(tmp_path):
    """The same, for longer."""
    for seed in range(100):
        _closed_at_work(tmp_path / str(seed), seed)


def test_close_ends_a_wait(tmp_path):
    """Who waits for background work that will not be done is told."""
    db = _opened(tmp_path / "db")
    db._instance.store.background.pause()
    db.insert("a", [{"id": f"more{i}"} for i in range(60)])
    errors = []

    def wait() -> None:
        try:
            db.wait()
        except rem.InputError as error:
            errors.append(str(error))

    threads = started(wait)
    db.close()
    join(threads)
    assert errors and all("closed" in e for e in errors)


def test_close_lets_the_running_commit_end(tmp_path):
    """A write that holds the lock is stored, and one that waits for it is refused."""
    db = _opened(tmp_path / "db")
    inside, go, outcomes, inserting = threading.Event(), threading.Event(), {}, set()
    write = db._instance.store.kv.write

    def slow(*args, **options) -> None:
        # Work in the background writes too.
        if threading.get_ident() in inserting:
            inside.set()
            await_event(go, "the close")
        write(*args, **options)

    def insert(id_: str) -> None:
        inserting.add(threading.get_ident())
        try:
            db.insert("a", {"id": id_})
            outcomes[id_] = "stored"
        except rem.InputError as error:
            outcomes[id_] = str(error)

    db._instance.store.kv.write = slow
    threads = started(lambda: insert("first"))
    await_event(inside, "the first write")
    threads += started(lambda: insert("second"), db.close)
    until(lambda: db.closed, "the close")
    go.set()
    join(threads)
    assert outcomes["first"] == "stored"
    assert "is closed" in outcomes["second"]
    with rem.connect(tmp_path / "db") as again:
        assert again.get("a", "first") is not None and again.get("a", "second") is None


def test_close_does_not_wait_for_ever(tmp_path):
    """Work that holds the locks longer than `timeout_s` fails; nothing of it is stored."""
    db = _opened(tmp_path / "db")
    inside, go, errors = threading.Event(), threading.Event(), []

    batch = pa.record_batch({"q": list(range(30_000))})

    def pieces():
        yield batch
        inside.set()
        await_event(go, "the close")
        yield batch

    def load() -> None:
        try:
            db.load("slow", pa.RecordBatchReader.from_batches(batch.schema, pieces()))
        except rem.InputError as error:
            errors.append(str(error))

    threads = started(load)
    await_event(inside, "the load")
    db.close(timeout_s=0.1)
    go.set()
    join(threads)
    assert len(errors) == 1 and "closed" in errors[0]
    with rem.connect(tmp_path / "db") as again:
        assert "slow" not in again.tables()["name"].to_list()
        assert again.verify().height == 0


def test_close_during_a_transaction_and_batches(tmp_path):
    """Both end with an error that says why; the transaction has stored nothing."""
    db = _opened(tmp_path / "db")
    tx, frame = db.transaction(), db.lazy("SELECT k FROM t")
    tx.insert("a", {"id": "tx"})
    batches = iter(frame.collect_batches(chunk_size=100))
    next(batches)
    db.close()
    for call in (tx.commit, lambda: tx.get("a", "tx"), lambda: tx.sql("SELECT 1")):
        with pytest.raises(rem.InputError, match="is closed"):
            call()
    tx.rollback()
    with rem.connect(tmp_path / "db") as again:
        assert again.get("a", "tx") is None


def test_a_stored_write_is_no_failure(tmp_path):
    """A database that is closed between the commit of a write and its embeddings makes no error of it; the vectors
    follow when it is opened again."""
    db = rem.connect(tmp_path / "db")
    after = db._instance.follow_up._after

    def closing(*args, **options) -> None:
        db.close()
        after(*args, **options)

    db._instance.follow_up._after = closing
    assert db.insert("resources", {"id": "r", "name": "R", "content": "some text"}) == "r"
    with rem.connect(tmp_path / "db") as again:
        assert again.get("resources", "r")["name"] == "R"
        again.reembed("resources")
        assert again.search("resources", "some text", k=1)["id"].to_list() == ["r"]
