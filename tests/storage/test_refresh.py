"""A reader beside a writer that compacts sees one commit at each refresh: never rows of two, never pages that are gone;
and it refuses files that are damaged, as the writer does."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage import reader_turns, recovery
from rem_arrow.storage.kv import KV
from tests.children import ROOT, run_python
from tests.effort import examples

ROWS, AMOUNT = 500, 1_000
SUM = "SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b)"
COUNT = "SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b)"


def _refreshed(path: Path, refreshes: int) -> None:
    with rem.connect(path) as db:
        for table in "ab":
            db.load(table, pl.DataFrame({"v": [AMOUNT] * ROWS}))
    command = [sys.executable, "-m", "tests.storage.compacting_child", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
            with rem.connect(path, read_only=True) as reader:
                commits = set()
                for _ in range(refreshes):
                    reader.refresh()
                    assert reader.sql(SUM).item() == 2 * ROWS * AMOUNT
                    assert reader.sql(COUNT).item() == 2 * ROWS
                    commits.add(reader.stats()["commit"])
            assert writer.poll() is None, "the writer lives to the end"
            assert len(commits) > 1, "the writer writes"
        finally:
            writer.kill()


def test_each_refresh_shows_one_commit(tmp_path: Path) -> None:
    _refreshed(tmp_path / "db", examples(40))


@pytest.mark.long
def test_many_refreshes_show_one_commit_each(tmp_path: Path) -> None:
    _refreshed(tmp_path / "db", 10_000)


def test_what_a_writer_changed_meanwhile_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush between the list of files and the logs gives rows of two moments: such a state is never shown."""
    # The writer writes within the reader's turn.
    monkeypatch.setattr(reader_turns, "_WAIT_S", 0.01)
    with rem.connect(tmp_path / "db", background=False) as db:
        db.load("t", pl.DataFrame({"n": range(10)}))
        opened = []
        init = KV.__init__

        def beside_a_flush(self, path, mode, **options):
            init(self, path, mode, **options)
            opened.append(self)
            if len(opened) < 3:
                db.sql(f"DELETE FROM t WHERE n = {len(opened)}")
                db.compact()

        monkeypatch.setattr(KV, "__init__", beside_a_flush)
        with rem.connect(tmp_path / "db", read_only=True) as reader:
            assert reader.sql("SELECT count(*) FROM t").item() == 8
            assert len(opened) == 3


@pytest.mark.parametrize("fails", [True, False])
def test_a_writer_that_never_rests_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """A reader whose every attempt finds other files, or files that are gone, says so in the end."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.load("t", pl.DataFrame({"n": range(10)}))
        init = KV.__init__

        def beside_a_flush(self, path, mode, **options):
            db.sql("UPDATE t SET n = n + 1")
            db.compact()
            if fails:
                raise rem.CorruptionError("a file is gone")
            init(self, path, mode, **options)

        monkeypatch.setattr(KV, "__init__", beside_a_flush)
        monkeypatch.setattr(recovery, "_PATIENCE_S", 0.2)
        monkeypatch.setattr(reader_turns, "_WAIT_S", 0.01)
        with pytest.raises(rem.ExecuteError, match="changed the files at every attempt"):
            rem.connect(tmp_path / "db", read_only=True)


def test_damage_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody writes, files that cannot be read are damaged: there is nothing to wait for."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.insert("entities", {"id": "x", "name": "X"})
        db.compact()
    for file in (tmp_path / "db").glob("*.sst"):
        file.unlink()
    opened = []
    init = KV.__init__

    def counted(self, path, mode, **options):
        opened.append(path)
        init(self, path, mode, **options)

    monkeypatch.setattr(KV, "__init__", counted)
    with pytest.raises(rem.CorruptionError, match="cannot open"):
        rem.connect(tmp_path / "db", read_only=True)
    assert len(opened) == 1


def test_a_reader_refuses_a_damaged_data_file(tmp_path: Path) -> None:
    """Each data file in turn: it is an error, or nothing that a query reads is in it; no row is lost or comes back."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.insert("entities", [{"id": f"e{i}", "name": f"Name {i}"} for i in range(100)])
        db.compact()
        db.delete("entities", [f"e{i}" for i in range(50)])
        db.purge("entities", "e99")
        db.insert("entities", {"id": "tail", "name": "Tail"})
    refused = 0
    for file in sorted(glob.glob(str(tmp_path / "db" / "*.sst"))):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tmp_path / "db", copy)
        damaged = copy / os.path.basename(file)
        data = bytearray(damaged.read_bytes())
        data[-30] ^= 1
        damaged.write_bytes(data)
        try:
            with rem.connect(copy, read_only=True) as reader:
                assert reader.sql("SELECT count(*) FROM entities").item() == 50
        except rem.CorruptionError:
            refused += 1
    assert refused


def test_a_damaged_record_of_the_log_is_an_error(tmp_path: Path) -> None:
    """RocksDB's default mode of recovery drops it and every commit behind it."""
    code = """
        import os, sys, rem_arrow as rem
        db = rem.connect(sys.argv[1])
        for i in range(100): db.insert("entities", {"id": f"e{i}", "name": ""})
        os._exit(0)
    """
    assert run_python(code, tmp_path / "db").returncode == 0
    log = max((tmp_path / "db").glob("*.log"), key=lambda p: p.stat().st_size)
    whole = log.read_bytes()
    for at in range(10, len(whole), max(1, len(whole) // 12)):
        data = bytearray(whole)
        data[at] ^= 1
        log.write_bytes(data)
        with pytest.raises(rem.CorruptionError):
            rem.connect(tmp_path / "db")
    log.write_bytes(whole[: len(whole) - 5])
    (tmp_path / "db" / "last_commit").unlink()
    with rem.connect(tmp_path / "db") as db:
        assert db.sql("SELECT count(*) FROM entities").item() == 99, "a record torn at the end was never acknowledged"
