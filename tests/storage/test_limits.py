"""Backups of a live database, a full disk, bounds on memory, threads and time."""

from __future__ import annotations

import math
import os
import re
import threading
from itertools import chain, repeat
from types import SimpleNamespace

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.running import watchdog
from tests.children import run_python
from tests.patience import PATIENCE_S, await_event, join, started


def test_a_backup_of_a_live_database_is_one_state(tmp_path):
    """While a writer adds pairs to two tables, a backup holds whole pairs; restored, it is sound and can be written."""
    with rem.connect(tmp_path / "db", tail_rows_max=100) as db:
        db.load("t", pl.DataFrame({"a": range(30_000)}))
        wrote, stop = threading.Event(), threading.Event()

        def write() -> None:
            n = 0
            while not stop.is_set():
                with db.transaction() as tx:
                    tx.insert("entities", {"id": str(n), "name": "x"})
                    tx.insert("resources", {"id": str(n)})
                wrote.set()
                n += 1

        writers = started(write)
        await_event(wrote, "the first commit")
        db.backup(tmp_path / "copy")
        stop.set()
        join(writers)
        with pytest.raises(rem.InputError, match="exists"):
            db.backup(tmp_path / "copy")
    rem.restore(tmp_path / "copy", tmp_path / "back")
    with rem.connect(tmp_path / "back") as db:
        assert db.verify().height == 0
        one, other = (db.sql(f"SELECT id FROM {t} ORDER BY id")["id"].to_list() for t in ("entities", "resources"))
        assert one == other
        assert len(one) > 0
        assert db.sql("SELECT SUM(a) FROM t").item() == sum(range(30_000))
        db.insert("entities", {"name": "new"})
    with pytest.raises(rem.InputError, match="not empty"):
        rem.restore(tmp_path / "copy", tmp_path / "back")
    with pytest.raises(rem.InputError, match="not a backup"):
        rem.restore(tmp_path / "none", tmp_path / "other")


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    """When a file cannot grow, the write fails with our error, and after reopening all earlier writes are there."""
    code = """
        import resource, signal, sys
        import rem_arrow as rem
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        db = rem.connect(sys.argv[1], background=False)
        db.insert("entities", {"id": "first", "name": "x"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        done = 1
        try:
            for i in range(10_000):
                db.insert("entities", {"id": str(i), "name": "x" * 500})
                done += 1
        except rem.ExecuteError as error:
            print(done, "disk is full" in str(error))
    """
    out = run_python(code, tmp_path / "db")
    done, full = out.stdout.split() if out.stdout else (out.stderr, "")
    assert full == "True", out
    with rem.connect(tmp_path / "db") as db:
        assert db.sql("SELECT COUNT(*) FROM entities").item() in (int(done), int(done) + 1)
        assert db.verify().height == 0


def test_the_cache_stays_within_memory_limit():
    """Reading far more than the limit keeps the column cache within its share."""
    with rem.connect(memory_limit="64MB") as db:
        for n in range(4):
            db.load("t", pl.DataFrame({f"c{i}": pl.int_range(0, 400_000, eager=True) * (i + n + 1) for i in range(6)}))
        for i in range(6):
            assert db.sql(f"SELECT COUNT(*) FROM t WHERE c{i} >= 0").item() == 1_600_000
            stats = db.stats()
            assert stats["cache_bytes"] <= stats["cache_bytes_max"] == 32 << 20


