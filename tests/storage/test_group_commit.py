"""Durable commits of several threads share syncs, and none returns before one that began behind it has ended."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import rem_arrow as rem
from rem_arrow.base.errors import ExecuteError

THREADS, ROWS = 8, 3


def test_threads_share_syncs_and_wait_for_one_behind_their_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    with rem.connect(durability="sync", background=False) as db:
        db.sql("CREATE TABLE t (x BIGINT)")
        kv, synced, syncs = db._instance.store.kv, set[int](), 0
        running = threading.Lock()

        def sync() -> None:
            nonlocal syncs
            assert running.acquire(blocking=False), "one thread syncs for all"
            there = set(db.sql("SELECT x FROM t")["x"].to_list())
            time.sleep(0.01)
            synced.update(there)
            syncs += 1
            running.release()

        monkeypatch.setattr(kv, "sync", sync)

        def insert(thread: int) -> None:
            for i in range(ROWS):
                row = thread * ROWS + i
                db.sql("INSERT INTO t VALUES ($1)", [row])
                assert row in synced, "the insert returned before its sync"

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(insert, range(THREADS)))
        assert synced == set(range(THREADS * ROWS))
        assert syncs < THREADS * ROWS
        monkeypatch.undo()


def test_a_sync_that_fails_is_an_error_of_its_commit_and_later_ones_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with rem.connect(durability="sync", background=False) as db:
        db.sql("CREATE TABLE t (x BIGINT)")
        kv = db._instance.store.kv

        def fail() -> None:
            kv.failed = True
            raise ExecuteError("the disk fails")

        monkeypatch.setattr(kv, "sync", fail)
        with pytest.raises(ExecuteError, match="the disk fails"):
            db.sql("INSERT INTO t VALUES (1)")
        monkeypatch.undo()
        db.sql("INSERT INTO t VALUES (2)")
        assert db.sql("SELECT x FROM t ORDER BY x")["x"].to_list() == [1, 2]


def test_without_the_promise_nothing_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE t (x BIGINT)")
        with monkeypatch.context() as patch:
            patch.setattr(db._instance.store.kv, "sync", lambda: pytest.fail("a sync"))
            db.sql("INSERT INTO t VALUES (1)")
