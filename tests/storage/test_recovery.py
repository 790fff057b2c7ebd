"""A write that fails leaves a handle that reads on and, once the disk takes writes again, writes on; closing never
keeps the lock; the background thread survives whatever its work raises."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage.kv import KV
from tests.patience import PATIENCE_S


class FailingDisk:
    """Makes RocksDB's writes fail: as if it had raised, before or after it stored the batch."""

    def __init__(self, kv: KV, *, stores: bool) -> None:
        self._kv, self._stores, self.full = kv, stores, True

    def write(self, batch, *options):
        if self._stores:
            self._database.write(batch, *options)
        raise Exception("IO error: No space left on device")

    def __getattr__(self, name):
        return getattr(self._database, name)

    def begin(self) -> None:
        self._database = self._kv._db
        self._kv._db = self


@pytest.fixture
def db(tmp_path: Path):
    with rem.connect(tmp_path / "db", background=False) as database:
        database.load("t", pl.DataFrame({"n": range(10)}))
        database.insert("entities", [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
        yield database


@pytest.mark.parametrize("stores", [False, True])
def test_a_handle_writes_on_after_a_failed_write(db: rem.Database, stores: bool) -> None:
    """What failed is not shown, or shown whole where RocksDB had stored it; reads go on all the time."""
    kv = db._instance.store.kv
    with db.transaction() as before:
        FailingDisk(kv, stores=stores).begin()
        with pytest.raises(rem.ExecuteError, match="the disk is full"):
            db.insert("entities", [{"id": "c", "name": "C"}, {"id": "d", "name": "D"}])
        assert db.get("entities", "a")["name"] == "A"
        assert before.get("entities", "b")["name"] == "B"
    db.insert("entities", {"id": "e", "name": "E"})
    expected = {"a", "b", "e"} | ({"c", "d"} if stores else set())
    assert set(db.sql("SELECT id FROM entities")["id"]) == expected
    db.compact()
    path = db.path
    db.close()
    with rem.connect(path) as again:
        assert set(again.sql("SELECT id FROM entities")["id"]) == expected
        assert again.sql("SELECT sum(n) FROM t").item() == 45
        assert again.verify().is_empty()


def test_reads_go_on_while_the_store_is_opened_again(db: rem.Database) -> None:
    """A reader that meets the closed store waits for the open one."""
    store, stop, errors = db._instance.store, threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                assert db.get("entities", "a")["name"] == "A"
                assert len(list(store.kv.scan("tail", b""))) > 0
            except (AssertionError, rem.RemError) as error:
                errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with store.lock:
            store.kv.failed = True
            store.recover()
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not errors


def test_a_database_closes_after_a_failed_write(tmp_path: Path) -> None:
    """And gives up its lock: the same process opens it again."""
    db = rem.connect(tmp_path / "db", background=False)
    db.insert("entities", {"id": "a", "name": "A"})
    FailingDisk(db._instance.store.kv, stores=False).begin()
    with pytest.raises(rem.ExecuteError, match="the disk is full"):
        db.insert("entities", {"id": "b", "name": "B"})
    db.close()
    with rem.connect(tmp_path / "db") as again:
        assert again.sql("SELECT id FROM entities")["id"].to_list() == ["a"]


def test_the_background_thread_survives_any_error(tmp_path: Path) -> None:
    """An OSError, say of a folder that is gone: it is raised by wait, shown by stats, and the thread goes on."""
    with rem.connect(tmp_path / "db") as db:
        background = db._instance.store.background

        def work(stopping):
            raise OSError(28, "No space left on device")

        background.run(work)
        with pytest.raises(rem.ExecuteError, match="OSError"):
            db.wait(PATIENCE_S)
        assert "No space left" in db.stats()["background_failure"]
        done = threading.Event()
        background.run(lambda stopping: done.set())
        assert done.wait(PATIENCE_S)
        db.wait(PATIENCE_S)
        assert db.stats()["background_failure"] is None