@pytest.mark.parametrize("exceeds", ["always", "once"])
def test_a_statement_that_needs_too_much_memory_is_stopped(monkeypatch, exceeds):
    """When the process grows by more than its share of memory_limit, a large statement is run once more, in parts; if
    it grows again it ends with our error, and the database goes on."""
    with rem.connect(memory_limit="120MB") as db:
        db.load("t", pl.DataFrame({"a": pl.int_range(0, 2_500_000, eager=True)}))
        mib = 1 << 20
        grown = repeat(170 * mib) if exceeds == "always" else chain([170 * mib], repeat(100 * mib))
        readings = chain([100 * mib], grown)
        monkeypatch.setattr(watchdog, "resident_bytes", lambda: next(readings))
        # What the rows themselves take, and how long the memory is waited for, is of other tests.
        monkeypatch.setattr(watchdog, "_OWN_SHARE", 0)
        monkeypatch.setattr(watchdog, "_GIVEN_BACK_S", 0)
        query = (
            "SELECT COUNT(*) FROM (SELECT a % 250000 AS g, COUNT(DISTINCT a) FROM t "
            "WHERE regexp_matches(CAST(a AS VARCHAR), '1.*2') GROUP BY g)"
        )
        if exceeds == "always":
            with pytest.raises(rem.ExecuteError, match="memory_limit"):
                db.sql(query)
        else:
            groups = len({n % 250_000 for n in range(2_500_000) if re.search("1.*2", str(n))})
            assert db.sql(query).item() == groups
            assert next(readings) == 100 * mib
        monkeypatch.undo()
        assert db.sql("SELECT COUNT(*) FROM t").item() == 2_500_000


def test_timeout_stops_a_statement(monkeypatch):
    """A long statement is stopped at the first look after its time, which the clock of who watches says is over."""
    with rem.connect() as db:
        db.load("t", pl.DataFrame({"a": range(40_000)}).with_columns(b=pl.lit("ab" * 400)))
        slow = " OR ".join(f"regexp_matches(b || '{i}', '(a|b)*{i}c$')" for i in range(60))
        with monkeypatch.context() as patch:
            patch.setattr(watchdog, "time", SimpleNamespace(monotonic=lambda: math.inf))
            with pytest.raises(rem.ExecuteError, match=r"ran longer than 600\.0 s and was stopped"):
                db.sql(f"SELECT COUNT(*) FROM t WHERE {slow}", timeout_s=PATIENCE_S)
        assert db.sql("SELECT COUNT(*) FROM t", timeout_s=PATIENCE_S).item() == 40_000


def test_timeout_stops_a_recursion_without_end():
    """A recursive CTE that never ends is stopped between two rounds."""
    with rem.connect() as db, pytest.raises(rem.ExecuteError, match=r"ran longer than 0\.3 s and was stopped"):
        db.sql("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n % 7 FROM r) SELECT max(n) FROM r", timeout_s=0.3)


def test_threads_are_kept_to():
    """threads=1 with POLARS_MAX_THREADS=1 runs on one thread; asking for fewer than Polars runs is refused with the
    remedy."""
    code = """
        import rem_arrow as rem, polars as pl
        with rem.connect(threads=1) as db:
            print(pl.thread_pool_size(), db.sql("SELECT 1").item())
    """
    done = run_python(code, POLARS_MAX_THREADS="1")
    assert done.stdout == "1 1\n", done.stderr
    if pl.thread_pool_size() > 1:
        with pytest.raises(rem.InputError, match="POLARS_MAX_THREADS=1"):
            rem.connect(threads=1)


def test_a_failure_in_the_background_is_kept_and_raised(tmp_path, monkeypatch):
    """A seal that fails shows in stats and is raised by wait; the rows stay readable."""
    from rem_arrow.storage import compaction

    def fail(*_: object) -> None:
        raise rem.ExecuteError("no luck")

    monkeypatch.setattr(compaction, "rewrite", fail)
    with rem.connect(tmp_path / "db", tail_rows_max=10) as db:
        db.insert("entities", [{"name": str(i)} for i in range(25)])
        with pytest.raises(rem.ExecuteError, match="no luck"):
            db.wait(PATIENCE_S)
        assert "no luck" in db.stats()["background_failure"]
        assert db.sql("SELECT COUNT(*) FROM entities").item() == 25


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_watches_on_threads_of_its_own():
    """Those of its parent are not there."""
    code = """
        import os, time
        from rem_arrow.running.watchdog import Watch
        def work():
            return Watch(600, time.monotonic(), None).run(os.getpid)
        assert work() == os.getpid()
        child = os.fork()
        if child == 0:
            os._exit(0 if work() == os.getpid() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = run_python(code)
    assert done.stdout == "0\n", done.stderr
