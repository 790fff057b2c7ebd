"""A reader that opens slowly beside a writer that never rests gets its turn; a reader that never ends keeps nobody."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage import reader_turns, recovery
from rem_arrow.storage.kv import KV
from rem_arrow.storage.reader_turns import ReaderTurns, asked


def test_a_writer_waits_for_readers_that_ask(tmp_path: Path) -> None:
    (tmp_path / "IDENTITY").touch()
    turns, order = ReaderTurns(tmp_path), []
    turns.give()

    def write() -> None:
        turns.give()
        order.append("writer")

    with asked(tmp_path), asked(tmp_path):
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(0.05)
        order.append("readers")
    writer.join()
    turns.close()
    assert order == ["readers", "writer"]


def test_a_reader_that_never_ends_keeps_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "IDENTITY").touch()
    monkeypatch.setattr(reader_turns, "_WAIT_S", 0.2)
    turns, begun = ReaderTurns(tmp_path), time.monotonic()
    with asked(tmp_path):
        for _ in range(200):
            turns.give()
    turns.close()
    assert time.monotonic() - begun < 5


def test_without_the_file_nobody_waits(tmp_path: Path) -> None:
    with asked(tmp_path):
        ReaderTurns(tmp_path).give()


def test_a_slow_reader_opens_beside_a_writer_that_never_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt takes as long as many flushes."""
    monkeypatch.setattr(recovery, "_PATIENCE_S", 10)
    init, stop = KV.__init__, threading.Event()

    def slow(self, path, mode, **options):
        init(self, path, mode, **options)
        if mode == "read":
            time.sleep(0.3)

    with rem.connect(tmp_path / "db", background=False) as db:
        db.load("t", pl.DataFrame({"n": range(10)}))

        def write() -> None:
            while not stop.is_set():
                db.sql("UPDATE t SET n = n + 1")
                db.compact()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            monkeypatch.setattr(KV, "__init__", slow)
            with rem.connect(tmp_path / "db", read_only=True) as reader:
                for _ in range(3):
                    reader.refresh()
                    assert reader.sql("SELECT count(*) FROM t").item() == 10
        finally:
            stop.set()
            writer.join()
